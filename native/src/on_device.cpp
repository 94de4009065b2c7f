// on_device.cpp: the step loop on a device; see on_device.h.
#include "pynn_annarchy/on_device.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <unordered_set>

namespace pnn {

namespace {

constexpr std::size_t MOST_RECORDED = std::size_t(256) << 20;  // bytes of records that the device keeps before they are handed over
constexpr std::size_t FEW_SAMPLES = std::size_t(256) << 10;    // bytes of them, for which it does not pay to have them sooner
constexpr int64_t MOST_STEPS = 1000;                           // between two looks at what happens there
constexpr int64_t STEPS_A_GRAPH = 16;
constexpr int64_t FEWEST_REPEATED = 4 * STEPS_A_GRAPH;         // for which it pays to make one

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

OnDevice::OnDevice(Engine& engine, std::shared_ptr<Device> device)
    : engine_(engine), device_(std::move(device)), mirrors_(device_), arguments_(device_), n_recorded_(device_) {}

pnn_ring OnDevice::Cells::ring() const {
    return {is_listed ? index.data() : nullptr, count.data(), numbers.data(), counts.size() == 0 ? nullptr : counts.data(), ring_size,
            int64_t(width())};
}

pnn_sent OnDevice::Cells::at(int64_t step) const {
    const auto slot = std::size_t(step % ring_size), size = width();
    return {index.data() + slot * size, count.data() + slot * size, numbers.data() + slot};
}

// ---- the run -----------------------------------------------------------------------------------------------------------------

int OnDevice::run(int64_t n_steps) {
    const auto called = std::chrono::steady_clock::now();
    if (engine_.partitions != 1) throw std::logic_error("a device takes networks of one partition");
    const Borrowed borrowed(engine_);
    engine_.find_currents();
    if (may_go_on()) go_on();
    else prepare(n_steps);
    engine_.work.preparation += seconds_since(called);
    const auto started = std::chrono::steady_clock::now();
    const int64_t before = engine_.step, last = engine_.step + n_steps;
    const pnn_control seen_before = seen_;
    int64_t done = engine_.step;
    Arriving arriving;
    while (done < last && seen_.failed == 0 && seen_.has_more == 0) {
        const int64_t end = do_steps(done + 1, done + steps_at_once(last - done));
        keep(arriving);  // of the steps before, while the device is at work
        seen_ = seen_control();
        const int64_t stopped = std::min(end, seen_.stop_after);
        arriving = take_records(done + 1, stopped);
        done = stopped;
    }
    keep(arriving);
    how_ = launch_at(done);
    form_values(done + 1);
    engine_.end_step(done, 0, due_);
    engine_.work.spikes += seen_.spikes - seen_before.spikes;
    engine_.work.events += seen_.events - seen_before.events;
    engine_.step = done;
    finish();
    std::vector<ThreadWork> nothing;
    engine_.note_work(nothing, done - before, seconds_since(started));
    auto& draining = engine_.draining;
    draining.erase(std::remove_if(draining.begin(), draining.end(), [](const auto& p) { return !p->in_flight(); }), draining.end());
    return seen_.failed - 1;
}

// All is as the last run has left it, but for states that the host has changed.
void OnDevice::go_on() {
    if (device_->is_emulated()) device_->library().guard(2);
    first_ = engine_.step + 1;
    for (const auto& learner : learners_) learner.second->of.lock()->elsewhere = this;
    mirrors_.push();
}

pnn_control OnDevice::seen_control() {
    pnn_control control{};
    device_->download(&control, device_->d_control, sizeof control);
    return control;
}

pnn_launch OnDevice::launch_at(int64_t n) const {
    return device_->how(n - base_, engine_.step_value(0));
}

int64_t OnDevice::steps_at_once(int64_t left) const {
    std::size_t spikes = 1, samples = 0;  // bytes a step
    for (const Population* population : engine_.concerned.recording) spikes += sizeof(pnn_recorded) * std::size_t(population->size);
    for (const auto& signal : engine_.signals) samples += sizeof(double) * signal->index.size();
    const int64_t most = std::min(device_->is_emulated() ? 7 : MOST_STEPS, std::max<int64_t>(1, int64_t(MOST_RECORDED / (spikes + samples))));
    if (samples == 0) return std::min(left, most);
    // The device does nothing while the last samples of a run are copied: let there be fewer and fewer of them.
    const int64_t fewest = device_->is_emulated() ? 2 : std::max(FEWEST_REPEATED, int64_t(FEW_SAMPLES / samples));
    return std::min({left, most, std::max(fewest, left / 2)});
}

// For what is recorded in so many steps, and in as many more while that is copied.
void OnDevice::make_room(int64_t n_steps) {
    if (n_steps <= room_) return;
    room_ = n_steps;
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        if (!engine_.populations[number]->records_spikes) continue;
        cells_[number]->spikes.resize(2 * std::size_t(n_steps) * std::size_t(engine_.populations[number]->size));
    }
    for (std::size_t k = 0; k < signals_.size(); ++k) signals_[k]->rows.resize(2 * std::size_t(n_steps) * engine_.signals[k]->index.size());
}

// Returns the last step that has been done, or the one that `last` says.
int64_t OnDevice::do_steps(int64_t first, int64_t last) {
    for (int64_t n = first; n <= last;) {
        const int64_t next = std::min(next_by_host(n), last + 1);
        if (next > n) {
            do_alone(n, next - 1);
            n = next;
            continue;
        }
        step_with_host(n);
        if (has_led_ && seen_control().failed != 0) return n;  // what the host keeps of spikes ends there too
        ++n;
    }
    return last;
}

// Steps in which the host has nothing else to do.
void OnDevice::do_alone(int64_t first, int64_t last) {
    const int64_t at_once = device_->is_emulated() ? 3 : STEPS_A_GRAPH;
    const int64_t fewest = device_->is_emulated() ? at_once + 1 : FEWEST_REPEATED;
    if (!graph_ && last - first + 1 >= fewest) {
        step(first++);  // all kernels have then been launched by this thread, as keeping them asks for
        keep_steps(at_once);
    }
    for (; graph_ && first + at_once - 1 <= last; first += at_once) {
        how_ = device_->how();
        const int64_t ahead = first - 1 - base_;
        if (ahead != 0) call("go on", [&](const pnn_device_library& library, const pnn_launch* how) { return library.advance(ahead, how); });
        graph_->repeat();
        base_ = first - 1 + at_once;
    }
    for (; first <= last; ++first) step(first);
}

void OnDevice::keep_steps(int64_t at_once) {
    graph_ = std::make_unique<Graph>(device_, [&](const pnn_launch& keeping) {
        for (int64_t k = 1; k <= at_once; ++k) {
            how_ = keeping;
            how_.offset = k;
            how_.common = engine_.step_value(0);
            launch_step();
        }
        call("go on", [&](const pnn_device_library& library, const pnn_launch* how) { return library.advance(at_once, how); });
    });
}

void OnDevice::launch_step() {
    deliver();
    update();
    end_step();
}

void OnDevice::step(int64_t n) {
    how_ = launch_at(n);
    launch_step();
}

void OnDevice::step_with_host(int64_t n) {
    how_ = launch_at(n);
    n_lent_ = 0;
    due_.first_step = n;
    // An emulation bars the host from the device's memory between kernels in a run's first step at most: that takes long.
    if (device_->is_emulated()) device_->library().guard(n == first_ ? 3 : 2);
    form_values(n);
    deliver();
    deliver_listed(n);
    add_due(n);
    int failed = -1;  // is known on the device
    for (Projection* projection : engine_.concerned.delivering)
        if (is_led(*projection)) {
            if (projection->learns && !projection->clocked) engine_.accept(*projection, n - 1, 0);
            engine_.deliver(*projection, n, 0, due_, failed);
        }
    update_currents(engine_.step_value(n));
    for (std::size_t number = 0; number < cells_.size(); ++number) update_by_host(number, n);
    update();
    publish();
    fetch_lists(n);
    remember(n);
    for (Projection* projection : engine_.concerned.reached) engine_.reach_synapses(*projection, n, n, 0, due_);
    end_step();
}

// ---- when the host has something to do -----------------------------------------------------------------------------------------

// The first step from n on; the first one after something is new is.
int64_t OnDevice::next_by_host(int64_t n) const {
    if (n == known_from_ || has_led_ || !engine_.concerned.valued.empty()) return n;
    for (auto* list : {&engine_.projections, &engine_.draining})
        for (auto& projection : *list)
            if (projection && projection->module != nullptr && learners_.count(projection.get()) == 0 && !projection->calendars[0].empty()) return n;
    int64_t next = std::min(engine_.currents_of[0].until, next_due());
    for (const auto& population : engine_.populations)
        if (population->active) next = std::min(next, next_by_host(*population, n));
    return std::max(next, n);
}

int64_t OnDevice::next_by_host(const Population& population, int64_t n) const {
    int64_t next = NEVER;
    if (population.module == nullptr && population.axonal == nullptr && population.next_event < population.event_step.size())
        next = population.event_step[population.next_event];
    if (!population.schedule.parts.empty()) {
        const ScheduledPart& part = population.schedule.parts[0];
        if (part.next < part.step.size()) next = std::min(next, part.step[part.next] + 1);
    }
    if (!population.frames.inputs.empty()) {
        const bool is_due = population.frames.row_at(n - 1) != population.frames.shown[0];
        next = std::min(next, is_due ? n : population.frames.next_change(n - 1));
    }
    return next;
}

// ---- what is done in every step ------------------------------------------------------------------------------------------------

void OnDevice::deliver() {
    for (Population* population : engine_.concerned.gathering)
        for (Gathered& gathered : population->gathered)
            call("clear sums", [&](const pnn_device_library& library, const pnn_launch* how) {
                return library.fill(mirrors_.known(gathered.sums.data()), 0, gathered.sums.size() * sizeof(double), how);
            });
    for (const auto& [module, delivery] : recipe_.deliveries)
        call("deliver spikes", [&, launchers = module, &due = delivery](const pnn_device_library&, const pnn_launch* how) {
            return launchers->deliver(due.routes.data(), arguments_.at<pnn_route>(due.place), int64_t(due.routes.size()), how);
        });
    learn_due();
}

void OnDevice::update() {
    for (Population* population : engine_.concerned.gathering)
        for (Gathered& gathered : population->gathered)
            call("add up inputs", [&](const pnn_device_library& library, const pnn_launch* how) {
                const void* base = gathered.base == nullptr ? nullptr : mirrors_.known(gathered.base);
                const auto* sums = static_cast<const double*>(mirrors_.known(gathered.sums.data()));
                return library.add_up(mirrors_.known(gathered.input), gathered.dtype, base, sums, population->size, how);
            });
    for (std::size_t number : recipe_.resting) rest(*engine_.populations[number]);
    for (const auto& of_module : recipe_.updates)
        call("update cells", [&](const pnn_device_library&, const pnn_launch* how) {
            return of_module.first->neurons(of_module.second.data(), int64_t(of_module.second.size()), how);
        });
    for (std::size_t number : recipe_.axonal) {
        const Population& population = *engine_.populations[number];
        const pnn_ring ring = cells_[number]->ring();
        call("emit axonal spikes", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.emit_axonal(&ring, static_cast<const double*>(mirrors_.known(population.axonal)), population.size, how);
        });
    }
    remember_there();
    for (const pnn_window& window : recipe_.windows)
        call("count spikes", [&](const pnn_device_library& library, const pnn_launch* how) { return library.take_rates(&window, how); });
}

// A population that is switched off stays as it is; what arrives meanwhile is lost.
void OnDevice::rest(Population& population) {
    for (int64_t* input : population.inputs[0])
        call("clear inputs", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.fill(mirrors_.known(input), 0, std::size_t(population.size) * sizeof(int64_t), how);
        });
}

void OnDevice::end_step() {
    const auto &spikes = recipe_.spikes;
    const auto &copies = recipe_.recorded;
    call("record", [&](const pnn_device_library& library, const pnn_launch* how) {
        return library.end_step(spikes.data(), int64_t(spikes.size()), copies.data(), int64_t(copies.size()),
                                arguments_.at<pnn_ring>(recipe_.rings), int64_t(cells_.size()), how);
    });
}

void OnDevice::publish() {
    const auto& copies = recipe_.published;
    if (!copies.empty())
        call("publish values", [&](const pnn_device_library& library, const pnn_launch* how) {
            return library.end_step(nullptr, 0, copies.data(), int64_t(copies.size()), nullptr, 0, how);
        });
}

// ---- what falls due from before the run --------------------------------------------------------------------------------------

pnn_route OnDevice::route_of(const Projection& projection, const Paths& paths) const {
    const DelayedRows& rows = *projection.rows[0];
    pnn_route route;
    std::memset(static_cast<void*>(&route), 0, sizeof route);
    const pnn_rows view = engine_.rows_view(projection, 0);
    route.rows.inverse_quantum = view.inverse_quantum;
    route.rows.bound = view.bound;
    route.rows.object_index = view.object_index;
    if (view.accumulator != nullptr) route.rows.accumulator = static_cast<int64_t*>(mirrors_.known(view.accumulator));
    route.rows.targets = paths.targets.data();
    route.rows.target_bits = rows.target_bits();
    route.rows.weight_form = rows.weight_form;
    route.rows.weights = paths.weights.data();
    route.rows.weight_unit = rows.weight_unit;
    route.rows.shared = paths.shared.data();
    route.d_row_start = paths.row_start.data();
    route.d_group_start = paths.group_start.data();
    route.d_group_delay = paths.group_delay.data();
    route.d_delays = paths.delays.data();
    route.n_delays = int32_t(paths.delays.size());
    route.number = projection.number;
    route.first = known_from_;
    return route;
}

// Spikes from before those that the device knows are in calendars, those of the step before in the lists.
void OnDevice::deliver_listed(int64_t n) {
    std::map<const pnn_device_module*, std::vector<pnn_route>> routes;
    for (auto* list : {&engine_.projections, &engine_.draining})
        for (auto& projection : *list) {
            if (!projection || !is_static(*projection)) continue;
            if (n == known_from_ && list == &engine_.projections) engine_.send(*projection, n - 1, 0);
            add_listed(*projection, n, routes[device_module_of(projection->module)]);
        }
    for (const auto& of_module : routes) {
        const auto& listed = of_module.second;
        if (listed.empty()) continue;
        const pnn_route* const d_routes = lend(listed.data(), listed.size());
        call("deliver spikes", [&](const pnn_device_library&, const pnn_launch* how) {
            return of_module.first->deliver(listed.data(), d_routes, int64_t(listed.size()), how);
        });
    }
}

void OnDevice::add_listed(Projection& projection, int64_t n, std::vector<pnn_route>& routes) {
    const DelayedRows& rows = *projection.rows[0];
    const Activity& activity = engine_.projections[std::size_t(projection.number)]->activity;
    const auto delay_of = [&rows](uint32_t group) { return int64_t(rows.group_delay[group]); };
    std::vector<pnn_group> groups;
    projection.calendars[0].take_due(n, delay_of, [&](const Cursor& cursor) {
        if (!activity.passes(cursor.axonal)) return;
        groups.push_back({rows.group_start[cursor.group], rows.group_start[cursor.group + 1], int64_t(cursor.multiplicity)});
    });
    if (groups.empty()) return;
    Paths& paths = *paths_.at(&projection);
    pnn_route listed = route_of(projection, paths);
    paths.groups.upload(groups);
    listed.d_groups = paths.groups.data();
    listed.n_groups = int64_t(groups.size());
    routes.push_back(listed);
}

// ---- cells and what flows into them ------------------------------------------------------------------------------------------

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

void OnDevice::update_by_host(std::size_t number, int64_t n) {
    Population& population = *engine_.populations[number];
    const bool is_given = population.module == nullptr && population.axonal == nullptr;
    if (!population.active) {
        if (is_given) population.spikes_of(n)[0].n = 0;
    } else if (is_given) {
        emit_given(population, *cells_[number], n);
    } else if (population.module != nullptr) {
        if (!population.schedule.parts.empty()) follow_schedule(population.schedule, n);
        if (!population.frames.inputs.empty()) show_frame(population, n);
        if (!population.values.empty()) arguments_.replace(cells_[number]->shared, Engine::shared_with_values(population, due_.values[number]));
    }
}

void OnDevice::emit_given(Population& population, Cells& cells, int64_t n) {
    const std::size_t before = population.next_event;
    Engine::emit_given(population, n);
    cells.last_given = n;
    const SpikeList& list = population.spikes_of(n)[0];
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

}  // namespace pnn
