// rows.cpp: staged synapses -> delayed rows, and rows -> the order that users see.
#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "pynn_annarchy/engine.h"
#include "pynn_annarchy/openmp/team.h"

namespace pnn {

void Staging::spread_weights() {
    weights_equal_ = false;
    for (Block& block : blocks_) block.weight.assign(block.n, first_weight_);
}

void Staging::spread_delays() {
    delays_equal_ = false;
    for (Block& block : blocks_) block.delay.assign(block.n, first_delay_);
}

double Staging::largest_weight() const {
    double largest = weights_equal_ ? std::fabs(first_weight_) : 0.0;
    for (const Block& block : blocks_) largest = std::max(largest, block.weight.largest());
    return largest;
}

void Staging::add(int64_t n, const int32_t* pre, int pre_step, const int32_t* post, int post_step, const double* weight,
                  int weight_step, const uint16_t* delay, int delay_step) {
    if (n == 0) return;
    if (n_ == 0) {
        first_weight_ = weight[0];
        first_delay_ = delay[0];
    }
    const int64_t n_weights = weight_step ? n : 1, n_delays = delay_step ? n : 1;
    for (int64_t i = 0; i < n_weights; ++i) {
        if (weights_equal_ && weight[i] != first_weight_) spread_weights();
        weights_fit_float_ = weights_fit_float_ && double(float(weight[i])) == weight[i];
    }
    for (int64_t i = 0; i < n_delays && delays_equal_; ++i)
        if (delay[i] != first_delay_) spread_delays();
    const bool narrow_pre = n_pre_ <= 65536, narrow_post = n_post_ <= 65536;
    for (int64_t i = 0; i < n;) {
        if (blocks_.empty() || blocks_.back().n == block_size) {
            blocks_.emplace_back();
            Block& fresh = blocks_.back();
            // A projection that fills one block will probably fill the next: reserve, so that growth never copies.
            if (blocks_.size() > 1) {
                fresh.pre.reserve(block_size, narrow_pre);
                fresh.post.reserve(block_size, narrow_post);
                if (!weights_equal_) fresh.weight.reserve(block_size);
                if (!delays_equal_) fresh.delay.reserve(block_size);
            }
        }
        Block& block = blocks_.back();
        const int64_t end = std::min<int64_t>(n, i + int64_t(block_size - block.n));
        for (int64_t k = i; k < end; ++k) {
            block.pre.push_back(uint32_t(pre[k * pre_step]), narrow_pre);
            block.post.push_back(uint32_t(post[k * post_step]), narrow_post);
        }
        if (!weights_equal_)
            for (int64_t k = i; k < end; ++k) block.weight.push_back(weight[k * weight_step]);
        if (!delays_equal_)
            for (int64_t k = i; k < end; ++k) block.delay.push_back(delay[k * delay_step]);
        block.n += std::size_t(end - i);
        i = end;
    }
    n_ += n;
}

namespace {

// Puts values[i] where permutation[i] was, through scratch copies.
template <class T>
void permute(T* values, const std::vector<uint32_t>& permutation, std::vector<T>& scratch) {
    scratch.assign(values, values + permutation.size());
    for (std::size_t i = 0; i < permutation.size(); ++i) values[i] = scratch[permutation[i]];
}

// One row's synapses by (delay, target), stable in the order of creation.
class RowSort {
public:
    // Keys are delay and target in as few bits as hold them all, so that a radix sort has few passes.
    RowSort(uint32_t n_targets, uint32_t largest_delay) : target_bits_(bits(n_targets)), key_bits_(target_bits_ + bits(largest_delay + 1)) {}

    template <class Delay, class Target>
    const std::vector<uint32_t>& operator()(uint32_t length, Delay delay, Target target) {
        keys_.resize(length);
        bool sorted = true;
        uint64_t before = 0;
        for (uint32_t i = 0; i < length; ++i) {
            const uint64_t key = uint64_t(delay(i)) << target_bits_ | target(i);
            sorted = sorted && before <= key;
            before = key;
            keys_[i] = {key, i};
        }
        permutation_.resize(length);
        if (!sorted && length < short_row) std::sort(keys_.begin(), keys_.end());
        if (!sorted && length >= short_row) by_radix();
        for (uint32_t i = 0; i < length; ++i) permutation_[i] = keys_[i].second;
        is_sorted_ = sorted;
        return permutation_;
    }
    bool was_sorted() const { return is_sorted_; }

private:
    static constexpr uint32_t short_row = 48;
    static int bits(uint32_t n) {
        int needed = 0;
        while (needed < 32 && (uint64_t(1) << needed) < n) ++needed;
        return needed;
    }
    void by_radix() {
        other_.resize(keys_.size());
        for (int shift = 0; shift < key_bits_; shift += 8) {
            std::size_t place[256] = {};
            for (const auto& key : keys_) ++place[key.first >> shift & 255];
            std::size_t sum = 0;
            for (std::size_t& count : place) {
                const std::size_t here = count;
                count = sum;
                sum += here;
            }
            for (const auto& key : keys_) other_[place[key.first >> shift & 255]++] = key;
            keys_.swap(other_);
        }
    }

    const int target_bits_, key_bits_;
    bool is_sorted_ = true;
    std::vector<std::pair<uint64_t, uint32_t>> keys_, other_;
    std::vector<uint32_t> permutation_;
};

// Marks the synapses of a row whose pair of cells has another one.
class Multiples {
public:
    explicit Multiples(std::size_t n_targets) : row_(n_targets, 0), last_(n_targets) {}

    template <class Target>
    bool mark(uint32_t length, Target target) {
        ++current_;
        found_ = false;
        marked_.assign(length, false);
        for (uint32_t i = 0; i < length; ++i) {
            const std::size_t here = target(i);
            if (row_[here] == current_) {
                marked_[i] = marked_[last_[here]] = true;
                found_ = true;
            }
            row_[here] = current_;
            last_[here] = i;
        }
        return found_;
    }
    bool operator[](uint32_t i) const { return marked_[i]; }

private:
    uint32_t current_ = 0;
    bool found_ = false;
    std::vector<uint32_t> row_, last_;
    std::vector<bool> marked_;
};

}  // namespace

void Projection::build_partition(Staging& staging, double unit, std::size_t partition, int64_t begin, int64_t end) {
    auto owned = std::make_unique<DelayedRows>();
    DelayedRows& out = *owned;
    const int64_t n_pre = staging.n_pre_;
    std::vector<uint32_t> start(std::size_t(n_pre) + 1, 0);
    const bool all = begin == 0 && end >= staging.n_post_;
    auto mine = [&](uint32_t post) { return all || (int64_t(post) >= begin && int64_t(post) < end); };
    uint64_t total = 0;
    uint16_t longest = 0;
    for (const auto& block : staging.blocks_)
        for (std::size_t i = 0; i < block.n; ++i)
            if (mine(block.post[i])) {
                ++start[block.pre[i] + 1];
                ++total;
                if (!staging.delays_equal_) longest = std::max(longest, block.delay[i]);
            }
    if (total > std::numeric_limits<uint32_t>::max()) throw std::length_error("more than 2^32 synapses in one partition");
    for (int64_t i = 0; i < n_pre; ++i) start[i + 1] += start[i];

    out.n = int64_t(total);
    out.first_post = begin;
    out.n_post = end - begin;
    const bool narrow = end - begin <= 65536;
    if (narrow) out.targets16 = Array<uint16_t>(total);
    else out.targets32 = Array<uint32_t>(total);
    out.shared_weight = staging.first_weight_;
    out.weight_unit = unit;
    out.make_weights(staging.weights_equal_ ? PNN_WEIGHT_SHARED : form_of_each(staging.weights_fit_float_));
    Array<uint16_t> delays(staging.delays_equal_ ? 0 : total);

    std::vector<uint32_t> next(start.begin(), start.end() - 1);
    for (const auto& block : staging.blocks_) {
        for (std::size_t i = 0; i < block.n; ++i) {
            const uint32_t post = block.post[i];
            if (!mine(post)) continue;
            const uint32_t place = next[block.pre[i]]++;
            if (narrow) out.targets16[place] = uint16_t(post - begin);
            else out.targets32[place] = uint32_t(post - begin);
            if (out.weight_form != PNN_WEIGHT_SHARED) out.set_weight(place, block.weight[i]);
            if (delays.size()) delays[place] = block.delay[i];
        }
    }
    next.clear();
    next.shrink_to_fit();

    // Rows -> groups: (delay, target), stable in creation.
    RowSort sort(uint32_t(end - begin), longest);
    Multiples multiples(std::size_t(end - begin));
    std::vector<uint32_t> scratch32;
    std::vector<uint16_t> scratch16;
    std::vector<int16_t> scratch_whole;
    std::vector<float> scratch_float;
    std::vector<double> scratch_double;
    out.row_start.reserve(std::size_t(n_pre) + 1);
    out.row_start.push_back(0);
    out.max_delay = 1;
    out.min_delay = 65535;
    for (int64_t pre_index = 0; pre_index < n_pre; ++pre_index) {
        const uint32_t first = start[pre_index], last = start[pre_index + 1], length = last - first;
        auto delay_of = [&](uint32_t i) { return delays.size() ? delays[first + i] : staging.first_delay_; };
        auto target_of = [&](uint32_t i) { return out.target(first + i); };
        const bool has_multiples = multiples.mark(length, target_of);
        const std::vector<uint32_t>& permutation = sort(length, [&](uint32_t i) { return delays.size() ? delays[first + i] : 0; }, target_of);
        if (!sort.was_sorted()) {
            if (narrow) permute(out.targets16.data() + first, permutation, scratch16);
            else permute(out.targets32.data() + first, permutation, scratch32);
            if (out.weight_form == PNN_WEIGHT_I16) permute(out.weights16.data() + first, permutation, scratch_whole);
            if (out.weight_form == PNN_WEIGHT_F32) permute(out.weights32.data() + first, permutation, scratch_float);
            if (out.weight_form == PNN_WEIGHT_F64) permute(out.weights64.data() + first, permutation, scratch_double);
            if (delays.size()) permute(delays.data() + first, permutation, scratch16);
        }
        if (has_multiples)
            for (uint32_t i = 0; i < length; ++i)
                if (multiples[permutation[i]]) out.creation.push_back({first + i, permutation[i]});
        for (uint32_t i = 0; i < length; ++i)
            if (i == 0 || delay_of(i) != delay_of(i - 1)) {
                out.group_start.push_back(first + i);
                out.group_delay.push_back(delay_of(i));
                out.max_delay = std::max(out.max_delay, delay_of(i));
                out.min_delay = std::min(out.min_delay, delay_of(i));
            }
        out.row_start.push_back(uint32_t(out.group_start.size()));
    }
    out.group_start.push_back(uint32_t(total));
    out.group_start.shrink_to_fit();
    out.group_delay.shrink_to_fit();
    out.creation.shrink_to_fit();
    rows[partition] = std::move(owned);
}

void Projection::build(Staging& staging, const std::vector<int64_t>& bounds) {
    const std::size_t n_partitions = bounds.size() - 1;
    rows.clear();
    rows.resize(n_partitions);
    calendars.assign(n_partitions, Calendar());
    std::vector<std::exception_ptr> failures(n_partitions);
    const double unit = has_units ? unit_of(staging.largest_weight()) : 0.0;
    with_team(int(n_partitions), [&](int p, Barrier&) {
        try {
            build_partition(staging, unit, std::size_t(p), bounds[std::size_t(p)], bounds[std::size_t(p) + 1]);
        } catch (...) {
            failures[std::size_t(p)] = std::current_exception();
        }
    });
    for (const std::exception_ptr& failure : failures)
        if (failure) std::rethrow_exception(failure);
    staging.blocks_.clear();
    const int longest = max_delay();
    for (Calendar& calendar : calendars) calendar.resize(longest);
}

std::size_t DelayedRows::bytes() const {
    return row_start.capacity() * 4 + group_start.capacity() * 4 + group_delay.capacity() * 2 + targets16.size() * 2 +
           targets32.size() * 4 + weights16.size() * 2 + weights32.size() * 4 + weights64.size() * 8 + creation.capacity() * sizeof(Creation) +
           ranks.capacity() * 4 + std::accumulate(columns.begin(), columns.end(), std::size_t(0), [](std::size_t sum, const Column& column) {
               return sum + column.each.size() * 8;
           });
}

int64_t Projection::size() const {
    int64_t n = 0;
    for (const auto& part : rows) n += part->n;
    return n;
}

std::size_t Projection::bytes() const {
    std::size_t n = bundle ? bundle->bytes() / bundle->members.size() : 0;
    for (const auto& part : rows) n += part->bytes();
    for (const auto& part : dendrites) n += part->bytes();
    return stream ? n + stream->bytes() : n;
}

int Projection::max_delay() const {
    int longest = 1;
    for (const auto& part : rows) longest = std::max<int>(longest, part->max_delay);
    return longest;
}

int Projection::min_delay() const {
    int shortest = 65535;
    for (const auto& part : rows) shortest = std::min<int>(shortest, part->min_delay);
    return shortest;
}

void Projection::update_bound() {
    bound = 0.0;
    if (receptor < 0) return;  // spikes send nothing
    for (const auto& part : rows) {
        if (part->n == 0) continue;
        if (part->weight_form == PNN_WEIGHT_SHARED && part->weights_elsewhere == nullptr) {
            bound = std::max(bound, headroom * std::fabs(part->shared_weight));
            continue;
        }
        for (std::size_t source = 0; source + 1 < part->row_start.size(); ++source)
            part->for_each_of(source, [&](uint32_t, uint32_t, double weight) { bound = std::max(bound, headroom * std::fabs(weight)); });
    }
    bound = std::max(bound, headroom * declared_bound);
    // Weights that grow from zero without a declared bound are taken to grow to about one.
    if (changes && bound == 0.0) bound = headroom;
}

int64_t Projection::row_length(std::size_t source) const {
    int64_t length = 0;
    for (const auto& part : rows) length += part->group_start[part->row_start[source + 1]] - part->group_start[part->row_start[source]];
    return length;
}

void Projection::canonical_order(uint64_t* order) const {
    if (rows.empty()) return;
    // Calls visit(post and creation, place) with each synapse of a source.
    const auto for_each_of = [&](std::size_t source, auto visit) {
        for (std::size_t p = 0; p < rows.size(); ++p) {
            const DelayedRows& part = *rows[p];
            part.for_each_of(source, [&](uint32_t s, uint32_t target, double) {
                const uint64_t creation = part.creation.empty() ? 0 : part.creation_rank(s);
                visit(uint64_t(uint32_t(part.first_post) + target) << 32 | creation, packed(p, s));
            });
        }
    };
    std::vector<std::pair<uint64_t, uint64_t>> found;
    const std::size_t n_pre = rows[0]->row_start.size() - 1;
    for (std::size_t source = 0; source < n_pre; ++source) {
        bool is_sorted = true;  // as rows of one delay are
        uint64_t before = 0;
        uint64_t* place = order;
        for_each_of(source, [&](uint64_t key, uint64_t where) {
            is_sorted &= before <= key;
            before = key;
            *place++ = where;
        });
        if (!is_sorted) {
            found.clear();
            for_each_of(source, [&](uint64_t key, uint64_t where) { found.emplace_back(key, where); });
            std::sort(found.begin(), found.end());
            std::transform(found.begin(), found.end(), order, [](const auto& one) { return one.second; });
        }
        order = place;
    }
}

bool Projection::spread(const uint64_t* order, const double* values, int64_t n_post, double* matrix) const {
    const std::size_t n_pre = rows.empty() ? 0 : rows[0]->row_start.size() - 1;
    for (std::size_t source = 0; source < n_pre; ++source, matrix += n_post) {
        int64_t before = -1;
        for (int64_t left = row_length(source); left > 0; --left) {
            const uint64_t where = *order++;
            const DelayedRows& part = *rows[partition_of(where)];
            const int64_t post = part.first_post + part.target(place_of(where));
            if (post == before) return false;
            matrix[post] = *values++;
            before = post;
        }
    }
    return true;
}

bool Projection::keeps_one_weight(double* weight) const {
    if (size() == 0 || rows[0]->weight_form != PNN_WEIGHT_SHARED || rows[0]->weights_elsewhere != nullptr) return false;
    *weight = rows[0]->shared_weight;
    return true;
}

void Projection::describe(const uint64_t* order, int32_t* pre, int32_t* post, double* weight, uint16_t* delay) const {
    if (rows.empty()) return;
    const int64_t total = size();
    if (weight && rows[0]->weights_elsewhere != nullptr) {
        read_field(order, weight_field, weight);
        weight = nullptr;
    }
    if (post || weight) {
        for (int64_t i = 0; i < total; ++i) {
            const DelayedRows& part = *rows[partition_of(order[i])];
            const std::size_t s = place_of(order[i]);
            if (post) post[i] = int32_t(part.first_post + part.target(s));
            if (weight) weight[i] = part.weight(s);
        }
    }
    if (pre) {
        const std::size_t n_pre = rows[0]->row_start.size() - 1;
        for (std::size_t row = 0; row < n_pre; ++row) pre = std::fill_n(pre, row_length(row), int32_t(row));
    }
    if (delay) {
        for (int64_t i = 0; i < total; ++i) {
            const DelayedRows& part = *rows[partition_of(order[i])];
            const uint32_t s = uint32_t(place_of(order[i]));
            const auto group = std::upper_bound(part.group_start.begin(), part.group_start.end(), s) - part.group_start.begin() - 1;
            delay[i] = part.group_delay[std::size_t(group)];
        }
    }
}

// Whether the pairs in which the synapses lie can keep such weights.
bool Projection::holds(const double* weight, int64_t n) const {
    const double scale = rows[0]->scale;
    const bool wide = rows[0]->weight_form == PNN_WEIGHT_F64;
    return std::all_of(weight, weight + n, [=](double one) { return WeightPairs::holds(one, scale, wide); });
}

int32_t Projection::form_of_each(bool fit_float) const {
    if (has_units) return PNN_WEIGHT_I16;
    return fit_float ? PNN_WEIGHT_F32 : PNN_WEIGHT_F64;
}

double Projection::weight_unit() const {
    return rows.empty() || rows[0]->weight_form != PNN_WEIGHT_I16 ? 0.0 : rows[0]->weight_unit;
}

void Projection::take_unit(double unit) {
    if (unit == weight_unit()) return;
    ++version;
    unbundle();
    for (auto& part : rows) {
        Array<int16_t> weights(std::size_t(part->n));
        for (std::size_t s = 0; s < weights.size(); ++s) weights[s] = in_units(part->weight(s), unit);
        part->make_weights(PNN_WEIGHT_I16);
        part->weights16 = std::move(weights);
        part->weight_unit = unit;
    }
}

namespace {

double largest_of(const double* weight, int64_t n) {
    double largest = 0.0;
    for (int64_t i = 0; i < n; ++i) largest = std::max(largest, std::fabs(weight[i]));
    return largest;
}

}  // namespace

void Projection::set_weights(const uint64_t* order, const double* weight) {
    ++version;
    const int64_t total = size();
    bool fits_float = true, all_equal = true;
    for (int64_t i = 0; i < total; ++i) {
        fits_float = fits_float && double(float(weight[i])) == weight[i];
        all_equal = all_equal && weight[i] == weight[0];
    }
    if (!rows.empty() && rows[0]->weights_elsewhere != nullptr) {
        set_weights_by_place(order, weight, all_equal);
        return;
    }
    const bool is_shared = !rows.empty() && rows[0]->weight_form == PNN_WEIGHT_SHARED;
    const double unit = has_units ? unit_of(largest_of(weight, total)) : 0.0;
    const bool keep_place = is_shared ? all_equal : has_units ? !all_equal && unit == weight_unit() : rows[0]->pairs ? holds(weight, total) : fits_float;
    if (bundle && !keep_place) unbundle();
    if (total > 0 && all_equal && !(bundle && !is_shared)) {
        for (auto& part : rows) {
            part->make_weights(PNN_WEIGHT_SHARED);
            part->shared_weight = weight[0];
        }
        return;
    }
    for (auto& part : rows) {
        const int32_t form = form_of_each(fits_float);
        if (!bundle && (part->weight_form == PNN_WEIGHT_SHARED || (!has_units && !fits_float))) part->make_weights(form);
        part->weight_unit = unit;
    }
    for (int64_t i = 0; i < total; ++i) {
        DelayedRows& part = *rows[partition_of(order[i])];
        part.set_weight(place_of(order[i]), weight[i]);
    }
}

void Projection::set_weights_at(const uint64_t* order, const int64_t* index, int64_t n, const double* weight) {
    ++version;
    bool fits_float = true, all_shared = true;
    for (int64_t k = 0; k < n; ++k) {
        fits_float = fits_float && double(float(weight[k])) == weight[k];
        all_shared = all_shared && weight[k] == rows[0]->shared_weight;
    }
    bound = std::max(bound, headroom * largest_of(weight, n));
    if (!rows.empty() && rows[0]->weights_elsewhere != nullptr) {
        set_weights_by_place_at(order, index, n, weight);
        return;
    }
    const bool is_shared = !rows.empty() && rows[0]->weight_form == PNN_WEIGHT_SHARED;
    if (is_shared && all_shared) return;
    if (has_units) {
        const double own = is_shared ? std::fabs(rows[0]->shared_weight) : 0.0;
        take_unit(std::max(weight_unit(), unit_of(std::max(own, largest_of(weight, n)))));
    } else {
        make_room_for_each(weight, n, fits_float);
    }
    for (int64_t k = 0; k < n; ++k) {
        DelayedRows& part = *rows[partition_of(order[index[k]])];
        part.set_weight(place_of(order[index[k]]), weight[k]);
    }
}

// Puts all weights into a form that holds the given ones, too.
void Projection::make_room_for_each(const double* weight, int64_t n, bool fit_float) {
    if (bundle && !(rows[0]->pairs ? holds(weight, n) : rows[0]->weight_form != PNN_WEIGHT_SHARED && fit_float)) unbundle();
    for (auto& part : rows) {
        const int32_t old = part->weight_form;
        if (old == PNN_WEIGHT_F64 || (old == PNN_WEIGHT_F32 && fit_float)) continue;
        const bool narrow = old == PNN_WEIGHT_SHARED && fit_float && double(float(part->shared_weight)) == part->shared_weight;
        const auto size = std::size_t(part->n);
        Array<float> floats(narrow ? size : 0);
        Array<double> doubles(narrow ? 0 : size);
        for (std::size_t s = 0; s < size; ++s)
            if (narrow) floats[s] = float(part->weight(s));
            else doubles[s] = part->weight(s);
        part->weights32 = std::move(floats);
        part->weights64 = std::move(doubles);
        part->weight_form = narrow ? PNN_WEIGHT_F32 : PNN_WEIGHT_F64;
    }
}

void Projection::add_bounds(const std::vector<double>& max_spikes, double* sums) const {
    const double smallest = changes ? std::max(declared_bound, bound == headroom ? 1.0 : 0.0) : 0.0;
    for (const auto& part : rows) {
        const std::size_t n_pre = part->row_start.size() - 1;
        for (std::size_t pre_index = 0; pre_index < n_pre; ++pre_index) {
            const double scale = headroom * max_spikes[max_spikes.size() == 1 ? 0 : pre_index];
            part->for_each_of(pre_index, [&](uint32_t, uint32_t target, double weight) {
                sums[std::size_t(part->first_post) + target] += std::max(std::fabs(weight), smallest) * scale;
            });
        }
    }
}

bool Projection::in_flight() const {
    if (bundle && bundle->in_flight()) return true;
    if (stream && stream->has_spikes()) return true;
    for (const Calendar& calendar : calendars)
        if (!calendar.empty()) return true;
    return false;
}

void Projection::unbundle() {
    leave_stream();
    if (const std::shared_ptr<Bundle> together = bundle) together->dissolve();
}

void Projection::clear() {
    if (bundle) bundle->clear();
    stream.reset();
    for (Calendar& calendar : calendars) calendar.clear();
    for (Learning& state : learning) {
        state.forget_passed();
        state.forget_spikes();
        state.accepted = state.caught_up = state.applied = PNN_NEVER;
        state.n_passed = 0;
        state.due.clear();
    }
    for (auto& part : dendrites)
        for (auto* moments : {&part->passed, &part->passed_before, &part->spiked})
            std::fill(moments->begin(), moments->end(), -std::numeric_limits<double>::infinity());
}

}  // namespace pnn
