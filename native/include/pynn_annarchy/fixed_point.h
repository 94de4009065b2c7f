// fixed_point.h: between doubles and the 64-bit sums in which the order of addition does not matter (D6).
//
// A quantum is a power of two, so scaling by it is exact: the only rounding is the one to a whole number of quanta.
#ifndef PYNN_ANNARCHY_FIXED_POINT_H
#define PYNN_ANNARCHY_FIXED_POINT_H

#include "mathematics.h"

namespace pnn {

// The nearest number of quanta, halves to even. The caller has made sure that |increment| < 2^62 quanta.
PNN_FN int64_t to_fixed(double increment, double inverse_quantum) {
    return static_cast<int64_t>(pnn::rint(increment * inverse_quantum));
}

// True where an increment may be added: finite and within the bound that the quantum was made for.
PNN_FN bool is_sound(double increment, double bound) { return __builtin_fabs(increment) <= bound; }

// Correctly rounded. Before AVX-512 no vector unit converts 64-bit integers: there both halves are written straight
// into the mantissas of 2^52 and 2^84, whose difference is then rounded once, to the same bits.
PNN_FN double from_fixed(int64_t sum, double quantum) {
#if defined(__AVX2__) && !defined(__AVX512DQ__)
    const uint64_t bits = static_cast<uint64_t>(sum);
    const double low = from_bits((bits & 0xffffffffu) | 0x4330000000000000u);
    const double high = from_bits(((bits >> 32) ^ 0x80000000u) | 0x4530000000000000u);
    return ((high - (0x1p84 + 0x1p63 + 0x1p52)) + low) * quantum;
#else
    return static_cast<double>(sum) * quantum;
#endif
}

// Adds to a sum to which others may add at the same time where lanes of a device do it.
PNN_FN void accumulate(int64_t* sum, int64_t amount) {
#if defined(__CUDA_ARCH__)
    atomicAdd(reinterpret_cast<unsigned long long*>(sum), static_cast<unsigned long long>(amount));
#else
    *sum += amount;
#endif
}

}  // namespace pnn

#endif
