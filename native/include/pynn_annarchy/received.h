// received.h: what receptors receive in a step.
#ifndef PYNN_ANNARCHY_RECEIVED_H
#define PYNN_ANNARCHY_RECEIVED_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/fixed_point.h"
#include "pynn_annarchy/target.h"

namespace pnn {

// What a receptor receives in a step: sums, or how often the same number of quanta, which has 53 significant bits at most, or both.
struct Received {
    int64_t* sums;
    double quantum;
    const uint16_t* numbers;
    int64_t each;
    const double* amounts;  // what numbers amount to, in quanta; read if AMOUNTS_AHEAD
};

PNN_FN Received received_of(const pnn_segment& segment, int64_t receptor) {
    Received received{segment.inputs[receptor], segment.quanta[receptor], nullptr, 0, nullptr};
    if (segment.numbers != nullptr) {
        received.numbers = segment.numbers[receptor];
        received.each = segment.each[receptor];
    } else if (segment.added != nullptr && segment.added_to == receptor) {
        received.numbers = segment.added;
        received.each = segment.added_each;
    }
    return received;
}

// A compiler takes as many cells together as a vector holds numbers of 16 bits: four vectors of states, for which there are not enough
// registers (1.65 cycles a cell, against 1.50). So what numbers amount to is formed ahead of what cells do, for one vector of these.
#if defined(__AVX512DQ__) && defined(__AVX512VL__) && !defined(__clang__) && !defined(__CUDACC__)
constexpr bool AMOUNTS_AHEAD = true;
typedef double Amounts __attribute__((vector_size(64)));

// Of 8 elements from i on: on top of sums, or instead of these.
template <bool is_added>
PNN_FN Amounts amounts_of(const Received& received, int64_t i) {
    typedef short Numbers __attribute__((vector_size(16)));
    typedef int Halves __attribute__((vector_size(32)));
    typedef long long Wholes __attribute__((vector_size(64)));
    Numbers numbers;
    __builtin_memcpy(&numbers, received.numbers + i, sizeof numbers);
    if constexpr (is_added) {
        Wholes sums;
        __builtin_memcpy(&sums, received.sums + i, sizeof sums);
        return __builtin_convertvector(sums + received.each * __builtin_ia32_pmovzxwq512_mask(numbers, Wholes{}, 255), Amounts);
    } else {
        const Halves wide = reinterpret_cast<Halves>(__builtin_ia32_pmovzxwd256(numbers));
        const Amounts each = Amounts{} + static_cast<double>(received.each);
        return __builtin_ia32_vfmaddpd512_mask(__builtin_ia32_cvtdq2pd512_mask(wide, Amounts{}, 255), each, Amounts{}, 255, 4);
    }
}

// Forms what numbers amount to for n cells from i on, whole vectors of them; read until `amounts` is gone.
template <class Form, int receptor>
PNN_FN void form_ahead(Received& received, int64_t i, int n, double* amounts) {
    if constexpr (Form::added_to == receptor || Form::is_counted) {
        PNN_UNROLL
        for (int k = 0; k < n; k += 8) {
            const Amounts some = amounts_of<Form::added_to == receptor>(received, i + k);
            __builtin_memcpy(amounts + k, &some, sizeof some);
        }
        received.amounts = amounts - i;
    }
}

// Of the elements of vectors, all that any of these has.
template <int lanes>
class BitsOfAny {
public:
    PNN_FN void add(const int64_t* each) {
        PNN_UNROLL
        for (int k = 0; k < lanes; k += 8) {
            Wholes some;
            __builtin_memcpy(&some, each + k, sizeof some);
            any_ |= some;
        }
    }
    PNN_FN int64_t value() const {
        int64_t value = 0;
        for (int k = 0; k < 8; ++k) value |= any_[k];
        return value;
    }

private:
    typedef int64_t Wholes __attribute__((vector_size(64)));
    Wholes any_{};
};
#else
constexpr bool AMOUNTS_AHEAD = false;

template <int lanes>
class BitsOfAny;
template <class Form, int receptor>
PNN_FN void form_ahead(Received&, int64_t, int, double*) {}
#endif

// In quanta. All forms are the whole number rounded once, and zero has no sign.
template <class Form, int receptor>
PNN_FN double quanta_in(const Received& received, int64_t i) {
    if constexpr (AMOUNTS_AHEAD && (Form::added_to == receptor || Form::is_counted)) return received.amounts[i];
    else if constexpr (Form::added_to == receptor) return from_fixed(received.sums[i] + received.each * received.numbers[i], 1.0);
    else if constexpr (Form::is_counted) return pnn::fma(static_cast<double>(received.numbers[i]), static_cast<double>(received.each), 0.0);
    else return from_fixed(received.sums[i], 1.0);
}

template <class Form, int receptor>
PNN_FN double received_in(const Received& received, int64_t i) {
    return quanta_in<Form, receptor>(received, i) * received.quantum;
}

// x plus what is received. Times a power of two the nearest double is exact, so that there is one rounding.
template <class Form, int receptor>
PNN_FN double plus_received(double x, const Received& received, int64_t i) {
    return pnn::fma(quanta_in<Form, receptor>(received, i), received.quantum, x);
}
template <class Form, int receptor>
PNN_FN float plus_received(float x, const Received& received, int64_t i) {
    return x + static_cast<float>(received_in<Form, receptor>(received, i));
}

template <class Form>
PNN_FN void clear_received(const Received& received, int64_t i) {
    if constexpr (!Form::is_counted) received.sums[i] = 0;
}

// From numbers to sums, for cells [first, first + n).
PNN_FN void sum_up(const Received& received, int64_t first, int64_t n) {
    if (received.numbers == nullptr) return;
    for (int64_t i = first; i < first + n; ++i) received.sums[i] += received.each * received.numbers[i];
}

}  // namespace pnn

#endif
