// target_bits.h: where groups of synapses end, one bit for each element of a partition.
//
// Where a source sends to one element in sixteen or more, that is less than two bytes a synapse; and many groups that are due
// are added up at once, bit by bit, before anything is added to a sum. The layout is that of `pnn_deliver_bits_fn`.
#ifndef PYNN_ANNARCHY_TARGET_BITS_H
#define PYNN_ANNARCHY_TARGET_BITS_H

#include <algorithm>
#include <cstdint>

#include "pynn_annarchy/bit_layout.h"
#include "pynn_annarchy/memory.h"

namespace pnn {

class TargetBits {
public:
    TargetBits() = default;
    TargetBits(std::size_t n_groups, int64_t n_elements) : width_(words_of(n_elements)), words_(n_groups * width_) {
        std::fill_n(words_.data(), words_.size(), uint64_t(0));
    }

    static constexpr std::size_t words_of(int64_t n_elements) {
        return std::size_t((n_elements + PNN_BITS_TOGETHER - 1) / PNN_BITS_TOGETHER * BLOCK_WORDS);
    }

    int64_t width() const { return int64_t(width_); }  // words of a group
    std::size_t bytes() const { return words_.size() * 8; }
    const uint64_t* of_group(std::size_t group) const { return words_.data() + group * width_; }
    void set(std::size_t group, uint32_t element) {
        const BitPlace place = place_of_element(element);
        words_[group * width_ + std::size_t(place.word)] |= uint64_t(1) << place.bit;
    }
    // Calls visit(element) for the targets of a group, which ascend.
    template <class Visit>
    void for_each(std::size_t group, Visit visit) const {
        for (uint32_t part = 0; part < width_ * 8; ++part) {
            const uint32_t first = part * 8;
            for (uint64_t left = eight(group, part); left != 0; left &= left - 1) visit(first + uint32_t(__builtin_ctzll(left)) / 8);
        }
    }
    // The target of synapse k of a group.
    uint32_t target(std::size_t group, std::size_t k) const {
        for (uint32_t part = 0;; ++part) {
            uint64_t left = eight(group, part);
            const auto n = std::size_t(__builtin_popcountll(left));
            if (n <= k) {
                k -= n;
                continue;
            }
            for (; k > 0; --k) left &= left - 1;
            return part * 8 + uint32_t(__builtin_ctzll(left)) / 8;
        }
    }

private:
    // Elements [8 part, 8 part + 8) of a group, each the lowest bit of a byte.
    uint64_t eight(std::size_t group, uint32_t part) const {
        const BitPlace first = place_of_element(int64_t(part) * 8);
        return words_[group * width_ + std::size_t(first.word)] >> first.bit & 0x0101010101010101u;
    }

    std::size_t width_ = 0;
    Array<uint64_t> words_;
};

}  // namespace pnn

#endif
