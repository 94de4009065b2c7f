// deliver.h: the primitive `deliver`: what falls due in this step goes into the accumulators of its targets.
#ifndef PYNN_ANNARCHY_DELIVER_H
#define PYNN_ANNARCHY_DELIVER_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/bits.h"
#include "pynn_annarchy/fixed_point.h"
#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/prefetch.h"
#include "pynn_annarchy/target.h"

namespace pnn {

// Groups lie anywhere in memory: asking for them ahead hides most of the wait (D8).
constexpr int64_t PREFETCH_AHEAD = 12;

template <class Target, class Weight>
PNN_HOST void prefetch(const Target* targets, const Weight* weights, const pnn_group& group, bool has_weights) {
    const char* first = reinterpret_cast<const char*>(targets + group.begin);
    const char* last = reinterpret_cast<const char*>(targets + group.end);
    for (int line = 0; line < 4 && first < last; ++line, first += 64) __builtin_prefetch(first);
    if (!has_weights) return;
    first = reinterpret_cast<const char*>(weights + group.begin);
    last = reinterpret_cast<const char*>(weights + group.end);
    for (int line = 0; line < 8 && first < last; ++line, first += 64) __builtin_prefetch(first);
}

// A weight from what is kept of it.
PNN_FN double weight_of(int16_t number, double unit) { return number * unit; }
PNN_FN double weight_of(float weight, double) { return static_cast<double>(weight); }
PNN_FN double weight_of(double weight, double) { return weight; }

// Every synapse of a projection sends the same: the increment is formed once.
template <class Synapse, class Target>
int32_t deliver_shared(const Synapse& synapse, const pnn_rows& rows, const pnn_group* groups, int64_t n_groups) {
    const Target* targets = static_cast<const Target*>(rows.targets);
    const double increment = synapse.increment(*static_cast<const double*>(rows.weights));
    if (!is_sound(increment, rows.bound)) return 1;
    const int64_t once = to_fixed(increment, rows.inverse_quantum);
    int64_t* const accumulator = rows.accumulator;
    for (int64_t g = 0; g < n_groups; ++g) {
        if (g + PREFETCH_AHEAD < n_groups) prefetch(targets, targets, groups[g + PREFETCH_AHEAD], false);
        const int64_t amount = once * groups[g].multiplicity;
        for (uint64_t s = groups[g].begin; s < groups[g].end; ++s) accumulator[targets[s]] += amount;
    }
    return 0;
}

template <class Synapse, class Target, class Weight>
int32_t deliver_each(const Synapse& synapse, const pnn_rows& rows, const pnn_group* groups, int64_t n_groups) {
    const Target* targets = static_cast<const Target*>(rows.targets);
    const Weight* weights = static_cast<const Weight*>(rows.weights);
    const double inverse_quantum = rows.inverse_quantum, bound = rows.bound, unit = rows.weight_unit;
    int64_t* const accumulator = rows.accumulator;
    bool sound = true;
    for (int64_t g = 0; g < n_groups; ++g) {
        if (g + PREFETCH_AHEAD < n_groups) prefetch(targets, weights, groups[g + PREFETCH_AHEAD], true);
        const int64_t multiplicity = groups[g].multiplicity;
        for (uint64_t s = groups[g].begin; s < groups[g].end; ++s) {
            const double increment = synapse.increment(weight_of(weights[s], unit));
            sound &= is_sound(increment, bound);
            accumulator[targets[s]] += multiplicity * to_fixed(increment, inverse_quantum);
        }
    }
    return sound ? 0 : 1;
}

// The synapses of several projections, each with a sink of its own: for groups of a few synapses. Where weights are shared, the
// sinks have them.
template <class Synapse, class Weight>
int32_t deliver_scattered(const Synapse& synapse, const pnn_rows& rows, const pnn_group* groups, int64_t n_groups) {
    const uint16_t* targets = static_cast<const uint16_t*>(rows.targets);
    const Weight* weights = static_cast<const Weight*>(rows.weights);
    bool sound = true;
    for (int64_t g = 0; g < n_groups; ++g) {
        if (g + PREFETCH_AHEAD < n_groups) {
            prefetch(targets, weights, groups[g + PREFETCH_AHEAD], weights != nullptr);
            prefetch(rows.sink_of, weights, groups[g + PREFETCH_AHEAD], false);
        }
        const pnn_group& group = groups[g];
        for (uint64_t s = group.begin; s < group.end; ++s) {
            const pnn_sink& sink = rows.sinks[rows.sink_of[s]];
            const double increment = synapse.increment(weights == nullptr ? sink.weight : weight_of(weights[s], sink.weight));
            sound &= is_sound(increment, sink.bound);
            sink.accumulator[targets[s]] += group.multiplicity * to_fixed(increment, sink.inverse_quantum);
        }
    }
    return sound ? 0 : 1;
}

template <class Synapse, class Target>
int32_t deliver_to(const Synapse& synapse, const pnn_rows& rows, const pnn_group* groups, int64_t n_groups) {
    switch (rows.weight_form) {
        case PNN_WEIGHT_SHARED: return deliver_shared<Synapse, Target>(synapse, rows, groups, n_groups);
        case PNN_WEIGHT_I16: return deliver_each<Synapse, Target, int16_t>(synapse, rows, groups, n_groups);
        case PNN_WEIGHT_F32: return deliver_each<Synapse, Target, float>(synapse, rows, groups, n_groups);
        default: return deliver_each<Synapse, Target, double>(synapse, rows, groups, n_groups);
    }
}

// Groups of a bundle are longer, and fewer of them are asked for at a time.
constexpr int64_t PREFETCH_BUNDLED = 4;

template <class Synapse, class Weight, bool has_weights>
int32_t deliver_pieces(const pnn_bundle& bundle, const pnn_pieces* groups, int64_t n_groups, const pnn_step& step) {
    const uint16_t* const targets = bundle.targets;
    const Weight* const weights = static_cast<const Weight*>(bundle.weights);
    int32_t unsound = 0;
    for (int64_t g = 0; g < n_groups; ++g) {
        if (g + PREFETCH_BUNDLED < n_groups) {
            const pnn_pieces& later = groups[g + PREFETCH_BUNDLED];
            const auto length = static_cast<int64_t>(later.end - later.begin);
            ask_for_all(targets + later.begin, length);
            if (has_weights) ask_for_all(weights + later.begin, length);
        }
        const int64_t multiplicity = groups[g].multiplicity;
        const pnn_piece* piece = bundle.pieces + groups[g].first_piece;
        uint64_t s = groups[g].begin;
        for (uint32_t k = 0; k < groups[g].n_pieces; ++k, ++piece) {
            const uint64_t end = s + piece->length;
            const pnn_rows& member = bundle.members[piece->member];
            int64_t* const accumulator = member.accumulator;
            if (accumulator == nullptr) {
                s = end;
                continue;
            }
            const Synapse synapse(member, step);
            const double inverse_quantum = member.inverse_quantum, bound = member.bound, unit = member.weight_unit;
            if (has_weights) {
                bool sound = true;
                for (; s < end; ++s) {
                    const double increment = synapse.increment(weight_of(weights[s], unit));
                    sound &= is_sound(increment, bound);
                    accumulator[targets[s]] += multiplicity * to_fixed(increment, inverse_quantum);
                }
                unsound = sound ? unsound : 1 + piece->member;
            } else {
                const double increment = synapse.increment(*static_cast<const double*>(member.weights));
                const int64_t amount = multiplicity * to_fixed(increment, inverse_quantum);
                unsound = is_sound(increment, bound) ? unsound : 1 + piece->member;
                for (; s < end; ++s) accumulator[targets[s]] += amount;
            }
        }
    }
    return unsound;
}

template <class Synapse>
int32_t deliver_bundle(const pnn_bundle* bundle, const pnn_pieces* groups, int64_t n_groups, const pnn_step* step) {
    switch (bundle->members->weight_form) {
        case PNN_WEIGHT_SHARED: return deliver_pieces<Synapse, float, false>(*bundle, groups, n_groups, *step);
        case PNN_WEIGHT_I16: return deliver_pieces<Synapse, int16_t, true>(*bundle, groups, n_groups, *step);
        default: return deliver_pieces<Synapse, float, true>(*bundle, groups, n_groups, *step);
    }
}

constexpr uint32_t pairs_of(uint32_t n) { return (n + 1) / 2; }

PNN_HOST int64_t whole(float amount) { return __builtin_llrintf(amount); }
PNN_HOST int64_t whole(double amount) { return __builtin_llrint(amount); }

template <class Amount>
PNN_FN Amount amount_at(const uint32_t* word) {
    Amount amount;
    __builtin_memcpy(&amount, word, sizeof amount);
    return amount;
}

// A pair's targets, and then its amounts.
template <class Amount>
PNN_HOST void add_pair(const uint32_t* pair, int64_t multiplicity, int64_t* sums, const int64_t*) {
    const uint32_t targets = *pair;
    sums[targets & 0xffff] += multiplicity * whole(amount_at<Amount>(pair + 1));
    sums[targets >> 16] += multiplicity * whole(amount_at<Amount>(pair + 1 + sizeof(Amount) / 4));
}

template <>
PNN_HOST void add_pair<int16_t>(const uint32_t* pair, int64_t multiplicity, int64_t* sums, const int64_t* units) {
    uint64_t all;
    __builtin_memcpy(&all, pair, sizeof all);
    const uint32_t first = all & 0xffff, second = static_cast<uint32_t>(all) >> 16;
    sums[first] += multiplicity * static_cast<int16_t>(all >> 32) * units[first / PNN_SUMS_ALIKE];
    sums[second] += multiplicity * static_cast<int16_t>(all >> 48) * units[second / PNN_SUMS_ALIKE];
}

template <class Amount>
PNN_HOST void add_pairs(const uint32_t* pair, const uint32_t* end, int64_t multiplicity, int64_t* sums, const int64_t* units) {
    for (; pair != end; pair += 1 + 2 * sizeof(Amount) / 4) add_pair<Amount>(pair, multiplicity, sums, units);
}

// Of multiplicity 1, which nearly all have.
template <class Amount>
PNN_HOST void add_pairs_once(const uint32_t* pair, const uint32_t* end, int64_t* sums, const int64_t* units) {
    add_pairs<Amount>(pair, end, 1, sums, units);
}

#if defined(__AVX512DQ__) && defined(__AVX512VL__) && !defined(__clang__) && !defined(__CUDACC__)
// Both amounts of a pair become whole numbers at once, and stay in vectors: 0.65 against 0.74 ns an event.
template <>
PNN_HOST void add_pairs_once<float>(const uint32_t* pair, const uint32_t* end, int64_t* sums, const int64_t*) {
    typedef float Amounts __attribute__((vector_size(16)));
    typedef long long Wholes __attribute__((vector_size(16)));
    const auto add = [sums](uint32_t target, Wholes whole) {
        sums[target] = (Wholes{sums[target]} + whole)[0];
    };
    for (; pair != end; pair += 3) {
        const Wholes both = __builtin_ia32_cvtps2qq128_mask(reinterpret_cast<Amounts>(Wholes{amount_at<long long>(pair + 1)}), Wholes{}, 3);
        add(*pair & 0xffff, both);
        add(*pair >> 16, __builtin_shuffle(both, Wholes{1, 1}));
    }
}
#endif

// Where groups lie is new to the caches, and to the CPU's tables of pages. Between sums, it would wait for one after the other; of
// what is asked for at one time, several come together. So the lines of as many groups as have MANY_LINES are asked for while those
// before them are delivered, their ends first, which are on all their pages; into the second cache, which waits for more than the
// first one can. Lines of the group that comes next are asked for into that one.
constexpr int64_t MANY_LINES = 96, FEWEST_TOGETHER = 2;  // groups

template <class Amount>
void deliver_pairs_of(const pnn_pairs& pairs, pnn_due_pairs* groups, int64_t n_groups) {
    constexpr uint32_t words = 1 + 2 * sizeof(Amount) / 4, line = 16;
    int64_t* const sums = pairs.sums;
    const int64_t* const units = pairs.units;
    const auto begin_of = [&pairs](const pnn_due_pairs& group) { return pairs.words + uint64_t(group.header) * words; };
    const auto end_of = [&pairs](const pnn_due_pairs& group) {
        return pairs.words + (uint64_t(group.header) + 1 + pairs_of(group.n)) * words;
    };
    // Of groups from the first one on; returns where they end.
    const auto ask_for_groups = [&](int64_t first) {
        int64_t end = first;
        for (int64_t n_words = 0; end < n_groups && (n_words < MANY_LINES * line || end < first + FEWEST_TOGETHER); ++end) {
            const uint32_t *const from = begin_of(groups[end]), *const to = end_of(groups[end]);
            ask_ahead_for(from);
            ask_ahead_for(to - 1);
            n_words += line + (to - from);
        }
        for (int64_t g = first; g < end; ++g)
            for (const uint32_t* word = begin_of(groups[g]) + line; word < end_of(groups[g]); word += line) ask_ahead_for(word);
        return end;
    };
    int64_t together = 0, later = ask_for_groups(0);
    for (int64_t g = 0; g < n_groups; ++g) {
        if (g == together) {
            together = later;
            later = ask_for_groups(later);
        }
        if (g + 1 < n_groups)
            for (const uint32_t* word = begin_of(groups[g + 1]); word < end_of(groups[g + 1]); word += line) ask_for(word);
        pnn_due_pairs& group = groups[g];
        const uint32_t* const header = begin_of(group);
        const uint32_t* const end = end_of(group);
        if (group.multiplicity == 1) add_pairs_once<Amount>(header + words, end, sums, units);
        else add_pairs<Amount>(header + words, end, group.multiplicity, sums, units);
        group.header += 1 + pairs_of(group.n);
        group.n = header[0];
        group.steps = header[1];
    }
}

inline void deliver_pairs(const pnn_pairs* pairs, pnn_due_pairs* groups, int64_t n_groups) {
    if (pairs->amount_bits == 16) deliver_pairs_of<int16_t>(*pairs, groups, n_groups);
    else if (pairs->amount_bits == 32) deliver_pairs_of<float>(*pairs, groups, n_groups);
    else deliver_pairs_of<double>(*pairs, groups, n_groups);
}

// Synapse has: a constructor from (rows, step), `double increment(double weight) const`.
template <class Synapse>
int32_t deliver(const pnn_rows* rows, const pnn_group* groups, int64_t n_groups, const pnn_step* step) {
    const Synapse synapse(*rows, *step);
    if (rows->sinks != nullptr && rows->weight_form == PNN_WEIGHT_I16) return deliver_scattered<Synapse, int16_t>(synapse, *rows, groups, n_groups);
    if (rows->sinks != nullptr) return deliver_scattered<Synapse, float>(synapse, *rows, groups, n_groups);
    return rows->target_bits == 16 ? deliver_to<Synapse, uint16_t>(synapse, *rows, groups, n_groups)
                                   : deliver_to<Synapse, uint32_t>(synapse, *rows, groups, n_groups);
}

template <class Synapse>
int32_t deliver_bits(const pnn_rows* rows, pnn_due_bits* due, const pnn_step* step) {
    const Synapse synapse(*rows, *step);
    const double increment = synapse.increment(*static_cast<const double*>(rows->weights));
    if (!is_sound(increment, rows->bound)) return 1;
    due->each = to_fixed(increment, rows->inverse_quantum);
    constexpr int64_t line = 512;  // bits
    for (int64_t first = due->begin; first < due->end; first += PNN_BITS_TOGETHER) {
        if (first % line == 0)
            for (int64_t g = 0; g < due->n_groups; ++g) __builtin_prefetch(due->groups[g] + (first + line) / 64);
        if (due->numbers == nullptr) add_bits(*due, first, rows->accumulator + first);
        else count_bits(*due, first / 64, due->numbers + (first - due->begin));
    }
    return 0;
}

// Every element has one synapse of one source of its own, and all weights are alike.
template <class Synapse>
int32_t deliver_counts(const pnn_rows* rows, const uint16_t* counts, int64_t n, const pnn_step* step) {
    const Synapse synapse(*rows, *step);
    const double increment = synapse.increment(*static_cast<const double*>(rows->weights));
    if (!is_sound(increment, rows->bound)) return 1;
    const int64_t once = to_fixed(increment, rows->inverse_quantum);
    int64_t* const accumulator = rows->accumulator;
    PNN_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) accumulator[i] += once * counts[i];
    return 0;
}

}  // namespace pnn

#endif
