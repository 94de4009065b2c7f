// cuda/neurons.h: the primitive `neurons` on the device: one lane a cell, the cells of several populations in one launch.
#ifndef PYNN_ANNARCHY_CUDA_NEURONS_H
#define PYNN_ANNARCHY_CUDA_NEURONS_H

#include <new>

#include "pynn_annarchy/cuda/kernel.h"
#include "pynn_annarchy/neurons.h"

namespace pnn {
namespace cuda {

template <class Model>
struct NeuronsKernel {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 4;
    struct Item {
        alignas(Model) unsigned char model[sizeof(Model)];  // made by the host, with what all cells share
        int64_t size, first_block;
        pnn_sent sent;
        uint16_t* d_counts;
        int32_t number;
    };
    struct Shared {
        uint32_t n, begin;
        uint64_t n_spikes;
        uint32_t index[lanes], count[lanes];
    };

    Batch<Item> batch;
    pnn_control* control;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared& shared) const {
        const Item& item = batch.of_block(place.block);
        if constexpr (phase == 0) {
            if (place.lane == 0) {
                shared.n = 0;
                shared.n_spikes = 0;
            }
        } else if constexpr (phase == 1) {
            const int64_t i = (place.block - item.first_block) * lanes + place.lane;
            if (i < item.size) update(item, i, shared);
        } else if constexpr (phase == 2) {
            if (place.lane != 0 || shared.n == 0) return;
            if (item.sent.d_index != nullptr) shared.begin = claim(item.sent.d_n, shared.n);
            add_to(&control->spikes, shared.n_spikes);
        } else {
            if (item.sent.d_index == nullptr || static_cast<uint32_t>(place.lane) >= shared.n) return;
            item.sent.d_index[shared.begin + static_cast<uint32_t>(place.lane)] = shared.index[place.lane];
            item.sent.d_count[shared.begin + static_cast<uint32_t>(place.lane)] = shared.count[place.lane];
        }
    }

private:
    PNN_DEVICE void update(const Item& item, int64_t i, Shared& shared) const {
        const Model& model = *reinterpret_cast<const Model*>(item.model);
        Preparation<Model> preparation;
        preparation.prepare(model, i, 1);
        const typename Model::Count count = preparation.update(model, i, 0);
        if (item.d_counts != nullptr) {
            if (count > 0xffff) raise_to(&control->has_more, item.number + 1);
            item.d_counts[i] = static_cast<uint16_t>(count > 0 ? count : 0);
        }
        if (count <= 0) return;
        const uint32_t k = claim(&shared.n, 1);
        shared.index[k] = static_cast<uint32_t>(i);
        shared.count[k] = static_cast<uint32_t>(count);
        add_to(&shared.n_spikes, static_cast<uint64_t>(count));
    }
};

// What all cells of a population share may choose between models: each has a launch of its own.
template <class Model, class = void>
struct LaunchNeurons {
    static int32_t all(const pnn_cells* cells, int64_t n_cells, const pnn_step& step, const pnn_launch& how) {
        using Kernel = NeuronsKernel<Model>;
        for (int64_t first = 0; first < n_cells;) {
            Kernel kernel = cleared<Kernel>();
            kernel.control = how.d_control;
            for (; first < n_cells && !kernel.batch.is_full(); ++first) {
                const pnn_cells& given = cells[first];
                typename Kernel::Item& item = kernel.batch.add();
                new (item.model) Model(given.segment, step);
                item.size = given.size;
                item.sent = given.sent;
                item.d_counts = given.d_counts;
                item.number = given.number;
                kernel.batch.n_blocks += (given.size + Kernel::lanes - 1) / Kernel::lanes;
            }
            const int32_t failed = launch(kernel, kernel.batch.n_blocks, how);
            if (failed != 0) return failed;
        }
        return 0;
    }
};

template <class Model>
struct LaunchNeurons<Model, Void<typename Model::Regimes>> {
    using Launcher = int32_t (*)(const pnn_cells*, int64_t, const pnn_step&, const pnn_launch&);
    template <class... Each>
    static Launcher chosen(int regime, Regimes<Each...>) {
        const Launcher launchers[] = {&LaunchNeurons<Each>::all...};
        return launchers[regime];
    }
    static int32_t all(const pnn_cells* cells, int64_t n_cells, const pnn_step& step, const pnn_launch& how) {
        for (int64_t k = 0; k < n_cells; ++k) {
            const int32_t failed = chosen(Model(cells[k].segment, step).regime(), typename Model::Regimes{})(cells + k, 1, step, how);
            if (failed != 0) return failed;
        }
        return 0;
    }
};

template <class Model>
int32_t neurons(const pnn_cells* cells, int64_t n_cells, const pnn_step* step, const pnn_launch* how) {
    return LaunchNeurons<Model>::all(cells, n_cells, *step, *how);
}

}  // namespace cuda
}  // namespace pnn

#endif
