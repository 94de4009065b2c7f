// delayed_rows.h: the synapses of one projection, sorted so that what falls due together lies together (DESIGN D8).
//
// One DelayedRows holds the synapses that end in one partition of the post-synaptic population. Synapses of one source
// are a row; a row is cut into groups of equal delay; inside a group targets ascend (stable in the order of creation).
#ifndef PYNN_ANNARCHY_DELAYED_ROWS_H
#define PYNN_ANNARCHY_DELAYED_ROWS_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/generate.h"
#include "pynn_annarchy/memory.h"
#include "pynn_annarchy/target_bits.h"
#include "pynn_annarchy/weight_pairs.h"

namespace pnn {

// Indices below a limit known at the start, two bytes each where it allows that.
class Indices {
public:
    void reserve(std::size_t n, bool narrow) {
        if (narrow) narrow_.reserve(n);
        else wide_.reserve(n);
    }
    void push_back(uint32_t value, bool narrow) {
        if (narrow) narrow_.push_back(uint16_t(value));
        else wide_.push_back(value);
    }
    uint32_t operator[](std::size_t i) const { return wide_.empty() ? narrow_[i] : wide_[i]; }

private:
    std::vector<uint16_t> narrow_;
    std::vector<uint32_t> wide_;
};

// Weights, four bytes each while that holds every one of them exactly.
class Weights {
public:
    void reserve(std::size_t n) { narrow_.reserve(n); }
    void assign(std::size_t n, double value) {
        narrow_.clear();
        wide_.clear();
        if (double(float(value)) == value) narrow_.assign(n, float(value));
        else wide_.assign(n, value);
    }
    void push_back(double value) {
        if (wide_.empty() && double(float(value)) == value) {
            narrow_.push_back(float(value));
            return;
        }
        if (!narrow_.empty()) {
            wide_.reserve(narrow_.capacity());
            wide_.assign(narrow_.begin(), narrow_.end());
            std::vector<float>().swap(narrow_);
        }
        wide_.push_back(value);
    }
    double operator[](std::size_t i) const { return wide_.empty() ? double(narrow_[i]) : wide_[i]; }
    double largest() const {  // in magnitude
        double found = 0.0;
        for (float value : narrow_) found = std::max(found, std::fabs(double(value)));
        for (double value : wide_) found = std::max(found, std::fabs(value));
        return found;
    }

private:
    std::vector<float> narrow_;
    std::vector<double> wide_;
};

// Of weights that are to have 16 bits: the smallest power of two of which the largest has at most 32767. It is less than the
// largest divided by 16383, so that rounding to whole multiples makes an error below that divided by 32767.
inline double unit_of(double largest) {
    constexpr double most = 32767.5;
    int exponent = 0;
    std::frexp(largest, &exponent);
    exponent -= std::ldexp(largest, 15 - exponent) < most ? 15 : 14;
    return std::ldexp(1.0, std::max(exponent, -1074));
}

inline int16_t in_units(double weight, double unit) { return int16_t(std::rint(weight / unit)); }

// Where a synapse lies: its partition and its place there, in one number.
constexpr uint64_t packed(uint64_t partition, uint64_t place) { return partition << 40 | place; }
constexpr std::size_t partition_of(uint64_t packed) { return std::size_t(packed >> 40); }
constexpr std::size_t place_of(uint64_t packed) { return std::size_t(packed & ((uint64_t(1) << 40) - 1)); }

// How far a weight may grow beyond its initial value before an increment is refused (DESIGN D6).
constexpr double headroom = 1024.0;

// Synapses as connectors make them, in the order of creation; blocks bound the memory of growth.
class Staging {
public:
    static constexpr std::size_t block_size = std::size_t(1) << 18;

    Staging(int64_t n_pre, int64_t n_post) : n_pre_(n_pre), n_post_(n_post) {}

    // Adds n synapses; `*_step` is 0 where one value serves all of them, else 1.
    void add(int64_t n, const int32_t* pre, int pre_step, const int32_t* post, int post_step, const double* weight,
             int weight_step, const uint16_t* delay, int delay_step);

    // Draws n synapses between any two cells; see generate.h.
    Drawn generate(int64_t n, const Plan& plan, int n_threads);

    int64_t size() const { return n_; }
    int64_t n_pre() const { return n_pre_; }
    int64_t n_post() const { return n_post_; }
    bool weights_equal() const { return weights_equal_; }
    bool weights_fit_float() const { return weights_fit_float_; }
    double largest_weight() const;  // in magnitude
    double first_weight() const { return first_weight_; }

private:
    friend class Projection;
    struct Block {
        Indices pre, post;
        Weights weight;               // empty while all weights of the projection are equal
        std::vector<uint16_t> delay;  // empty while all delays of the projection are equal
        std::size_t n = 0;
    };
    void spread_weights();
    void spread_delays();

    int64_t n_pre_, n_post_, n_ = 0;
    bool weights_equal_ = true, weights_fit_float_ = true, delays_equal_ = true;
    double first_weight_ = 0.0;
    uint16_t first_delay_ = 1;
    std::vector<Block> blocks_;
};

// A further value of every synapse, or one for all of them.
struct Column {
    Array<double> each;
    double shared = 0.0;

    bool is_shared() const { return each.size() == 0; }
    // Gives each of n synapses its value.
    void spread(std::size_t n) {
        if (!is_shared() || n == 0) return;
        each = Array<double>(n);
        std::fill_n(each.data(), n, shared);
    }
    double operator[](std::size_t synapse) const { return is_shared() ? shared : each[synapse]; }
};

// Where a synapse lies, and its rank of creation inside the row.
struct Creation {
    uint32_t place;
    uint32_t rank;
};

// Where synapses lie that are sorted by their targets.
struct Places {
    Array<uint32_t> each;                  // empty where every source has one synapse with every target, in order
    uint64_t n_sources = 0, n_targets = 0;

    bool is_complete() const { return each.size() == 0; }
    uint64_t operator[](std::size_t synapse) const {
        return is_complete() ? synapse % n_targets * n_sources + synapse / n_targets : each[synapse];
    }
};

struct DelayedRows {
    std::vector<uint32_t> row_start;       // n_pre + 1, into the groups
    std::vector<uint32_t> group_start;     // n_groups + 1, into the synapses
    std::vector<uint16_t> group_delay;     // in steps
    Array<uint16_t> targets16;             // one of the two is empty; both where every source has one synapse with every target
    Array<uint32_t> targets32;
    Array<int16_t> weights16;              // at most one of the three is not empty
    Array<float> weights32;
    Array<double> weights64;
    double weight_unit = 0.0;              // of 16-bit weights
    double shared_weight = 0.0;
    int32_t weight_form = PNN_WEIGHT_SHARED;
    std::vector<Column> columns;           // what synapses that learn have besides, in the module's order
    std::vector<uint32_t> ranks;           // canonical rank of each synapse; only where the module draws
    std::vector<Creation> creation;        // of the synapses of pairs that have several, by place
    int64_t n = 0;
    int64_t first_post = 0;                // of the partition
    int64_t n_post = 0;
    uint16_t max_delay = 1;
    uint16_t min_delay = 65535;                   // so much, too, where there is no synapse
    const uint16_t* bundled_targets = nullptr;    // where targets and weights are while they lie with other projections
    void* bundled_weights = nullptr;              // of the same form as theirs
    WeightPairs* pairs = nullptr;                 // the same where they lie in pairs
    const TargetBits* bits = nullptr;             // the same of targets that are kept as bits, of the same groups
    uint32_t first_sum = 0;                       // the partition's first element among the sums that those pairs have
    double scale = 1.0;                           // from a weight to its amount there: 16-bit amounts are whole multiples of the unit
    std::vector<uint32_t> bundle_begin;           // of each group, there
    const Column* weights_elsewhere = nullptr;    // where the weights are, if not here, by place
    const Places* places = nullptr;

    uint32_t target(std::size_t synapse) const {
        if (pairs != nullptr) return pairs->target(bundled_place(synapse)) - first_sum;
        if (bundled_targets != nullptr) return bundled_targets[bundled_place(synapse)];
        if (bits != nullptr) {
            const std::size_t group = group_of(synapse);
            return bits->target(group, synapse - group_start[group]);
        }
        if (targets16.size() != 0) return targets16[synapse];
        return targets32.size() != 0 ? targets32[synapse] : uint32_t(synapse % std::size_t(n_post));
    }
    // What a view of rows that lie by themselves has of them.
    const void* all_targets() const { return targets16.size() ? static_cast<const void*>(targets16.data()) : targets32.data(); }
    int32_t target_bits() const { return targets16.size() ? 16 : 32; }
    const void* all_weights() const {
        switch (weight_form) {
            case PNN_WEIGHT_I16: return weights16.data();
            case PNN_WEIGHT_F32: return weights32.data();
            case PNN_WEIGHT_F64: return weights64.data();
            default: return &shared_weight;
        }
    }
    std::size_t bytes_of_weights() const {
        return weight_form == PNN_WEIGHT_SHARED ? sizeof shared_weight
                                                : weights16.size() * 2 + weights32.size() * 4 + weights64.size() * 8;
    }
    // Room for one weight each, which have no values yet; or none, for one that they share.
    void make_weights(int32_t form) {
        const auto size = std::size_t(n);
        weights16 = Array<int16_t>(form == PNN_WEIGHT_I16 ? size : 0);
        weights32 = Array<float>(form == PNN_WEIGHT_F32 ? size : 0);
        weights64 = Array<double>(form == PNN_WEIGHT_F64 ? size : 0);
        weight_form = form;
    }
    // Where they can be told otherwise.
    void forget_targets() {
        targets16.release();
        targets32.release();
    }
    double weight(std::size_t synapse) const {
        if (weights_elsewhere != nullptr) return (*weights_elsewhere)[(*places)[synapse]];
        if (pairs != nullptr) return pairs->amount(bundled_place(synapse)) / scale;
        if (weight_form == PNN_WEIGHT_F64) return weights64[synapse];
        if (weight_form == PNN_WEIGHT_SHARED) return shared_weight;
        if (bundled_weights != nullptr) return bundled_weight(bundled_place(synapse));
        return weight_form == PNN_WEIGHT_I16 ? weights16[synapse] * weight_unit : double(weights32[synapse]);
    }
    // In a form that holds one weight for each synapse; in 16 bits, the nearest multiple of the unit, halves to even.
    void set_weight(std::size_t synapse, double value) {
        if (pairs != nullptr) pairs->set_amount(bundled_place(synapse), value * scale);
        else if (weight_form == PNN_WEIGHT_F64) weights64[synapse] = value;
        else if (weight_form == PNN_WEIGHT_I16) weights_16()[bundled_weights != nullptr ? bundled_place(synapse) : synapse] = in_units(value, weight_unit);
        else if (bundled_weights != nullptr) static_cast<float*>(bundled_weights)[bundled_place(synapse)] = float(value);
        else weights32[synapse] = float(value);
    }
    std::size_t group_of(std::size_t synapse) const {
        return std::size_t(std::upper_bound(group_start.begin(), group_start.end(), synapse) - group_start.begin() - 1);
    }
    // Where a synapse lies with those of other projections.
    std::size_t bundled_place(std::size_t synapse) const {
        const std::size_t group = group_of(synapse);
        return bundle_begin[group] + (synapse - group_start[group]);
    }
    // Calls visit(synapse, target, weight) for all synapses of a source.
    template <class Visit>
    void for_each_of(std::size_t source, Visit visit) const {
        if (bits != nullptr) {
            uint32_t s = group_start[row_start[source]];
            for (uint32_t g = row_start[source]; g < row_start[source + 1]; ++g)
                bits->for_each(g, [&](uint32_t target) { visit(s++, target, shared_weight); });
            return;
        }
        if (bundled_targets == nullptr && pairs == nullptr) {
            for (uint32_t s = group_start[row_start[source]]; s < group_start[row_start[source + 1]]; ++s) visit(s, target(s), weight(s));
            return;
        }
        for (uint32_t g = row_start[source]; g < row_start[source + 1]; ++g)
            for (uint32_t s = group_start[g]; s < group_start[g + 1]; ++s) {
                const std::size_t place = bundle_begin[g] + (s - group_start[g]);
                if (pairs != nullptr) visit(s, pairs->target(place) - first_sum, pairs->amount(place) / scale);
                else visit(s, uint32_t(bundled_targets[place]), bundled_weights != nullptr ? bundled_weight(place) : shared_weight);
            }
    }
    // Orders synapses of one pair of cells.
    uint32_t creation_rank(std::size_t place) const {
        const auto found = std::lower_bound(creation.begin(), creation.end(), place,
                                            [](const Creation& known, std::size_t wanted) { return known.place < wanted; });
        return found != creation.end() && found->place == place ? found->rank : 0;
    }
    std::size_t bytes() const;

private:
    int16_t* weights_16() { return bundled_weights != nullptr ? static_cast<int16_t*>(bundled_weights) : weights16.data(); }
    double bundled_weight(std::size_t place) const {
        if (weight_form == PNN_WEIGHT_I16) return static_cast<const int16_t*>(bundled_weights)[place] * weight_unit;
        return double(static_cast<const float*>(bundled_weights)[place]);
    }
};

// One spike's way along its row: the group that falls due next.
struct Cursor {
    uint32_t group;
    uint32_t row_end;
    uint32_t multiplicity : 31;
    uint32_t axonal : 1;
    uint32_t spike;                        // among those that a learning projection remembers
};

// Which groups fall due in which step: one bucket a step, one cursor a spike.
template <class Cursor>
class CalendarOf {
public:
    void resize(int max_delay) {
        if (buckets_.size() < std::size_t(max_delay) + 1) buckets_.resize(std::size_t(max_delay) + 1);
    }
    void clear() {
        for (auto& bucket : buckets_) bucket.clear();
    }
    bool empty() const {
        for (const auto& bucket : buckets_)
            if (!bucket.empty()) return false;
        return true;
    }
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto& bucket : buckets_)
            for (const Cursor& cursor : bucket) visit(cursor);
    }
    std::vector<std::vector<Cursor>>& buckets() { return buckets_; }
    // Calls visit(step in which it falls due, cursor) for all that is under way after step `now`.
    template <class Visit>
    void for_each_due(int64_t now, Visit visit) const {
        for (int64_t ahead = 1; ahead <= int64_t(buckets_.size()); ++ahead)
            for (const Cursor& cursor : buckets_[std::size_t(now + ahead) % buckets_.size()]) visit(now + ahead, cursor);
    }
    std::vector<Cursor>& at(int64_t step) { return buckets_[std::size_t(step) % buckets_.size()]; }
    // Lets a spike that is due in step n wait for the next group of its row, if there is one.
    template <class DelayOf>
    void go_on(Cursor cursor, const DelayOf& delay_of, int64_t n) {
        const uint32_t group = cursor.group;
        if (++cursor.group == cursor.row_end) return;
        // Delays inside a row differ by less than the number of buckets, so this is never the bucket being read.
        at(n + delay_of(cursor.group) - delay_of(group)).push_back(cursor);
    }
    // Calls visit(cursor) for each spike that is due in step n, which then goes on.
    template <class DelayOf, class Visit>
    void take_due(int64_t n, const DelayOf& delay_of, Visit visit) {
        std::vector<Cursor>& now = at(n);
        for (const Cursor cursor : now) {
            visit(cursor);
            go_on(cursor, delay_of, n);
        }
        now.clear();
    }

private:
    std::vector<std::vector<Cursor>> buckets_;
};
using Calendar = CalendarOf<Cursor>;

// The delays of groups, in steps, and where they are read.
struct DelayInRows {
    const DelayedRows& rows;
    const void* place(uint32_t group) const { return rows.group_delay.data() + group; }
    int64_t operator()(uint32_t group) const { return rows.group_delay[group]; }
};

}  // namespace pnn

#endif
