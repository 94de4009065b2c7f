// on_device.cpp: the step loop on a device; see on_device.h.
#include "pynn_annarchy/on_device.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <tuple>
#include <unordered_set>

namespace pnn {

namespace {

constexpr int64_t NEVER_STOP = std::numeric_limits<int64_t>::max();
constexpr std::size_t MOST_RECORDED = std::size_t(256) << 20;  // bytes of records that the device keeps before they are handed over
constexpr int64_t MOST_STEPS = 1000;                           // between two looks at what happens there

std::size_t size_of(int32_t dtype) { return dtype == PNN_F32 || dtype == PNN_I32 ? 4 : 8; }

// Whether it is the host that says which spikes pass the synapses when.
bool is_led(const Projection& projection) { return projection.learns || projection.clocked; }

// A list of spikes, in the order of their cells.
void sort_by_index(SpikeList& list) {
    std::vector<std::pair<uint32_t, uint32_t>> spikes;
    for (std::size_t i = 0; i < std::size_t(list.n); ++i) spikes.emplace_back(list.index[i], list.count[i]);
    std::sort(spikes.begin(), spikes.end());
    for (std::size_t i = 0; i < spikes.size(); ++i) std::tie(list.index[i], list.count[i]) = spikes[i];
}

}  // namespace

// ---- copies of arrays --------------------------------------------------------------------------------------------------------

void Mirrors::begin() {
    for (auto& copy : copies_) copy.second.is_asked_for = copy.second.is_written = false;
}

void Mirrors::end_of_asking() {
    for (auto copy = copies_.begin(); copy != copies_.end();) copy = copy->second.is_asked_for ? std::next(copy) : copies_.erase(copy);
}

void* Mirrors::of(const void* host, std::size_t bytes, bool is_written) {
    if (host == nullptr) return nullptr;
    const char* const first = static_cast<const char*>(host);
    auto next = copies_.upper_bound(first);
    if (next != copies_.begin()) {
        const auto before = std::prev(next);
        Copy& copy = before->second;
        const bool contains = first + bytes <= before->first + copy.bytes;
        if (contains && copy.is_asked_for) {
            copy.is_written = copy.is_written || is_written;
            return copy.there.data() + (first - before->first);
        }
        // Of an earlier run: it serves again where it is the very same.
        if (before->first != first || copy.bytes != bytes) {
            if (before->first + copy.bytes > first) copies_.erase(before);
        }
    }
    for (next = copies_.upper_bound(first); next != copies_.end() && next->first < first + bytes;) next = copies_.erase(next);
    const auto [place, is_new] = copies_.try_emplace(first);
    Copy& copy = place->second;
    if (is_new || copy.bytes != bytes) copy.there = DeviceArray<char>(device_);
    copy.bytes = bytes;
    copy.is_asked_for = true;
    copy.is_written = is_written;
    copy.there.upload(first, bytes);
    return copy.there.data();
}

void* Mirrors::known(const void* host) const {
    const char* const first = static_cast<const char*>(host);
    const auto next = copies_.upper_bound(first);
    if (next != copies_.begin()) {
        const auto before = std::prev(next);
        if (first == before->first || first < before->first + before->second.bytes) return before->second.there.data() + (first - before->first);
    }
    throw std::logic_error("an array that the device has no copy of");
}

void Mirrors::hand_back() {
    for (auto& copy : copies_)
        if (copy.second.is_written) copy.second.there.download(const_cast<char*>(copy.first), 0, copy.second.bytes);
}

// ---- before a run ------------------------------------------------------------------------------------------------------------

OnDevice::OnDevice(Engine& engine, std::shared_ptr<Device> device)
    : engine_(engine), device_(std::move(device)), mirrors_(device_) {}

template <class Call>
void OnDevice::call(const char* what, Call launcher) {
    device_->check(launcher(device_->library(), &how_), what);
}

pnn_sent OnDevice::Cells::at(int64_t step) const {
    const auto slot = std::size_t(step % ring_size), size = width();
    return {index.data() + slot * size, count.data() + slot * size, numbers.data() + slot};
}

uint16_t* OnDevice::Cells::counts_at(int64_t step) const {
    return counts.size() == 0 ? nullptr : counts.data() + std::size_t(step % ring_size) * width();
}

int64_t OnDevice::largest_delay(std::size_t population) const {
    int64_t largest = 1;
    for (const auto& projection : engine_.projections)
        if (projection && (projection->pre == int(population) || projection->axons == int(population)))
            largest = std::max<int64_t>(largest, projection->max_delay());
    return largest;
}

void OnDevice::check_supported() const {
    for (const auto& projection : engine_.projections) {
        if (!projection || projection->module == nullptr) continue;
        if (device_module_of(projection->module) == nullptr)
            throw DeviceError("a module was not compiled for the device", 0);
    }
}

void OnDevice::prepare(int64_t n_steps) {
    for (auto& projection : engine_.projections) {
        if (!projection) continue;
        projection->unbundle();
        projection->leave_stream();
    }
    engine_.bundles.clear();
    engine_.may_bundle = true;
    engine_.place_sums();
    for (auto& population : engine_.populations) {
        population->stream = nullptr;
        population->list_is_read = true;
    }
    check_supported();
    engine_.find_concerned(false);
    engine_.find_currents();
    engine_.publish_present();
    if (engine_.step == 0)
        for (auto& population : engine_.populations)
            if (population->module == nullptr && population->active) engine_.work.spikes += Engine::emit_given(*population, 0);
    first_ = engine_.step + 1;
    mirrors_.begin();
    while (cells_.size() < engine_.populations.size()) cells_.push_back(std::make_unique<Cells>(device_));
    for (std::size_t number = 0; number < engine_.populations.size(); ++number) prepare_population(number, n_steps);
    rings_.clear();
    for (const auto& cells : cells_) rings_.push_back({cells->numbers.data(), cells->ring_size});
    for (auto known = paths_.begin(); known != paths_.end();) known = known->second->of.expired() ? paths_.erase(known) : std::next(known);
    histories_.clear();
    for (auto* list : {&engine_.projections, &engine_.draining})
        for (auto& projection : *list)
            if (projection) prepare_projection(projection);
    injections_.clear();
    for (auto& population : engine_.populations)
        for (const Injection& injection : population->injections) {
            auto index = std::make_unique<DeviceArray<int64_t>>(device_);
            index->upload(injection.index);
            injections_[&injection] = std::move(index);
        }
    signals_.clear();
    for (auto& signal : engine_.signals) {
        signals_.push_back(std::make_unique<SignalThere>(device_));
        signals_.back()->index.upload(signal->index);
    }
    mirrors_.end_of_asking();
    room_ = 0;
    std::vector<std::size_t> listed;
    for (auto& projection : engine_.projections)
        if (projection && is_led(*projection))
            for (int number : {projection->pre, projection->axons, projection->post})
                if (number >= 0) listed.push_back(std::size_t(number));
    std::sort(listed.begin(), listed.end());
    listed.erase(std::unique(listed.begin(), listed.end()), listed.end());
    listed_ = std::move(listed);
}

void OnDevice::prepare_population(std::size_t number, int64_t n_steps) {
    Population& population = *engine_.populations[number];
    Cells& cells = *cells_[number];
    const auto size = std::size_t(population.size);
    cells.arrays.clear();
    cells.inputs.clear();
    if (population.module != nullptr)
        for (std::size_t field = 0; field < population.arrays.size(); ++field)
            cells.arrays.push_back(mirrors_.of(population.arrays[field], size * size_of(population.module->arrays[field].dtype), true));
    for (int64_t* input : population.inputs[0]) cells.inputs.push_back(static_cast<int64_t*>(mirrors_.of(input, size * sizeof(int64_t), true)));
    for (const Gathered& gathered : population.gathered) {
        mirrors_.of(gathered.sums.data(), gathered.sums.size() * sizeof(double), true);
        if (gathered.base != nullptr) mirrors_.of(gathered.base, size * size_of(gathered.dtype), false);
    }
    for (const Seen& variable : population.published.variables)
        mirrors_.of(variable.rows.data(), variable.rows.size() * sizeof(double), variable.source != nullptr);
    cells.values.resize(std::max<std::size_t>(1, population.values.size()));
    if (population.module == nullptr && population.axonal == nullptr) {
        mirrors_.of(population.event_index.data(), population.event_index.size() * sizeof(uint32_t), false);
        mirrors_.of(population.event_count.data(), population.event_count.size() * sizeof(uint32_t), false);
    }
    cells.ring_size = largest_delay(number) + 2;
    cells.index.resize(size * std::size_t(cells.ring_size));
    cells.count.resize(size * std::size_t(cells.ring_size));
    cells.numbers.resize(std::size_t(cells.ring_size));
    cells.numbers.fill_zero();
    cells.counts.resize(0);
    std::vector<pnn_sent> ring;
    for (int64_t slot = 0; slot < cells.ring_size; ++slot) ring.push_back(cells.at(slot));
    cells.ring.upload(ring);
    cells.n_recorded.resize(1);
    cells.n_recorded.fill_zero();
    if (!population.recorded.empty()) cells.recorded.upload(population.recorded);
    if (population.rate.values != nullptr) prepare_rates(population, cells, n_steps);
}

void OnDevice::prepare_rates(Population& population, Cells& cells, int64_t n_steps) {
    FiringRate& rate = population.rate;
    mirrors_.of(rate.values, std::size_t(population.size) * sizeof(double), true);
    cells.rate_counts.upload(rate.counts);
    const RecentSpikes& known = rate.spikes[0];
    cells.rate_first = first_ - rate.window;
    std::vector<uint32_t> end;
    std::size_t k = known.first;
    for (int64_t emitted = cells.rate_first; emitted < first_; ++emitted) {
        while (k < known.step.size() && known.step[k] <= emitted) ++k;
        end.push_back(uint32_t(k - known.first));
    }
    const std::size_t n_known = known.step.size() - known.first, room = n_known + std::size_t(n_steps) * std::size_t(population.size);
    if (room > std::numeric_limits<uint32_t>::max())
        throw DeviceError("firing rates of so many cells cannot be kept over so many steps at once: run fewer steps at a time", 0);
    cells.rate_index.resize(room);
    cells.rate_count.resize(room);
    cells.rate_index.put(known.index.data() + known.first, 0, n_known);
    cells.rate_count.put(known.count.data() + known.first, 0, n_known);
    cells.rate_end.resize(end.size() + std::size_t(n_steps));
    cells.rate_end.put(end.data(), 0, end.size());
}

void OnDevice::prepare_projection(const std::shared_ptr<Projection>& projection) {
    if (projection->module == nullptr) return;
    projection->elsewhere = this;
    if (projection->learns) prepare_learning(*projection);
    else if (projection->clocked) prepare_clocked(*projection);
    else prepare_paths(projection);
}

void OnDevice::prepare_column(Column& column, bool is_written) {
    mirrors_.of(&column.shared, sizeof(double), is_written);
    if (!column.is_shared()) mirrors_.of(column.each.data(), column.each.size() * sizeof(double), is_written);
}

void OnDevice::prepare_learning(Projection& projection) {
    DelayedRows& rows = *projection.rows[0];
    mirrors_.of(rows.targets16.data(), rows.targets16.size() * sizeof(uint16_t), false);
    mirrors_.of(rows.targets32.data(), rows.targets32.size() * sizeof(uint32_t), false);
    mirrors_.of(rows.weights64.data(), rows.weights64.size() * sizeof(double), true);
    mirrors_.of(&rows.shared_weight, sizeof(double), false);
    mirrors_.of(rows.ranks.data(), rows.ranks.size() * sizeof(uint32_t), false);
    for (std::size_t field = 0; field < rows.columns.size(); ++field) prepare_column(rows.columns[field], int(field) >= projection.n_parameters);
    histories_[&projection] = std::make_unique<History>(device_);
}

void OnDevice::prepare_clocked(Projection& projection) {
    DelayedRows& rows = *projection.rows[0];
    Dendrites& own = *projection.dendrites[0];
    const auto constant = [&](const auto& values) { mirrors_.of(values.data(), values.size() * sizeof(values[0]), false); };
    const auto variable = [&](auto& values) { mirrors_.of(values.data(), values.size() * sizeof(values[0]), true); };
    constant(rows.targets16);
    constant(rows.targets32);
    constant(own.start);
    constant(own.sources16);
    constant(own.sources32);
    constant(own.run_start);
    constant(own.runs);
    constant(own.delays);
    constant(own.places.each);
    constant(own.array_steps);
    constant(own.ranks);
    variable(own.passed);
    variable(own.passed_before);
    variable(own.spiked);
    for (std::size_t field = 0; field < own.columns.size(); ++field) prepare_column(own.columns[field], int(field) >= projection.n_parameters);
}

void OnDevice::prepare_paths(const std::shared_ptr<Projection>& projection) {
    auto& known = paths_[projection.get()];
    const DelayedRows& rows = *projection->rows[0];
    const bool is_new = !known || known->of.lock() != projection;
    if (is_new) {
        known = std::make_unique<Paths>(device_);
        known->of = projection;
        known->targets.upload(static_cast<const char*>(rows.all_targets()), rows.targets16.size() * 2 + rows.targets32.size() * 4);
        known->row_start.upload(rows.row_start);
        known->group_start.upload(rows.group_start);
        known->group_delay.upload(rows.group_delay);
        std::vector<uint16_t> delays(rows.group_delay);
        std::sort(delays.begin(), delays.end());
        delays.erase(std::unique(delays.begin(), delays.end()), delays.end());
        known->delays.upload(delays);
    }
    if (is_new || known->version != projection->version) {
        const std::size_t each = rows.weight_form == PNN_WEIGHT_F32 ? 4 : 8;
        known->weights.upload(static_cast<const char*>(rows.all_weights()), each * (rows.weight_form == PNN_WEIGHT_SHARED ? 1 : std::size_t(rows.n)));
        known->version = projection->version;
    }
    known->shared.upload(projection->shared);
    const bool is_present = engine_.projections[std::size_t(projection->number)] == projection;
    known->is_counted = is_present && engine_.may_stream(*projection);
    if (known->is_counted) {
        Cells& sources = *cells_[std::size_t(projection->pre)];
        sources.counts.resize(sources.index.size());
    }
}

namespace {

// Whatever ends a run, the host's own functions serve the synapses again.
struct Borrowed {
    Engine& engine;
    explicit Borrowed(Engine& engine_) : engine(engine_) {}
    ~Borrowed() {
        for (auto* list : {&engine.projections, &engine.draining})
            for (auto& projection : *list)
                if (projection) projection->elsewhere = nullptr;
    }
};

}  // namespace

// ---- the run -----------------------------------------------------------------------------------------------------------------

int OnDevice::run(int64_t n_steps) {
    const auto called = std::chrono::steady_clock::now();
    if (engine_.partitions != 1) throw std::logic_error("a device takes networks of one partition");
    const Borrowed borrowed(engine_);
    prepare(n_steps);
    engine_.work.preparation += seconds_since(called);
    const auto started = std::chrono::steady_clock::now();
    const int64_t before = engine_.step, last = engine_.step + n_steps;
    pnn_control control{NEVER_STOP, 0, 0, 0, 0};
    int64_t done = engine_.step;
    how_ = device_->for_step(0);
    device_->check(device_->library().upload(device_->d_control, &control, sizeof control, &how_), "begin");
    while (done < last && control.failed == 0 && control.has_more == 0) {
        int64_t end = done + steps_at_once(last - done);
        make_room(end - done);
        for (int64_t n = done + 1; n <= end; ++n) {
            step(n);
            if (!listed_.empty() && has_failed()) end = n;  // what the host keeps of spikes ends there too
        }
        how_ = device_->for_step(0);
        device_->check(device_->library().download(&control, device_->d_control, sizeof control, &how_), "run");
        const int64_t stopped = std::min(end, control.stop_after);
        take_records(done + 1, stopped);
        done = stopped;
    }
    how_ = device_->for_step(done);
    form_values(done + 1);
    engine_.end_step(done, 0, due_);
    finish(first_, done);
    engine_.work.spikes += control.spikes;
    engine_.work.events += control.events;
    engine_.step = done;
    std::vector<ThreadWork> nothing;
    engine_.note_work(nothing, done - before, seconds_since(started));
    auto& draining = engine_.draining;
    draining.erase(std::remove_if(draining.begin(), draining.end(), [](const auto& p) { return !p->in_flight(); }), draining.end());
    return control.failed - 1;
}

int64_t OnDevice::steps_at_once(int64_t left) const {
    std::size_t bytes = 1;  // a step
    for (const Population* population : engine_.concerned.recording) bytes += 16 * std::size_t(population->size);
    for (const auto& signal : engine_.signals) bytes += sizeof(double) * signal->index.size();
    const int64_t most = device_->is_emulated() ? 7 : MOST_STEPS;
    return std::min({left, most, std::max<int64_t>(1, int64_t(MOST_RECORDED / bytes))});
}

void OnDevice::make_room(int64_t n_steps) {
    if (n_steps <= room_) return;
    room_ = n_steps;
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        if (!engine_.populations[number]->records_spikes) continue;
        const std::size_t most = std::size_t(n_steps) * std::size_t(engine_.populations[number]->size);
        cells_[number]->record_step.resize(most);
        cells_[number]->record_index.resize(most);
        cells_[number]->record_count.resize(most);
    }
    for (std::size_t k = 0; k < signals_.size(); ++k) signals_[k]->rows.resize(std::size_t(n_steps) * engine_.signals[k]->index.size());
}

void OnDevice::step(int64_t n) {
    how_ = device_->for_step(n);
    n_lent_ = 0;
    // An emulation bars the host from the device's memory between kernels in a run's first step at most: that takes long.
    if (device_->is_emulated()) device_->library().guard(n == first_ ? 3 : 2);
    call("begin a step", [&](const pnn_device_library& library, const pnn_launch* how) {
        return library.begin_step(rings_.data(), int64_t(rings_.size()), how);
    });
    const pnn_step present = engine_.step_value(n);
    form_values(n);
    for (Population* population : engine_.concerned.gathering)
        for (Gathered& gathered : population->gathered)
            call("clear sums", [&](const pnn_device_library& library, const pnn_launch* how) {
                return library.fill(mirrors_.known(gathered.sums.data()), 0, gathered.sums.size() * sizeof(double), how);
            });
    deliver(n);
    int failed = -1;  // is known on the device
    for (Projection* projection : engine_.concerned.delivering)
        if (is_led(*projection)) engine_.deliver(*projection, true, n, 0, due_, failed);
    update_currents(present);
    for (Population* population : engine_.concerned.gathering)
        for (Gathered& gathered : population->gathered)
            call("add up inputs", [&](const pnn_device_library& library, const pnn_launch* how) {
                const void* base = gathered.base == nullptr ? nullptr : mirrors_.known(gathered.base);
                const auto* sums = static_cast<const double*>(mirrors_.known(gathered.sums.data()));
                return library.add_up(mirrors_.known(gathered.input), gathered.dtype, base, sums, population->size, how);
            });
    update_populations(present);
    take_rates(n);
    publish(n);
    fetch_lists(n);
    remember(n);
    for (Projection* projection : engine_.concerned.reached) engine_.reach_synapses(*projection, n, n, 0, due_);
    record(n);
}

// ---- what falls due ----------------------------------------------------------------------------------------------------------

pnn_route OnDevice::route_of(const Projection& projection, const Paths& paths) const {
    const DelayedRows& rows = *projection.rows[0];
    pnn_route route{};
    const pnn_rows view = engine_.rows_view(projection, 0);
    route.rows.inverse_quantum = view.inverse_quantum;
    route.rows.bound = view.bound;
    route.rows.object_index = view.object_index;
    if (view.accumulator != nullptr) route.rows.accumulator = static_cast<int64_t*>(mirrors_.known(view.accumulator));
    route.rows.targets = paths.targets.data();
    route.rows.target_bits = rows.target_bits();
    route.rows.weight_form = rows.weight_form;
    route.rows.weights = paths.weights.data();
    route.rows.shared = paths.shared.data();
    route.d_row_start = paths.row_start.data();
    route.d_group_start = paths.group_start.data();
    route.d_group_delay = paths.group_delay.data();
    route.d_delays = paths.delays.data();
    route.n_delays = int32_t(paths.delays.size());
    route.number = projection.number;
    route.first = first_;
    return route;
}

void OnDevice::add_routes(const std::shared_ptr<Projection>& projection, bool takes_new, int64_t n, std::vector<pnn_route>& routes) {
    Paths& paths = *paths_.at(projection.get());
    const DelayedRows& rows = *projection->rows[0];
    const Activity& activity = engine_.projections[std::size_t(projection->number)]->activity;
    const pnn_route route = route_of(*projection, paths);
    // Spikes from before this run are in the calendar, those of the step before it in the lists.
    if (takes_new && n == first_) engine_.send(*projection, n - 1, 0);
    const auto delay_of = [&rows](uint32_t group) { return int64_t(rows.group_delay[group]); };
    std::vector<pnn_group> groups;
    projection->calendars[0].take_due(n, delay_of, [&](const Cursor& cursor) {
        if (!activity.passes(cursor.axonal)) return;
        groups.push_back({rows.group_start[cursor.group], rows.group_start[cursor.group + 1], int64_t(cursor.multiplicity)});
    });
    if (!groups.empty()) {
        pnn_route listed = route;
        paths.groups.upload(groups);
        listed.d_groups = paths.groups.data();
        listed.n_groups = int64_t(groups.size());
        routes.push_back(listed);
    }
    if (!takes_new || n == first_ || route.n_delays == 0) return;
    if (paths.is_counted) {
        const int64_t emitted = n - projection->max_delay();
        if (emitted < first_ || !activity.passes(false)) return;
        pnn_route counted = route;
        counted.d_counts = cells_[std::size_t(projection->pre)]->counts_at(emitted);
        counted.n_sources = engine_.populations[std::size_t(projection->pre)]->size;
        routes.push_back(counted);
        return;
    }
    for (int source : {projection->pre, projection->axons}) {
        if (source < 0 || !activity.passes(source == projection->axons)) continue;
        pnn_route due = route;
        due.d_ring = cells_[std::size_t(source)]->ring.data();
        due.ring_size = cells_[std::size_t(source)]->ring_size;
        due.n_sources = engine_.populations[std::size_t(source)]->size;
        routes.push_back(due);
    }
}

void OnDevice::deliver(int64_t n) {
    std::map<const pnn_device_module*, std::vector<pnn_route>> routes;
    for (auto* list : {&engine_.projections, &engine_.draining})
        for (auto& projection : *list)
            if (projection && projection->module != nullptr && !is_led(*projection))
                add_routes(projection, list == &engine_.projections, n, routes[device_module_of(projection->module)]);
    const pnn_step present = engine_.step_value(n);
    for (const auto& of_module : routes)
        if (!of_module.second.empty())
            call("deliver spikes", [&](const pnn_device_library&, const pnn_launch* how) {
                return of_module.first->deliver(of_module.second.data(), int64_t(of_module.second.size()), &present, how);
            });
}

// ---- synapses that learn, or do something in every step: the host says which spikes pass when --------------------------------

// The host's lists of what was sent in a step, for those who ask.
void OnDevice::fetch_lists(int64_t n) {
    for (std::size_t number : listed_) {
        Population& population = *engine_.populations[number];
        if (population.module != nullptr || population.axonal != nullptr) take_list(*cells_[number], n, population.spikes[n & 1][0]);
    }
}

bool OnDevice::has_failed() {
    pnn_control control{};
    device_->check(device_->library().download(&control, device_->d_control, sizeof control, &how_), "run");
    return control.failed != 0;
}

// Values that kernels of this step read. Those of the next step may lie at the same place: copies and kernels keep their order.
template <class T>
T* OnDevice::lend(const T* values, std::size_t n) {
    if (n_lent_ == loans_.size()) loans_.push_back(std::make_unique<DeviceArray<char>>(device_));
    DeviceArray<char>& loan = *loans_[n_lent_++];
    loan.upload(reinterpret_cast<const char*>(values), n * sizeof(T));
    return reinterpret_cast<T*>(loan.data());
}

// Spikes enter the histories of projections that learn, which may have to be caught up meanwhile.
void OnDevice::remember(int64_t n) {
    is_remembering_ = true;
    engine_.remember(n, 0, due_);
    is_remembering_ = false;
    for (Projection* projection : engine_.concerned.learning)
        if (engine_.populations[std::size_t(projection->post)]->spikes[n & 1][0].n > 0) histories_.at(projection)->has_changed = true;
}

// Where the device has what the host has at an address.
void* OnDevice::there(const void* host) const {
    if (host == nullptr) return nullptr;
    const auto* const value = static_cast<const double*>(host);
    for (std::size_t number : engine_.concerned.valued) {
        const std::vector<double>& values = due_.values[number];
        if (value >= values.data() && value < values.data() + values.size()) return cells_[number]->values.data() + (value - values.data());
    }
    return mirrors_.known(host);
}

pnn_rows OnDevice::there(const Projection& projection, pnn_rows view) {
    view.targets = there(view.targets);
    if (view.accumulator != nullptr) view.accumulator = static_cast<int64_t*>(there(view.accumulator));
    if (projection.learns) {
        const auto n_fields = std::size_t(projection.module->n_arrays);
        std::vector<void*> arrays;
        for (std::size_t field = 0; field < n_fields; ++field) arrays.push_back(there(view.arrays[field]));
        view.arrays = lend(arrays.data(), n_fields);
        view.array_steps = lend(view.array_steps, n_fields);
        view.ranks = static_cast<const uint32_t*>(there(view.ranks));
        History& history = *histories_.at(&projection);
        const Array<double>& values = projection.learning[0].history;
        if (history.has_changed || is_remembering_) history.values.upload(values);
        history.has_changed = false;
        view.history = history.values.data();
    }
    view.weights = nullptr;
    view.shared = nullptr;
    view.tables = nullptr;
    return view;
}

// Passages of one round pass different synapses, whose order then makes no difference.
std::vector<std::vector<pnn_passage>> OnDevice::rounds(const std::vector<pnn_passage>& passages) const {
    std::vector<std::vector<pnn_passage>> all;
    std::map<uint64_t, std::size_t> next;  // round of a group
    for (const pnn_passage& passage : passages) {
        const std::size_t round = next[passage.begin]++;
        if (round == all.size()) all.emplace_back();
        all[round].push_back(passage);
    }
    return all;
}

void OnDevice::learn(const Projection& projection, const pnn_rows& view, const std::vector<pnn_passage>& passages, const pnn_step& step) {
    if (passages.empty()) return;
    const pnn_rows rows = there(projection, view);
    const auto n_traces = std::size_t(projection.module->n_pre_traces);
    for (std::vector<pnn_passage>& round : rounds(passages)) {
        std::vector<double> read;  // what passages point to: traces, and emissions
        std::vector<std::size_t> places;
        for (const pnn_passage& passage : round) {
            places.push_back(read.size());
            read.insert(read.end(), passage.pre_traces, passage.pre_traces + n_traces);
            read.insert(read.end(), passage.earlier_traces, passage.earlier_traces + n_traces);
            read.insert(read.end(), passage.sent, passage.sent + passage.n_sent);
        }
        const double* const d_read = lend(read.data(), read.size());
        for (std::size_t k = 0; k < round.size(); ++k) {
            round[k].pre_traces = d_read + places[k];
            round[k].earlier_traces = round[k].pre_traces + n_traces;
            round[k].sent = round[k].earlier_traces + n_traces;
        }
        const pnn_passage* const d_passages = lend(round.data(), round.size());
        call("let synapses learn", [&](const pnn_device_library&, const pnn_launch* how) {
            return device_module_of(projection.module)->learn(&rows, d_passages, int64_t(round.size()), projection.number, &step, how);
        });
    }
}

void OnDevice::add(const pnn_rows& view, uint32_t element, int64_t amount) {
    const uint32_t* const d_index = lend(&element, 1);
    const int64_t* const d_amount = lend(&amount, 1);
    call("deliver spikes", [&](const pnn_device_library& library, const pnn_launch* how) {
        return library.add_amounts(static_cast<int64_t*>(there(view.accumulator)), d_index, d_amount, 1, how);
    });
}

pnn_dendrites OnDevice::there(const pnn_dendrites& view, const Projection& projection) {
    pnn_dendrites there_ = view;
    const Dendrites& own = *projection.dendrites[0];
    const auto copy_of = [&](auto& pointer) { pointer = static_cast<std::remove_reference_t<decltype(pointer)>>(there(pointer)); };
    copy_of(there_.start);
    copy_of(there_.sources);
    copy_of(there_.run_start);
    copy_of(there_.runs);
    copy_of(there_.delays);
    copy_of(there_.array_steps);
    copy_of(there_.ranks);
    copy_of(there_.places);
    copy_of(there_.passed);
    copy_of(there_.passed_before);
    copy_of(there_.spiked);
    copy_of(there_.sums);
    there_.rows_seen = lend(own.rows_seen.data(), own.rows_seen.size());
    const auto addresses = [&](const auto& pointers) {
        std::vector<void*> found;
        for (const void* pointer : pointers) found.push_back(there(pointer));
        return lend(found.data(), found.size());
    };
    there_.pre = reinterpret_cast<const double* const*>(addresses(own.pre));
    there_.post = reinterpret_cast<const double* const*>(addresses(own.post));
    there_.arrays = addresses(own.arrays);
    return there_;
}

void OnDevice::run_synapses(const Projection& projection, const pnn_dendrites& view, const pnn_step& step, int32_t what) {
    const pnn_dendrites dendrites = there(view, projection);
    call("let synapses advance", [&](const pnn_device_library&, const pnn_launch* how) {
        return device_module_of(projection.module)->synapses(&dendrites, projection.number, &step, what, how);
    });
}

void OnDevice::pass_spikes(const Projection& projection, const pnn_dendrites& view, const pnn_rows& rows,
                           const std::vector<pnn_passage>& passages, const pnn_step& step) {
    const pnn_dendrites dendrites = there(view, projection);
    const pnn_rows rows_there = there(projection, rows);
    for (const std::vector<pnn_passage>& round : rounds(passages)) {
        const pnn_passage* const d_passages = lend(round.data(), round.size());
        call("let spikes pass synapses", [&](const pnn_device_library&, const pnn_launch* how) {
            return device_module_of(projection.module)->pass_spikes(&dendrites, &rows_there, d_passages, int64_t(round.size()), projection.number, &step, how);
        });
    }
}

void OnDevice::reach(const Projection& projection, const pnn_dendrites& view, const pnn_step& step) {
    const pnn_dendrites dendrites = there(view, projection);
    const pnn_sent spikes = cells_[std::size_t(projection.post)]->at(step.step);
    call("let spikes reach synapses", [&](const pnn_device_library&, const pnn_launch* how) {
        return device_module_of(projection.module)->reach(&dendrites, &spikes, &step, how);
    });
}

void OnDevice::assign(double* values, const std::vector<uint32_t>& index, double value) {
    if (index.empty()) return;
    const std::vector<double> all(index.size(), value);
    const uint32_t* const d_index = lend(index.data(), index.size());
    const double* const d_values = lend(all.data(), all.size());
    call("note spikes", [&](const pnn_device_library& library, const pnn_launch* how) {
        return library.assign(there(values), PNN_F64, d_index, d_values, int64_t(index.size()), how);
    });
}

// ---- cells -------------------------------------------------------------------------------------------------------------------

void OnDevice::update_currents(const pnn_step& present) {
    if (!engine_.evaluate_currents(present, 0)) return;
    for (auto& population : engine_.populations)
        if (engine_.takes_another_current(*population, 0)) inject(*population);
}

void OnDevice::inject(Population& population) {
    void* const input = mirrors_.known(population.injected);
    call("clear currents", [&](const pnn_device_library& library, const pnn_launch* how) {
        return library.fill(input, 0, std::size_t(population.size) * size_of(population.injected_dtype), how);
    });
    for (const Injection& injection : population.injections) {
        const DeviceArray<int64_t>& index = *injections_.at(&injection);
        const pnn_injection given{input, population.injected_dtype, index.data(), int64_t(index.size()),
                                  engine_.currents[std::size_t(injection.current)]->amplitude(0)};
        if (given.n > 0)
            call("inject currents", [&](const pnn_device_library& library, const pnn_launch* how) { return library.inject(&given, how); });
    }
}

void OnDevice::form_values(int64_t n) {
    due_.values.resize(engine_.populations.size());
    for (std::size_t number : engine_.concerned.valued) {
        Population& population = *engine_.populations[number];
        Cells& cells = *cells_[number];
        for (std::size_t k = 0; k < population.values.size(); ++k) {
            const PopulationValue& value = population.values[k];
            const auto* rows = static_cast<const double*>(mirrors_.known(population.published.row(std::size_t(value.variable))));
            const double* row = rows + population.published.begin(n - 1, population.size);
            call("form values of a population", [&](const pnn_device_library& library, const pnn_launch* how) {
                return library.form_value(int32_t(value.operation), row, population.size, cells.values.data() + k, how);
            });
        }
        due_.values[number].resize(population.values.size());
        cells.values.download(due_.values[number].data(), 0, population.values.size());
    }
}

void OnDevice::rest(Population& population, Cells& cells, int64_t n) {
    if (cells.counts.size() > 0)
        call("clear spikes", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.fill(cells.counts_at(n), 0, std::size_t(population.size) * sizeof(uint16_t), how);
        });
    for (int64_t* input : population.inputs[0])
        call("clear inputs", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.fill(mirrors_.known(input), 0, std::size_t(population.size) * sizeof(int64_t), how);
        });
}

void OnDevice::emit_given(Population& population, Cells& cells, int64_t n) {
    const std::size_t before = population.next_event;
    Engine::emit_given(population, n);
    const SpikeList& list = population.spikes[n & 1][0];
    if (list.n == 0) return;
    const std::size_t first = population.next_event - std::size_t(list.n);
    if (first < before) throw std::logic_error("given spikes are not in order");
    const auto* index = static_cast<const uint32_t*>(mirrors_.known(population.event_index.data())) + first;
    const auto* count = static_cast<const uint32_t*>(mirrors_.known(population.event_count.data())) + first;
    const pnn_sent sent = cells.at(n);
    call("emit given spikes", [&](const pnn_device_library& library, const pnn_launch* how) {
        return library.emit(&sent, index, count, list.n, how);
    });
}

void OnDevice::follow_schedule(Schedule& schedule, int64_t n) {
    ScheduledPart& part = schedule.parts[0];
    const std::size_t width = schedule.inputs.size(), begin = part.next;
    while (part.next < part.step.size() && part.step[part.next] < n) ++part.next;
    if (part.next == begin) return;
    // Of several changes of a cell the last one counts: lanes have no order.
    std::vector<uint32_t> index;
    std::vector<std::size_t> places;
    std::unordered_set<uint32_t> taken;
    for (std::size_t k = part.next; k-- > begin;)
        if (taken.insert(part.index[k]).second) {
            index.push_back(part.index[k]);
            places.push_back(k);
        }
    const uint32_t* const d_index = lend(index.data(), index.size());
    std::vector<double> values(index.size());
    for (std::size_t k = 0; k < width; ++k) {
        for (std::size_t i = 0; i < places.size(); ++i) values[i] = part.value[places[i] * width + k];
        const double* const d_values = lend(values.data(), values.size());
        call("follow a schedule", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.assign(mirrors_.known(schedule.inputs[k]), schedule.dtype, d_index, d_values, int64_t(index.size()), how);
        });
    }
}

void OnDevice::show_frame(Population& population, int64_t n) {
    Frames& frames = population.frames;
    const int64_t row = frames.row_at(n - 1);
    if (row == frames.shown[0]) return;
    frames.shown[0] = row;
    const auto size = std::size_t(population.size), width = frames.one_for_all ? 1 : size;
    const auto show = [&](auto example, std::size_t k) {
        using Real = decltype(example);
        const double* const values = row < 0 ? nullptr : frames.values + (std::size_t(row) * frames.inputs.size() + k) * width;
        std::vector<Real> shown(size);
        for (std::size_t i = 0; i < size; ++i) shown[i] = values == nullptr ? Real(0) : static_cast<Real>(values[frames.one_for_all ? 0 : i]);
        call("show inputs", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.upload(mirrors_.known(frames.inputs[k]), shown.data(), size * sizeof(Real), how);
        });
        call("show inputs", [&](const pnn_device_library& library, const pnn_launch* how) { return library.synchronize(how); });
    };
    for (std::size_t k = 0; k < frames.inputs.size(); ++k) frames.dtype == PNN_F64 ? show(0.0, k) : show(0.0f, k);
}

void OnDevice::update_populations(const pnn_step& present) {
    std::map<const pnn_device_module*, std::vector<pnn_cells>> together;
    std::vector<std::vector<double>> shared(engine_.populations.size());
    std::vector<std::size_t> axonal;
    for (std::size_t number = 0; number < engine_.populations.size(); ++number) {
        Population& population = *engine_.populations[number];
        Cells& cells = *cells_[number];
        if (!population.active) {
            rest(population, cells, present.step);
        } else if (population.axonal != nullptr) {
            axonal.push_back(number);
        } else if (population.module == nullptr) {
            emit_given(population, cells, present.step);
        } else {
            if (!population.schedule.parts.empty()) follow_schedule(population.schedule, present.step);
            if (!population.frames.inputs.empty()) show_frame(population, present.step);
            pnn_cells given{};
            given.segment = population.segment;
            given.segment.arrays = cells.arrays.data();
            given.segment.inputs = cells.inputs.data();
            if (!population.values.empty()) {
                shared[number] = Engine::shared_with_values(population, due_.values[number]);
                given.segment.shared = shared[number].data();
            }
            given.size = population.size;
            given.sent = cells.at(present.step);
            given.number = int32_t(number);
            given.d_counts = cells.counts_at(present.step);
            if (population.size > 0) together[device_module_of(population.module)].push_back(given);
        }
    }
    for (const auto& of_module : together)
        call("update cells", [&](const pnn_device_library&, const pnn_launch* how) {
            return of_module.first->neurons(of_module.second.data(), int64_t(of_module.second.size()), &present, how);
        });
    for (std::size_t number : axonal) {
        const Population& population = *engine_.populations[number];
        const pnn_sent sent = cells_[number]->at(present.step);
        call("emit axonal spikes", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.emit_axonal(&sent, static_cast<const double*>(mirrors_.known(population.axonal)), population.size, how);
        });
    }
}

// ---- what is kept of a step --------------------------------------------------------------------------------------------------

void OnDevice::publish(int64_t n) {
    std::vector<pnn_copy> copies;
    for (Population* population : engine_.concerned.publishing)
        for (Seen& variable : population->published.variables) {
            if (variable.source == nullptr) continue;
            auto* rows = static_cast<double*>(mirrors_.known(variable.rows.data()));
            copies.push_back({mirrors_.known(variable.source), variable.dtype, nullptr, population->size,
                              rows + population->published.begin(n, population->size)});
        }
    if (!copies.empty())
        call("publish values", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.copy(copies.data(), int64_t(copies.size()), how);
        });
}

void OnDevice::take_rates(int64_t n) {
    for (std::size_t number = 0; number < engine_.populations.size(); ++number) {
        Population& population = *engine_.populations[number];
        if (population.rate.values == nullptr || !population.active) continue;
        Cells& cells = *cells_[number];
        const pnn_window window{cells.at(n), cells.rate_counts.data(), static_cast<double*>(mirrors_.known(population.rate.values)),
                                population.rate.per_spike, cells.rate_index.data(), cells.rate_count.data(), cells.rate_end.data(),
                                cells.rate_first, population.rate.window};
        call("count spikes", [&](const pnn_device_library& library, const pnn_launch* how) { return library.take_rates(&window, how); });
    }
}

void OnDevice::record(int64_t n) {
    std::vector<pnn_spike_record> records;
    for (std::size_t number = 0; number < engine_.populations.size(); ++number) {
        const Population& population = *engine_.populations[number];
        if (!population.records_spikes) continue;
        Cells& cells = *cells_[number];
        records.push_back({cells.at(n), population.recorded.empty() ? nullptr : cells.recorded.data(), cells.record_step.data(),
                           cells.record_index.data(), cells.record_count.data(), cells.n_recorded.data()});
    }
    if (!records.empty())
        call("record spikes", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.record_spikes(records.data(), int64_t(records.size()), how);
        });
    std::vector<pnn_copy> copies;
    for (std::size_t k = 0; k < signals_.size(); ++k) {
        const Signal& signal = *engine_.signals[k];
        if ((n - signal.start_step) % signal.every != 0 || signal.index.empty()) continue;
        SignalThere& there = *signals_[k];
        const auto width = int64_t(signal.index.size());
        copies.push_back({mirrors_.known(signal.source), signal.dtype, there.index.data(), width, there.rows.data() + there.n_rows++ * width});
    }
    if (!copies.empty())
        call("record variables", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.copy(copies.data(), int64_t(copies.size()), how);
        });
}

void OnDevice::take_records(int64_t first, int64_t last) {
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        Population& population = *engine_.populations[number];
        if (!population.records_spikes) continue;
        Cells& cells = *cells_[number];
        uint32_t n = 0;
        cells.n_recorded.download(&n, 0, 1);
        cells.n_recorded.fill_zero();
        std::vector<int64_t> step(n);
        std::vector<uint32_t> index(n), count(n), order(n);
        cells.record_step.download(step.data(), 0, n);
        cells.record_index.download(index.data(), 0, n);
        cells.record_count.download(count.data(), 0, n);
        for (uint32_t k = 0; k < n; ++k) order[k] = k;
        std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return std::tie(step[a], index[a]) < std::tie(step[b], index[b]); });
        RecordedSpikes& out = population.spike_record[0];
        for (uint32_t k : order) {
            out.step.push_back(step[k]);
            out.index.push_back(index[k]);
            out.count.push_back(count[k]);
        }
    }
    for (std::size_t k = 0; k < signals_.size(); ++k) {
        const Signal& signal = *engine_.signals[k];
        const auto samples_by = [&](int64_t n) { return (n - signal.start_step) / signal.every; };
        const int64_t width = int64_t(signal.index.size()), row = samples_by(first - 1) - samples_by(engine_.step);
        const int64_t n_rows = samples_by(last) - samples_by(first - 1);
        if (n_rows > 0 && width > 0) signals_[k]->rows.download(signal.buffer + row * width, 0, std::size_t(n_rows * width));
        signals_[k]->n_rows = 0;
    }
}

// ---- after a run -------------------------------------------------------------------------------------------------------------

void OnDevice::take_list(const Cells& cells, int64_t n, SpikeList& list) const {
    uint32_t size = 0;
    const auto slot = std::size_t(n % cells.ring_size), width = cells.width();
    cells.numbers.download(&size, slot, 1);
    list.n = size;
    if (list.index.size() < size) list.index.resize(size);
    if (list.count.size() < size) list.count.resize(size);
    cells.index.download(list.index.data(), slot * width, size);
    cells.count.download(list.count.data(), slot * width, size);
    sort_by_index(list);
}

void OnDevice::finish(int64_t first, int64_t last) {
    if (device_->is_emulated()) device_->library().guard(3);
    how_ = device_->for_step(0);
    mirrors_.hand_back();
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        Population& population = *engine_.populations[number];
        if (last >= first && (population.module != nullptr || population.axonal != nullptr))
            take_list(*cells_[number], last, population.spikes[last & 1][0]);
        if (population.rate.values != nullptr && last >= first) hand_back_rates(population, *cells_[number], last);
    }
    for (auto& projection : engine_.projections)
        if (projection && projection->module != nullptr && !is_led(*projection)) put_under_way(*projection, first, last);
}

// Spikes emitted in this run, but for those of its last step, go where the host looks for them.
void OnDevice::put_under_way(Projection& projection, int64_t first, int64_t last) {
    const DelayedRows& rows = *projection.rows[0];
    if (rows.group_delay.empty()) return;
    SpikeList list;
    for (int source : {projection.pre, projection.axons}) {
        if (source < 0) continue;
        for (int64_t emitted = std::max(first, last - projection.max_delay() + 1); emitted < last; ++emitted) {
            take_list(*cells_[std::size_t(source)], emitted, list);
            for (std::size_t i = 0; i < std::size_t(list.n); ++i) {
                uint32_t group = rows.row_start[list.index[i]];
                const uint32_t end = rows.row_start[list.index[i] + 1];
                while (group < end && emitted + rows.group_delay[group] <= last) ++group;
                if (group < end)
                    projection.calendars[0].at(emitted + rows.group_delay[group]).push_back({group, end, list.count[i], source == projection.axons, 0});
            }
        }
    }
}

void OnDevice::hand_back_rates(Population& population, Cells& cells, int64_t last) {
    FiringRate& rate = population.rate;
    cells.rate_counts.download(rate.counts.data(), 0, rate.counts.size());
    std::vector<uint32_t> end(std::size_t(last - cells.rate_first + 1));
    cells.rate_end.download(end.data(), 0, end.size());
    RecentSpikes known;
    const std::size_t n = end.back();
    std::vector<uint32_t> index(n), count(n);
    cells.rate_index.download(index.data(), 0, n);
    cells.rate_count.download(count.data(), 0, n);
    for (int64_t emitted = std::max(cells.rate_first, last - rate.window + 1); emitted <= last; ++emitted) {
        const auto place = std::size_t(emitted - cells.rate_first);
        for (std::size_t k = place == 0 ? 0 : end[place - 1]; k < end[place]; ++k) {
            known.step.push_back(emitted);
            known.index.push_back(index[k]);
            known.count.push_back(count[k]);
        }
    }
    rate.spikes[0] = std::move(known);
}

}  // namespace pnn
