// laws.h: what is drawn or formed for many elements at once: distributions whose parameters all of them share, and
// functions whose arguments mostly lie in a part of their range.
//
// The numbers are those of distributions.h and mathematics.h, bit by bit: only told faster.
#ifndef PYNN_ANNARCHY_LAWS_H
#define PYNN_ANNARCHY_LAWS_H

#include "distributions.h"

namespace pnn {

constexpr int64_t AT_ONCE = 64;  // elements

// `poisson` of one mean.
//
// Below 10 it is found by inversion: k is the number of sums p_0 + ... + p_j that the uniform number exceeds. The upper
// 32 bits of that number tell on which side of a sum it lies, unless they are those of the sum itself: then, once in
// 2^31, the element draws as `poisson` does. Its roundings move a sum by less than 2^-47.
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
            bounds_[n_bounds_++] = upper_bits(sum);
        } while (bounds_[n_bounds_ - 1] != 0xffffffffu && n_bounds_ < MOST_BOUNDS);
    }

    // values[i] = poisson(first + i, lambda) for i < n <= AT_ONCE.
    PNN_FN void draw(const Identity& first, int64_t n, double* values) const {
        if (!is_by_inversion()) {
            for (int64_t i = 0; i < n; ++i) values[i] = one(first, i);
            return;
        }
        if (n == 1) {  // a device's lane
            values[0] = by_bounds(first);
            return;
        }
        uint32_t words[AT_ONCE] = {}, counts[AT_ONCE] = {};
        first_words(first.seed_key, first.object_index, first.element, first.trial_batch, first.step, first.event,
                    first.draw << 8, n, words);
        uint32_t largest = 0, is_open = 0;
        for (int64_t i = 0; i < AT_ONCE; ++i) largest = words[i] > largest ? words[i] : largest;
        for (int j = 0; j < n_bounds_; ++j) {
            const uint32_t bound = bounds_[j];
            for (int64_t i = 0; i < AT_ONCE; ++i) {
                counts[i] += words[i] > bound ? 1u : 0u;
                is_open |= bound - words[i] < 2u ? 1u : 0u;
            }
            if (bound >= largest) break;
        }
        for (int64_t i = 0; i < n; ++i) values[i] = static_cast<double>(counts[i]);
        if (is_open == 0) return;
        for (int64_t i = 0; i < n; ++i)
            if (is_near_bound(words[i])) values[i] = one(first, i);
    }

    // Sums are told apart from all but these numbers of 32 bits, and those before them.
    PNN_FN int n_bounds() const { return n_bounds_; }
    PNN_FN uint32_t bound(int j) const { return bounds_[j]; }

private:
    static constexpr int MOST_BOUNDS = 64;  // means below 10 need 36

    PNN_FN bool is_by_inversion() const { return lambda_ > 0.0 && lambda_ < 10.0; }
    // Of the end of the interval in which a sum may lie; its begin has the same, or one less.
    PNN_FN static uint32_t upper_bits(double sum) {
        const double end = (sum + 0x1p-46) * 0x1p32;
        return end < 0x1p32 ? static_cast<uint32_t>(end) : 0xffffffffu;
    }
    PNN_FN bool is_near_bound(uint32_t word) const {
        bool is_near = false;
        for (int j = 0; j < n_bounds_; ++j) is_near |= bounds_[j] - word < 2u;
        return is_near;
    }
    PNN_FN double by_bounds(const Identity& who) const {
        const uint32_t word = philox(who.seed_key, who.object_index, who.element, who.trial_batch, who.step, who.event, who.draw << 8).a;
        int j = 0;
        while (j < n_bounds_ && word > bounds_[j]) ++j;
        return is_near_bound(word) ? one(who, 0) : static_cast<double>(j);
    }
    PNN_FN bool is_by_rejection() const { return lambda_ >= 10.0 && lambda_ <= 0x1p52; }
    PNN_FN double one(Identity who, int64_t i) const {
        if (lambda_ <= 0.0) return 0.0;
        who.element += static_cast<uint64_t>(i);
        return is_by_rejection() ? poisson_by_rejection(who, lambda_, hat_) : poisson(who, lambda_);
    }

    double lambda_;
    Hat hat_{};
    int n_bounds_ = 0;
    uint32_t bounds_[MOST_BOUNDS];
};

// values[i] = exprel(values[i]) for i < n <= AT_ONCE.
//
// Below 0.34 (ln2 / 2 is 0.3466) nothing is reduced, and what scales the quotient cancels, as it is a power of two: where
// all arguments lie there, and none is zero, four fifths of the operations are left.
template <class Real>
PNN_FN void exprel_of_many(Real* values, int64_t n) {
    uint64_t others = 0;
    for (int64_t i = 0; i < n; ++i) {
        const double size = __builtin_fabs(static_cast<double>(values[i]));
        others |= (size < 0.34) & (size > 0.0) ? 0u : 1u;
    }
    if (others != 0) {
        PNN_INDEPENDENT
        for (int64_t i = 0; i < n; ++i) values[i] = exprel(values[i]);
        return;
    }
    PNN_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) {
        const double x = values[i];
        values[i] = static_cast<Real>((x + x * x * exp_quadratic(x)) / x);
    }
}

}  // namespace pnn

#endif
