// cuda/deliver.h: the primitive `deliver` on the device.
//
// Spikes stay in a ring of lists, one a step, until the longest delay is over. For each of the distinct delays of a
// projection the spikes of that many steps ago are looked up: the lanes of a group take the synapses that a source has with
// this delay, and add to the accumulators atomically: of whole numbers, so that their order makes no difference (DESIGN D6).
#ifndef PYNN_ANNARCHY_CUDA_DELIVER_H
#define PYNN_ANNARCHY_CUDA_DELIVER_H

#include "pynn_annarchy/cuda/kernel.h"
#include "pynn_annarchy/deliver.h"

namespace pnn {
namespace cuda {

template <class Synapse>
struct DeliverKernel {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 3;
    static constexpr int64_t groups_a_block = lanes / LANES_A_GROUP;
    struct Item {
        pnn_route route;
        int64_t first_block, n_blocks;
    };
    struct Shared {
        uint64_t n_events;
    };

    Batch<Item> batch;
    pnn_control* control;
    pnn_step step;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared& shared) const {
        if constexpr (phase == 0) {
            if (place.lane == 0) shared.n_events = 0;
        } else if constexpr (phase == 1) {
            const Item& item = batch.of_block(place.block);
            const Group worker(place.block - item.first_block, item.n_blocks, place.lane);
            const Synapse synapse(item.route.rows, step);
            if (item.route.d_counts != nullptr) count(item.route, synapse, worker, shared);
            else if (item.route.d_groups != nullptr) deliver_listed(item.route, synapse, worker, shared);
            else deliver_due(item.route, synapse, worker, shared);
        } else {
            if (place.lane == 0 && shared.n_events != 0) add_to(&control->events, shared.n_events);
        }
    }

private:
    PNN_DEVICE void deliver_due(const pnn_route& route, const Synapse& synapse, const Group& worker, Shared& shared) const {
        for (int32_t k = 0; k < route.n_delays; ++k) {
            const uint16_t delay = route.d_delays[k];
            const int64_t emitted = step.step - delay;
            if (emitted < route.first) return;  // longer delays even more so
            const pnn_sent& sent = route.d_ring[emitted % route.ring_size];
            const int64_t n = *sent.d_n;
            // Another worker begins with each delay: lists are often shorter than there are workers.
            for (int64_t s = (worker.number + k * int64_t(37)) % worker.n_groups; s < n; s += worker.n_groups) {
                const uint32_t source = sent.d_index[s];
                const uint32_t group = group_of(route, source, delay);
                if (group == NO_GROUP) continue;
                deliver_group(route, synapse, {route.d_group_start[group], route.d_group_start[group + 1], sent.d_count[s]}, worker, shared);
            }
        }
    }

    static constexpr uint32_t NO_GROUP = 0xffffffffu;

    // The group of a source's row that has this delay: delays ascend in a row.
    PNN_DEVICE static uint32_t group_of(const pnn_route& route, uint32_t source, uint16_t delay) {
        uint32_t first = route.d_row_start[source], last = route.d_row_start[source + 1];
        while (first < last) {
            const uint32_t middle = first + (last - first) / 2;
            if (route.d_group_delay[middle] < delay) first = middle + 1;
            else last = middle;
        }
        return first < route.d_row_start[source + 1] && route.d_group_delay[first] == delay ? first : NO_GROUP;
    }

    PNN_DEVICE void deliver_listed(const pnn_route& route, const Synapse& synapse, const Group& worker, Shared& shared) const {
        for (int64_t g = worker.number; g < route.n_groups; g += worker.n_groups) deliver_group(route, synapse, route.d_groups[g], worker, shared);
    }

    PNN_DEVICE static double weight_of(const pnn_rows& rows, uint64_t s) {
        switch (rows.weight_form) {
            case PNN_WEIGHT_SHARED: return *static_cast<const double*>(rows.weights);
            case PNN_WEIGHT_F32: return static_cast<double>(static_cast<const float*>(rows.weights)[s]);
            default: return static_cast<const double*>(rows.weights)[s];
        }
    }

    PNN_DEVICE static uint32_t target_of(const pnn_rows& rows, uint64_t s) {
        return rows.target_bits == 16 ? static_cast<const uint16_t*>(rows.targets)[s] : static_cast<const uint32_t*>(rows.targets)[s];
    }

    PNN_DEVICE void deliver_group(const pnn_route& route, const Synapse& synapse, const pnn_group& group, const Group& worker, Shared& shared) const {
        const pnn_rows& rows = route.rows;
        for (uint64_t s = group.begin + static_cast<uint64_t>(worker.lane); s < group.end; s += LANES_A_GROUP) {
            const double increment = synapse.increment(weight_of(rows, s));
            if (!is_sound(increment, rows.bound)) raise_to(&control->failed, route.number + 1);
            accumulate(rows.accumulator + target_of(rows, s), group.multiplicity * to_fixed(increment, rows.inverse_quantum));
        }
        if (worker.lane == 0) add_to(&shared.n_events, (group.end - group.begin) * static_cast<uint64_t>(group.multiplicity));
    }

    // Every target has one synapse, all are alike.
    PNN_DEVICE void count(const pnn_route& route, const Synapse& synapse, const Group& worker, Shared& shared) const {
        const pnn_rows& rows = route.rows;
        const double increment = synapse.increment(*static_cast<const double*>(rows.weights));
        if (!is_sound(increment, rows.bound)) raise_to(&control->failed, route.number + 1);
        const int64_t once = to_fixed(increment, rows.inverse_quantum);
        uint64_t n_events = 0;
        for (int64_t i = worker.number * LANES_A_GROUP + worker.lane; i < route.n_sources; i += worker.n_groups * LANES_A_GROUP) {
            accumulate(rows.accumulator + i, once * route.d_counts[i]);
            n_events += route.d_counts[i];
        }
        add_to(&shared.n_events, n_events);
    }
};

template <class Synapse>
int32_t deliver(const pnn_route* routes, int64_t n_routes, const pnn_step* step, const pnn_launch* how) {
    using Kernel = DeliverKernel<Synapse>;
    for (int64_t first = 0; first < n_routes;) {
        Kernel kernel = cleared<Kernel>();
        kernel.control = how->d_control;
        kernel.step = *step;
        for (; first < n_routes && !kernel.batch.is_full(); ++first) {
            typename Kernel::Item& item = kernel.batch.add();
            item.route = routes[first];
            const int64_t most = item.route.d_groups != nullptr ? item.route.n_groups : item.route.n_sources;
            item.n_blocks = by_turns(most / Kernel::groups_a_block);
            kernel.batch.n_blocks += item.n_blocks;
        }
        const int32_t failed = launch(kernel, kernel.batch.n_blocks, *how);
        if (failed != 0) return failed;
    }
    return 0;
}

}  // namespace cuda
}  // namespace pnn

#endif
