// history.h: where the spikes of post-synaptic elements lie that synapses which learn may still ask for.
//
// In pages: the first has the newest spikes of all elements, the next one those before them, and so on. Nearly all that
// is asked for is in the first, which is small enough for a near cache however far back the rest goes. In a page, each
// element has a row: the steps of emission, the last one first, minus infinity for none; then the post-synaptic traces
// right after each of these spikes, zeros for none. The spikes that have not been applied everywhere and the one before
// them are there; what is said of older ones need not be true.
//
// Besides: when spikes pass synapses and arrive there, and what traces become with a spike; the host and a device ask here.
#ifndef PYNN_ANNARCHY_HISTORY_H
#define PYNN_ANNARCHY_HISTORY_H

#include <stdint.h>

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/target.h"

namespace pnn {

constexpr int64_t PAGE_SPIKES = 4;  // of an element in a page

// Places of spikes, counted from the newest one, and their traces behind the beginning of the element's first row.
struct HistoryShape {
    int64_t page;      // values in a page
    int64_t n_traces;

    PNN_FN int64_t row() const { return PAGE_SPIKES * (1 + n_traces); }
    PNN_FN int64_t step(int64_t spike) const { return spike / PAGE_SPIKES * page + spike % PAGE_SPIKES; }
    PNN_FN int64_t traces(int64_t spike) const {
        return spike / PAGE_SPIKES * page + PAGE_SPIKES + spike % PAGE_SPIKES * n_traces;
    }
    // How many of an element's spikes, of which there is room for `capacity`, were emitted after a moment.
    PNN_FN int64_t count_after(const double* own, int64_t capacity, double moment) const {
        int64_t n = 0;
        while (n < capacity && own[step(n)] > moment) ++n;
        return n;
    }
    // Makes room for a spike before the newest n; the traces of the newest one stay there, too.
    PNN_FN void move_back(double* own, int64_t n) const {
        for (int64_t k = n; k > 0; --k) {
            own[step(k)] = own[step(k - 1)];
            for (int64_t trace = 0; trace < n_traces; ++trace) own[traces(k) + trace] = own[traces(k - 1) + trace];
        }
    }
};

// How a delay divides: a pre-synaptic spike passes `pre` steps after its emission, a post-synaptic one arrives after
// `post`; a passage sees the post-synaptic spikes emitted less than `sees` steps after it.
struct Shifts {
    double pre, post, sees;
};

// Fractions such as 0.7 must not miss a coincidence by a rounding error.
PNN_FN double snapped(double x) {
    const double whole = rint(x);
    return __builtin_fabs(x - whole) < 1e-9 ? whole : x;
}

// `dendritic`: the part of a delay, in steps, that lies behind the synapse.
PNN_FN Shifts shifts_of(double dendritic, int64_t delay) {
    const double all = static_cast<double>(delay), post = snapped(dendritic * all);
    return {all - post, post, snapped(all * (1.0 - 2.0 * dendritic))};
}

// Emission of the last post-synaptic spikes that have been applied to every synapse of a delay: after all of them were caught
// up in one step, and all events up to the end of another one applied.
PNN_FN double applied_posts(int64_t caught_up, int64_t applied, const Shifts& shift) {
    const double never = -__builtin_inf();
    const double first = caught_up == PNN_NEVER ? never : static_cast<double>(caught_up) - (1.0 + 2.0 * shift.post);
    const double second = applied == PNN_NEVER ? never : static_cast<double>(applied) - shift.post;
    return first > second ? first : second;
}

// Spikes of a source, identical ones, enter its traces; `since` the one before, in steps. `trace(traces, event)` is the model's.
template <class Trace>
PNN_FN void advance_traces(double* traces, double since, uint32_t multiplicity, const Trace& trace) {
    pnn_event event{};
    event.since_pre = since;
    event.t_pre = -__builtin_inf();
    for (uint32_t repetition = 0; repetition < multiplicity; ++repetition) {
        event.repetition = repetition;
        trace(traces, event);
        event.since_pre = 0.0;
    }
}

// The repetition-th of an element's spikes of step `now` enters its history before the newest `n_kept`, for which there is
// room; `trace` as above.
template <class Trace>
PNN_FN void keep_spike(double* own, const HistoryShape& shape, int64_t n_kept, double now, uint32_t repetition, const Trace& trace) {
    shape.move_back(own, n_kept);
    pnn_event event{};
    event.since_post = own[0] == -__builtin_inf() ? now : now - own[0];
    event.t_post = -__builtin_inf();
    event.repetition = repetition;
    own[0] = now;
    if (shape.n_traces > 0) trace(own + PAGE_SPIKES, event);
}

}  // namespace pnn

#endif
