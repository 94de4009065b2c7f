// bits.h: adds up groups of synapses that are kept as bits, of one block of PNN_BITS_TOGETHER elements at a time.
#ifndef PYNN_ANNARCHY_BITS_H
#define PYNN_ANNARCHY_BITS_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/bit_layout.h"
#include "pynn_annarchy/target.h"

namespace pnn {

typedef uint8_t Block __attribute__((vector_size(BLOCK_BYTES)));
typedef uint16_t BlockOfPairs __attribute__((vector_size(BLOCK_BYTES)));  // of bytes
typedef uint16_t Numbers __attribute__((vector_size(2 * BLOCK_BYTES)));

// For each element a number of four bits, bit k of all of them in plane k.
struct Planes {
    Block bits[4];
};
constexpr int64_t MOST_COUNTED = 15;

// How many of the groups [first, last), MOST_COUNTED at most, have a synapse with each element of the block that begins at a
// word: two groups are added at a time, bit by bit.
PNN_HOST Planes count_groups(const pnn_due_bits& due, int64_t first, int64_t last, int64_t word) {
    const auto block_of = [&due, word](int64_t g) {
        Block block;
        __builtin_memcpy(&block, due.groups[g] + word, sizeof block);
        return block;
    };
    Planes sum{};
    if ((last - first) % 2 != 0) sum.bits[0] = block_of(first++);
    for (int64_t g = first; g < last; g += 2) {
        const Block one = block_of(g), other = block_of(g + 1), differ = sum.bits[0] ^ one;
        Block carry = (sum.bits[0] & one) | (differ & other);
        sum.bits[0] = differ ^ other;
        for (int k = 1; k < 4; ++k) {
            const Block next = sum.bits[k] & carry;
            sum.bits[k] ^= carry;
            carry = next;
        }
    }
    return sum;
}

// Of each byte the bits from `shift` on that a mask lets through.
template <int shift>
PNN_HOST Block shifted(Block block, uint8_t mask) {
    return (Block)((BlockOfPairs)block >> shift) & mask;
}
template <int shift>
PNN_HOST Block shifted_back(Block block) {
    return (Block)((BlockOfPairs)block << shift);
}

// Elements that are numbered by bit 2 * pair + parity of a byte, from numbers of two bits in pairs of bits.
template <int pair>
PNN_HOST void write_numbers(Block low, Block high, uint16_t* numbers) {
    const Block both = shifted<2 * pair>(low, 3) | shifted_back<2>(shifted<2 * pair>(high, 3));
    const Numbers wide = __builtin_convertvector(both, Numbers);
    __builtin_memcpy(numbers + 2 * pair * BLOCK_BYTES, &wide, sizeof wide);
}

template <int parity>
PNN_HOST void write_half(const Planes& planes, uint16_t* numbers) {
    const auto every_other = [&planes](int k) { return shifted<parity>(planes.bits[k], 0x55); };
    const Block low = every_other(0) | shifted_back<1>(every_other(1));
    const Block high = every_other(2) | shifted_back<1>(every_other(3));
    write_numbers<0>(low, high, numbers + parity * BLOCK_BYTES);
    write_numbers<1>(low, high, numbers + parity * BLOCK_BYTES);
    write_numbers<2>(low, high, numbers + parity * BLOCK_BYTES);
    write_numbers<3>(low, high, numbers + parity * BLOCK_BYTES);
}

// Once in a module: inlined wherever it is used, it makes a synapse type compile for 0.5 s instead of 0.37.
__attribute__((noinline)) inline void count_groups(const pnn_due_bits& due, int64_t first, int64_t word, uint16_t* numbers) {
    const int64_t last = due.n_groups - first < MOST_COUNTED ? due.n_groups : first + MOST_COUNTED;
    const Planes planes = count_groups(due, first, last, word);
    write_half<0>(planes, numbers);
    write_half<1>(planes, numbers);
}

// How many of all groups have a synapse with each element of one block.
PNN_HOST void count_bits(const pnn_due_bits& due, int64_t word, uint16_t* numbers) {
    count_groups(due, 0, word, numbers);
    for (int64_t g = MOST_COUNTED; g < due.n_groups; g += MOST_COUNTED) {
        uint16_t more[PNN_BITS_TOGETHER];
        count_groups(due, g, word, more);
        for (int64_t i = 0; i < PNN_BITS_TOGETHER; ++i) numbers[i] = static_cast<uint16_t>(numbers[i] + more[i]);
    }
}

// Whether there are so few synapses that each of them is found sooner than all elements are counted.
PNN_HOST bool are_few(const pnn_due_bits& due, int64_t word) {
    constexpr int64_t most_groups = 2, most_synapses = 32;
    if (due.n_groups > most_groups) return false;
    int64_t n = 0;
    for (int64_t g = 0; g < due.n_groups; ++g)
        for (int64_t w = word; w < word + BLOCK_WORDS; ++w) n += __builtin_popcountll(due.groups[g][w]);
    return n <= most_synapses;
}

// Adds what is due to the sums of the elements of one block.
PNN_HOST void add_bits(const pnn_due_bits& due, int64_t first, int64_t* sums) {
    const int64_t word = first / 64, length = due.end - first < PNN_BITS_TOGETHER ? due.end - first : PNN_BITS_TOGETHER;
    if (are_few(due, word)) {
        for (int64_t g = 0; g < due.n_groups; ++g)
            for (int64_t w = 0; w < BLOCK_WORDS; ++w)
                for (uint64_t left = due.groups[g][word + w]; left != 0; left &= left - 1)
                    sums[element_at({w, __builtin_ctzll(left)})] += due.each;
        return;
    }
    for (int64_t g = 0; g < due.n_groups; g += MOST_COUNTED) {
        uint16_t numbers[PNN_BITS_TOGETHER];
        count_groups(due, g, word, numbers);
        PNN_INDEPENDENT
        for (int64_t i = 0; i < length; ++i) sums[i] += due.each * numbers[i];
    }
}

}  // namespace pnn

#endif
