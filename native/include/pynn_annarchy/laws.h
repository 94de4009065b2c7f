// laws.h: what is formed with less for many elements at once, where something is known of all of them: that the parameters of what
// they draw are shared (poisson_law.h), that arguments of functions are small, that inputs are at rest.
//
// The numbers are those of distributions.h and mathematics.h, bit by bit: only told faster.
#ifndef PYNN_ANNARCHY_LAWS_H
#define PYNN_ANNARCHY_LAWS_H

#include "abi.h"
#include "poisson_law.h"

namespace pnn {

constexpr int64_t MANY_TOGETHER = PNN_CELLS_TOGETHER;  // elements

// What is asked of many elements is told by the sign of a whole number, so that all of them are told by `or`: differences and bits
// are less than comparisons where a CPU compares, like it multiplies, in few places.
struct Signs {
    int64_t beyond = 0;  // negative where the arguments of exponential steps are not small
    int64_t spiked = 0;  // negative where there may be a spike
};

PNN_FN int64_t sign_of(double x) { return static_cast<int64_t>(bits_of(x)); }

// Negative where a number without a sign is above one of that rank, or no number: read as whole numbers, they are in the same order.
PNN_FN int64_t above(int64_t rank, double x) { return static_cast<int64_t>(static_cast<uint64_t>(rank) - bits_of(x)); }

// Negative where exprel_of_small does not take -x.
PNN_FN int64_t beyond_small(double x) { return above(sign_of(EXPREL_SMALL), x) | sign_of(x); }

// The rank of the greatest sum of numbers without signs for which constant + factor * number + ... is small however the sum is made up,
// and however it is rounded; -1 where there is none.
template <class... Factors>
PNN_FN int64_t most_for_small(double constant, Factors... factors) {
    double greatest = 0.0;
    bool are_sound = constant >= 0.0;
    ((are_sound = are_sound && factors >= 0, greatest = factors > greatest ? static_cast<double>(factors) : greatest), ...);
    const double room = EXPREL_SMALL * (1.0 - 0x1p-16) - constant;
    if (!are_sound || !(room > 0.0)) return -1;
    return sign_of(room < greatest * LARGEST ? room / greatest : LARGEST);
}

// The number next below: what is left of it without x has a sign where x >= bound, and, but for numbers that are none, nowhere else.
PNN_FN double just_below(double bound) {
    if (bound == -INFINITE) return -NOT_A_NUMBER;
    if (bound == 0.0) return from_bits(0x8000000000000001u);
    return from_bits(bits_of(bound) + (bound < 0.0 ? 1 : -1));
}

// In which form the elements of a call do a step: what is known of all of them. The bits are the same in each.
template <bool are_small_, bool at_rest_, bool is_counted_ = false, int added_to_ = -1>
struct Form {
    static constexpr bool are_small = are_small_;  // the arguments of exponential steps
    static constexpr bool at_rest = at_rest_;      // the inputs for which there is such a form
    static constexpr bool is_counted = is_counted_;  // what receptors receive
    static constexpr int added_to = added_to_;       // the receptor of which what is counted comes on top of sums; negative: none
};

template <class Form>
PNN_FN double exprel_in(double x) {
    if constexpr (Form::are_small) return exprel_of_small(x);
    else return exprel(x);
}
template <class Form>
PNN_FN float exprel_in(float x) {
    return flush(static_cast<float>(exprel_in<Form>(static_cast<double>(x))));
}

// An input that is zero.
template <class Real>
struct Rest {
    PNN_FN operator Real() const { return Real(0); }
};
// The sum alone: which sign a zero has does not matter.
template <class Real>
PNN_FN Real fma(Rest<Real>, Real, Real term) {
    return term;
}
template <class Real>
PNN_FN Real fma(Real, Rest<Real>, Real term) {
    return term;
}

template <class Form, class Real>
PNN_FN auto input_in(const Real* input, int64_t i) {
    if constexpr (Form::at_rest) return Rest<Real>{};
    else return input[i];
}

}  // namespace pnn

#endif
