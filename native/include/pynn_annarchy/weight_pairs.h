// weight_pairs.h: synapses of several projections that send their weights, in the form that spikes pass fastest (DESIGN D8).
//
// What a spike reads in one step is one piece of memory: indices of sums and what is added to them, in their quanta. The
// layout is that of `pnn_pairs`. A place is the number of a synapse if headers and what fills up pairs are counted, too.
#ifndef PYNN_ANNARCHY_WEIGHT_PAIRS_H
#define PYNN_ANNARCHY_WEIGHT_PAIRS_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/memory.h"

namespace pnn {

class WeightPairs {
public:
    WeightPairs() = default;
    // Room for so many pairs and headers; amounts in double precision, in single, or whole numbers of 16 bits.
    WeightPairs(std::size_t n, int32_t amount_bits) : words_(n * std::size_t(1 + amount_bits / 16)), amount_bits_(amount_bits) {}

    static constexpr int32_t amount_bits_of(int32_t weight_form) {
        return weight_form == PNN_WEIGHT_F64 ? 64 : weight_form == PNN_WEIGHT_F32 ? 32 : 16;
    }

    static constexpr uint32_t pairs_of(uint32_t n_synapses) { return (n_synapses + 1) / 2; }
    static constexpr uint32_t first_place(uint32_t header) { return 2 * (header + 1); }
    static constexpr uint32_t next_header(uint32_t header, uint32_t n_synapses) { return header + 1 + pairs_of(n_synapses); }

    const uint32_t* words() const { return words_.data(); }
    int32_t amount_bits() const { return amount_bits_; }
    std::size_t bytes() const { return words_.size() * 4; }

    // What a header says of its source's next group: synapses and steps until then.
    uint32_t next_n(uint32_t header) const { return words_[header * width()]; }
    uint32_t next_steps(uint32_t header) const { return words_[header * width() + 1]; }
    void set_header(uint32_t header, uint32_t next_n, uint32_t next_steps) {
        uint32_t* const word = words_.data() + header * width();
        std::fill_n(word, width(), 0u);
        word[0] = next_n;
        word[1] = next_steps;
    }

    uint32_t target(std::size_t place) const { return words_[place / 2 * width()] >> (place % 2 * 16) & 0xffff; }
    double amount(std::size_t place) const {
        const uint32_t* const word = words_.data() + amount_word(place);
        if (amount_bits_ == 16) return int16_t(*word >> place % 2 * 16);
        return amount_bits_ == 64 ? value_at<double>(word) : double(value_at<float>(word));
    }
    void set_target(std::size_t place, uint32_t target) { set_half(words_[place / 2 * width()], place % 2, target); }
    void set_amount(std::size_t place, double amount) {
        uint32_t* const word = words_.data() + amount_word(place);
        const auto narrow = float(amount);
        if (amount_bits_ == 16) set_half(*word, place % 2, uint16_t(int16_t(std::rint(amount))));
        else if (amount_bits_ == 64) std::memcpy(word, &amount, sizeof amount);
        else std::memcpy(word, &narrow, sizeof narrow);
    }

    // Whether a weight of one of the two precisions can be kept as that many quanta, to the last bit. `scale` is a power of two.
    static bool holds(double weight, double scale, bool wide) {
        const double amount = weight * scale;
        const bool is_exact = std::isfinite(amount) && amount / scale == weight;
        return is_exact && (wide || double(float(amount)) == amount);
    }

private:
    std::size_t width() const { return std::size_t(1 + amount_bits_ / 16); }
    std::size_t amount_word(std::size_t place) const { return place / 2 * width() + 1 + place % 2 * std::size_t(amount_bits_ / 32); }
    static void set_half(uint32_t& both, std::size_t second, uint32_t value) {
        both = second == 0 ? (both & 0xffff0000u) | value : (both & 0xffffu) | value << 16;
    }
    template <class T>
    static T value_at(const uint32_t* word) {
        T value;
        std::memcpy(&value, word, sizeof value);
        return value;
    }

    Array<uint32_t> words_;
    int32_t amount_bits_ = 32;
};

}  // namespace pnn

#endif
