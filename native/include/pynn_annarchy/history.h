// history.h: where the spikes of post-synaptic elements lie that synapses which learn may still ask for.
//
// In pages: the first has the newest spikes of all elements, the next one those before them, and so on. Nearly all that
// is asked for is in the first, which is small enough for a near cache however far back the rest goes. In a page, each
// element has a row: the steps of emission, the last one first, minus infinity for none; then the post-synaptic traces
// right after each of these spikes, zeros for none. The spikes that have not been applied everywhere and the one before
// them are there; what is said of older ones need not be true.
#ifndef PYNN_ANNARCHY_HISTORY_H
#define PYNN_ANNARCHY_HISTORY_H

#include <stdint.h>

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
};

}  // namespace pnn

#endif
