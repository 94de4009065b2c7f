// poisson_law.h: how often each of many elements spikes that share the mean of a Poisson distribution.
//
// The numbers are those of distributions.h, bit by bit: only told faster.
#ifndef PYNN_ANNARCHY_POISSON_LAW_H
#define PYNN_ANNARCHY_POISSON_LAW_H

#include "distributions.h"

namespace pnn {

constexpr int64_t MANY_DRAWN = 128;  // elements

// Numbers of which each element asks how many it is above. They ascend, and behind the last one is as many times LAST.
struct Bounds {
    static constexpr int MOST = 32, TOGETHER = 32;  // elements
    static constexpr uint16_t LAST = 0xffffu;

    int n = 0;
    uint16_t at[MOST];

    // Whether a number may be on either side of a bound, of which it is above so many: it is that bound, or the one before.
    PNN_FN bool is_open(uint16_t half, int above) const { return static_cast<uint16_t>(at[above] - half) <= 1; }
};

// Above how many bounds halves are, for TOGETHER of them. `compare` returns a bit for each half that is open, for which the
// number is nothing to go by.
#if defined(__AVX512BW__) && !defined(__clang__) && !defined(__CUDACC__)
class Comparison {
public:
    PNN_FN void prepare(const Bounds& bounds) {
        bool is_crowded = false;
        for (int j = 1; j < bounds.n; ++j) {
            const int apart = bounds.at[j] ^ bounds.at[j - 1];
            is_crowded = is_crowded || (bounds.at[j] < BEGIN[1] ? apart >> WIDTH[0] == 0 : bounds.at[j] < BEGIN[2] && apart >> WIDTH[1] == 0);
        }
        is_guided_ = bounds.n > FEW && !is_crowded;
        if (!is_guided_) return;
        Halves slots;
        for (int i = 0; i < Bounds::TOGETHER; ++i) slots[i] = static_cast<uint16_t>(i);
        for (int k = 0; k < 3; ++k) guides_[k] = number_above(bounds, Halves{} + BEGIN[k] + (slots << WIDTH[k]));
    }

    PNN_FN uint32_t compare(const Bounds& bounds, const uint16_t* halves, uint16_t* above) const {
        Halves half, n, bound_at;
        __builtin_memcpy(&half, halves, sizeof half);
        __builtin_memcpy(&bound_at, bounds.at, sizeof bound_at);
        if (is_guided_) {
            n = look_up(guides_[0], half >> WIDTH[0], half, ALL);
            n = look_up(guides_[1], half >> WIDTH[1], n, mask_of<NOT_BELOW>(half, Halves{} + BEGIN[1]));
            n = look_up(guides_[2], half >> WIDTH[2], n, mask_of<NOT_BELOW>(half, Halves{} + BEGIN[2]));
            n = half > look_up(bound_at, n, n, ALL) ? n + 1 : n;
        } else {
            n = number_above(bounds, half);
        }
        __builtin_memcpy(above, &n, sizeof n);
        // Of a half that is above this bound as well, as one in a crowded slot may be, the distance is cut to nothing.
        const Signed bound = reinterpret_cast<Signed>(look_up(bound_at, n, n, ALL));
        const Signed distance = __builtin_ia32_psubusw512_mask(bound, reinterpret_cast<Signed>(half), Signed{}, ALL);
        return mask_of<AT_MOST>(reinterpret_cast<Halves>(distance), Halves{} + 1);
    }

private:
    typedef uint16_t Halves __attribute__((vector_size(2 * Bounds::TOGETHER)));
    typedef short Signed __attribute__((vector_size(2 * Bounds::TOGETHER)));

    // Guides tell how many bounds are below each of 32 slots of all numbers, of the last of these slots, and of the last of
    // those: one comparison is left. (A draw takes 1.31 ns with a comparison for each of ten bounds, 1.25 with guides.)
    static constexpr int FEW = 6;                                     // bounds that are compared one by one
    static constexpr int WIDTH[3] = {11, 6, 1};                       // of a slot, in bits
    static constexpr uint16_t BEGIN[3] = {0, 31u << 11, 1023u << 6};  // of the first slot
    static constexpr uint32_t ALL = 0xffffffffu;
    static constexpr int AT_MOST = 2, NOT_BELOW = 5;

    PNN_FN static Halves number_above(const Bounds& bounds, Halves half) {
        Halves n{};
        for (int j = 0; j < bounds.n; ++j) n = half > Halves{} + bounds.at[j] ? n + 1 : n;
        return n;
    }
    template <int relation>
    PNN_FN static uint32_t mask_of(Halves a, Halves b) {
        return __builtin_ia32_ucmpw512_mask(reinterpret_cast<Signed>(a), reinterpret_cast<Signed>(b), relation, ALL);
    }
    // table[which % 32] where there is a bit, others elsewhere.
    PNN_FN static Halves look_up(Halves table, Halves which, Halves others, uint32_t bits) {
        return reinterpret_cast<Halves>(__builtin_ia32_permvarhi512_mask(reinterpret_cast<Signed>(table), reinterpret_cast<Signed>(which),
                                                                        reinterpret_cast<Signed>(others), bits));
    }

    Halves guides_[3];
    bool is_guided_ = false;
};
#else
class Comparison {
public:
    PNN_FN void prepare(const Bounds&) {}
    PNN_FN uint32_t compare(const Bounds& bounds, const uint16_t* halves, uint16_t* above) const {
        uint16_t n[Bounds::TOGETHER] = {}, distances[Bounds::TOGETHER], nearest = Bounds::LAST;
        for (int i = 0; i < Bounds::TOGETHER; ++i) distances[i] = Bounds::LAST;
        for (int j = 0; j < bounds.n; ++j) {
            const uint16_t bound = bounds.at[j];
            for (int i = 0; i < Bounds::TOGETHER; ++i) {
                const uint16_t distance = static_cast<uint16_t>(bound - halves[i]);
                n[i] = static_cast<uint16_t>(n[i] + (halves[i] > bound ? 1 : 0));
                distances[i] = distance < distances[i] ? distance : distances[i];
            }
        }
        for (int i = 0; i < Bounds::TOGETHER; ++i) {
            above[i] = n[i];
            nearest = distances[i] < nearest ? distances[i] : nearest;
        }
        uint32_t are_open = 0;
        for (int i = 0; nearest <= 1 && i < Bounds::TOGETHER; ++i)
            are_open |= static_cast<uint32_t>(bounds.is_open(halves[i], n[i]) ? 1 : 0) << i;
        return are_open;
    }
};
#endif

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
            bounds_.at[bounds_.n++] = upper_bits(sum + 0x1p-46);
        } while (bounds_.at[bounds_.n - 1] != Bounds::LAST && bounds_.n < Bounds::MOST);
        for (int j = bounds_.n; j < Bounds::MOST; ++j) bounds_.at[j] = Bounds::LAST;
        comparison_.prepare(bounds_);
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

    // Whether so many elements are told by bounds, so that their numbers are at most Bounds::MOST.
    PNN_FN bool has_bounds_of(const Identity& first, int64_t n) const {
        return is_by_inversion() && first.element >> 32 == (first.element + static_cast<uint64_t>(n + Bounds::TOGETHER)) >> 32;
    }

    // The same as whole numbers, for any n of which it has bounds. Returns their sum. Apart: inside another function fewer vectors
    // stay in registers, 1.25 against 1.20 ns an element.
    PNN_APART int64_t count(const Identity& first, int64_t n, uint16_t* counts) const {
        UpperHalves found(first.seed_key, first.object_index, first.element, first.trial_batch, first.step, first.event, first.draw << 8);
        int64_t sum = 0;
        for (int64_t begin = 0; begin < n; begin += SUMMED) {
            const int64_t end = n - begin < SUMMED ? n : begin + SUMMED;
            for (int64_t i = begin; i < end; i += Bounds::TOGETHER) {
                uint16_t last[Bounds::TOGETHER];
                const bool are_all = end - i >= Bounds::TOGETHER;
                count_together(first, i, found, are_all ? counts + i : last);
                if (!are_all) __builtin_memcpy(counts + i, last, sizeof *counts * static_cast<uint64_t>(end - i));
            }
            uint32_t n_spikes = 0;
            for (int64_t i = begin; i < end; ++i) n_spikes += counts[i];
            sum += n_spikes;
        }
        return sum;
    }

    // Of the end of the interval in which a sum may lie, the upper bits; its begin has the same, or one less.
    PNN_FN const Bounds& bounds() const { return bounds_; }

private:
    static constexpr int64_t SUMMED = 1024;  // elements, while they are in the first cache

    PNN_FN void count_together(const Identity& first, int64_t begin, UpperHalves& found, uint16_t* counts) const {
        uint16_t halves[Bounds::TOGETHER];
        for (int i = 0; i < Bounds::TOGETHER; i += UpperHalves::TOGETHER) found.next(halves + i);
        const uint32_t are_open = comparison_.compare(bounds_, halves, counts);
        for (int i = 0; are_open != 0 && i < Bounds::TOGETHER; ++i)
            if ((are_open >> i & 1u) != 0) counts[i] = static_cast<uint16_t>(one(first, begin + i));
    }
    PNN_FN double by_bounds(const Identity& who) const {
        const uint32_t word = philox(who.seed_key, who.object_index, who.element, who.trial_batch, who.step, who.event, who.draw << 8).a;
        const uint16_t half = static_cast<uint16_t>(word >> 16);
        int j = 0;
        while (half > bounds_.at[j]) ++j;
        return bounds_.is_open(half, j) ? one(who, 0) : static_cast<double>(j);
    }
    PNN_FN double one(Identity who, int64_t i) const {
        if (lambda_ <= 0.0) return 0.0;
        who.element += static_cast<uint64_t>(i);
        return is_by_rejection() ? poisson_by_rejection(who, lambda_, hat_) : poisson(who, lambda_);
    }
    PNN_FN bool is_by_inversion() const { return lambda_ > 0.0 && lambda_ < 10.0; }
    PNN_FN bool is_by_rejection() const { return lambda_ >= 10.0 && lambda_ <= 0x1p52; }
    PNN_FN static uint16_t upper_bits(double sum) { return sum < 1.0 ? static_cast<uint16_t>(sum * 0x1p16) : Bounds::LAST; }

    double lambda_;
    Hat hat_{};
    Bounds bounds_;      // means below 10 need 27
    Comparison comparison_;
};

}  // namespace pnn

#endif
