// laws.h: what is drawn for many elements at once, of distributions whose parameters all of them share, and what is formed
// with less where something is known of all of them: that arguments of functions are small, that inputs are at rest.
//
// The numbers are those of distributions.h and mathematics.h, bit by bit: only told faster.
#ifndef PYNN_ANNARCHY_LAWS_H
#define PYNN_ANNARCHY_LAWS_H

#include "abi.h"
#include "distributions.h"

namespace pnn {

constexpr int64_t MANY_DRAWN = 128, MANY_TOGETHER = PNN_CELLS_TOGETHER;  // elements

// `poisson` of one mean.
//
// Below 10 it is found by inversion: k is the number of sums p_0 + ... + p_j that the uniform number exceeds. The upper
// 16 bits of that number tell on which side of a sum it lies, unless they are those of the sum itself, or of what the
// roundings of `poisson` may have moved it to, by less than 2^-47: then, once in 2^14 or so, the element draws as
// `poisson` does.
class PoissonLaw {
public:
    PNN_FN explicit PoissonLaw(double lambda) : lambda_(lambda) {
        if (is_by_rejection()) hat_ = poisson_hat(lambda);
        if (!is_by_inversion()) return;
        double probability = pnn::exp(-lambda), sum = 0.0, k = 0.0;
        do {
            sum += probability;
            k += 1.0;
            probability *= lambda / k;
            bounds_[n_bounds_++] = upper_bits(sum + 0x1p-46);
        } while (bounds_[n_bounds_ - 1] != LAST && n_bounds_ < MOST_BOUNDS);
        for (int j = n_bounds_; j < MOST_BOUNDS; ++j) bounds_[j] = LAST;
    }

    // values[i] = poisson(first + i, lambda) for i < n <= MANY_DRAWN.
    PNN_FN void draw(const Identity& first, int64_t n, double* values) const {
        if (!has_bounds_of(first, n)) {
            for (int64_t i = 0; i < n; ++i) values[i] = one(first, i);
        } else if (n == 1) {  // a device's lane
            values[0] = by_bounds(first);
        } else {
            uint16_t counts[MANY_DRAWN];
            count(first, n, counts);
            for (int64_t i = 0; i < n; ++i) values[i] = static_cast<double>(counts[i]);
        }
    }

    // Whether so many elements are told by bounds, so that their numbers are at most MOST_BOUNDS.
    PNN_FN bool has_bounds_of(const Identity& first, int64_t n) const {
        return is_by_inversion() && first.element >> 32 == (first.element + static_cast<uint64_t>(n + TOGETHER)) >> 32;
    }

    // The same as whole numbers, for any n of which it has bounds. Returns their sum.
    PNN_FN int64_t count(const Identity& first, int64_t n, uint16_t* counts) const {
        UpperHalves found(first.seed_key, first.object_index, first.element, first.trial_batch, first.step, first.event, first.draw << 8);
        int64_t sum = 0;
        for (int64_t begin = 0; begin < n; begin += TOGETHER) {
            uint16_t halves[TOGETHER], above[TOGETHER];
            for (int64_t i = 0; i < TOGETHER; i += UpperHalves::TOGETHER) found.next(halves + i);
            const uint32_t are_open = compare(halves, above);
            for (int64_t i = 0; are_open != 0 && i < TOGETHER; ++i)
                if ((are_open >> i & 1u) != 0) above[i] = static_cast<uint16_t>(one(first, begin + i));
            const int64_t length = n - begin < TOGETHER ? n - begin : TOGETHER;
            uint32_t n_spikes = 0;
            for (int64_t i = 0; i < length; ++i) {
                counts[begin + i] = above[i];
                n_spikes += above[i];
            }
            sum += n_spikes;
        }
        return sum;
    }

    // Of the end of the interval in which a sum may lie, the upper bits; its begin has the same, or one less.
    PNN_FN int n_bounds() const { return n_bounds_; }
    PNN_FN uint16_t bound(int j) const { return bounds_[j]; }

private:
    static constexpr int MOST_BOUNDS = 32;  // means below 10 need 27
    static constexpr uint16_t LAST = 0xffffu;
    static constexpr int64_t TOGETHER = 32;  // elements

    PNN_FN bool is_by_inversion() const { return lambda_ > 0.0 && lambda_ < 10.0; }
    PNN_FN static uint16_t upper_bits(double sum) { return sum < 1.0 ? static_cast<uint16_t>(sum * 0x1p16) : LAST; }
    // Whether a number may be on either side of a bound, of which it is above so many.
    PNN_FN bool is_open(uint16_t half, int above) const { return static_cast<uint16_t>(bounds_[above] - half) <= 1; }
    PNN_FN double by_bounds(const Identity& who) const {
        const uint32_t word = philox(who.seed_key, who.object_index, who.element, who.trial_batch, who.step, who.event, who.draw << 8).a;
        const uint16_t half = static_cast<uint16_t>(word >> 16);
        int j = 0;
        while (half > bounds_[j]) ++j;
        return is_open(half, j) ? one(who, 0) : static_cast<double>(j);
    }
    // Above how many bounds halves are; returns a bit for each that is open.
#if defined(__AVX512BW__) && !defined(__clang__) && !defined(__CUDACC__)
    PNN_FN uint32_t compare(const uint16_t* halves, uint16_t* above) const {
        typedef uint16_t Halves __attribute__((vector_size(2 * TOGETHER)));
        Halves half, bounds, n{};
        __builtin_memcpy(&half, halves, sizeof half);
        __builtin_memcpy(&bounds, bounds_, sizeof bounds);
        for (int j = 0; j < n_bounds_; ++j) n = half > Halves{} + bounds_[j] ? n + 1 : n;
        __builtin_memcpy(above, &n, sizeof n);
        typedef short Signed __attribute__((vector_size(2 * TOGETHER)));
        const Halves distance = __builtin_shuffle(bounds, n) - half;
        return __builtin_ia32_ucmpw512_mask(reinterpret_cast<Signed>(distance), Signed{} + 1, 2, 0xffffffffu);  // 2: <=
    }
#else
    PNN_FN uint32_t compare(const uint16_t* halves, uint16_t* above) const {
        uint16_t n[TOGETHER] = {}, distances[TOGETHER], nearest = LAST;
        for (int64_t i = 0; i < TOGETHER; ++i) distances[i] = LAST;
        for (int j = 0; j < n_bounds_; ++j) {
            const uint16_t bound = bounds_[j];
            for (int64_t i = 0; i < TOGETHER; ++i) {
                const uint16_t distance = static_cast<uint16_t>(bound - halves[i]);
                n[i] = static_cast<uint16_t>(n[i] + (halves[i] > bound ? 1 : 0));
                distances[i] = distance < distances[i] ? distance : distances[i];
            }
        }
        for (int64_t i = 0; i < TOGETHER; ++i) {
            above[i] = n[i];
            nearest = distances[i] < nearest ? distances[i] : nearest;
        }
        uint32_t are_open = 0;
        for (int64_t i = 0; nearest <= 1 && i < TOGETHER; ++i) are_open |= static_cast<uint32_t>(is_open(halves[i], n[i]) ? 1 : 0) << i;
        return are_open;
    }
#endif
    PNN_FN bool is_by_rejection() const { return lambda_ >= 10.0 && lambda_ <= 0x1p52; }
    PNN_FN double one(Identity who, int64_t i) const {
        if (lambda_ <= 0.0) return 0.0;
        who.element += static_cast<uint64_t>(i);
        return is_by_rejection() ? poisson_by_rejection(who, lambda_, hat_) : poisson(who, lambda_);
    }

    double lambda_;
    Hat hat_{};
    int n_bounds_ = 0;
    uint16_t bounds_[MOST_BOUNDS];
};

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
template <bool are_small_, bool at_rest_, bool is_counted_ = false>
struct Form {
    static constexpr bool are_small = are_small_;  // the arguments of exponential steps
    static constexpr bool at_rest = at_rest_;      // the inputs for which there is such a form
    static constexpr bool is_counted = is_counted_;  // what receptors receive
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
