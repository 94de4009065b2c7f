// bit_layout.h: where the bit of each element of a partition stands, in blocks of PNN_BITS_TOGETHER.
//
// Element i of a block is bit i / BLOCK_BYTES of byte i % BLOCK_BYTES: numbers that are formed bit by bit come out side by
// side with shifts and masks alone.
#ifndef PYNN_ANNARCHY_BIT_LAYOUT_H
#define PYNN_ANNARCHY_BIT_LAYOUT_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/target.h"

namespace pnn {

constexpr int64_t BLOCK_BYTES = PNN_BITS_TOGETHER / 8, BLOCK_WORDS = BLOCK_BYTES / 8;

struct BitPlace {
    int64_t word, bit;  // of a group's words; of that word
};

PNN_HOST constexpr BitPlace place_of_element(int64_t element) {
    const int64_t block = element / PNN_BITS_TOGETHER, own = element % PNN_BITS_TOGETHER, byte = own % BLOCK_BYTES;
    return {block * BLOCK_WORDS + byte / 8, byte % 8 * 8 + own / BLOCK_BYTES};
}

PNN_HOST constexpr int64_t element_at(BitPlace place) {
    const int64_t byte = place.word % BLOCK_WORDS * 8 + place.bit / 8;
    return place.word / BLOCK_WORDS * PNN_BITS_TOGETHER + place.bit % 8 * BLOCK_BYTES + byte;
}

}  // namespace pnn

#endif
