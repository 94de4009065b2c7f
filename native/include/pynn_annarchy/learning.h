// learning.h: what one partition of a projection keeps besides its rows, where synapses learn.
#ifndef PYNN_ANNARCHY_LEARNING_H
#define PYNN_ANNARCHY_LEARNING_H

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/history.h"
#include "pynn_annarchy/memory.h"

namespace pnn {

// A spike of a source that may still be on its way past some of its synapses, or was the last to do so.
struct PassingSpike {
    int64_t emitted;
    int64_t own;            // emission of the source's last spike up to this one that is not axonal, PNN_NEVER for none
    int32_t before;         // the source's spike before, -1 where nobody needs it any more
    uint32_t multiplicity;
    bool is_axonal;
};

// An increment that was formed when its spike passed, before somebody read or set the synapse, and is not due yet.
struct DueIncrement {
    uint32_t element;
    uint32_t multiplicity;  // of the spike
    double amount;          // not in quanta, which may be others by then
};

struct Learning {
    std::vector<PassingSpike> spikes;
    std::vector<double> pre_traces;   // right after each of the spikes, one row a spike
    std::vector<uint32_t> unused;     // places among the spikes
    std::vector<int32_t> latest;      // spike of each source, -1 for none

    Array<double> history;
    int64_t n_elements = 0;
    int64_t capacity = 0;             // spikes that are kept of each element
    int64_t n_traces = 0;             // with each of them
    int64_t caught_up = PNN_NEVER;    // step in which all synapses were caught up last
    uint64_t n_passed = 0;            // how many synapses spikes have passed since then
    int64_t accepted = PNN_NEVER;     // step whose spikes were sent on their way last
    int64_t applied = PNN_NEVER;      // step up to which all events were applied last, those on their way included
    std::map<int64_t, std::vector<DueIncrement>> due;

    std::vector<void*> arrays;        // of the fields, in the module's order
    std::vector<int32_t> array_steps;

    // As if no source had sent a spike yet.
    void forget_passed() {
        spikes.clear();
        pre_traces.clear();
        unused.clear();
        std::fill(latest.begin(), latest.end(), -1);
    }

    HistoryShape shape() const { return {n_elements * PAGE_SPIKES * (1 + n_traces), n_traces}; }
    double* row(std::size_t element) { return history.data() + int64_t(element) * shape().row(); }
    const double* row(std::size_t element) const { return history.data() + int64_t(element) * shape().row(); }
    // How many of the element's spikes were emitted after a moment.
    int64_t count_after(std::size_t element, double moment) const { return shape().count_after(row(element), capacity, moment); }
    // Room for so many spikes of each element, and so many traces; traces that are not there in both are lost.
    void reshape(int64_t n_elements, int64_t capacity, int64_t n_traces);
    // Makes the history one of elements that have never spiked.
    void forget_spikes();
};

}  // namespace pnn

#endif
