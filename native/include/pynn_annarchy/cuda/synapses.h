// cuda/synapses.h: the primitive `synapses` on the device: a group of 32 lanes an element, each lane one of the partial results
// in which reduce.h forms what the element receives; and spikes that pass such synapses, one lane a synapse.
#ifndef PYNN_ANNARCHY_CUDA_SYNAPSES_H
#define PYNN_ANNARCHY_CUDA_SYNAPSES_H

#include "pynn_annarchy/cuda/kernel.h"
#include "pynn_annarchy/synapses.h"

namespace pnn {
namespace cuda {

constexpr int32_t PARTIALS = static_cast<int32_t>(LANES);

// The stretches of an element's synapses that find their sources alike (see synapses.h), whichever way sources are stored.
template <class Visit>
PNN_DEVICE void visit_stretches(const pnn_dendrites& d, uint64_t element, uint64_t begin, uint64_t end, const Visit& visit) {
    if (d.delays != nullptr) visit(OwnDelays(d), begin, end);
    else if (d.runs != nullptr) Runs(d).visit(element, begin, end, visit);
    else if (d.source_bits == 16) visit(SameDelay<uint16_t>(d), begin, end);
    else visit(SameDelay<uint32_t>(d), begin, end);
}

// One block an element.
template <class Model>
struct SynapsesKernel {
    static constexpr int32_t lanes = PARTIALS;
    static constexpr int n_phases = 3;
    struct Shared {
        double partial[PARTIALS];
    };
    pnn_dendrites dendrites;
    int32_t number, what;
    pnn_control* control;
    pnn_step step;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared& shared) const {
        const auto element = static_cast<uint64_t>(place.block);
        const uint64_t begin = dendrites.start[element], end = dendrites.start[element + 1], post = dendrites.row_of_post + element;
        if (begin == end) return;
        const bool transmits = Model::has_psp && (what & PNN_TRANSMIT), advances = Model::has_step && (what & PNN_ADVANCE);
        if constexpr (phase == 0) {
            if (Model::has_post_step && (what & PNN_ADVANCE) && place.lane == 0) Model(dendrites, step).advance_post(element, post);
        } else if constexpr (phase == 1) {
            if (transmits && advances) receive<TransmitsAndAdvances<Model>>(element, begin, end, post, place.lane, shared);
            else if (transmits) receive<Transmits<Model>>(element, begin, end, post, place.lane, shared);
            else if (advances) advance(element, begin, end, post, place.lane);
        } else {
            if (!transmits || place.lane != 0) return;
            using Operation = typename Model::Operation;
            const double sum = Operation::finish(joined<Operation>(shared.partial), end - begin);
            if (!(__builtin_fabs(sum) <= __DBL_MAX__)) fail(control, &control->failed, number, step.step);
            dendrites.sums[element] += sum;
        }
    }

private:
    // Calls visit(synapse, where its source is seen) for those that are a lane's.
    template <class Visit>
    PNN_DEVICE void visit_own(uint64_t element, uint64_t begin, uint64_t end, int32_t lane, const Visit& visit) const {
        visit_stretches(dendrites, element, begin, end, [&](const auto& source, uint64_t first, uint64_t last) {
            const uint64_t ahead = (static_cast<uint64_t>(lane) + LANES - (first - begin) % LANES) % LANES;
            for (uint64_t s = first + ahead; s < last; s += LANES) visit(s, source(s));
        });
    }

    template <class What>
    PNN_DEVICE void receive(uint64_t element, uint64_t begin, uint64_t end, uint64_t post, int32_t lane, Shared& shared) const {
        using Operation = typename Model::Operation;
        const Model model(dendrites, step);
        const typename Model::Row row(model, post, element);
        double partial = Operation::start;
        visit_own(element, begin, end, lane, [&](uint64_t s, uint64_t pre) { partial = Operation::join(partial, What::of(model, row, s, pre)); });
        shared.partial[lane] = partial;
    }

    PNN_DEVICE void advance(uint64_t element, uint64_t begin, uint64_t end, uint64_t post, int32_t lane) const {
        const Model model(dendrites, step);
        const typename Model::Row row(model, post, element);
        visit_own(element, begin, end, lane, [&](uint64_t s, uint64_t pre) { model.advance(row, s, pre); });
    }
};

// What all synapses have in common, before them.
template <class Model>
struct CommonKernel {
    static constexpr int32_t lanes = 1;
    static constexpr int n_phases = 1;
    using Shared = Nothing;
    pnn_dendrites dendrites;
    pnn_step step;

    template <int phase>
    PNN_DEVICE void run(const Place&, Shared&) const {
        Model(dendrites, step).advance_common();
    }
};

template <class Model>
int32_t synapses_at(const pnn_dendrites& dendrites, int32_t number, const pnn_step& step, int32_t what, const pnn_launch& how) {
    if (!Model::advances_first && (Model::has_post_step || Model::has_common_step) && what == (PNN_TRANSMIT | PNN_ADVANCE)) {
        const int32_t failed = synapses_at<Model>(dendrites, number, step, PNN_TRANSMIT, how);
        return failed != 0 ? failed : synapses_at<Model>(dendrites, number, step, PNN_ADVANCE, how);
    }
    if (Model::has_common_step && (what & PNN_ADVANCE)) {
        auto common = cleared<CommonKernel<Model>>();
        common.dendrites = dendrites;
        common.step = step;
        const int32_t failed = launch(common, 1, how);
        if (failed != 0) return failed;
    }
    auto kernel = cleared<SynapsesKernel<Model>>();
    kernel.dendrites = dendrites;
    kernel.number = number;
    kernel.what = what;
    kernel.control = how.d_control;
    kernel.step = step;
    return launch(kernel, dendrites.n_elements, how);
}

template <class Model, class OneWeight = Model>
int32_t synapses(const pnn_dendrites* dendrites, int32_t number, const pnn_step* step, int32_t what, const pnn_launch* how) {
    return dendrites->each_weight ? synapses_at<Model>(*dendrites, number, *step, what, *how)
                                  : synapses_at<OneWeight>(*dendrites, number, *step, what, *how);
}

template <class Model>
struct PassKernel {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 1;
    using Shared = Nothing;
    pnn_dendrites dendrites;
    pnn_rows rows;
    const pnn_passage* passages;
    int64_t n_passages;
    int32_t number;
    pnn_control* control;
    pnn_step step;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared&) const {
        const Model model(dendrites, step);
        const Group worker(place);
        for (int64_t p = worker.number; p < n_passages; p += worker.n_groups) {
            const pnn_passage& passage = passages[p];
            for (uint64_t k = passage.begin + static_cast<uint64_t>(worker.lane); k < passage.end; k += LANES_A_GROUP) {
                const bool sound = rows.target_bits == 16 ? pass_synapse<Model, uint16_t>(model, dendrites, rows, passage, k, step)
                                                          : pass_synapse<Model, uint32_t>(model, dendrites, rows, passage, k, step);
                if (!sound) fail(control, &control->failed, number, step.step);
            }
            if (worker.lane == 0) add_to(&control->events, (passage.end - passage.begin) * static_cast<uint64_t>(passage.multiplicity));
        }
    }
};

template <class Model>
int32_t pass_spikes_at(const pnn_dendrites& dendrites, const pnn_rows& rows, const pnn_passage* d_passages, int64_t n_passages,
                       int32_t number, const pnn_step& step, const pnn_launch& how) {
    auto kernel = cleared<PassKernel<Model>>();
    kernel.dendrites = dendrites;
    kernel.rows = rows;
    kernel.passages = d_passages;
    kernel.n_passages = n_passages;
    kernel.number = number;
    kernel.control = how.d_control;
    kernel.step = step;
    return n_passages == 0 ? 0 : launch(kernel, by_turns(n_passages * LANES_A_GROUP / LANES_A_BLOCK), how);
}

template <class Model, class OneWeight = Model>
int32_t pass_spikes(const pnn_dendrites* dendrites, const pnn_rows* rows, const pnn_passage* d_passages, int64_t n_passages,
                    int32_t number, const pnn_step* step, const pnn_launch* how) {
    return dendrites->each_weight ? pass_spikes_at<Model>(*dendrites, *rows, d_passages, n_passages, number, *step, *how)
                                  : pass_spikes_at<OneWeight>(*dendrites, *rows, d_passages, n_passages, number, *step, *how);
}

// Elements have spiked: one block takes them by turns, a lane a synapse.
template <class Model>
struct ReachKernel {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 2;
    using Shared = Nothing;
    pnn_dendrites dendrites;
    pnn_sent spikes;
    pnn_step step;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared&) const {
        const uint32_t n = *spikes.d_n;
        for (uint32_t i = static_cast<uint32_t>(place.block); i < n; i += static_cast<uint32_t>(place.n_blocks)) {
            const uint64_t element = spikes.d_index[i] - static_cast<uint64_t>(dendrites.first_element);
            if constexpr (phase == 0) {
                const Model model(dendrites, step);
                for (uint64_t s = dendrites.start[element] + static_cast<uint64_t>(place.lane); s < dendrites.start[element + 1]; s += lanes)
                    reach_synapse(model, dendrites, s, element, spikes.d_count[i], step);
            } else if (place.lane == 0 && dendrites.spiked != nullptr) {
                dendrites.spiked[element] = static_cast<double>(step.step);
            }
        }
    }
};

template <class Model>
int32_t reach_at(const pnn_dendrites& dendrites, const pnn_sent& spikes, const pnn_step& step, const pnn_launch& how) {
    auto kernel = cleared<ReachKernel<Model>>();
    kernel.dendrites = dendrites;
    kernel.spikes = spikes;
    kernel.step = step;
    return launch(kernel, by_turns(dendrites.n_elements), how);
}

template <class Model, class OneWeight = Model>
int32_t reach(const pnn_dendrites* dendrites, const pnn_sent* spikes, const pnn_step* step, const pnn_launch* how) {
    return dendrites->each_weight ? reach_at<Model>(*dendrites, *spikes, *step, *how) : reach_at<OneWeight>(*dendrites, *spikes, *step, *how);
}

}  // namespace cuda
}  // namespace pnn

#endif
