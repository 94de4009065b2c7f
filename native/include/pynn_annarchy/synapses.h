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

// Where a synapse's source is found in the copies of what is seen.
struct SameDelay {
    const uint32_t* sources;
    uint64_t row;
    PNN_FN explicit SameDelay(const pnn_dendrites& d) : sources(d.sources), row(d.rows_seen[0]) {}
    PNN_FN uint64_t operator()(uint64_t s) const { return row + sources[s]; }
};
struct OwnDelays {
    const uint32_t* sources;
    const uint16_t* delays;
    const uint64_t* rows;
    PNN_FN explicit OwnDelays(const pnn_dendrites& d) : sources(d.sources), delays(d.delays), rows(d.rows_seen) {}
    PNN_FN uint64_t operator()(uint64_t s) const { return rows[delays[s]] + sources[s]; }
};

// What an element receives from the synapses [begin, end), of which there is at least one.
template <class What, class Model, class Sources>
PNN_FN double received(const Model& model, const Sources& source, uint64_t begin, uint64_t end, uint64_t post) {
    using Operation = typename Model::Operation;
    double partial[LANES];
    for (uint64_t lane = 0; lane < LANES; ++lane) partial[lane] = Operation::start;
    uint64_t s = begin;
    for (; s + LANES <= end; s += LANES) {
        PNN_INDEPENDENT
        for (uint64_t lane = 0; lane < LANES; ++lane)
            partial[lane] = Operation::join(partial[lane], What::of(model, s + lane, source(s + lane), post));
    }
    for (uint64_t lane = 0; s < end; ++s, ++lane) partial[lane] = Operation::join(partial[lane], What::of(model, s, source(s), post));
    return Operation::finish(joined<Operation>(partial), end - begin);
}

// What a synapse does: `psp` alone, `advance` alone, or both in the model's order.
template <class Model>
struct Transmits {
    PNN_FN static double of(const Model& model, uint64_t s, uint64_t pre, uint64_t post) { return model.psp(s, pre, post); }
};
template <class Model>
struct TransmitsAndAdvances {
    PNN_FN static double of(const Model& model, uint64_t s, uint64_t pre, uint64_t post) {
        if constexpr (Model::advances_first) {
            model.advance(s, pre, post);
            return model.psp(s, pre, post);
        } else {
            const double psp = model.psp(s, pre, post);
            model.advance(s, pre, post);
            return psp;
        }
    }
};

template <class Model, class Sources>
int32_t synapses_of(const Model& model, const Sources source, const pnn_dendrites& dendrites, int32_t what) {
    const uint64_t* const start = dendrites.start;
    double* const sums = dendrites.sums;
    const bool transmits = Model::has_psp && (what & PNN_TRANSMIT), advances = Model::has_step && (what & PNN_ADVANCE);
    bool sound = true;
    for (int64_t element = 0; element < dendrites.n_elements; ++element) {
        const uint64_t begin = start[element], end = start[element + 1];
        if (begin == end) continue;
        const uint64_t post = dendrites.row_of_post + static_cast<uint64_t>(element);
        if (!transmits) {
            if (!advances) continue;
            PNN_INDEPENDENT
            for (uint64_t s = begin; s < end; ++s) model.advance(s, source(s), post);
            continue;
        }
        const double sum = advances ? received<TransmitsAndAdvances<Model>>(model, source, begin, end, post)
                                    : received<Transmits<Model>>(model, source, begin, end, post);
        sound &= __builtin_fabs(sum) <= __DBL_MAX__;
        sums[element] += sum;
    }
    return sound ? 0 : 1;
}

// Model has: a constructor from (dendrites, step), has_psp, has_step, advances_first, Operation, psp, advance, pre_spike and
// post_spike.
template <class Model>
int32_t synapses(const pnn_dendrites* dendrites, const pnn_step* step, int32_t what) {
    const Model model(*dendrites, *step);
    return dendrites->delays == nullptr ? synapses_of(model, SameDelay(*dendrites), *dendrites, what)
                                        : synapses_of(model, OwnDelays(*dendrites), *dendrites, what);
}

PNN_FN uint64_t source_of(const pnn_dendrites& dendrites, uint64_t s) {
    return dendrites.delays == nullptr ? SameDelay(dendrites)(s) : OwnDelays(dendrites)(s);
}

template <class Model, class Target>
int32_t pass_spikes_to(const Model& model, const pnn_dendrites& dendrites, const pnn_rows& rows, const pnn_passage* passages,
                       int64_t n_passages, const pnn_step& step) {
    const Target* targets = static_cast<const Target*>(rows.targets);
    const double now = static_cast<double>(step.step);
    bool sound = true;
    for (int64_t p = 0; p < n_passages; ++p) {
        const pnn_passage& passage = passages[p];
        for (uint64_t k = passage.begin; k < passage.end; ++k) {
            const uint64_t element = targets[k], s = dendrites.places[k];
            pnn_event event{};
            event.t = now * step.dt;
            event.step = passage.emitted;
            if (dendrites.passed != nullptr) {
                event.t_pre = dendrites.passed[s] * step.dt;
                event.t_post = dendrites.spiked[element] * step.dt;
            }
            double sum = 0.0;
            for (int64_t repetition = 0; repetition < passage.multiplicity; ++repetition) {
                event.repetition = static_cast<uint32_t>(repetition);
                sum += model.pre_spike(s, source_of(dendrites, s), dendrites.row_of_post + element, event);
                event.t_pre = event.t;
            }
            if (dendrites.passed != nullptr) {
                dendrites.passed_before[s] = dendrites.passed[s];
                dendrites.passed[s] = now;
            }
            sound &= is_sound(sum, rows.bound * static_cast<double>(passage.multiplicity));
            if (rows.accumulator != nullptr) rows.accumulator[element] += to_fixed(sum, rows.inverse_quantum);
        }
    }
    return sound ? 0 : 1;
}

template <class Model>
int32_t pass_spikes(const pnn_dendrites* dendrites, const pnn_rows* rows, const pnn_passage* passages, int64_t n_passages,
                    const pnn_step* step) {
    const Model model(*dendrites, *step);
    return rows->target_bits == 16 ? pass_spikes_to<Model, uint16_t>(model, *dendrites, *rows, passages, n_passages, *step)
                                   : pass_spikes_to<Model, uint32_t>(model, *dendrites, *rows, passages, n_passages, *step);
}

template <class Model>
void reach(const pnn_dendrites* dendrites, const pnn_spikes* spikes, int64_t first, const pnn_step* step) {
    const Model model(*dendrites, *step);
    const double now = static_cast<double>(step->step);
    for (int64_t i = 0; i < spikes->n; ++i) {
        const uint64_t element = spikes->index[i] - static_cast<uint64_t>(first);
        for (uint64_t s = dendrites->start[element]; s < dendrites->start[element + 1]; ++s) {
            pnn_event event{};
            event.t = now * step->dt;
            event.step = step->step;
            if (dendrites->passed != nullptr) {
                event.coincident = !Model::advances_first && dendrites->passed[s] == now;
                event.t_pre = (event.coincident ? dendrites->passed_before[s] : dendrites->passed[s]) * step->dt;
                event.t_post = dendrites->spiked[element] * step->dt;
            }
            for (uint32_t repetition = 0; repetition < spikes->count[i]; ++repetition) {
                event.repetition = POST_EVENTS + repetition;
                model.post_spike(s, source_of(*dendrites, s), dendrites->row_of_post + element, event);
                event.t_post = event.t;
            }
        }
        if (dendrites->spiked != nullptr) dendrites->spiked[element] = now;
    }
}

}  // namespace pnn

#endif
