// on_device_learning.cpp: projections whose synapses learn without the host's word: the device knows which spikes pass when.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "pynn_annarchy/on_device.h"

namespace pnn {

namespace {

constexpr int64_t MOST_KEPT = 4096;                            // spikes of a post-synaptic element
constexpr int64_t SPIKES_KEPT = 32;                            // if that is enough
constexpr std::size_t MUCH = std::size_t(1) << 26;             // bytes for spikes on their way, and for each synapse,
constexpr std::size_t BYTES_A_SYNAPSE = 8;                     // up to which they are kept by source
constexpr std::size_t PAST = 2, PAST_AND_COUNT = 3;            // see pnn_learner

std::size_t sources_of(const Projection& projection) { return projection.rows[0]->row_start.size() - 1; }

// For spikes of all sources in each step, until the longest delay is over.
int64_t slots_of(const Projection& projection) { return projection.max_delay() + 2; }

}  // namespace

// Whether it is the host that says which spikes pass the synapses when.
bool OnDevice::is_led(const Projection& projection) const {
    return projection.clocked || (projection.learns && projection.rows[0]->n > 0 && learners_.count(&projection) == 0);
}

// Spikes of a post-synaptic element in a step, at most.
int64_t OnDevice::reserve_of(const Projection& projection) const {
    const std::vector<double>& most = engine_.populations[std::size_t(projection.post)]->max_spikes;
    return int64_t(std::min(std::ceil(*std::max_element(most.begin(), most.end())), double(MOST_KEPT)));
}

// How many spikes of an element are kept: those that can come before all synapses have been caught up, and more, so that
// this is rare.
int64_t OnDevice::capacity_of(const Projection& projection) const {
    const auto steps = int64_t(std::ceil(2.0 * projection.shifts(projection.max_delay()).post)) + 4;
    const int64_t wanted = std::max(SPIKES_KEPT, 2 * steps * reserve_of(projection) + 2);
    return (wanted + PAGE_SPIKES - 1) / PAGE_SPIKES * PAGE_SPIKES;
}

// The host tells what spikes do that are axonal, of which modules ask which others are on their way, that do not transmit now,
// or of which there may be very many.
bool OnDevice::may_learn_alone(const Projection& projection) const {
    if (!projection.learns || projection.rows[0]->n == 0) return false;
    const pnn_module& module = *projection.module;
    if (projection.axons >= 0 || module.asks_sent != 0 || !projection.activity.transmits) return false;
    const std::size_t each = PAST_AND_COUNT * sizeof(int64_t) + PAST * std::size_t(module.n_pre_traces) * sizeof(double) + sizeof(uint32_t);
    const std::size_t bytes = std::size_t(slots_of(projection)) * sources_of(projection) * each;
    return bytes <= std::max(MUCH, BYTES_A_SYNAPSE * std::size_t(projection.rows[0]->n)) && capacity_of(projection) <= MOST_KEPT;
}

void OnDevice::find_learners() {
    forget_learners();
    const bool drains = std::any_of(engine_.draining.begin(), engine_.draining.end(), [](const auto& projection) { return projection->learns; });
    for (auto& projection : engine_.projections) {
        if (!projection || projection->module == nullptr || drains || !may_learn_alone(*projection)) continue;
        auto& learner = learners_[projection.get()] = std::make_unique<Learner>(device_);
        learner->of = projection;
    }
    auto& told = engine_.concerned.learning;
    told.erase(std::remove_if(told.begin(), told.end(), [&](const Projection* p) { return learners_.count(p) != 0; }), told.end());
}

void OnDevice::forget_learners() {
    for (const auto& learner : learners_)
        if (const auto projection = learner.second->of.lock()) projection->keeper = nullptr;
    learners_.clear();
}

// ---- what the device is given ------------------------------------------------------------------------------------------------

void OnDevice::prepare_learner(const std::shared_ptr<Projection>& projection) {
    Learner& learner = *learners_.at(projection.get());
    DelayedRows& rows = *projection->rows[0];
    Learning& state = projection->learning[0];
    // The host may have changed them since they were here.
    const auto variable = [&](const void* host, std::size_t bytes) {
        mirrors_.touch(host);
        return mirrors_.of(host, bytes, Use::state);
    };
    const auto constant = [&](const auto& values) { mirrors_.of(values.data(), values.size() * sizeof(values[0]), Use::constant); };
    constant(rows.targets16);
    constant(rows.targets32);
    constant(rows.ranks);
    std::vector<void*> arrays;
    for (std::size_t field = 0; field < state.arrays.size(); ++field) {
        const std::size_t bytes = (state.array_steps[field] == 0 ? 1 : std::size_t(rows.n)) * sizeof(double);
        void* const host = state.arrays[field];
        arrays.push_back(int(field) >= projection->n_parameters ? variable(host, bytes) : mirrors_.of(host, bytes, Use::constant));
    }
    learner.arrays.upload(arrays);
    learner.array_steps.upload(state.array_steps);
    if (projection->module->has_post) {
        state.reshape(state.n_elements, std::max(state.capacity, capacity_of(*projection)), state.n_traces);
        variable(state.history.data(), state.history.size() * sizeof(double));
    }
    learner.row_start.upload(rows.row_start);
    learner.group_start.upload(rows.group_start);
    learner.group_delay.upload(rows.group_delay);
    std::vector<uint16_t> delays(rows.group_delay);
    std::sort(delays.begin(), delays.end());
    delays.erase(std::unique(delays.begin(), delays.end()), delays.end());
    learner.delays.upload(delays);
    projection->accept(engine_.sent_to(*projection, engine_.step), engine_.step, 0, engine_.step_value(engine_.step + 1));
    put_sources(*projection, learner);
    // All synapses are caught up first: histories may be full.
    std::vector<int64_t> caught_up{state.caught_up, PNN_NEVER, PNN_NEVER};
    caught_up[std::size_t(1 + first_ % 2)] = first_;
    learner.caught_up.upload(caught_up);
}

// What is known of spikes that have been sent, and of those that are under way.
void OnDevice::put_sources(const Projection& projection, Learner& learner) {
    const DelayedRows& rows = *projection.rows[0];
    const Learning& state = projection.learning[0];
    const std::size_t n_sources = sources_of(projection), n_traces = std::size_t(projection.module->n_pre_traces);
    learner.n_slots = slots_of(projection);
    const std::size_t n_slots = std::size_t(learner.n_slots);
    std::vector<int64_t> last(n_sources * PAST, PNN_NEVER), before(n_slots * n_sources * PAST_AND_COUNT, PNN_NEVER);
    std::vector<double> last_traces(last.size() * n_traces), before_traces(n_slots * n_sources * PAST * n_traces);
    std::vector<uint32_t> passing(n_slots * n_sources), n_passing(n_slots);
    // A spike and the one before it.
    const auto put = [&](int32_t spike, int64_t* emitted, double* traces) {
        for (std::size_t k = 0; k < PAST && spike >= 0; ++k) {
            emitted[k] = state.spikes[std::size_t(spike)].emitted;
            std::copy_n(state.pre_traces.data() + std::size_t(spike) * n_traces, n_traces, traces + k * n_traces);
            spike = state.spikes[std::size_t(spike)].before;
        }
    };
    for (std::size_t source = 0; source < n_sources; ++source)
        put(state.latest[source], last.data() + source * PAST, last_traces.data() + source * PAST * n_traces);
    projection.calendars[0].for_each([&](const Cursor& cursor) {
        const PassingSpike& spike = state.spikes[cursor.spike];
        const auto next = std::upper_bound(rows.row_start.begin(), rows.row_start.end(), cursor.group);
        const auto source = std::size_t(next - rows.row_start.begin()) - 1, slot = std::size_t(spike.emitted % learner.n_slots);
        const std::size_t place = slot * n_sources + source;
        passing[slot * n_sources + n_passing[slot]++] = uint32_t(source);
        put(spike.before, before.data() + place * PAST_AND_COUNT, before_traces.data() + place * PAST * n_traces);
        before[place * PAST_AND_COUNT + PAST] = spike.multiplicity;
    });
    learner.last.upload(last);
    learner.last_traces.upload(last_traces);
    learner.before.upload(before);
    learner.before_traces.upload(before_traces);
    learner.passing.upload(passing);
    learner.n_passing.upload(n_passing);
}

pnn_learner OnDevice::learner_of(const Projection& projection, const Learner& own) const {
    pnn_learner learner;
    std::memset(static_cast<void*>(&learner), 0, sizeof learner);
    const pnn_rows view = projection.learning_view(0, engine_.rows_view(projection, 0));
    const auto known_at = [this](const void* host) { return host == nullptr ? nullptr : mirrors_.known(host); };
    learner.rows.targets = known_at(view.targets);
    learner.rows.target_bits = view.target_bits;
    learner.rows.arrays = own.arrays.data();
    learner.rows.array_steps = own.array_steps.data();
    learner.rows.accumulator = static_cast<int64_t*>(known_at(view.accumulator));
    learner.rows.inverse_quantum = view.inverse_quantum;
    learner.rows.bound = view.bound;
    learner.rows.object_index = view.object_index;
    learner.rows.ranks = static_cast<const uint32_t*>(known_at(view.ranks));
    if (projection.module->has_post) learner.rows.history = static_cast<const double*>(mirrors_.known(view.history));
    learner.rows.history_page = view.history_page;
    learner.rows.history_capacity = view.history_capacity;
    learner.rows.origin = view.origin;
    learner.d_row_start = own.row_start.data();
    learner.d_group_start = own.group_start.data();
    learner.d_group_delay = own.group_delay.data();
    learner.d_delays = own.delays.data();
    learner.n_delays = int32_t(own.delays.size());
    learner.number = projection.number;
    learner.post_number = projection.post;
    learner.pre = cells_[std::size_t(projection.pre)]->ring();
    learner.post = cells_[std::size_t(projection.post)]->ring();
    learner.n_sources = int64_t(sources_of(projection));
    learner.dendritic = projection.dendritic;
    learner.applied = projection.learning[0].applied;
    learner.reserve = reserve_of(projection);
    learner.n_slots = own.n_slots;
    learner.d_passing = own.passing.data();
    learner.d_n_passing = own.n_passing.data();
    learner.d_last = own.last.data();
    learner.d_last_traces = own.last_traces.data();
    learner.d_before = own.before.data();
    learner.d_before_traces = own.before_traces.data();
    learner.d_caught_up = own.caught_up.data();
    return learner;
}

void OnDevice::prepare_learners() {
    for (auto& projection : engine_.projections)
        if (projection && learners_.count(projection.get()) != 0)
            recipe_.learning[device_module_of(projection->module)].learners.push_back(learner_of(*projection, *learners_.at(projection.get())));
    for (auto& of_module : recipe_.learning) of_module.second.place = arguments_.add(of_module.second.learners);
}

// ---- what is done in a step ----------------------------------------------------------------------------------------------------

void OnDevice::learn_due() {
    for (const auto& [module, learning] : recipe_.learning)
        call("let synapses learn", [&, launchers = module, &all = learning](const pnn_device_library&, const pnn_launch* how) {
            return launchers->learn_due(all.learners.data(), arguments_.at<pnn_learner>(all.place), int64_t(all.learners.size()), how);
        });
}

void OnDevice::remember_there() {
    for (const auto& [module, learning] : recipe_.learning)
        call("remember spikes", [&, launchers = module, &all = learning](const pnn_device_library&, const pnn_launch* how) {
            return launchers->remember(all.learners.data(), arguments_.at<pnn_learner>(all.place), int64_t(all.learners.size()), how);
        });
}

// The next step in which something arrives that was sent before somebody read or set synapses.
int64_t OnDevice::next_due() const {
    int64_t next = NEVER;
    for (const auto& learner : learners_) {
        const auto& due = learner.first->learning[0].due;
        if (!due.empty()) next = std::min(next, due.begin()->first);
    }
    return next;
}

void OnDevice::add_due(int64_t n) {
    for (const auto& learner : learners_) {
        Projection& projection = *learner.second->of.lock();
        const auto& due = projection.learning[0].due;
        const auto now = due.find(n);
        if (now == due.end()) continue;
        for (const DueIncrement& increment : now->second) engine_.work.events += increment.multiplicity;
        int failed = -1;
        projection.add_due(projection.learning_view(0, engine_.rows_view(projection, 0)), n, 0, failed);
        if (failed < 0) continue;
        pnn_control control = seen_control();
        control.failed = std::max(control.failed, failed + 1);
        control.stop_after = std::min(control.stop_after, n);
        device_->upload(device_->d_control, &control, sizeof control);
    }
}

// ---- what the host gets, when it asks --------------------------------------------------------------------------------------------

void OnDevice::hand_back_learning(Projection& projection, const Learner& learner) {
    Learning& state = projection.learning[0];
    for (std::size_t field = std::size_t(projection.n_parameters); field < state.arrays.size(); ++field) mirrors_.fetch(state.arrays[field]);
    if (projection.module->has_post) mirrors_.fetch(state.history.data());
    learner.caught_up.download(&state.caught_up, 0, 1);
    state.accepted = engine_.step;
    hand_back_sources(projection, learner);
}

// Of each source the spikes that are under way, and the two before the first of them; or its last two.
void OnDevice::hand_back_sources(Projection& projection, const Learner& learner) {
    struct Known {
        int64_t emitted;
        const double* traces;
        uint32_t multiplicity;
        uint32_t group;                        // that it passes next
    };
    const DelayedRows& rows = *projection.rows[0];
    Learning& state = projection.learning[0];
    const std::size_t n_sources = sources_of(projection), n_traces = std::size_t(projection.module->n_pre_traces);
    const auto downloaded = [](const auto& array, auto& values) {
        values.resize(array.size());
        array.download(values.data(), 0, values.size());
    };
    std::vector<int64_t> last, before;
    std::vector<double> last_traces, before_traces;
    downloaded(learner.last, last);
    downloaded(learner.last_traces, last_traces);
    downloaded(learner.before, before);
    downloaded(learner.before_traces, before_traces);
    state.forget_passed();
    projection.calendars[0].clear();
    std::vector<Known> known;
    for (std::size_t source = 0; source < n_sources; ++source) {
        const uint32_t first = rows.row_start[source], end = rows.row_start[source + 1];
        known.clear();
        const auto add = [&](int64_t emitted, const double* traces) {
            if (emitted != PNN_NEVER) known.push_back({emitted, traces, 1, end});
        };
        for (std::size_t k = 0; k < PAST; ++k) add(last[source * PAST + k], last_traces.data() + (source * PAST + k) * n_traces);
        for (std::size_t k = 0; k < known.size(); ++k) {
            uint32_t group = first;
            while (group < end && known[k].emitted + rows.group_delay[group] <= engine_.step) ++group;
            if (group == end) break;
            const std::size_t place = std::size_t(known[k].emitted % learner.n_slots) * n_sources + source;
            known[k].group = group;
            known[k].multiplicity = uint32_t(before[place * PAST_AND_COUNT + PAST]);
            add(before[place * PAST_AND_COUNT + 1], before_traces.data() + (place * PAST + 1) * n_traces);
        }
        int32_t previous = -1;
        for (auto spike = known.rbegin(); spike != known.rend(); ++spike) {
            const auto place = int32_t(state.spikes.size());
            state.spikes.push_back({spike->emitted, spike->emitted, previous, spike->multiplicity, false});
            state.pre_traces.insert(state.pre_traces.end(), spike->traces, spike->traces + n_traces);
            previous = place;
            if (spike->group != end)
                projection.calendars[0].at(spike->emitted + rows.group_delay[spike->group]).push_back({spike->group, end, spike->multiplicity, 0, uint32_t(place)});
        }
        state.latest[source] = previous;
    }
}

}  // namespace pnn
