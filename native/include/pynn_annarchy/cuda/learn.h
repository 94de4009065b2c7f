// cuda/learn.h: the primitive `learn` on the device: one lane a synapse, which does what learn.h does with a block of them.
#ifndef PYNN_ANNARCHY_CUDA_LEARN_H
#define PYNN_ANNARCHY_CUDA_LEARN_H

#include "pynn_annarchy/cuda/kernel.h"
#include "pynn_annarchy/learn.h"

namespace pnn {
namespace cuda {

// A synapse type in the one form that needs no tables: decays that are computed have the same bits.
template <template <bool> class Model>
struct Computed {
    static constexpr bool are_shared = false;
    const Model<false> any;
    const Model<false>&fast = any, &each = any;

    PNN_DEVICE Computed(const pnn_rows& rows, const pnn_step& step) : any(without_tables(rows), step) {}
    PNN_FN double elapsed_in_tables(const pnn_passage&) const { return 0.0; }
};

template <template <bool> class Model>
struct LearnKernel {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 3;
    struct Shared {
        uint64_t n_events;
    };
    pnn_rows rows;
    const pnn_passage* passages;
    int64_t n_passages;
    int32_t number;
    pnn_control* control;
    pnn_step step;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared& shared) const {
        if constexpr (phase == 0) {
            if (place.lane == 0) shared.n_events = 0;
        } else if constexpr (phase == 1) {
            const Group worker(place);
            for (int64_t p = worker.number; p < n_passages; p += worker.n_groups) {
                if (rows.target_bits == 16) pass<uint16_t>(passages[p], worker.lane, shared);
                else pass<uint32_t>(passages[p], worker.lane, shared);
            }
        } else {
            if (place.lane == 0 && shared.n_events != 0) add_to(&control->events, shared.n_events);
        }
    }

private:
    template <class Target>
    PNN_DEVICE void pass(const pnn_passage& passage, int32_t lane, Shared& shared) const {
        const Computed<Model> models(rows, step);
        for (uint64_t s = passage.begin + static_cast<uint64_t>(lane); s < passage.end; s += LANES_A_GROUP)
            if (!Visit<Model, Target, Computed<Model>, 1>(rows, passage, models, step.dt, s, 1).pass()) fail(control, &control->failed, number, step.step);
        if (lane == 0) add_to(&shared.n_events, (passage.end - passage.begin) * static_cast<uint64_t>(passage.multiplicity));
    }
};

template <template <bool> class Model>
int32_t learn(const pnn_rows* rows, const pnn_passage* d_passages, int64_t n_passages, int32_t number, const pnn_step* step, const pnn_launch* how) {
    auto kernel = cleared<LearnKernel<Model>>();
    kernel.rows = *rows;
    kernel.passages = d_passages;
    kernel.n_passages = n_passages;
    kernel.number = number;
    kernel.control = how->d_control;
    kernel.step = *step;
    return n_passages == 0 ? 0 : launch(kernel, by_turns(n_passages * LANES_A_GROUP / LearnKernel<Model>::lanes), *how);
}

}  // namespace cuda
}  // namespace pnn

#endif
