// philox.h: Philox4x32-10 (Salmon et al. 2011, SC'11), random words that have identity instead of order.
//
// Who draws (seed, object, element), when (trial, batch, step, event) and which of its draws (draw) is all that a word
// depends on: no state, no order, the same words on any thread, rank or device.
//
//   key      0: hash32(seed)                     1: creation index of the object
//   counter  0: element, bits 0-31               1: element, bits 32-47 | trial_batch << 16
//            2: step                             3: event | draw << 16
//   draw     call number (0-255) << 8 | block within the call: a call that rejects goes on to its next block
#ifndef PYNN_ANNARCHY_PHILOX_H
#define PYNN_ANNARCHY_PHILOX_H

#include "mathematics.h"

namespace pnn {

struct Words {
    uint32_t a, b, c, d;
};

constexpr uint32_t PHILOX_A = 0xD2511F53u, PHILOX_C = 0xCD9E8D57u;        // what these words are multiplied by
constexpr uint32_t PHILOX_KEY0 = 0x9E3779B9u, PHILOX_KEY1 = 0xBB67AE85u;  // what is added to the keys after a round

// Ten rounds; inputs beyond their width are cut to it.
PNN_FN Words philox(uint32_t key0, uint32_t key1, uint64_t element, uint32_t trial_batch, uint32_t step,
                    uint32_t event, uint32_t draw) {
    Words w = {static_cast<uint32_t>(element),
               (static_cast<uint32_t>(element >> 32) & 0xffffu) | trial_batch << 16, step,
               (event & 0xffffu) | draw << 16};
    for (int round = 0; round < 10; ++round) {
        const uint64_t first = static_cast<uint64_t>(PHILOX_A) * w.a;
        const uint64_t second = static_cast<uint64_t>(PHILOX_C) * w.c;
        w = {static_cast<uint32_t>(second >> 32) ^ w.b ^ key0, static_cast<uint32_t>(second),
             static_cast<uint32_t>(first >> 32) ^ w.d ^ key1, static_cast<uint32_t>(first)};
        key0 += PHILOX_KEY0;
        key1 += PHILOX_KEY1;
    }
    return w;
}

// ---- half of the first word of many elements at once --------------------------------------------------------------
//
#if defined(__CUDACC__)  // which knows no vectors
class UpperHalves {
public:
    static constexpr int TOGETHER = 1;

    PNN_FN UpperHalves(uint32_t key0, uint32_t key1, uint64_t element, uint32_t trial_batch, uint32_t step, uint32_t event, uint32_t draw)
        : key0_(key0), key1_(key1), element_(element), trial_batch_(trial_batch), step_(step), event_(event), draw_(draw) {}
    PNN_FN void next(uint16_t* halves) {
        *halves = static_cast<uint16_t>(philox(key0_, key1_, element_++, trial_batch_, step_, event_, draw_).a >> 16);
    }

private:
    uint32_t key0_, key1_;
    uint64_t element_;
    uint32_t trial_batch_, step_, event_, draw_;
};
#else
// Each element has 64 bits of a vector, of which a product takes the lower half: the upper one may hold anything, so
// nothing is ever moved between lanes. Each round waits for the one before, so that several vectors go through it
// together (1.0 ns an element with AVX-512; one vector after the other 1.5, as compilers have it 3.9). In a lane of these
// are elements that follow each other, so that their halves come to lie in it as they are kept.
#if defined(__AVX512F__)
constexpr int WORD_LANES = 8, ABREAST = 4;  // lanes of a vector, vectors that go together
#elif defined(__AVX2__)
constexpr int WORD_LANES = 4, ABREAST = 2;
#else
constexpr int WORD_LANES = 2, ABREAST = 2;
#endif
typedef uint64_t Lanes __attribute__((vector_size(8 * WORD_LANES)));

PNN_FN Lanes multiply_lower_halves(Lanes a, uint32_t factor) {
#if defined(__AVX512F__) && !defined(__clang__)
    typedef int Halves __attribute__((vector_size(64)));
    typedef long long Products __attribute__((vector_size(64)));
    const Halves left = reinterpret_cast<Halves>(a), right = reinterpret_cast<Halves>(Lanes{} + factor);
    return reinterpret_cast<Lanes>(__builtin_ia32_pmuludq512_mask(left, right, Products{}, 255));
#elif defined(__AVX2__) && !defined(__clang__)
    typedef int Halves __attribute__((vector_size(32)));
    const Halves left = reinterpret_cast<Halves>(a), right = reinterpret_cast<Halves>(Lanes{} + factor);
    return reinterpret_cast<Lanes>(__builtin_ia32_pmuludq256(left, right));
#elif defined(__SSE2__) && !defined(__clang__)
    typedef int Halves __attribute__((vector_size(16)));
    const Halves left = reinterpret_cast<Halves>(a), right = reinterpret_cast<Halves>(Lanes{} + factor);
    return reinterpret_cast<Lanes>(__builtin_ia32_pmuludq128(left, right));
#else
    return (a & 0xffffffffu) * (Lanes{} + factor);  // clang knows what is meant
#endif
}

// The upper half of philox(..., element, ...).a, philox(..., element + 1, ...).a and so on. The elements agree in the upper
// 32 bits of their numbers.
//
// What the first two rounds form of the same words for all elements is formed once; of the last two rounds, what is needed.
class UpperHalves {
public:
    static constexpr int TOGETHER = WORD_LANES * ABREAST;

    PNN_FN UpperHalves(uint32_t key0, uint32_t key1, uint64_t element, uint32_t trial_batch, uint32_t step, uint32_t event, uint32_t draw) {
        const uint32_t b0 = (static_cast<uint32_t>(element >> 32) & 0xffffu) | trial_batch << 16;
        const uint64_t other1 = static_cast<uint64_t>(PHILOX_C) * step;
        const uint64_t one2 = static_cast<uint64_t>(PHILOX_A) * (static_cast<uint32_t>(other1 >> 32) ^ b0 ^ key0);
        in_c1_ = ((event & 0xffffu) | draw << 16) ^ key1;
        in_a2_ = static_cast<uint32_t>(other1) ^ (key0 + PHILOX_KEY0);
        in_c2_ = static_cast<uint32_t>(one2 >> 32) ^ (key1 + PHILOX_KEY1);
        d2_ = static_cast<uint32_t>(one2);
        for (uint32_t round = 0; round < ROUNDS; ++round) {
            keys_[2 * round] = key0 + (round + 2) * PHILOX_KEY0;
            keys_[2 * round + 1] = key1 + (round + 2) * PHILOX_KEY1;
        }
        for (int i = 0; i < WORD_LANES; ++i)
            one1_[i] = static_cast<uint64_t>(PHILOX_A) * (static_cast<uint32_t>(element) + static_cast<uint32_t>(ABREAST * i));
        for (int i = 0; i < WORD_LANES; ++i) last_key_[i] = (keys_[2 * ROUNDS - 2] >> 16 & 0xffffu) * 0x0001000100010001u;
        // In memory, from where an instruction takes one for all lanes. Else GCC makes vectors of them, more than there are registers.
        __asm__ volatile("" : "+m"(keys_));
    }

    // Those of the next elements.
    PNN_FN void next(uint16_t* halves) {
        Lanes a[ABREAST], b[ABREAST], c[ABREAST], d[ABREAST];
        PNN_UNROLL
        for (int j = 0; j < ABREAST; ++j) {
            const Lanes one1 = one1_ + static_cast<uint64_t>(j) * PHILOX_A;
            const Lanes other2 = multiply_lower_halves((one1 >> 32) ^ in_c1_, PHILOX_C);
            a[j] = (other2 >> 32) ^ in_a2_;
            b[j] = other2;
            c[j] = one1 ^ in_c2_;
            d[j] = Lanes{} + d2_;
        }
        one1_ += static_cast<uint64_t>(TOGETHER) * PHILOX_A;
        PNN_UNROLL
        for (int round = 0; round < ROUNDS - 1; ++round) {
            PNN_UNROLL
            for (int j = 0; j < ABREAST; ++j) {
                const Lanes one = multiply_lower_halves(a[j], PHILOX_A), other = multiply_lower_halves(c[j], PHILOX_C);
                a[j] = (other >> 32) ^ b[j] ^ keys_[2 * round];
                b[j] = other;
                c[j] = (one >> 32) ^ d[j] ^ keys_[2 * round + 1];
                d[j] = one;
            }
        }
        PNN_UNROLL
        for (int j = 0; j < ABREAST; ++j) c[j] = multiply_lower_halves(c[j], PHILOX_C);
        keep(quarters<3>(c) ^ quarters<1>(b) ^ last_key_, halves);
    }

private:
    static constexpr int ROUNDS = 8;  // of those after the first two

    // In each lane, that quarter of the lanes of all vectors, one after the other.
#if defined(__AVX512BW__) && !defined(__clang__)
    template <int which>
    PNN_FN static Lanes quarters(const Lanes* vectors) {
        typedef short Quarters __attribute__((vector_size(64)));
        Quarters lower, upper;  // of two vectors, and where there are two others in front
        for (int i = 0; i < 32; i += 4) {
            lower[i] = upper[i + 2] = static_cast<short>(i + which);
            lower[i + 1] = upper[i + 3] = static_cast<short>(i + which + 32);
            lower[i + 2] = lower[i + 3] = upper[i] = upper[i + 1] = 0;
        }
        const auto of_two = [vectors](const Quarters& order, int j) {
            return __builtin_ia32_vpermt2varhi512_mask(order, reinterpret_cast<Quarters>(vectors[j]), reinterpret_cast<Quarters>(vectors[j + 1]), 0xffffffffu);
        };
        return reinterpret_cast<Lanes>(__builtin_ia32_blendmw_512_mask(of_two(lower, 0), of_two(upper, 2), 0xccccccccu));
    }
#else
    template <int which>
    PNN_FN static Lanes quarters(const Lanes* vectors) {
        Lanes kept{};
        PNN_UNROLL
        for (int j = 0; j < ABREAST; ++j) kept |= (vectors[j] >> (16 * which) & 0xffffu) << (16 * j);
        return kept;
    }
#endif
    // The first ABREAST quarters of each lane.
    PNN_FN static void keep(Lanes lanes, uint16_t* halves) {
        if constexpr (ABREAST == 4) {
            __builtin_memcpy(halves, &lanes, sizeof lanes);
        } else {
            typedef uint32_t LowerHalves __attribute__((vector_size(4 * WORD_LANES)));
            const LowerHalves lower = __builtin_convertvector(lanes, LowerHalves);
            __builtin_memcpy(halves, &lower, sizeof lower);
        }
    }

    Lanes one1_{};    // the first round's product
    Lanes last_key_;  // in each quarter, the upper half of what it is
    uint64_t in_c1_, in_a2_, in_c2_, d2_;
    uint64_t keys_[2 * ROUNDS];
};
#endif

// The key of a 64-bit seed: the upper half of SplitMix64's output for it (Steele, Lea & Flood 2014).
PNN_FN uint32_t hash32(uint64_t seed) {
    uint64_t z = seed + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<uint32_t>((z ^ (z >> 31)) >> 32);
}

// One 16-bit word for both: trials count up from the lowest bit, batches down from the highest, so that pairs
// (trial < 2^a, batch < 2^b) stay distinct whenever a + b <= 16.
PNN_FN uint32_t trial_batch(uint32_t trial, uint32_t batch) {
    uint32_t b = batch & 0xffffu;
    b = (b & 0x5555u) << 1 | (b >> 1 & 0x5555u);
    b = (b & 0x3333u) << 2 | (b >> 2 & 0x3333u);
    b = (b & 0x0f0fu) << 4 | (b >> 4 & 0x0f0fu);
    return (trial & 0xffffu) ^ ((b & 0x00ffu) << 8 | b >> 8);
}

// In (0, 1), both ends excluded: the odd multiples of 2^-53. Written into the mantissa of [1, 2), which vectorises.
PNN_FN double open_uniform(uint32_t high, uint32_t low) {
    const uint64_t mantissa = static_cast<uint64_t>(high) << 20 | low >> 12;
    return from_bits(0x3ff0000000000000u | mantissa) - 0x1.fffffffffffffp-1;
}

// In [0, 1), on the multiples of 2^-32 (D14: weights on the 32-bit grid).
PNN_FN double grid_uniform(uint32_t word) { return static_cast<double>(word) * 0x1p-32; }

}  // namespace pnn

#endif
