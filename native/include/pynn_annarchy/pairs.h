// All pairs of a block of columns: their distances, and which of them a random draw connects.
// Pairs lie column by column: pair (pre i, column c) is element c * n_pre + i.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace pnn {

// Squares of the differences along one axis, written or added to a row of sums.
// period <= 0: no periodic boundary; else differences wrap around at half the period.
template <bool first>
inline void add_squares(int64_t n_pre, const double* pre, double post, double period, double* sums) {
    for (int64_t i = 0; i < n_pre; ++i) {
        double difference = pre[i] - post;
        if (period > 0.0) {
            difference = std::fabs(difference);
            difference = std::min(difference, period - difference);
        }
        sums[i] = first ? difference * difference : sums[i] + difference * difference;
    }
}

// Euclidean distances. pre and post hold one row of coordinates for each axis, out has width * n_pre elements.
inline void distances(int64_t n_pre, int64_t n_post, int64_t first, int64_t width, int64_t n_axes, const double* pre,
                      const double* post, const double* periods, double* out) {
    for (int64_t column = 0; column < width; ++column) {
        double* row = out + column * n_pre;
        if (n_axes == 0) std::fill(row, row + n_pre, 0.0);
        for (int64_t axis = 0; axis < n_axes; ++axis) {
            const double here = post[axis * n_post + first + column];
            (axis == 0 ? add_squares<true> : add_squares<false>)(n_pre, pre + axis * n_pre, here, periods[axis], row);
        }
        for (int64_t i = 0; i < n_pre; ++i) row[i] = std::sqrt(row[i]);
    }
}

// What NumPy's bit generators offer to C, by their capsules: the struct bitgen_t of numpy/random/bitgen.h.
struct BitGenerator {
    void* state;
    uint64_t (*next_uint64)(void*);
    uint32_t (*next_uint32)(void*);
    double (*next_double)(void*);
    uint64_t (*next_raw)(void*);
};

// Draws a number from 0 to 1 for each pair and connects those below their limit (one for all pairs, or one for each).
// Appends the pre-synaptic indices of all columns, and sets how many each column has.
template <bool shared>
inline void choose(BitGenerator& generator, int64_t n_pre, int64_t width, const double* limits,
                   std::vector<int32_t>& pre, int64_t* counts) {
    std::vector<int32_t> chosen(n_pre + 1);  // an index is written before it is known whether it counts
    for (int64_t column = 0; column < width; ++column) {
        const double* limit = limits + (shared ? 0 : column * n_pre);
        int64_t count = 0;
        for (int64_t i = 0; i < n_pre; ++i) {
            chosen[count] = static_cast<int32_t>(i);
            count += generator.next_double(generator.state) < limit[shared ? 0 : i];
        }
        counts[column] = count;
        pre.insert(pre.end(), chosen.begin(), chosen.begin() + count);
    }
}

// A whole number from 0 to largest, as NumPy's RandomState draws it when it shuffles.
inline uint32_t draw_up_to(BitGenerator& generator, uint32_t largest) {
    uint32_t mask = largest;
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    uint32_t value;
    do value = generator.next_uint32(generator.state) & mask;
    while (value > largest);
    return value;
}

// For each row, numbers[row] of n cells, or of n - 1 where the row's own cell is left out: all of them as often as they
// fit in, then the first ones of what RandomState.permutation makes of them. chosen has room for all the numbers.
inline void choose_without_replacement(BitGenerator& generator, int64_t n, bool without_own, int64_t n_rows,
                                       const int64_t* numbers, int32_t* chosen) {
    std::vector<int32_t> cells, shuffled;
    for (int64_t row = 0; row < n_rows; ++row) {
        cells.clear();
        for (int64_t i = 0; i < n; ++i)
            if (!without_own || i != row) cells.push_back(static_cast<int32_t>(i));
        int64_t left = numbers[row];
        const int64_t size = static_cast<int64_t>(cells.size());
        if (size == 0) continue;
        for (; left >= size; left -= size) chosen = std::copy(cells.begin(), cells.end(), chosen);
        if (left == 0) continue;
        shuffled = cells;
        for (int64_t i = size - 1; i > 0; --i)
            std::swap(shuffled[i], shuffled[draw_up_to(generator, static_cast<uint32_t>(i))]);
        chosen = std::copy(shuffled.begin(), shuffled.begin() + left, chosen);
    }
}

}  // namespace pnn
