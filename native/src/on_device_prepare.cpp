// on_device_prepare.cpp: what the device is given before a run, and what will be launched in every step of it.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>

#include "pynn_annarchy/on_device.h"

namespace pnn {

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
    take_back();
    graph_ = nullptr;
    for (auto& projection : engine_.projections) {
        if (!projection) continue;
        projection->unbundle();
        projection->leave_stream();
    }
    engine_.bundles.clear();
    engine_.may_bundle = true;
    engine_.place_sums(engine_.find_receiving(), 1);
    for (auto& population : engine_.populations) {
        population->stream = nullptr;
        population->list_is_read = true;
    }
    check_supported();
    engine_.find_concerned(false);
    engine_.publish_present();
    if (engine_.step == 0)
        for (auto& population : engine_.populations)
            if (population->module == nullptr && population->active) engine_.work.spikes += Engine::emit_given(*population, 0);
    first_ = known_from_ = engine_.step + 1;
    find_learners();
    find_listed();
    mirrors_.begin();
    arguments_.clear();
    while (cells_.size() < engine_.populations.size()) cells_.push_back(std::make_unique<Cells>(device_));
    for (std::size_t number = 0; number < engine_.populations.size(); ++number) prepare_population(number, n_steps);
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
    signals_.resize(engine_.signals.size());
    for (std::size_t k = 0; k < signals_.size(); ++k) {
        const Signal& signal = *engine_.signals[k];
        if (!signals_[k]) signals_[k] = std::make_unique<SignalThere>(device_);
        signals_[k]->index.upload(signal.index);
        signals_[k]->source = signal.source;
        signals_[k]->start_step = signal.start_step;
        signals_[k]->every = signal.every;
    }
    mirrors_.end_of_asking();
    room_ = 0;
    n_recorded_.resize(cells_.size());
    n_recorded_.fill_zero();
    make_room(steps_at_once(NEVER));  // whatever runs come next
    prepare_recipe();
    base_ = engine_.step;
    seen_ = pnn_control{NEVER, base_, 0, 0, 0, 0};
    device_->upload(device_->d_control, &seen_, sizeof seen_);
    for (const auto& learner : learners_) learner.second->of.lock()->keeper = this;
    is_prepared_ = true;
}

// Whether the host has told nothing since the last run that this one would have to know.
bool OnDevice::may_go_on() const {
    if (!is_prepared_ || !stays()) return false;
    for (std::size_t k = 0; k < signals_.size(); ++k) {
        const Signal& signal = *engine_.signals[k];
        const SignalThere& known = *signals_[k];
        if (signal.source != known.source || signal.start_step != known.start_step || signal.every != known.every) return false;
    }
    return std::all_of(paths_.begin(), paths_.end(), [](const auto& known) {
        const auto projection = known.second->of.lock();
        return projection && projection->version == known.second->version;
    });
}

// Whether states and spikes stay on the device after a run: that nobody else has to look at them in every run.
bool OnDevice::stays() const {
    return !has_led_ && engine_.concerned.publishing.empty() && engine_.concerned.gathering.empty() && recipe_.windows.empty();
}

void OnDevice::find_listed() {
    listed_.clear();
    for (auto& projection : engine_.projections)
        if (projection && is_led(*projection))
            for (int number : {projection->pre, projection->axons, projection->post})
                if (number >= 0) listed_.push_back(std::size_t(number));
    std::sort(listed_.begin(), listed_.end());
    listed_.erase(std::unique(listed_.begin(), listed_.end()), listed_.end());
}

void OnDevice::prepare_population(std::size_t number, int64_t n_steps) {
    Population& population = *engine_.populations[number];
    Cells& cells = *cells_[number];
    const auto size = std::size_t(population.size);
    std::vector<void*> arrays, inputs;
    if (population.module != nullptr)
        for (std::size_t field = 0; field < population.arrays.size(); ++field)
            arrays.push_back(mirrors_.of(population.arrays[field], size * size_of(population.module->arrays[field].dtype), Use::state));
    for (int64_t* input : population.inputs[0]) inputs.push_back(mirrors_.of(input, size * sizeof(int64_t), Use::working));
    cells.arrays = arguments_.add(arrays);
    cells.inputs = arguments_.add(inputs);
    cells.shared = arguments_.add(population.shared);
    cells.quanta = arguments_.add(population.quanta);
    for (const Gathered& gathered : population.gathered) {
        mirrors_.of(gathered.sums.data(), gathered.sums.size() * sizeof(double), Use::working);
        if (gathered.base != nullptr) mirrors_.of(gathered.base, size * size_of(gathered.dtype), Use::constant);
    }
    for (const Seen& variable : population.published.variables)
        mirrors_.of(variable.rows.data(), variable.rows.size() * sizeof(double), variable.source != nullptr ? Use::working : Use::constant);
    cells.values.resize(std::max<std::size_t>(1, population.values.size()));
    if (population.module == nullptr && population.axonal == nullptr) {
        mirrors_.of(population.event_index.data(), population.event_index.size() * sizeof(uint32_t), Use::constant);
        mirrors_.of(population.event_count.data(), population.event_count.size() * sizeof(uint32_t), Use::constant);
    }
    cells.ring_size = largest_delay(number) + 2;
    cells.index.resize(size * std::size_t(cells.ring_size));
    cells.count.resize(size * std::size_t(cells.ring_size));
    cells.numbers.resize(std::size_t(cells.ring_size));
    cells.numbers.fill_zero();
    cells.counts.resize(0);
    cells.is_listed = true;
    cells.last_given = -1;
    cells.n_taken = 0;
    if (!population.recorded.empty()) cells.recorded.upload(population.recorded);
    if (population.rate.values != nullptr) prepare_rates(population, cells, n_steps);
}

void OnDevice::prepare_rates(Population& population, Cells& cells, int64_t n_steps) {
    FiringRate& rate = population.rate;
    mirrors_.of(rate.values, std::size_t(population.size) * sizeof(double), Use::working);
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
    if (learners_.count(projection.get()) != 0) prepare_learner(projection);
    else if (projection->learns) prepare_learning(*projection);
    else if (projection->clocked) prepare_clocked(*projection);
    else prepare_paths(projection);
}

void OnDevice::prepare_column(Column& column, Use use) {
    mirrors_.of(&column.shared, sizeof(double), use);
    if (!column.is_shared()) mirrors_.of(column.each.data(), column.each.size() * sizeof(double), use);
}

void OnDevice::prepare_learning(Projection& projection) {
    DelayedRows& rows = *projection.rows[0];
    mirrors_.of(rows.targets16.data(), rows.targets16.size() * sizeof(uint16_t), Use::constant);
    mirrors_.of(rows.targets32.data(), rows.targets32.size() * sizeof(uint32_t), Use::constant);
    mirrors_.of(rows.weights64.data(), rows.weights64.size() * sizeof(double), Use::working);
    mirrors_.of(&rows.shared_weight, sizeof(double), Use::constant);
    mirrors_.of(rows.ranks.data(), rows.ranks.size() * sizeof(uint32_t), Use::constant);
    for (std::size_t field = 0; field < rows.columns.size(); ++field) prepare_column(rows.columns[field], int(field) >= projection.n_parameters ? Use::working : Use::constant);
    histories_[&projection] = std::make_unique<History>(device_);
}

void OnDevice::prepare_clocked(Projection& projection) {
    DelayedRows& rows = *projection.rows[0];
    Dendrites& own = *projection.dendrites[0];
    const auto constant = [&](const auto& values) { mirrors_.of(values.data(), values.size() * sizeof(values[0]), Use::constant); };
    const auto variable = [&](auto& values) { mirrors_.of(values.data(), values.size() * sizeof(values[0]), Use::working); };
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
    for (std::size_t field = 0; field < own.columns.size(); ++field) prepare_column(own.columns[field], int(field) >= projection.n_parameters ? Use::working : Use::constant);
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
        known->weights.upload(static_cast<const char*>(rows.all_weights()), rows.bytes_of_weights());
        known->version = projection->version;
    }
    known->shared.upload(projection->shared);
    const bool is_present = engine_.projections[std::size_t(projection->number)] == projection;
    known->is_counted = is_present && engine_.may_stream(*projection);
    if (known->is_counted) {
        Cells& sources = *cells_[std::size_t(projection->pre)];
        sources.counts.resize(sources.index.size());
        sources.counts.fill_zero();  // of cells that are switched off
    }
}

// ---- what every step does ----------------------------------------------------------------------------------------------------

// Numbers for each cell are enough where nobody asks for lists; see Engine::form_streams.
void OnDevice::find_lists_read() {
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        const Population& population = *engine_.populations[number];
        cells_[number]->is_listed = cells_[number]->counts.size() == 0 || population.records_spikes || population.rate.values != nullptr;
    }
    for (std::size_t number : listed_) cells_[number]->is_listed = true;
    for (const auto& learner : learners_)
        for (int number : {learner.first->pre, learner.first->post}) cells_[std::size_t(number)]->is_listed = true;
    for (auto& projection : engine_.projections)
        if (projection && is_static(*projection) && !paths_.at(projection.get())->is_counted)
            for (int source : {projection->pre, projection->axons})
                if (source >= 0) cells_[std::size_t(source)]->is_listed = true;
}

void OnDevice::prepare_recipe() {
    find_lists_read();
    recipe_ = Recipe{};
    has_led_ = !listed_.empty();
    std::vector<pnn_ring> rings;
    for (const auto& cells : cells_) rings.push_back(cells->ring());
    recipe_.rings = arguments_.add(rings);
    for (auto& projection : engine_.projections)
        if (projection && is_static(*projection))
            prepare_routes(projection, recipe_.deliveries[device_module_of(projection->module)].routes);
    for (auto& of_module : recipe_.deliveries) of_module.second.place = arguments_.add(of_module.second.routes);
    prepare_learners();
    arguments_.hand_over();
    for (std::size_t number = 0; number < cells_.size(); ++number) prepare_cells(number);
    prepare_records();
}

void OnDevice::prepare_routes(const std::shared_ptr<Projection>& projection, std::vector<pnn_route>& routes) {
    const Paths& paths = *paths_.at(projection.get());
    pnn_route route = route_of(*projection, paths);
    if (route.n_delays == 0) return;
    for (int source : {projection->pre, projection->axons}) {
        if (source < 0 || !projection->activity.passes(source == projection->axons)) continue;
        route.ring = cells_[std::size_t(source)]->ring();
        if (!paths.is_counted) route.ring.d_each = nullptr;
        route.n_sources = engine_.populations[std::size_t(source)]->size;
        routes.push_back(route);
    }
}

void OnDevice::prepare_cells(std::size_t number) {
    const Population& population = *engine_.populations[number];
    const Cells& cells = *cells_[number];
    if (population.size == 0) return;
    if (!population.active) {
        recipe_.resting.push_back(number);
    } else if (population.axonal != nullptr) {
        recipe_.axonal.push_back(number);
    } else if (population.module != nullptr) {
        pnn_cells given;
        std::memset(static_cast<void*>(&given), 0, sizeof given);
        given.segment.arrays = arguments_.at<void*>(cells.arrays);
        given.segment.shared = arguments_.at<double>(cells.shared);
        given.segment.inputs = arguments_.at<int64_t*>(cells.inputs);
        given.segment.quanta = arguments_.at<double>(cells.quanta);
        given.segment.object_index = population.segment.object_index;
        given.segment.element_offset = population.segment.element_offset;
        given.size = population.size;
        given.ring = cells.ring();
        given.number = int64_t(number);
        recipe_.updates[device_module_of(population.module)].push_back(given);
    }
    if (population.rate.values != nullptr && population.active)
        recipe_.windows.push_back({cells.ring(), cells.rate_counts.data(), static_cast<double*>(mirrors_.known(population.rate.values)),
                                   population.rate.per_spike, cells.rate_index.data(), cells.rate_count.data(), cells.rate_end.data(),
                                   cells.rate_first, population.rate.window});
}

void OnDevice::prepare_records() {
    for (Population* population : engine_.concerned.publishing)
        for (Seen& variable : population->published.variables)
            if (variable.source != nullptr && population->size > 0)
                recipe_.published.push_back({mirrors_.known(variable.source), variable.dtype, nullptr, population->size,
                                             static_cast<double*>(mirrors_.known(variable.rows.data())), 0, 1, population->published.depth});
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        const Population& population = *engine_.populations[number];
        if (!population.records_spikes || population.size == 0) continue;
        const Cells& cells = *cells_[number];
        recipe_.spikes.push_back({cells.ring(), population.size, population.recorded.empty() ? nullptr : cells.recorded.data(),
                                  cells.spikes.data(), cells.spikes.size(), n_recorded_.data() + number});
    }
    for (std::size_t k = 0; k < signals_.size(); ++k) {
        const Signal& signal = *engine_.signals[k];
        if (!signal.index.empty())
            recipe_.recorded.push_back({mirrors_.known(signal.source), signal.dtype, signals_[k]->index.data(), int64_t(signal.index.size()),
                                        signals_[k]->rows.data(), signal.start_step, signal.every, 2 * room_});
    }
    if (has_led_) return;
    // Nobody looks at what is published before the step is over: it is one launch with what is recorded.
    recipe_.recorded.insert(recipe_.recorded.end(), recipe_.published.begin(), recipe_.published.end());
    recipe_.published.clear();
}

}  // namespace pnn
