// on_device_synapses.cpp: synapses that learn, or do something in every step: the host says which spikes pass when.
#include <algorithm>

#include "pynn_annarchy/on_device.h"

namespace pnn {

// The host's lists of what was sent in a step, for those who ask.
void OnDevice::fetch_lists(int64_t n) {
    for (std::size_t number : listed_) {
        Population& population = *engine_.populations[number];
        if (population.module != nullptr || population.axonal != nullptr) take_list(number, n, population.spikes_of(n)[0]);
    }
}

// Spikes enter the histories of projections that learn, which may have to be caught up meanwhile.
void OnDevice::remember(int64_t n) {
    is_remembering_ = true;
    engine_.remember(n, n, 0, due_);
    is_remembering_ = false;
    for (Projection* projection : engine_.concerned.learning)
        if (engine_.populations[std::size_t(projection->post)]->spikes_of(n)[0].n > 0) histories_.at(projection)->has_changed = true;
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

}  // namespace pnn
