// neurons.h: the primitive `neurons`: every cell of a range over one step, its spikes compacted into a list.
#ifndef PYNN_ANNARCHY_NEURONS_H
#define PYNN_ANNARCHY_NEURONS_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/distributions.h"
#include "pynn_annarchy/fixed_point.h"
#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/target.h"

namespace pnn {

// Model has: a constructor from (segment, step), `Count update(int64_t i) const`.
template <class Model>
void neurons(const pnn_segment* segment, int64_t begin, int64_t end, const pnn_step* step, pnn_spikes* spikes) {
    // The copy lives on this stack: the compiler keeps its pointers in registers, since no store can reach them (D11).
    const Model model(*segment, *step);
    constexpr int64_t block = 64;
    typename Model::Count counts[block];
    int64_t n = 0;
    for (int64_t first = begin; first < end; first += block) {
        const int64_t length = end - first < block ? end - first : block;
        typename Model::Count any = 0;
        PNN_INDEPENDENT
        for (int64_t k = 0; k < length; ++k) {
            const typename Model::Count count = model.update(first + k);
            counts[k] = count;
            any |= count;
        }
        if (any == 0) continue;
        for (int64_t k = 0; k < length; ++k) {
            if (counts[k] <= 0) continue;
            spikes->index[n] = static_cast<uint32_t>(first + k);
            spikes->count[n] = static_cast<uint32_t>(counts[k]);
            ++n;
        }
    }
    spikes->n = n;
}

}  // namespace pnn

#endif
