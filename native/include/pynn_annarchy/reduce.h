// reduce.h: many numbers into one, in 32 interleaved partial results that are joined in a fixed tree: the same bits whatever the
// width of vectors (DESIGN D6).
#ifndef PYNN_ANNARCHY_REDUCE_H
#define PYNN_ANNARCHY_REDUCE_H

#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/target.h"

namespace pnn {

constexpr uint64_t LANES = 32;  // partial results

// What becomes of many numbers.
struct Sum {
    static constexpr double start = 0.0;
    PNN_FN static double join(double a, double b) { return a + b; }
    PNN_FN static double finish(double value, uint64_t) { return value; }
};
struct Mean : Sum {
    PNN_FN static double finish(double value, uint64_t n) { return value / static_cast<double>(n); }
};
struct Max {
    static constexpr double start = -__builtin_inf();
    PNN_FN static double join(double a, double b) { return maximum(a, b); }
    PNN_FN static double finish(double value, uint64_t) { return value; }
};
struct Min {
    static constexpr double start = __builtin_inf();
    PNN_FN static double join(double a, double b) { return minimum(a, b); }
    PNN_FN static double finish(double value, uint64_t) { return value; }
};

template <class Operation>
PNN_FN double joined(double (&partial)[LANES]) {
    for (uint64_t width = LANES / 2; width > 0; width /= 2)
        for (uint64_t lane = 0; lane < width; ++lane) partial[lane] = Operation::join(partial[lane], partial[lane + width]);
    return partial[0];
}

// The numbers value(0), ..., value(n - 1) as one.
template <class Operation, class Value>
PNN_FN double reduced(uint64_t n, const Value& value) {
    double partial[LANES];
    for (uint64_t lane = 0; lane < LANES; ++lane) partial[lane] = Operation::start;
    uint64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (uint64_t lane = 0; lane < LANES; ++lane) partial[lane] = Operation::join(partial[lane], value(i + lane));
    for (uint64_t lane = 0; i < n; ++i, ++lane) partial[lane] = Operation::join(partial[lane], value(i));
    return Operation::finish(joined<Operation>(partial), n);
}

}  // namespace pnn

#endif
