// synapses.h: the primitive `synapses`: what synapses do in every step, and at spikes as they come.
//
// All synapses of an element lie together, in the order of their sources. In a step each transmits and advances; what an
// element receives is formed in 32 interleaved partial results that are joined in a fixed tree: the same bits whatever
// the width of vectors (DESIGN D6).
#ifndef PYNN_ANNARCHY_SYNAPSES_H
#define PYNN_ANNARCHY_SYNAPSES_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/deliver.h"
#include "pynn_annarchy/distributions.h"
#include "pynn_annarchy/fixed_point.h"
#include "pynn_annarchy/learn.h"
#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/neurons.h"
#include "pynn_annarchy/reduce.h"
#include "pynn_annarchy/target.h"

namespace pnn {

// Where the sources of a row's synapses are found in the copies of what is seen.
template <class Index>
struct SameDelay {
    const Index* sources;
    uint64_t row;
    PNN_FN explicit SameDelay(const pnn_dendrites& d) : sources(static_cast<const Index*>(d.sources)), row(d.rows_seen[0]) {}
    PNN_FN uint64_t operator()(uint64_t s) const { return row + sources[s]; }
};
struct OwnDelays {
    const uint32_t* sources;
    const uint16_t* delays;
    const uint64_t* rows;
    PNN_FN explicit OwnDelays(const pnn_dendrites& d)
        : sources(static_cast<const uint32_t*>(d.sources)), delays(d.delays), rows(d.rows_seen) {}
    PNN_FN uint64_t operator()(uint64_t s) const { return rows[delays[s]] + sources[s]; }
};
// Of one run of synapses, whose sources lie side by side.
struct Neighbours {
    uint64_t shift;
    PNN_FN uint64_t operator()(uint64_t s) const { return s + shift; }
};

// A row's synapses as stretches that find their sources alike: one, or its runs.
template <class Sources>
struct Whole {
    Sources sources;
    PNN_FN explicit Whole(const pnn_dendrites& d) : sources(d) {}
    template <class Visit>
    PNN_FN void visit(uint64_t, uint64_t begin, uint64_t end, Visit visit) const {
        visit(sources, begin, end);
    }
};
struct Runs {
    const uint64_t* start;
    const pnn_run* runs;
    uint64_t row;
    PNN_FN explicit Runs(const pnn_dendrites& d) : start(d.run_start), runs(d.runs), row(d.rows_seen[0]) {}
    template <class Visit>
    PNN_FN void visit(uint64_t element, uint64_t begin, uint64_t, Visit visit) const {
        for (uint64_t run = start[element]; run < start[element + 1]; ++run) {
            visit(Neighbours{row + runs[run].shift}, begin, runs[run].end);
            begin = runs[run].end;
        }
    }
};

// What a synapse does: `psp` alone, or it advances besides, in the model's order.
template <class Model>
struct Transmits {
    PNN_FN static double of(const Model& model, const typename Model::Row& row, uint64_t s, uint64_t pre) {
        return model.psp(row, s, pre);
    }
};
template <class Model>
struct TransmitsAndAdvances {
    PNN_FN static double of(const Model& model, const typename Model::Row& row, uint64_t s, uint64_t pre) {
        if constexpr (Model::advances_first) {
            model.advance(row, s, pre);
            return model.psp(row, s, pre);
        } else {
            const double psp = model.psp(row, s, pre);
            model.advance(row, s, pre);
            return psp;
        }
    }
};

// What an element receives from the synapses [begin, end), of which there is at least one. The place in the row decides on
// the partial result, wherever a stretch begins.
template <class What, class Model, class Stretches>
PNN_FN double received(const Model& given, const Stretches& stretches, uint64_t begin, uint64_t end, uint64_t post, uint64_t element) {
    using Operation = typename Model::Operation;
    const Model model = given;  // no store to a synapse may be one to this, as far as the compiler knows
    const typename Model::Row row(model, post, element);
    double partial[LANES];
    for (uint64_t lane = 0; lane < LANES; ++lane) partial[lane] = Operation::start;
    stretches.visit(element, begin, end, [&](const auto& source, uint64_t first, uint64_t last) {
        uint64_t s = first;
        for (uint64_t lane = (s - begin) % LANES; lane != 0 && lane < LANES && s < last; ++s, ++lane)
            partial[lane] = Operation::join(partial[lane], What::of(model, row, s, source(s)));
        for (; s + LANES <= last; s += LANES) {
            PNN_INDEPENDENT
            for (uint64_t lane = 0; lane < LANES; ++lane)
                partial[lane] = Operation::join(partial[lane], What::of(model, row, s + lane, source(s + lane)));
        }
        for (uint64_t lane = 0; s < last; ++s, ++lane)
            partial[lane] = Operation::join(partial[lane], What::of(model, row, s, source(s)));
    });
    return Operation::finish(joined<Operation>(partial), end - begin);
}

template <class Model, class Stretches>
PNN_FN void advance_row(const Model& given, const Stretches& stretches, uint64_t begin, uint64_t end, uint64_t post, uint64_t element) {
    const Model model = given;
    const typename Model::Row row(model, post, element);
    stretches.visit(element, begin, end, [&](const auto& source, uint64_t first, uint64_t last) {
        PNN_INDEPENDENT
        for (uint64_t s = first; s < last; ++s) model.advance(row, s, source(s));
    });
}

template <class Model, class Stretches>
int32_t synapses_of(const Model& model, const Stretches stretches, const pnn_dendrites& dendrites, int32_t what) {
    const uint64_t* const start = dendrites.start;
    double* const sums = dendrites.sums;
    const bool transmits = Model::has_psp && (what & PNN_TRANSMIT), advances = Model::has_step && (what & PNN_ADVANCE);
    bool sound = true;
    for (uint64_t element = 0; element < static_cast<uint64_t>(dendrites.n_elements); ++element) {
        const uint64_t begin = start[element], end = start[element + 1];
        const uint64_t post = dendrites.row_of_post + element;
        if (begin == end) continue;
        if (Model::has_post_step && (what & PNN_ADVANCE)) model.advance_post(element, post);
        if (!transmits) {
            if (!advances) continue;
            advance_row(model, stretches, begin, end, post, element);
            continue;
        }
        const double sum = advances ? received<TransmitsAndAdvances<Model>>(model, stretches, begin, end, post, element)
                                    : received<Transmits<Model>>(model, stretches, begin, end, post, element);
        sound &= __builtin_fabs(sum) <= __DBL_MAX__;
        sums[element] += sum;
    }
    return sound ? 0 : 1;
}

// Model has: a constructor from (dendrites, step); has_psp, has_step, has_post_step, has_common_step, advances_first and
// Operation; psp, advance, advance_post and advance_common; pre_spike and post_spike.
template <class Model>
int32_t synapses_at(const pnn_dendrites* dendrites, const pnn_step* step, int32_t what) {
    // What synapses transmit first they transmit before anything that they have in common is new.
    if (!Model::advances_first && (Model::has_post_step || Model::has_common_step) && what == (PNN_TRANSMIT | PNN_ADVANCE)) {
        const int32_t failed = synapses_at<Model>(dendrites, step, PNN_TRANSMIT);
        return synapses_at<Model>(dendrites, step, PNN_ADVANCE) | failed;
    }
    const Model model(*dendrites, *step);
    if (Model::has_common_step && (what & PNN_ADVANCE)) model.advance_common();
    if (dendrites->delays != nullptr) return synapses_of(model, Whole<OwnDelays>(*dendrites), *dendrites, what);
    if (dendrites->runs != nullptr) return synapses_of(model, Runs(*dendrites), *dendrites, what);
    return dendrites->source_bits == 16 ? synapses_of(model, Whole<SameDelay<uint16_t>>(*dendrites), *dendrites, what)
                                        : synapses_of(model, Whole<SameDelay<uint32_t>>(*dendrites), *dendrites, what);
}

// A model may have a second form for synapses that all have one weight.
template <class Model, class OneWeight = Model>
int32_t synapses(const pnn_dendrites* dendrites, const pnn_step* step, int32_t what) {
    return dendrites->each_weight ? synapses_at<Model>(dendrites, step, what) : synapses_at<OneWeight>(dendrites, step, what);
}

// Where spikes change anything, sources have 32 bits each.
PNN_FN uint64_t source_of(const pnn_dendrites& dendrites, uint64_t s) {
    return dendrites.delays == nullptr ? SameDelay<uint32_t>(dendrites)(s) : OwnDelays(dendrites)(s);
}

// Steps from what models take for the time of a step, in ANNarchy's order its start, to its end.
template <class Model>
constexpr double lateness = Model::advances_first ? 1.0 : 0.0;

// Spikes of one passage pass synapse `k` of the rows; returns whether what it sends may be added.
template <class Model, class Target>
PNN_FN bool pass_synapse(const Model& model, const pnn_dendrites& dendrites, const pnn_rows& rows, const pnn_passage& passage,
                         uint64_t k, const pnn_step& step) {
    const double now = static_cast<double>(step.step), late = lateness<Model>;
    const uint64_t element = static_cast<const Target*>(rows.targets)[k], s = dendrites.places[k];
    pnn_event event{};
    event.t = (now - late) * step.dt;
    event.step = passage.emitted;
    event.kind = passage.kind;
    if (dendrites.passed != nullptr) {
        event.t_pre = (dendrites.passed[s] - late) * step.dt;
        event.t_post = (dendrites.spiked[element] - late) * step.dt;
    }
    double sum = 0.0;
    for (int64_t repetition = 0; repetition < passage.multiplicity; ++repetition) {
        event.repetition = passage.kind != PNN_SPIKE ? AXONAL_EVENT : static_cast<uint32_t>(repetition);
        sum += model.pre_spike(s, source_of(dendrites, s), dendrites.row_of_post + element, element, event);
        if (!Model::advances_first) event.t_pre = event.t;
    }
    if (dendrites.passed != nullptr && !Model::advances_first) {
        dendrites.passed_before[s] = dendrites.passed[s];
        dendrites.passed[s] = now;
    }
    if (rows.accumulator != nullptr) accumulate(rows.accumulator + element, to_fixed(sum, rows.inverse_quantum));
    return is_sound(sum, rows.bound * static_cast<double>(passage.multiplicity));
}

template <class Model, class Target>
int32_t pass_spikes_to(const Model& model, const pnn_dendrites& dendrites, const pnn_rows& rows, const pnn_passage* passages,
                       int64_t n_passages, const pnn_step& step) {
    bool sound = true;
    for (int64_t p = 0; p < n_passages; ++p)
        for (uint64_t k = passages[p].begin; k < passages[p].end; ++k)
            sound &= pass_synapse<Model, Target>(model, dendrites, rows, passages[p], k, step);
    return sound ? 0 : 1;
}

template <class Model>
int32_t pass_spikes_at(const pnn_dendrites* dendrites, const pnn_rows* rows, const pnn_passage* passages, int64_t n_passages,
                       const pnn_step* step) {
    const Model model(*dendrites, *step);
    return rows->target_bits == 16 ? pass_spikes_to<Model, uint16_t>(model, *dendrites, *rows, passages, n_passages, *step)
                                   : pass_spikes_to<Model, uint32_t>(model, *dendrites, *rows, passages, n_passages, *step);
}

template <class Model, class OneWeight = Model>
int32_t pass_spikes(const pnn_dendrites* dendrites, const pnn_rows* rows, const pnn_passage* passages, int64_t n_passages,
                    const pnn_step* step) {
    return dendrites->each_weight ? pass_spikes_at<Model>(dendrites, rows, passages, n_passages, step)
                                  : pass_spikes_at<OneWeight>(dendrites, rows, passages, n_passages, step);
}

// The spikes of an element reach one of its synapses.
template <class Model>
PNN_FN void reach_synapse(const Model& model, const pnn_dendrites& dendrites, uint64_t s, uint64_t element, uint32_t n_spikes,
                          const pnn_step& step) {
    const double now = static_cast<double>(step.step), late = lateness<Model>;
    pnn_event event{};
    event.t = (now - late) * step.dt;
    event.step = step.step;
    if (dendrites.passed != nullptr) {
        event.coincident = !Model::advances_first && dendrites.passed[s] == now;
        event.t_pre = (event.coincident ? dendrites.passed_before[s] : dendrites.passed[s] - late) * step.dt;
        event.t_post = Model::advances_first ? event.t : dendrites.spiked[element] * step.dt;
    }
    for (uint32_t repetition = 0; repetition < n_spikes; ++repetition) {
        event.repetition = POST_EVENTS + repetition;
        model.post_spike(s, source_of(dendrites, s), dendrites.row_of_post + element, element, event);
        event.t_post = event.t;
    }
}

template <class Model>
void reach_at(const pnn_dendrites* dendrites, const pnn_spikes* spikes, int64_t first, const pnn_step* step) {
    const Model model(*dendrites, *step);
    for (int64_t i = 0; i < spikes->n; ++i) {
        const uint64_t element = spikes->index[i] - static_cast<uint64_t>(first);
        for (uint64_t s = dendrites->start[element]; s < dendrites->start[element + 1]; ++s)
            reach_synapse(model, *dendrites, s, element, spikes->count[i], *step);
        if (dendrites->spiked != nullptr) dendrites->spiked[element] = static_cast<double>(step->step);
    }
}

template <class Model, class OneWeight = Model>
void reach(const pnn_dendrites* dendrites, const pnn_spikes* spikes, int64_t first, const pnn_step* step) {
    dendrites->each_weight ? reach_at<Model>(dendrites, spikes, first, step) : reach_at<OneWeight>(dendrites, spikes, first, step);
}

}  // namespace pnn

#endif
