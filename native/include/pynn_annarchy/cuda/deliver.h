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
    struct Shared {
        uint64_t n_events;
    };

    const pnn_route* routes;      // on the device: there are too many of them for arguments
    int64_t blocks_a_route;
    pnn_control* control;
    Clock clock;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared& shared) const {
        if constexpr (phase == 0) {
            if (place.lane == 0) shared.n_events = 0;
        } else if constexpr (phase == 1) {
            const pnn_route& route = routes[place.block / blocks_a_route];
            const Group worker(place.block % blocks_a_route, blocks_a_route, place.lane);
            const pnn_step step = clock.now();
            const Synapse synapse(route.rows, step);
            if (route.d_groups != nullptr) deliver_listed(route, synapse, step.step, worker, shared);
            else if (route.ring.d_each != nullptr) count(route, synapse, step.step, worker, shared);
            else deliver_due(route, synapse, step.step, worker, shared);
        } else {
            if (place.lane == 0 && shared.n_events != 0) add_to(&control->events, shared.n_events);
        }
    }

private:
    // Workers share the delays out, and where they are more than these, the spikes of each.
    PNN_DEVICE void deliver_due(const pnn_route& route, const Synapse& synapse, int64_t step, const Group& worker, Shared& shared) const {
        const int64_t n_delays = route.n_delays;
        for (int64_t k = worker.number % n_delays; k < n_delays; k += worker.n_groups) {
            const uint16_t delay = route.d_delays[k];
            const int64_t emitted = step - delay;
            if (emitted < route.first) return;  // longer delays even more so
            const pnn_sent sent = sent_in(route.ring, emitted);
            const int64_t n = *sent.d_n, n_together = worker.n_groups <= n_delays ? 1 : (worker.n_groups - k - 1) / n_delays + 1;
            for (int64_t s = worker.number / n_delays; s < n; s += n_together) {
                const uint32_t source = sent.d_index[s];
                const uint32_t group = group_of(route, source, delay);
                if (group == NO_GROUP) continue;
                deliver_group(route, synapse, {route.d_group_start[group], route.d_group_start[group + 1], sent.d_count[s]}, step, worker, shared);
            }
        }
    }

    PNN_DEVICE static uint32_t group_of(const pnn_route& route, uint32_t source, uint16_t delay) {
        return group_with(route.d_group_delay, route.d_row_start[source], route.d_row_start[source + 1], delay);
    }

    PNN_DEVICE void deliver_listed(const pnn_route& route, const Synapse& synapse, int64_t step, const Group& worker, Shared& shared) const {
        for (int64_t g = worker.number; g < route.n_groups; g += worker.n_groups) deliver_group(route, synapse, route.d_groups[g], step, worker, shared);
    }

    PNN_DEVICE static double weight_at(const pnn_rows& rows, uint64_t s) {
        switch (rows.weight_form) {
            case PNN_WEIGHT_SHARED: return *static_cast<const double*>(rows.weights);
            case PNN_WEIGHT_I16: return pnn::weight_of(static_cast<const int16_t*>(rows.weights)[s], rows.weight_unit);
            case PNN_WEIGHT_F32: return static_cast<double>(static_cast<const float*>(rows.weights)[s]);
            default: return static_cast<const double*>(rows.weights)[s];
        }
    }

    PNN_DEVICE static uint32_t target_of(const pnn_rows& rows, uint64_t s) {
        return rows.target_bits == 16 ? static_cast<const uint16_t*>(rows.targets)[s] : static_cast<const uint32_t*>(rows.targets)[s];
    }

    PNN_DEVICE void deliver_group(const pnn_route& route, const Synapse& synapse, const pnn_group& group, int64_t step, const Group& worker,
                                  Shared& shared) const {
        const pnn_rows& rows = route.rows;
        for (uint64_t s = group.begin + static_cast<uint64_t>(worker.lane); s < group.end; s += LANES_A_GROUP) {
            const double increment = synapse.increment(weight_at(rows, s));
            if (!is_sound(increment, rows.bound)) fail(control, &control->failed, route.number, step);
            accumulate(rows.accumulator + target_of(rows, s), group.multiplicity * to_fixed(increment, rows.inverse_quantum));
        }
        if (worker.lane == 0) add_to(&shared.n_events, (group.end - group.begin) * static_cast<uint64_t>(group.multiplicity));
    }

    // Every target has one synapse, all are alike.
    PNN_DEVICE void count(const pnn_route& route, const Synapse& synapse, int64_t step, const Group& worker, Shared& shared) const {
        const int64_t emitted = step - route.d_delays[0];
        if (emitted < route.first) return;
        const pnn_rows& rows = route.rows;
        const uint16_t* const counts = each_in(route.ring, emitted);
        const double increment = synapse.increment(*static_cast<const double*>(rows.weights));
        if (!is_sound(increment, rows.bound)) fail(control, &control->failed, route.number, step);
        const int64_t once = to_fixed(increment, rows.inverse_quantum);
        uint64_t n_events = 0;
        for (int64_t i = worker.number * LANES_A_GROUP + worker.lane; i < route.n_sources; i += worker.n_groups * LANES_A_GROUP) {
            accumulate(rows.accumulator + i, once * counts[i]);
            n_events += counts[i];
        }
        add_to(&shared.n_events, n_events);
    }
};

// All routes in one launch, each with as many blocks.
template <class Synapse>
int32_t deliver(const pnn_route* routes, const pnn_route* d_routes, int64_t n_routes, const pnn_launch* how) {
    using Kernel = DeliverKernel<Synapse>;
    int64_t most = 0;
    for (const pnn_route* route = routes; route != routes + n_routes; ++route) {
        check_arguments(route, sizeof *route, __PRETTY_FUNCTION__);
        const int64_t n = route->d_groups != nullptr ? route->n_groups : route->n_sources;
        most = n > most ? n : most;
    }
    if (n_routes == 0) return 0;
    const int64_t share = 2 * MOST_BLOCKS / n_routes, limit = share < LEAST_BLOCKS ? LEAST_BLOCKS : share;
    const int64_t useful = by_turns(most / Kernel::groups_a_block);
    Kernel kernel = cleared<Kernel>();
    kernel.routes = d_routes;
    kernel.blocks_a_route = useful < limit ? useful : limit;
    kernel.control = how->d_control;
    kernel.clock = Clock(*how);
    return launch(kernel, n_routes * kernel.blocks_a_route, *how);
}

}  // namespace cuda
}  // namespace pnn

#endif
