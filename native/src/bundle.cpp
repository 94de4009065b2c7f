// bundle.cpp: the rows of several projections become one, and are taken apart again.
#include "pynn_annarchy/bundle.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "pynn_annarchy/engine.h"
#include "pynn_annarchy/openmp/team.h"

namespace pnn {

namespace {

constexpr uint64_t most_synapses = std::numeric_limits<uint32_t>::max();
constexpr uint32_t most_in_piece = std::numeric_limits<uint16_t>::max();
constexpr std::size_t most_members = 1024, most_scattered = 65535;
constexpr int64_t small = 1 << 17;  // synapses of a partition: about as much work in a step as a call

// Spikes under way in one partition: how often each was emitted, by step and source.
using Flying = std::map<std::pair<int64_t, uint32_t>, uint32_t>;

uint32_t source_of(const std::vector<uint32_t>& row_start, uint32_t group) {
    return uint32_t(std::upper_bound(row_start.begin(), row_start.end(), group) - row_start.begin() - 1);
}

Flying flying(const Projection& projection, std::size_t partition, int64_t now) {
    Flying found;
    const DelayedRows& rows = *projection.rows[partition];
    projection.calendars[partition].for_each_due(now, [&](int64_t due, const Cursor& cursor) {
        found[{due - rows.group_delay[cursor.group], source_of(rows.row_start, cursor.group)}] = cursor.multiplicity;
    });
    return found;
}

// The first group of a row that a spike has not reached by `now`; `last` where there is none.
uint32_t next_group(const DelayedRows& rows, uint32_t first, uint32_t last, int64_t emitted, int64_t now) {
    while (first < last && emitted + rows.group_delay[first] <= now) ++first;
    return first;
}

uint32_t next_group(const Bundle::Part& part, uint32_t first, uint32_t last, int64_t emitted, int64_t now) {
    while (first < last && emitted + part.groups[first].delay <= now) ++first;
    return first;
}

// The group of pairs that comes after another one of its row.
Bundle::FirstPairs after(const WeightPairs& pairs, const Bundle::FirstPairs& group) {
    return {WeightPairs::next_header(group.header, group.n), pairs.next_n(group.header), group.delay + pairs.next_steps(group.header)};
}

// Calls add(number of the rows, their group) for the groups of a source that have one delay, and then end(delay), delay by
// delay. `next` is each one's group that has not come yet.
template <class Add, class End>
void merge(const std::vector<DelayedRows*>& rows, std::size_t cell, std::vector<uint32_t>& next, Add add, End end) {
    constexpr uint32_t none = std::numeric_limits<uint32_t>::max();
    for (std::size_t m = 0; m < rows.size(); ++m) next[m] = rows[m]->row_start[cell];
    for (;;) {
        uint32_t delay = none;
        for (std::size_t m = 0; m < rows.size(); ++m)
            if (next[m] != rows[m]->row_start[cell + 1]) delay = std::min<uint32_t>(delay, rows[m]->group_delay[next[m]]);
        if (delay == none) return;
        for (std::size_t m = 0; m < rows.size(); ++m)
            if (next[m] != rows[m]->row_start[cell + 1] && rows[m]->group_delay[next[m]] == delay) add(m, next[m]++);
        end(uint16_t(delay));
    }
}

}  // namespace

bool Bundle::carry_the_same(const std::vector<std::shared_ptr<Projection>>& members, int64_t now) {
    for (std::size_t p = 0; p < members[0]->rows.size(); ++p) {
        std::map<int, Flying> all;  // by population
        std::vector<Flying> own;
        for (const auto& member : members) {
            own.push_back(flying(*member, p, now));
            all[member->pre].insert(own.back().begin(), own.back().end());
        }
        for (std::size_t m = 0; m < members.size(); ++m) {
            const DelayedRows& rows = *members[m]->rows[p];
            for (const auto& [spike, multiplicity] : all[members[m]->pre]) {
                const uint32_t first = rows.row_start[spike.second], last = rows.row_start[spike.second + 1];
                const bool is_left = next_group(rows, first, last, spike.first, now) != last;
                const auto known = own[m].find(spike);
                if (is_left != (known != own[m].end()) || (is_left && known->second != multiplicity)) return false;
            }
        }
    }
    return true;
}

bool Bundle::takes(const Projection& projection) {
    if (projection.changes || projection.axons >= 0 || projection.bundle || projection.module == nullptr || projection.size() == 0) return false;
    if (projection.rows[0]->weight_form == PNN_WEIGHT_F64 && !sends_weights(projection)) return false;
    return std::all_of(projection.rows.begin(), projection.rows.end(), [](const auto& part) {
        return part->n_post <= 65536 && part->weights_elsewhere == nullptr;
    });
}

bool Bundle::sends_weights(const Projection& projection) {
    return projection.module->deliver_pairs != nullptr && projection.receptor >= 0 && projection.activity.transmits &&
           projection.rows[0]->weight_form != PNN_WEIGHT_SHARED;
}

bool Bundle::holds_weights(const Projection& projection, double scale) {
    if (projection.weight_unit() != 0.0) {  // whose numbers are kept; the sum says how many quanta its unit is
        const double unit = projection.weight_unit() * scale;
        return unit >= 1.0 && unit < 0x1p62 && std::isfinite(1.0 / projection.weight_unit());
    }
    const auto held = [scale](const auto& weights, bool wide) {
        return std::all_of(weights.data(), weights.data() + weights.size(), [&](double weight) { return WeightPairs::holds(weight, scale, wide); });
    };
    std::vector<char> all(projection.rows.size());
    with_team(int(all.size()), [&](int p, Barrier&) {
        const DelayedRows& part = *projection.rows[std::size_t(p)];
        all[std::size_t(p)] = part.weight_form == PNN_WEIGHT_F64 ? held(part.weights64, true) : held(part.weights32, false);
    });
    return std::all_of(all.begin(), all.end(), [](char one) { return one != 0; });
}

bool Bundle::is_dense(const Projection& projection) {
    if (projection.receptor < 0 || !projection.activity.transmits) return false;
    return std::all_of(projection.rows.begin(), projection.rows.end(), [](const auto& part) {
        const std::size_t bytes = part->group_delay.size() * TargetBits::words_of(part->n_post) * sizeof(uint64_t);
        return part->weight_form == PNN_WEIGHT_SHARED && part->creation.empty() && bytes <= std::size_t(part->n) * sizeof(uint16_t);
    });
}

bool Bundle::alike(const Projection& one, const Projection& other) {
    return one.pre == other.pre && one.module == other.module && one.rows.size() == other.rows.size() &&
           one.rows[0]->weight_form == other.rows[0]->weight_form;
}

bool Bundle::is_small(const Projection& projection) {
    if (projection.module->n_shared != 0 || projection.receptor < 0) return false;
    if (projection.rows[0]->weight_form == PNN_WEIGHT_F64) return false;
    return std::all_of(projection.rows.begin(), projection.rows.end(), [](const auto& part) { return part->n < small; });
}

bool Bundle::alike_but_for_sources(const Projection& one, const Projection& other) {
    return one.module == other.module && one.rows.size() == other.rows.size() &&
           one.rows[0]->weight_form == other.rows[0]->weight_form;
}

std::shared_ptr<Bundle> Bundle::of(const std::vector<std::shared_ptr<Projection>>& members, int64_t now, Layout layout) {
    if (members.size() > (layout == Layout::scattered ? most_scattered : most_members)) return nullptr;
    const std::size_t n_parts = members[0]->rows.size();
    for (std::size_t p = 0; p < n_parts; ++p) {
        uint64_t total = 0;
        for (const auto& member : members) {
            total += uint64_t(member->rows[p]->n);
            if (layout == Layout::pairs) total += 3 * uint64_t(member->rows[p]->group_delay.size());  // headers, half pairs
        }
        if (total >= most_synapses) return nullptr;
    }
    auto bundle = std::make_shared<Bundle>();
    bundle->parts.resize(n_parts);
    bundle->now_ = now;
    bundle->layout = layout;
    for (const auto& member : members) bundle->members.push_back(member.get());
    bundle->find_sources();
    if (layout == Layout::scattered) bundle->find_sinks();
    with_team(int(n_parts), [&](int p, Barrier&) {
        if (layout == Layout::pairs) bundle->take_pairs(std::size_t(p));
        else bundle->take(std::size_t(p));
        for (const Source& source : bundle->sources) bundle->take_spikes(source, std::size_t(p));
    });
    for (const auto& member : members) member->bundle = bundle;
    return bundle;
}

void Bundle::find_sources() {
    std::stable_sort(members.begin(), members.end(), [](const Projection* one, const Projection* other) { return one->pre < other->pre; });
    uint32_t n_rows = 0;
    for (std::size_t m = 0; m < members.size(); ++m) {
        if (sources.empty() || sources.back().pre != members[m]->pre) {
            const auto own = uint32_t(members[m]->rows[0]->row_start.size() - 1);
            sources.push_back({members[m]->pre, n_rows, own, m, m});
            n_rows += own;
        }
        sources.back().last_member = m + 1;
    }
}

// Members send to one sink where they have the same target, and the same unit if their weights have one; those whose synapses
// share a weight have one each.
void Bundle::find_sinks() {
    const bool has_weights = members[0]->rows[0]->weight_form != PNN_WEIGHT_SHARED;
    std::map<std::tuple<int, int, double>, uint16_t> known;
    for (const Projection* member : members) {
        const auto fresh = has_weights ? known.emplace(std::make_tuple(member->post, member->receptor, member->weight_unit()), uint16_t(n_sinks))
                                       : std::make_pair(known.end(), true);
        sink_of_member.push_back(fresh.second ? uint16_t(n_sinks) : fresh.first->second);
        if (fresh.second) ++n_sinks;
    }
}

const Projection& Bundle::owner(std::size_t place, std::size_t partition) const {
    for (const Projection* member : members) {
        const DelayedRows& part = *member->rows[partition];
        const auto behind = std::upper_bound(part.bundle_begin.begin(), part.bundle_begin.end(), place);
        if (behind == part.bundle_begin.begin()) continue;
        const auto g = std::size_t(behind - part.bundle_begin.begin() - 1);
        if (place - part.bundle_begin[g] < part.group_start[g + 1] - part.group_start[g]) return *member;
    }
    return *members[0];  // never: every place has an owner
}

void Bundle::take(std::size_t partition) {
    Part& own = parts[partition];
    std::vector<DelayedRows*> rows;
    for (Projection* member : members) rows.push_back(member->rows[partition].get());
    std::size_t total = 0;
    uint16_t longest = 1;
    for (DelayedRows* part : rows) {
        total += std::size_t(part->n);
        longest = std::max(longest, part->max_delay);
        part->bundle_begin.resize(part->group_delay.size());
    }
    if (rows[0]->weight_form == PNN_WEIGHT_F32) own.weights = Array<float>(total);
    if (rows[0]->weight_form == PNN_WEIGHT_I16) own.weights16 = Array<int16_t>(total);
    if (layout == Layout::scattered) own.sink_of = Array<uint16_t>(total);
    own.n_synapses = uint32_t(total);
    own.row_start.reserve(sources.back().first_row + sources.back().n_rows + 1);
    own.row_start.push_back(0);
    uint32_t place = 0;
    for (const Source& source : sources) take_rows(source, partition, place);
    own.groups.shrink_to_fit();
    own.pieces.shrink_to_fit();
    own.calendar.resize(longest);
    if (layout == Layout::bits) {
        take_bits(partition);
        return;
    }
    own.targets = Array<uint16_t>(total);

    // One member after the other, so that never more than one of them lies in two places.
    for (DelayedRows* part : rows) {
        for (std::size_t g = 0; g < part->group_delay.size(); ++g) {
            const uint32_t from = part->group_start[g], length = part->group_start[g + 1] - from;
            const uint32_t to = part->bundle_begin[g];
            std::copy_n(part->targets16.data() + from, length, own.targets.data() + to);
            if (own.weights.size()) std::copy_n(part->weights32.data() + from, length, own.weights.data() + to);
            if (own.weights16.size()) std::copy_n(part->weights16.data() + from, length, own.weights16.data() + to);
        }
        part->targets16.release();
        part->weights16.release();
        part->weights32.release();
        part->bundled_targets = own.targets.data();
        part->bundled_weights = own.all_weights();
    }
}

void Bundle::take_bits(std::size_t partition) {
    DelayedRows& part = *members[0]->rows[partition];
    TargetBits& bits = parts[partition].bits;
    bits = TargetBits(part.group_delay.size(), part.n_post);
    for (std::size_t g = 0; g < part.group_delay.size(); ++g)
        for (uint32_t s = part.group_start[g]; s < part.group_start[g + 1]; ++s) bits.set(g, part.target(s));
    part.forget_targets();
    part.bits = &bits;
    const bool one_each = part.group_delay.size() + 1 == part.row_start.size() && std::adjacent_find(part.row_start.begin(), part.row_start.end()) == part.row_start.end();
    if (one_each && part.min_delay == part.max_delay) parts[partition].one_delay = part.max_delay;
}

// Where everything comes to lie.
void Bundle::take_rows(const Source& source, std::size_t partition, uint32_t& place) {
    Part& own = parts[partition];
    std::vector<DelayedRows*> rows;
    for (std::size_t m = source.first_member; m < source.last_member; ++m) rows.push_back(members[m]->rows[partition].get());
    std::vector<uint32_t> next(rows.size());
    for (std::size_t cell = 0; cell < source.n_rows; ++cell) {
        Group group{place, uint32_t(own.pieces.size()), 0, 0};
        const auto add = [&](std::size_t m, uint32_t g) {
            rows[m]->bundle_begin[g] = place;
            uint32_t length = rows[m]->group_start[g + 1] - rows[m]->group_start[g];
            place += length;
            if (layout == Layout::bits) return;
            if (layout == Layout::scattered) {
                std::fill_n(own.sink_of.data() + place - length, length, sink_of_member[source.first_member + m]);
                return;
            }
            for (; length > 0; length -= std::min(length, most_in_piece))
                own.pieces.push_back({uint16_t(source.first_member + m), uint16_t(std::min(length, most_in_piece))});
        };
        merge(rows, cell, next, add, [&](uint16_t delay) {
            group.delay = delay;
            group.n_pieces = uint16_t(own.pieces.size() - group.first_piece);
            own.groups.push_back(group);
            group = {place, uint32_t(own.pieces.size()), 0, 0};
        });
        own.row_start.push_back(uint32_t(own.groups.size()));
    }
}

void Bundle::take_pairs(std::size_t partition) {
    Part& own = parts[partition];
    std::vector<FirstPairs> groups;       // of all rows
    std::vector<std::size_t> row_end;     // into them
    uint32_t header = 0, n = 0, longest = 1;
    for (const Source& source : sources) {
        std::vector<DelayedRows*> rows;
        for (std::size_t m = source.first_member; m < source.last_member; ++m) {
            rows.push_back(members[m]->rows[partition].get());
            rows.back()->bundle_begin.resize(rows.back()->group_delay.size());
            longest = std::max<uint32_t>(longest, rows.back()->max_delay);
        }
        std::vector<uint32_t> next(rows.size());
        const auto add = [&](std::size_t m, uint32_t g) {
            rows[m]->bundle_begin[g] = WeightPairs::first_place(header) + n;
            n += rows[m]->group_start[g + 1] - rows[m]->group_start[g];
        };
        const auto end = [&](uint16_t delay) {
            groups.push_back({header, n, delay});
            header = WeightPairs::next_header(header, n);
            n = 0;
        };
        for (std::size_t cell = 0; cell < source.n_rows; ++cell) {
            const uint32_t first = header;
            const std::size_t row = groups.size();
            merge(rows, cell, next, add, end);
            own.first_pairs.push_back(row < groups.size() ? groups[row] : FirstPairs{first, 0, 0});
            row_end.push_back(groups.size());
        }
    }
    own.due_pairs.resize(int(longest));
    own.pairs = WeightPairs(header, WeightPairs::amount_bits_of(members[0]->rows[0]->weight_form));
    for (std::size_t row = 0, g = 0; row < row_end.size(); ++row)
        for (; g < row_end[row]; ++g) {
            const bool is_last = g + 1 == row_end[row];
            own.pairs.set_header(groups[g].header, is_last ? 0 : groups[g + 1].n, is_last ? 0 : groups[g + 1].delay - groups[g].delay);
        }

    // One member after the other, so that never more than one of them lies in two places.
    for (Projection* member : members) {
        DelayedRows& part = *member->rows[partition];
        for (std::size_t g = 0; g < part.group_delay.size(); ++g) {
            std::size_t place = part.bundle_begin[g];
            for (uint32_t s = part.group_start[g]; s < part.group_start[g + 1]; ++s, ++place) {
                own.pairs.set_target(place, part.targets16[s] + part.first_sum);
                own.pairs.set_amount(place, part.scale * part.weight(s));
            }
        }
        part.targets16.release();
        part.weights16.release();
        part.weights32.release();
        part.weights64.release();
        part.pairs = &own.pairs;
    }
    for (const FirstPairs& group : groups) {
        if (group.n % 2 == 0) continue;
        const std::size_t last = WeightPairs::first_place(group.header) + group.n;
        own.pairs.set_target(last, own.pairs.target(last - 1));
        own.pairs.set_amount(last, 0.0);
    }
}

void Bundle::take_spikes(const Source& source, std::size_t partition) {
    Part& own = parts[partition];
    Flying all;
    for (std::size_t m = source.first_member; m < source.last_member; ++m) {
        const Flying found = flying(*members[m], partition, now_);
        all.insert(found.begin(), found.end());
        members[m]->calendars[partition].clear();
    }
    for (const auto& [spike, multiplicity] : all) {
        const uint32_t row = source.first_row + spike.second;
        if (layout == Layout::pairs) {
            FirstPairs group = own.first_pairs[row];
            while (group.n != 0 && spike.first + group.delay <= now_) group = after(own.pairs, group);
            own.due_pairs.add(spike.first + group.delay, {group.header, group.n, multiplicity, 0});
            continue;
        }
        const uint32_t last = own.row_start[row + 1];
        const uint32_t group = next_group(own, own.row_start[row], last, spike.first, now_);
        own.calendar.at(spike.first + own.groups[group].delay).push_back({group, last, multiplicity, 0, 0});
    }
}

void Bundle::give_back(std::size_t partition) {
    Part& own = parts[partition];
    for (Projection* member : members) {
        DelayedRows& part = *member->rows[partition];
        Array<uint16_t> targets(std::size_t(part.n));
        Array<int16_t> whole(part.weight_form == PNN_WEIGHT_I16 ? std::size_t(part.n) : 0);
        Array<float> narrow(part.weight_form == PNN_WEIGHT_F32 ? std::size_t(part.n) : 0);
        Array<double> wide(part.weight_form == PNN_WEIGHT_F64 ? std::size_t(part.n) : 0);
        for (std::size_t source = 0; source + 1 < part.row_start.size(); ++source)
            part.for_each_of(source, [&](uint32_t s, uint32_t target, double weight) {
                targets[s] = uint16_t(target);
                if (whole.size()) whole[s] = in_units(weight, part.weight_unit);
                if (narrow.size()) narrow[s] = float(weight);
                if (wide.size()) wide[s] = weight;
            });
        part.targets16 = std::move(targets);
        part.weights16 = std::move(whole);
        part.weights32 = std::move(narrow);
        part.weights64 = std::move(wide);
        part.bundled_targets = nullptr;
        part.bundled_weights = nullptr;
        part.pairs = nullptr;
        part.bits = nullptr;
        std::vector<uint32_t>().swap(part.bundle_begin);
    }
    own.calendar.for_each_due(now_, [&](int64_t step, const Cursor& cursor) {
        give_spike(source_of(own.row_start, cursor.group), step - own.groups[cursor.group].delay, cursor.multiplicity, partition);
    });
    own.due_pairs.for_each_due(now_, [&](int64_t step, const pnn_due_pairs& due) {
        const auto behind = std::upper_bound(own.first_pairs.begin(), own.first_pairs.end(), due.header,
                                             [](uint32_t header, const FirstPairs& row) { return header < row.header; });
        FirstPairs group = *std::prev(behind);
        while (group.header != due.header) group = after(own.pairs, group);
        give_spike(uint32_t(behind - own.first_pairs.begin() - 1), step - group.delay, due.multiplicity, partition);
    });
}

// A spike on its way along a row goes into the calendars of the members.
void Bundle::give_spike(uint32_t row, int64_t emitted, uint32_t multiplicity, std::size_t partition) {
    const auto behind = std::upper_bound(sources.begin(), sources.end(), row,
                                         [](uint32_t wanted, const Source& source) { return wanted < source.first_row; });
    const Source& source = *std::prev(behind);
    const uint32_t cell = row - source.first_row;
    for (std::size_t m = source.first_member; m < source.last_member; ++m) {
        const DelayedRows& part = *members[m]->rows[partition];
        const uint32_t last = part.row_start[cell + 1];
        const uint32_t group = next_group(part, part.row_start[cell], last, emitted, now_);
        if (group == last) continue;
        members[m]->calendars[partition].at(emitted + part.group_delay[group]).push_back({group, last, multiplicity, 0, 0});
    }
}

void Bundle::dissolve() {
    const std::vector<Projection*> former = members;
    for (std::size_t p = 0; p < parts.size(); ++p) give_back(p);
    members.clear();
    sources.clear();
    parts.clear();
    for (Projection* member : former) member->bundle = nullptr;  // which may be the end of this
}

bool Bundle::in_flight() const {
    return std::any_of(parts.begin(), parts.end(), [](const Part& part) { return !part.calendar.empty() || !part.due_pairs.empty(); });
}

void Bundle::clear() {
    for (Part& part : parts) {
        part.calendar.clear();
        part.due_pairs.clear();
    }
}

std::size_t Bundle::bytes() const {
    std::size_t n = 0;
    for (const Part& part : parts)
        n += part.bits.bytes() + part.pairs.bytes() + part.first_pairs.capacity() * sizeof(FirstPairs) + part.row_start.capacity() * 4 + part.groups.capacity() * sizeof(Group) +
             part.pieces.capacity() * sizeof(pnn_piece) + (part.targets.size() + part.sink_of.size() + part.weights16.size()) * 2 + part.weights.size() * 4;
    return n;
}

}  // namespace pnn
