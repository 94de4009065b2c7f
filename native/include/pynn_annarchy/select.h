// select.h: which of some values are above a limit, in order and without branches.
#ifndef PYNN_ANNARCHY_SELECT_H
#define PYNN_ANNARCHY_SELECT_H

#include <stdint.h>

#include "pynn_annarchy/target.h"

namespace pnn {

#if defined(__CUDACC__)
constexpr int64_t SELECT_ROOM = 0;
#else
constexpr int64_t SELECT_ROOM = 16;  // behind all that may be selected, and behind values, for whole vectors
#endif

#if defined(__AVX512F__) && !defined(__CUDACC__)

typedef int32_t Selected __attribute__((vector_size(64), aligned(4), may_alias));

// In assembler, since the header of the intrinsics takes the compiler longer than a synapse type. The first n items whose value is above
// the limit move to the front, zeros behind them; returns how many they are.
PNN_FN int64_t move_above(Selected values, int32_t limit, int64_t n, Selected items, int32_t* selected) {
    const Selected limits = Selected{} + limit;
    uint16_t above;
    Selected front;
    __asm__("vpcmpgtd %2, %1, %0" : "=Yk"(above) : "v"(values), "v"(limits));
    above &= static_cast<uint16_t>(n < 16 ? (1 << n) - 1 : 0xffff);
    __asm__("vpcompressd %1, %0%{%2%}%{z%}" : "=v"(front) : "v"(items), "Yk"(above));
    *reinterpret_cast<Selected*>(selected) = front;
    return __builtin_popcount(above);
}

// Whole vectors are read of what is selected.
PNN_FN int64_t padded(int32_t* selected, int64_t size) {
    *reinterpret_cast<Selected*>(selected + size) = Selected{};
    return size;
}

// Lists those of 0, ..., n - 1 whose value is above a limit; returns how many they are.
PNN_FN int64_t select(const int32_t* values, int64_t n, int32_t limit, int32_t* selected) {
    Selected items = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    int64_t size = 0;
    for (int64_t i = 0; i < n; i += 16, items += 16) {
        const Selected own = *reinterpret_cast<const Selected*>(values + i);
        size += move_above(own, limit, n - i, items, selected + size);
    }
    return padded(selected, size);
}

// The same of the numbers in a list, which may be the one that is written.
PNN_FN int64_t select(const int32_t* values, const int32_t* list, int64_t n, int32_t limit, int32_t* selected) {
    int64_t size = 0;
    for (int64_t j = 0; j < n; j += 16) {
        const Selected items = *reinterpret_cast<const Selected*>(list + j);
        Selected own;
        for (int k = 0; k < 16; ++k) own[k] = values[items[k]];
        size += move_above(own, limit, n - j, items, selected + size);
    }
    return padded(selected, size);
}

// The lists for the limits 0, ..., levels - 1 and their sizes, in one passage.
template <int levels, int64_t room>
PNN_FN void select_levels(const int32_t* values, int64_t n, int32_t (*lists)[room], int64_t* sizes) {
    Selected items = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    int64_t size[levels] = {};
    for (int64_t i = 0; i < n; i += 16, items += 16) {
        const Selected own = *reinterpret_cast<const Selected*>(values + i);
        for (int k = 0; k < levels; ++k) size[k] += move_above(own, k, n - i, items, lists[k] + size[k]);
    }
    for (int k = 0; k < levels; ++k) sizes[k] = padded(lists[k], size[k]);
}

#else

PNN_FN int64_t select(const int32_t* values, int64_t n, int32_t limit, int32_t* selected) {
    int64_t size = 0;
    for (int64_t i = 0; i < n; ++i) {
        selected[size] = static_cast<int32_t>(i);
        size += values[i] > limit;
    }
    return size;
}

PNN_FN int64_t select(const int32_t* values, const int32_t* list, int64_t n, int32_t limit, int32_t* selected) {
    int64_t size = 0;
    for (int64_t j = 0; j < n; ++j) {
        const int32_t i = list[j];
        selected[size] = i;
        size += values[i] > limit;
    }
    return size;
}

template <int levels, int64_t room>
PNN_FN void select_levels(const int32_t* values, int64_t n, int32_t (*lists)[room], int64_t* sizes) {
    sizes[0] = select(values, n, 0, lists[0]);
    for (int k = 1; k < levels; ++k) sizes[k] = select(values, lists[k - 1], sizes[k - 1], k, lists[k]);
}

#endif

}  // namespace pnn

#endif
