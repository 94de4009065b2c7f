// learning.cpp: projections whose synapses learn: which spikes pass when, and what has been applied to whom.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "pynn_annarchy/engine.h"
#include "pynn_annarchy/fixed_point.h"

namespace pnn {

namespace {

constexpr uint64_t rarely = 8;        // all synapses are caught up once spikes have passed each of them so often on average,
constexpr std::size_t dear = 2;       // or the history would take more bytes a synapse
constexpr std::size_t cheap = std::size_t(1) << 20;  // and more bytes in all
constexpr std::size_t batch = 4096;   // passages handed to the module at once
constexpr double never = -std::numeric_limits<double>::infinity();

double applied_posts(const Learning& state, const Shifts& shift) { return pnn::applied_posts(state.caught_up, state.applied, shift); }

}  // namespace

void Learning::reshape(int64_t n_elements_, int64_t capacity_, int64_t n_traces_) {
    Learning fresh;
    fresh.n_elements = n_elements_;
    fresh.capacity = capacity_;
    fresh.n_traces = n_traces_;
    fresh.history = Array<double>(std::size_t(n_elements_ * capacity_ * (1 + n_traces_)));
    fresh.forget_spikes();
    const HistoryShape old = shape(), places = fresh.shape();
    for (std::size_t element = 0; capacity > 0 && element < std::size_t(n_elements_); ++element) {
        const double* from = row(element);
        double* to = fresh.row(element);
        for (int64_t k = 0; k < capacity; ++k) {
            to[places.step(k)] = from[old.step(k)];
            std::copy_n(from + old.traces(k), std::min(n_traces, n_traces_), to + places.traces(k));
        }
    }
    history = std::move(fresh.history);
    n_elements = n_elements_;
    capacity = capacity_;
    n_traces = n_traces_;
}

void Learning::forget_spikes() {
    const HistoryShape rows = shape();
    for (double* row = history.data(); row != history.data() + history.size(); row += rows.row()) {
        std::fill_n(row, PAGE_SPIKES, never);
        std::fill(row + PAGE_SPIKES, row + rows.row(), 0.0);
    }
}

Shifts Projection::shifts(int delay) const { return shifts_of(dendritic, delay); }

void Projection::inherit(Projection& old) {
    if (old.clocked || !old.dendrites.empty()) make_dendrites();  // a projection that was never bound may have inherited some
    for (std::size_t p = 0; p < old.dendrites.size(); ++p) dendrites[p]->spiked = old.dendrites[p]->spiked;
    learning = std::move(old.learning);
    for (Learning& state : learning) state.forget_passed();
}

void Projection::prepare_learning(const uint64_t* order) {
    if (learning.size() != rows.size()) learning = std::vector<Learning>(rows.size());
    for (std::size_t p = 0; p < rows.size(); ++p) {
        DelayedRows& part = *rows[p];
        Learning& state = learning[p];
        const auto n = std::size_t(part.n);
        const bool weight_is_stored = weight_field >= n_parameters;
        if (part.weight_form == PNN_WEIGHT_F32 || (weight_is_stored && part.weight_form != PNN_WEIGHT_F64)) {
            Array<double> wide(n);
            for (std::size_t s = 0; s < n; ++s) wide[s] = part.weight(s);
            part.weights32.release();
            part.weights64 = std::move(wide);
            part.weight_form = PNN_WEIGHT_F64;
        }
        part.columns.resize(std::size_t(module->n_arrays));
        for (int field = n_parameters; field < module->n_arrays; ++field) {
            Column& column = part.columns[std::size_t(field)];
            if (field == weight_field || !column.is_shared() || n == 0) continue;
            column.each = Array<double>(n);
            std::fill_n(column.each.data(), n, column.shared);
        }
        state.arrays.resize(part.columns.size());
        state.array_steps.resize(part.columns.size());
        for (std::size_t field = 0; field < part.columns.size(); ++field) {
            Column& column = part.columns[field];
            const bool is_weight = int(field) == weight_field;
            const bool shared = is_weight ? part.weight_form == PNN_WEIGHT_SHARED : column.is_shared();
            double* each = is_weight ? part.weights64.data() : column.each.data();
            double* one = is_weight ? &part.shared_weight : &column.shared;
            state.arrays[field] = shared ? one : each;
            state.array_steps[field] = shared ? 0 : 1;
        }
        state.latest.resize(part.row_start.size() - 1, -1);
        if (module->has_post && (state.capacity == 0 || state.n_traces != module->n_post_traces))
            state.reshape(part.n_post, std::max(PAGE_SPIKES, state.capacity), module->n_post_traces);
        state.pre_traces.resize(state.spikes.size() * std::size_t(module->n_pre_traces));
        if (module->draws && part.ranks.empty()) part.ranks.resize(n);
    }
    if (module->draws)
        for (int64_t i = 0; i < size(); ++i) rows[partition_of(order[i])]->ranks[place_of(order[i])] = uint32_t(i);
}

void Projection::set_column(const uint64_t* order, int field, const double* each, double shared) {
    if (clocked) {
        set_field(order, field, each, shared);
        return;
    }
    for (auto& part : rows) {
        if (part->columns.size() <= std::size_t(field)) part->columns.resize(std::size_t(field) + 1);
        Column& column = part->columns[std::size_t(field)];
        column.shared = shared;
        column.each = each == nullptr ? Array<double>() : Array<double>(std::size_t(part->n));
    }
    if (each == nullptr) return;
    for (int64_t i = 0; i < size(); ++i) rows[partition_of(order[i])]->columns[std::size_t(field)].each[place_of(order[i])] = each[i];
}

pnn_rows Projection::learning_view(int partition, pnn_rows view) const {
    const auto p = std::size_t(partition);
    const DelayedRows& part = *rows[p];
    const Learning& state = learning[p];
    view.targets = part.all_targets();
    view.target_bits = part.target_bits();
    view.arrays = state.arrays.data();
    view.array_steps = state.array_steps.data();
    view.tables = table_pointers.data();
    view.table_length = table_length;
    view.ranks = part.ranks.data();
    view.history = state.history.data();
    view.history_page = state.shape().page;
    view.history_capacity = state.capacity;
    view.origin = origin;
    view.object_index = object_index;
    view.bound = bound;
    return view;
}

int32_t Projection::last_processed(const Learning& state, int32_t spike, int delay, const Shifts& shift, int64_t n) const {
    while (spike >= 0) {
        const PassingSpike& passing = state.spikes[std::size_t(spike)];
        const bool delivered = passing.emitted + delay <= n;
        const bool applied = state.applied != PNN_NEVER && double(passing.emitted) + shift.pre <= double(state.applied);
        if (delivered || applied) break;
        spike = passing.before;
    }
    return spike;
}

namespace {

// A passage's view of the spike before it.
void show_previous(pnn_passage& passage, const Learning& state, int32_t previous, int n_traces, const double* zeros) {
    passage.previous = previous < 0 ? PNN_NEVER : state.spikes[std::size_t(previous)].emitted;
    passage.previous_own = previous < 0 ? PNN_NEVER : state.spikes[std::size_t(previous)].own;
    const int32_t earlier = previous < 0 ? -1 : state.spikes[std::size_t(previous)].before;
    passage.earlier = earlier < 0 ? PNN_NEVER : state.spikes[std::size_t(earlier)].emitted;
    auto traces = [&](int32_t spike) {
        return spike < 0 || n_traces == 0 ? zeros : state.pre_traces.data() + std::size_t(spike) * std::size_t(n_traces);
    };
    passage.pre_traces = traces(previous);
    passage.earlier_traces = traces(earlier);
}

// Emissions of the sources of some passages after the spike that passed before, where the module asks for them.
class Sent {
public:
    explicit Sent(const pnn_module& module) : is_asked_for(module.asks_sent != 0) {}

    // Of the next passage, whose source has sent `latest` last.
    void add(const Learning& state, int32_t latest, int32_t previous) {
        if (!is_asked_for) return;
        begins.push_back(emitted.size());
        for (int32_t spike = latest; spike != previous; spike = state.spikes[std::size_t(spike)].before)
            if (!state.spikes[std::size_t(spike)].is_axonal) emitted.push_back(double(state.spikes[std::size_t(spike)].emitted));
        std::reverse(emitted.begin() + std::ptrdiff_t(begins.back()), emitted.end());
    }

    // Hands the lists to the passages that they are of.
    void show(pnn_passage* passages) {
        for (std::size_t k = 0; k < begins.size(); ++k) {
            passages[k].sent = emitted.data() + begins[k];
            passages[k].n_sent = int64_t((k + 1 < begins.size() ? begins[k + 1] : emitted.size()) - begins[k]);
        }
    }

    void clear() {
        emitted.clear();
        begins.clear();
    }

private:
    bool is_asked_for;
    std::vector<double> emitted;
    std::vector<std::size_t> begins;
};

int32_t latest_of(const DelayedRows& part, const Learning& state, uint32_t group) {
    const auto next = std::upper_bound(part.row_start.begin(), part.row_start.end(), group);
    return state.latest[std::size_t(next - part.row_start.begin()) - 1];
}

pnn_passage make_passage(const DelayedRows& part, uint32_t group, const Shifts& shift, double applied) {
    pnn_passage passage{};
    passage.begin = part.group_start[group];
    passage.end = part.group_start[group + 1];
    passage.pre_shift = shift.pre;
    passage.post_shift = shift.post;
    passage.sees = shift.sees;
    passage.applied = applied;
    return passage;
}

}  // namespace

int32_t Projection::learn(const pnn_rows& view, const std::vector<pnn_passage>& passages, const pnn_step& step) const {
    if (elsewhere == nullptr) return module->learn(&view, passages.data(), int64_t(passages.size()), &step);
    elsewhere->learn(*this, view, passages, step);
    return 0;
}

void Projection::accept(const SentSpikes& sent, int64_t emitted, int partition, const pnn_step& step) {
    Learning& state = learning[std::size_t(partition)];
    if (state.accepted == emitted) return;
    state.accepted = emitted;
    const pnn_rows view = learning_view(partition);
    sent.for_each([&](const SpikeList& list, bool is_axonal) { take(list, is_axonal, emitted, partition, view, step); });
}

void Projection::take(const SpikeList& list, bool is_axonal, int64_t emitted, int partition, const pnn_rows& view, const pnn_step& step) {
    const auto p = std::size_t(partition);
    const DelayedRows& part = *rows[p];
    Learning& state = learning[p];
    const auto n_traces = std::size_t(module->n_pre_traces);
    for (int64_t i = 0; i < list.n; ++i) {
        const uint32_t source = list.index[std::size_t(i)], multiplicity = list.count[std::size_t(i)];
        const uint32_t first = part.row_start[source], last = part.row_start[source + 1];
        if (first == last) continue;
        uint32_t place;
        if (state.unused.empty()) {
            place = uint32_t(state.spikes.size());
            state.spikes.emplace_back();
            state.pre_traces.resize(state.pre_traces.size() + n_traces);
        } else {
            place = state.unused.back();
            state.unused.pop_back();
        }
        const int32_t before = state.latest[source];
        const int64_t own_before = before < 0 ? PNN_NEVER : state.spikes[std::size_t(before)].own;
        state.spikes[place] = {emitted, is_axonal ? own_before : emitted, before, multiplicity, is_axonal};
        state.latest[source] = int32_t(place);
        if (n_traces > 0) {
            double* traces = state.pre_traces.data() + place * n_traces;
            double since = double(emitted);
            if (before >= 0) {
                std::copy_n(state.pre_traces.data() + std::size_t(before) * n_traces, n_traces, traces);
                since = double(emitted - state.spikes[std::size_t(before)].emitted);
            } else {
                std::fill_n(traces, n_traces, 0.0);
            }
            advance_traces(traces, since, multiplicity, [&](double* own, const pnn_event& event) { module->pre_trace(&view, &step, own, &event); });
        }
        calendars[p].at(emitted + part.group_delay[first]).push_back({first, last, multiplicity, is_axonal, place});
    }
}

void Projection::add_due(const pnn_rows& view, int64_t n, int partition, int& failed) {
    Learning& state = learning[std::size_t(partition)];
    const auto kept = state.due.find(n);
    if (kept == state.due.end()) return;
    for (const DueIncrement& increment : kept->second) {
        if (!is_sound(increment.amount, view.bound * increment.multiplicity)) failed = number;
        const int64_t amount = to_fixed(increment.amount, view.inverse_quantum);
        if (elsewhere != nullptr) elsewhere->add(view, increment.element, amount);
        else view.accumulator[increment.element] += amount;
    }
    state.due.erase(kept);
}

void Projection::deliver_learning(const pnn_rows& view_of_target, int64_t n, int partition, std::vector<pnn_passage>& due,
                                  const pnn_step& step, int& failed) {
    const auto p = std::size_t(partition);
    const DelayedRows& part = *rows[p];
    Learning& state = learning[p];
    Calendar& calendar = calendars[p];
    pnn_rows view = learning_view(partition, view_of_target);
    add_due(view, n, partition, failed);
    std::vector<Cursor>& now = calendar.at(n);
    if (now.empty()) return;
    due.clear();
    const double zeros[64] = {};
    Sent sent(*module);
    int delay = -1;
    Shifts shift{};
    double applied = never;
    for (const Cursor& cursor : now) {
        if (part.group_delay[cursor.group] != delay) {
            delay = part.group_delay[cursor.group];
            shift = shifts(delay);
            applied = applied_posts(state, shift);
        }
        PassingSpike& spike = state.spikes[cursor.spike];
        const bool is_applied = state.applied != PNN_NEVER && double(spike.emitted) + shift.pre <= double(state.applied);
        if (activity.transmits && !is_applied) {
            pnn_passage passage = make_passage(part, cursor.group, shift, applied);
            passage.multiplicity = cursor.multiplicity;
            passage.kind = kind_of(spike);
            passage.emitted = spike.emitted;
            show_previous(passage, state, spike.before, module->n_pre_traces, zeros);
            if (module->asks_sent) sent.add(state, latest_of(part, state, cursor.group), spike.before);
            due.push_back(passage);
            state.n_passed += passage.end - passage.begin;
        }
        const uint32_t next = cursor.group + 1;
        if (next != cursor.row_end) {
            calendar.at(n + part.group_delay[next] - delay)
                .push_back({next, cursor.row_end, cursor.multiplicity, cursor.axonal, cursor.spike});
        } else if (spike.before >= 0) {
            // The spike has passed all synapses: one before it is needed for coincidences, and none before that.
            PassingSpike& before = state.spikes[std::size_t(spike.before)];
            if (before.before >= 0) state.unused.push_back(uint32_t(before.before));
            before.before = -1;
        }
    }
    now.clear();
    sent.show(due.data());
    if (learn(view, due, step) != 0) failed = number;
}

int64_t Projection::steps_apart() const {
    if (module->asks_sent) return 1;
    const int64_t delay = min_delay();
    if (!module->has_post) return delay;
    const auto there_and_back = int64_t(2.0 * shifts(int(delay)).post);
    return std::max<int64_t>(1, std::min(delay, there_and_back));
}

void Projection::remember(const SpikeList& spikes, int64_t n, int64_t delivered, int partition, const pnn_step& step) {
    const auto p = std::size_t(partition);
    const DelayedRows& part = *rows[p];
    Learning& state = learning[p];
    if (!module->has_post || part.n == 0) return;
    if (!activity.transmits) state.applied = n - 1;  // nobody has heard of what was before
    const Shifts longest = shifts(part.max_delay);
    const HistoryShape shape = state.shape();
    const pnn_rows view = learning_view(partition);
    for (int64_t i = 0; i < spikes.n; ++i) {
        const std::size_t element = spikes.index[std::size_t(i)] - std::size_t(part.first_post);
        for (uint32_t repetition = 0; repetition < spikes.count[std::size_t(i)]; ++repetition) {
            make_room(element, n, delivered, partition, step);
            const int64_t n_kept = state.count_after(element, applied_posts(state, longest)) + 1;  // the one before follows from it
            keep_spike(state.row(element), shape, n_kept, double(n), repetition,
                       [&](double* own, const pnn_event& event) { module->post_trace(&view, &step, own, &event); });
        }
    }
}

void Projection::make_room(std::size_t element, int64_t n, int64_t delivered, int partition, const pnn_step& step) {
    const auto p = std::size_t(partition);
    const DelayedRows& part = *rows[p];
    Learning& state = learning[p];
    const Shifts longest = shifts(part.max_delay);
    // What is left must end with a spike that has been applied everywhere: the next one follows from it.
    auto is_full = [&] { return state.count_after(element, applied_posts(state, longest)) >= state.capacity - 1; };
    if (!is_full()) return;
    const std::size_t bytes = 2 * sizeof(double) * state.history.size();
    const bool is_rare = state.n_passed >= rarely * uint64_t(part.n);
    if (is_rare || bytes > std::max(cheap, dear * std::size_t(part.n))) catch_up(n, delivered, partition, step);
    while (is_full()) state.reshape(state.n_elements, 2 * state.capacity, state.n_traces);
}

void Projection::catch_up(int64_t n, int64_t delivered, int partition, const pnn_step& step) {
    const auto p = std::size_t(partition);
    const DelayedRows& part = *rows[p];
    Learning& state = learning[p];
    const pnn_rows view = learning_view(partition);
    const double zeros[64] = {};
    Sent sent(*module);
    std::vector<pnn_passage> passages;
    passages.reserve(batch);
    const auto apply_all = [&] {
        sent.show(passages.data());
        learn(view, passages, step);
        passages.clear();
        sent.clear();
    };
    for (std::size_t source = 0; source + 1 < part.row_start.size(); ++source)
        for (uint32_t group = part.row_start[source]; group < part.row_start[source + 1]; ++group) {
            const int delay = part.group_delay[group];
            const Shifts shift = shifts(delay);
            pnn_passage passage = make_passage(part, group, shift, applied_posts(state, shift));
            passage.until = double(n) - 1.0 - 2.0 * shift.post;  // others may still spike in this step
            const int32_t previous = last_processed(state, state.latest[source], delay, shift, delivered);
            show_previous(passage, state, previous, module->n_pre_traces, zeros);
            sent.add(state, state.latest[source], previous);
            passages.push_back(passage);
            if (passages.size() == batch) apply_all();
        }
    apply_all();
    state.caught_up = n;
    state.n_passed = 0;
}

void Projection::apply_partition(int64_t now, int partition, pnn_rows view, const pnn_step& step, bool keeps_increments) {
    const auto p = std::size_t(partition);
    const DelayedRows& part = *rows[p];
    Learning& state = learning[p];
    const double zeros[64] = {};
    std::vector<int32_t> passed;
    std::vector<double> increments;
    Sent sent(*module);
    const auto apply_one = [&](pnn_passage& passage, std::size_t source, int32_t previous) {
        show_previous(passage, state, previous, module->n_pre_traces, zeros);
        sent.clear();
        sent.add(state, state.latest[source], previous);
        sent.show(&passage);
        module->learn(&view, &passage, 1, &step);
    };
    for (std::size_t source = 0; source + 1 < part.row_start.size(); ++source) {
        if (!module->has_post && state.latest[source] < 0) continue;
        for (uint32_t group = part.row_start[source]; group < part.row_start[source + 1]; ++group) {
            const int delay = part.group_delay[group];
            const Shifts shift = shifts(delay);
            pnn_passage passage = make_passage(part, group, shift, applied_posts(state, shift));
            int32_t previous = last_processed(state, state.latest[source], delay, shift, now);
            passed.clear();
            for (int32_t spike = state.latest[source]; spike != previous; spike = state.spikes[std::size_t(spike)].before)
                if (double(state.spikes[std::size_t(spike)].emitted) + shift.pre <= double(now)) passed.push_back(spike);
            increments.resize(std::size_t(passage.end - passage.begin));
            for (auto spike = passed.rbegin(); spike != passed.rend(); ++spike) {
                const PassingSpike& passing = state.spikes[std::size_t(*spike)];
                passage.multiplicity = passing.multiplicity;
                passage.kind = kind_of(passing);
                passage.emitted = passing.emitted;
                passage.increments = increments.data();
                apply_one(passage, source, previous);
                previous = *spike;
                if (!keeps_increments) continue;
                auto& due = state.due[passing.emitted + delay];
                for (uint64_t s = passage.begin; s < passage.end; ++s)
                    due.push_back({part.target(s), passing.multiplicity, increments[s - passage.begin]});
            }
            if (!module->has_post) continue;
            passage.multiplicity = 0;
            passage.kind = PNN_SPIKE;
            passage.until = double(now) - shift.post;
            apply_one(passage, source, previous);
        }
    }
}

void Projection::apply(int64_t now, const pnn_step& step) {
    for (std::size_t p = 0; p < learning.size(); ++p) {
        if (activity.transmits) apply_partition(now, int(p), learning_view(int(p)), step, true);
        learning[p].applied = now;
    }
}

void Projection::read_column(const uint64_t* order, int field, int64_t now, const pnn_step& step, double* out) {
    std::vector<std::vector<Array<double>>> copies(rows.size());
    for (std::size_t p = 0; p < rows.size(); ++p) {
        const auto n = std::size_t(rows[p]->n);
        std::vector<void*> arrays = learning[p].arrays;
        for (int stored = n_parameters; stored < module->n_arrays; ++stored) {
            copies[p].emplace_back(n);
            if (n == 0) continue;
            std::memcpy(copies[p].back().data(), arrays[std::size_t(stored)], n * sizeof(double));
            arrays[std::size_t(stored)] = copies[p].back().data();
        }
        pnn_rows view = learning_view(int(p));
        view.arrays = arrays.data();
        if (activity.transmits) apply_partition(now, int(p), view, step, false);
    }
    const auto place = std::size_t(field - n_parameters);
    for (int64_t i = 0; i < size(); ++i) out[i] = copies[partition_of(order[i])][place][place_of(order[i])];
}

void Projection::read_events(const uint64_t* order, int64_t now, double* last_pre, double* last_post, double* pre_traces,
                             double* post_traces) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    const int64_t total = size();
    std::vector<std::vector<int64_t>> rank(rows.size());  // canonical rank of each place
    for (std::size_t p = 0; p < rows.size(); ++p) rank[p].resize(std::size_t(rows[p]->n));
    for (int64_t i = 0; i < total; ++i) rank[partition_of(order[i])][place_of(order[i])] = i;
    const auto n_pre = std::size_t(module->n_pre_traces), n_post = std::size_t(module->n_post_traces);
    for (std::size_t p = 0; p < rows.size(); ++p) {
        const DelayedRows& part = *rows[p];
        const Learning& state = learning[p];
        const HistoryShape shape = state.shape();
        for (std::size_t source = 0; source + 1 < part.row_start.size(); ++source)
            for (uint32_t group = part.row_start[source]; group < part.row_start[source + 1]; ++group) {
                const Shifts shift = shifts(part.group_delay[group]);
                int32_t spike = state.latest[source];
                while (spike >= 0 && double(state.spikes[std::size_t(spike)].emitted) + shift.pre > double(now))
                    spike = state.spikes[std::size_t(spike)].before;
                for (uint32_t s = part.group_start[group]; s < part.group_start[group + 1]; ++s) {
                    const auto i = std::size_t(rank[p][s]);
                    last_pre[i] = spike < 0 ? none : double(state.spikes[std::size_t(spike)].emitted);
                    for (std::size_t k = 0; k < n_pre; ++k)
                        pre_traces[k * std::size_t(total) + i] = spike < 0 ? 0.0 : state.pre_traces[std::size_t(spike) * n_pre + k];
                    last_post[i] = none;
                    for (std::size_t k = 0; k < n_post; ++k) post_traces[k * std::size_t(total) + i] = 0.0;
                    if (!module->has_post) continue;
                    const auto element = std::size_t(part.target(s));
                    const double* row = state.row(element);
                    const int64_t newest = state.count_after(element, double(now) - shift.post);
                    if (newest == state.capacity || row[shape.step(newest)] == never) continue;
                    last_post[i] = row[shape.step(newest)];
                    const double* traces = row + shape.traces(newest);
                    for (std::size_t k = 0; k < n_post; ++k) post_traces[k * std::size_t(total) + i] = traces[k];
                }
            }
    }
}

}  // namespace pnn
