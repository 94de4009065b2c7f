// cuda/neurons.h: the primitive `neurons` on the device: one lane a cell, the cells of several populations in one launch.
#ifndef PYNN_ANNARCHY_CUDA_NEURONS_H
#define PYNN_ANNARCHY_CUDA_NEURONS_H

#include <initializer_list>
#include <new>

#include "pynn_annarchy/cuda/kernel.h"
#include "pynn_annarchy/neurons.h"

namespace pnn {
namespace cuda {

// Between which structs a model chooses: here there is one.
template <class Model, class = void>
struct Choice {
    static constexpr size_t size = sizeof(Model), alignment = alignof(Model);
    PNN_DEVICE static int32_t make(void* memory, const pnn_segment& segment, const pnn_step& step) {
        new (memory) Model(segment, step);
        return 0;
    }
    template <class Visit>
    PNN_DEVICE static void visit(const void* made, int32_t, const Visit& visit) {
        visit(*static_cast<const Model*>(made));
    }
};

template <class... Each>
struct ChoiceOf {
    static constexpr size_t greatest(std::initializer_list<size_t> sizes) {
        size_t found = 0;
        for (size_t size : sizes) found = size > found ? size : found;
        return found;
    }
    static constexpr size_t size = greatest({sizeof(Each)...}), alignment = greatest({alignof(Each)...});
    PNN_DEVICE static void make(int32_t chosen, void* memory, const pnn_segment& segment, const pnn_step& step) {
        int32_t k = 0;
        ((k++ == chosen ? static_cast<void>(new (memory) Each(segment, step)) : static_cast<void>(0)), ...);
    }
    template <class Visit>
    PNN_DEVICE static void visit(const void* made, int32_t chosen, const Visit& visit) {
        int32_t k = 0;
        ((k++ == chosen ? visit(*static_cast<const Each*>(made)) : static_cast<void>(0)), ...);
    }
};
template <class... Each>
ChoiceOf<Each...> choice_of(Regimes<Each...>);

template <class Model>
struct Choice<Model, Void<typename Model::Regimes>> : decltype(choice_of(typename Model::Regimes{})) {
    PNN_DEVICE static int32_t make(void* memory, const pnn_segment& segment, const pnn_step& step) {
        const int32_t chosen = Model(segment, step).regime();
        decltype(choice_of(typename Model::Regimes{}))::make(chosen, memory, segment, step);
        return chosen;
    }
};

template <class Model>
struct NeuronsKernel {
    using Choices = Choice<Model>;
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 4;
    struct Item {
        pnn_cells cells;
        int64_t first_block;
    };
    struct Shared {
        alignas(Choices::alignment) unsigned char model[Choices::size];  // with what all cells share in this step
        int32_t chosen;
        uint32_t n, begin;
        uint64_t n_spikes;
        uint32_t index[lanes], count[lanes];
    };

    Batch<Item> batch;
    pnn_control* control;
    Clock clock;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared& shared) const {
        const Item& item = batch.of_block(place.block);
        const pnn_ring& ring = item.cells.ring;
        if constexpr (phase == 0) {
            if (place.lane != 0) return;
            shared.n = 0;
            shared.n_spikes = 0;
            shared.chosen = Choices::make(shared.model, item.cells.segment, clock.now());
        } else if constexpr (phase == 1) {
            const int64_t i = (place.block - item.first_block) * lanes + place.lane;
            if (i < item.cells.size) Choices::visit(shared.model, shared.chosen, [&](const auto& model) { update(model, item.cells, i, shared); });
        } else if constexpr (phase == 2) {
            if (place.lane != 0 || shared.n == 0) return;
            if (ring.d_index != nullptr) shared.begin = claim(sent_in(ring, clock.step()).d_n, shared.n);
            add_to(&control->spikes, shared.n_spikes);
        } else {
            if (ring.d_index == nullptr || static_cast<uint32_t>(place.lane) >= shared.n) return;
            const pnn_sent sent = sent_in(ring, clock.step());
            sent.d_index[shared.begin + static_cast<uint32_t>(place.lane)] = shared.index[place.lane];
            sent.d_count[shared.begin + static_cast<uint32_t>(place.lane)] = shared.count[place.lane];
        }
    }

private:
    template <class Chosen>
    PNN_DEVICE void update(const Chosen& model, const pnn_cells& cells, int64_t i, Shared& shared) const {
        flush_if_due(model, clock.step(), i, i + 1);
        Preparation<Chosen> preparation;
        preparation.prepare(model, i, 1);
        Signs signs;
        const typename Chosen::Count count = preparation.template update<Form<false, false>>(model, i, 0, signs);
        if constexpr (Chosen::RESETS) {
            if (count > 0) model.reset(i);
        }
        if (uint16_t* const each = each_in(cells.ring, clock.step())) {
            if (count > 0xffff) fail(control, &control->has_more, static_cast<int32_t>(cells.number), clock.step());
            each[i] = static_cast<uint16_t>(count > 0 ? count : 0);
        }
        if (count <= 0) return;
        const uint32_t k = claim(&shared.n, 1);
        shared.index[k] = static_cast<uint32_t>(i);
        shared.count[k] = static_cast<uint32_t>(count);
        add_to(&shared.n_spikes, static_cast<uint64_t>(count));
    }
};

template <class Model>
int32_t neurons(const pnn_cells* cells, int64_t n_cells, const pnn_launch* how) {
    using Kernel = NeuronsKernel<Model>;
    for (int64_t first = 0; first < n_cells;) {
        Kernel kernel = cleared<Kernel>();
        kernel.control = how->d_control;
        kernel.clock = Clock(*how);
        for (; first < n_cells && !kernel.batch.is_full(); ++first) {
            kernel.batch.add().cells = cells[first];
            kernel.batch.n_blocks += (cells[first].size + Kernel::lanes - 1) / Kernel::lanes;
        }
        const int32_t failed = launch(kernel, kernel.batch.n_blocks, *how);
        if (failed != 0) return failed;
    }
    return 0;
}

}  // namespace cuda
}  // namespace pnn

#endif
