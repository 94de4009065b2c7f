// dendrites.cpp: synapses by post-synaptic element: how they are laid out, and how their values are set and read.
#include "pynn_annarchy/dendrites.h"

#include <algorithm>
#include <limits>

#include "pynn_annarchy/engine.h"

namespace pnn {

namespace {

constexpr double never = -std::numeric_limits<double>::infinity();
constexpr uint64_t shortest_run = 16;     // on average, for sources to be stored as runs

// Places of one row's synapses in the order of creation where a pair of cells has several.
void by_creation(const DelayedRows& rows, std::vector<uint32_t>& row) {
    if (rows.creation.empty()) return;
    std::stable_sort(row.begin(), row.end(), [&](uint32_t a, uint32_t b) { return rows.creation_rank(a) < rows.creation_rank(b); });
}

// Whether all delays are alike.
bool are_alike(const std::vector<uint16_t>& delays) {
    return delays.empty() || std::all_of(delays.begin(), delays.end(), [&](uint16_t delay) { return delay == delays[0]; });
}

// Whether every source has one synapse with every target.
bool connects_all(const DelayedRows& rows) {
    const std::size_t n_sources = rows.row_start.size() - 1;
    if (rows.n == 0 || uint64_t(rows.n) != n_sources * uint64_t(rows.n_post) || !are_alike(rows.group_delay)) return false;
    uint32_t expected = 0;
    for (std::size_t s = 0; s < std::size_t(rows.n); ++s) {
        if (rows.target(s) != expected) return false;
        expected = expected + 1 == uint32_t(rows.n_post) ? 0 : expected + 1;
    }
    for (std::size_t source = 0; source < n_sources; ++source)
        if (rows.group_start[rows.row_start[source]] != source * std::size_t(rows.n_post)) return false;
    return true;
}

}  // namespace

Dendrites::Dendrites(const DelayedRows& rows, bool spikes_matter)
    : n(rows.n),
      n_elements(rows.n_post),
      first_element(rows.first_post),
      start(std::size_t(rows.n_post) + 1, 0),
      spiked(std::size_t(rows.n_post), never) {
    places.n_sources = rows.row_start.size() - 1;
    places.n_targets = uint64_t(rows.n_post);
    for (std::size_t s = 0; s < std::size_t(n); ++s) ++start[rows.target(s) + 1];
    for (std::size_t element = 1; element < start.size(); ++element) start[element] += start[element - 1];
    if (!spikes_matter && connects_all(rows)) {
        run_start.resize(start.size());
        for (std::size_t element = 0; element < run_start.size(); ++element) run_start[element] = element;
        for (std::size_t element = 0; element + 1 < start.size(); ++element) runs.push_back({start[element + 1], 0 - start[element]});
        return;
    }
    Array<uint32_t> sources{std::size_t(n)};
    place_all(rows, sources);
    if (spikes_matter || delays.size() != 0) {
        sources32 = std::move(sources);
    } else if (!find_runs(sources)) {
        if (places.n_sources > 65536) {
            sources32 = std::move(sources);
            return;
        }
        sources16 = Array<uint16_t>(std::size_t(n));
        std::copy(sources.data(), sources.data() + n, sources16.data());
    }
}

void Dendrites::place_all(const DelayedRows& rows, Array<uint32_t>& sources) {
    places.each = Array<uint32_t>(std::size_t(n));
    const bool alike = are_alike(rows.group_delay);
    if (!alike) delays = Array<uint16_t>(std::size_t(n));
    std::vector<uint64_t> next(start.begin(), start.end() - 1);
    std::vector<uint32_t> row;
    std::vector<uint16_t> row_delays;
    for (std::size_t source = 0; source + 1 < rows.row_start.size(); ++source) {
        const uint32_t first = rows.group_start[rows.row_start[source]], last = rows.group_start[rows.row_start[source + 1]];
        row.resize(last - first);
        for (uint32_t k = 0; k < row.size(); ++k) row[k] = first + k;
        row_delays.resize(row.size());
        for (uint32_t group = rows.row_start[source]; group < rows.row_start[source + 1]; ++group)
            for (uint32_t s = rows.group_start[group]; s < rows.group_start[group + 1]; ++s) row_delays[s - first] = rows.group_delay[group];
        by_creation(rows, row);
        for (uint32_t s : row) {
            const uint64_t place = next[rows.target(s)]++;
            sources[place] = uint32_t(source);
            places.each[s] = uint32_t(place);
            if (!alike) delays[place] = row_delays[s - first];
        }
    }
}

// Finds the runs of neighbours; keeps them if they are long enough.
bool Dendrites::find_runs(const Array<uint32_t>& sources) {
    run_start.assign(1, 0);
    for (std::size_t element = 0; element + 1 < start.size(); ++element) {
        for (uint64_t s = start[element]; s < start[element + 1]; ++s) {
            const bool goes_on = s > start[element] && sources[s] == sources[s - 1] + 1;
            if (!goes_on) runs.push_back({0, uint64_t(sources[s]) - s});
            runs.back().end = s + 1;
        }
        run_start.push_back(runs.size());
        if (runs.size() * shortest_run > uint64_t(n)) {
            runs = {};
            run_start = {};
            return false;
        }
    }
    return true;
}

std::size_t Dendrites::bytes() const {
    std::size_t sum = start.capacity() * 8 + sources16.size() * 2 + sources32.size() * 4 + delays.size() * 2;
    sum += run_start.capacity() * 8 + runs.capacity() * sizeof(pnn_run) + places.each.size() * 4 + ranks.capacity() * 4;
    sum += (passed.capacity() + passed_before.capacity() + spiked.capacity()) * 8;
    for (const Column& column : columns) sum += column.each.size() * 8;
    return sum;
}

void Projection::make_dendrites() {
    if (!dendrites.empty()) return;
    for (const auto& part : rows) {
        dendrites.push_back(std::make_unique<Dendrites>(*part, spikes_matter));
        if (part->n != 0 && dendrites.back()->places.is_complete()) part->forget_targets();
    }
}

namespace {

constexpr std::size_t tile = 64;          // sources and elements that are visited together, for the caches' sake

// Visits all synapses with their canonical rank.
template <class Visit>
void for_each_synapse(const std::vector<std::unique_ptr<Dendrites>>& parts, int64_t size, const uint64_t* order, Visit visit) {
    if (!std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part->n == 0 || part->places.is_complete(); })) {
        for (int64_t i = 0; i < size; ++i) {
            Dendrites& own = *parts[partition_of(order[i])];
            visit(std::size_t(i), own, own.places[place_of(order[i])]);
        }
        return;
    }
    std::size_t n_targets = 0;
    for (const auto& part : parts) n_targets += part->places.n_targets;
    std::size_t before = 0;
    for (const auto& part : parts) {
        const std::size_t n_sources = part->places.n_sources, n_elements = part->n == 0 ? 0 : part->places.n_targets;
        for (std::size_t source = 0; source < n_sources; source += tile)
            for (std::size_t element = 0; element < n_elements; element += tile)
                for (std::size_t j = source; j < std::min(source + tile, n_sources); ++j)
                    for (std::size_t e = element; e < std::min(element + tile, n_elements); ++e)
                        visit(j * n_targets + before + e, *part, e * n_sources + j);
        before += part->places.n_targets;
    }
}

}  // namespace

void Projection::prepare_clocked(const uint64_t* order) {
    for (std::size_t p = 0; p < rows.size(); ++p) {
        DelayedRows& part = *rows[p];
        Dendrites& own = *dendrites[p];
        const auto n = std::size_t(part.n);
        own.columns.resize(std::size_t(module->n_arrays));
        if (weight_field >= 0 && part.weights_elsewhere == nullptr) {
            Column& weights = own.columns[std::size_t(weight_field)];
            weights.shared = part.shared_weight;
            if (part.weight_form != PNN_WEIGHT_SHARED) {
                weights.each = Array<double>(n);
                for (std::size_t s = 0; s < n; ++s) weights.each[own.places[s]] = part.weight(s);
            }
            part.places = &own.places;
            part.weights_elsewhere = &weights;
            part.weights32.release();
            part.weights64.release();
        }
        own.arrays.resize(own.columns.size());
        own.array_steps.resize(own.columns.size());
        for (std::size_t field = 0; field < own.columns.size(); ++field) {
            Column& column = own.columns[field];
            if (field >= std::size_t(n_parameters)) column.spread(own.size_of(kinds[field]));
            own.arrays[field] = column.is_shared() ? &column.shared : column.each.data();
            own.array_steps[field] = column.is_shared() ? 0 : 1;
        }
        if (module->asks_when && own.passed.size() != n) {
            own.passed.assign(n, never);
            own.passed_before.assign(n, never);
        }
        if (module->draws) own.ranks.resize(n);
    }
    if (module->draws)
        for_each_synapse(dendrites, size(), order, [](std::size_t i, Dendrites& own, uint64_t place) { own.ranks[place] = uint32_t(i); });
}

std::size_t Projection::field_size(int field) const {
    switch (kinds[std::size_t(field)]) {
        case Place::synapse: return std::size_t(size());
        case Place::projection: return 1;
        case Place::element: break;
    }
    std::size_t n = 0;
    for (const auto& own : dendrites) n += std::size_t(own->n_elements);
    return n;
}

void Projection::set_field(const uint64_t* order, int field, const double* each, double shared) {
    const auto number = std::size_t(field);
    const Place kind = kinds[number];
    for (auto& own : dendrites) {
        if (own->columns.size() < std::size_t(module->n_arrays)) own->columns.resize(std::size_t(module->n_arrays));
        Column& column = own->columns[number];
        column.shared = shared;
        const std::size_t n = each == nullptr ? 0 : own->size_of(kind);
        if (column.each.size() != n) column.each = Array<double>(n);
        if (each == nullptr || kind == Place::synapse) continue;
        const double* first = each + (kind == Place::element ? own->first_element : 0);
        std::copy(first, first + n, column.each.data());
    }
    if (each == nullptr || kind != Place::synapse) return;
    for_each_synapse(dendrites, size(), order, [&](std::size_t i, Dendrites& own, uint64_t place) { own.columns[number].each[place] = each[i]; });
}

void Projection::read_field(const uint64_t* order, int field, double* out) const {
    const auto number = std::size_t(field);
    const Place kind = kinds[number];
    if (kind == Place::synapse) {
        for_each_synapse(dendrites, size(), order, [&](std::size_t i, const Dendrites& own, uint64_t place) { out[i] = own.columns[number][place]; });
        return;
    }
    for (const auto& own : dendrites)
        for (std::size_t k = 0; k < own->size_of(kind); ++k)
            out[(kind == Place::element ? std::size_t(own->first_element) : 0) + k] = own->columns[number][k];
}

void Projection::set_weights_by_place(const uint64_t* order, const double* weight, bool all_equal) {
    const bool is_constant = weight_field < n_parameters;
    if (size() > 0 && all_equal && is_constant) set_field(order, weight_field, nullptr, weight[0]);
    else set_field(order, weight_field, weight, 0.0);
}

void Projection::set_weights_by_place_at(const uint64_t* order, const int64_t* index, int64_t n, const double* weight) {
    for (auto& own : dendrites) own->columns[std::size_t(weight_field)].spread(std::size_t(own->n));
    for (int64_t k = 0; k < n; ++k) {
        Dendrites& own = *dendrites[partition_of(order[index[k]])];
        own.columns[std::size_t(weight_field)].each[own.places[place_of(order[index[k]])]] = weight[k];
    }
}

pnn_dendrites Projection::dendrites_view(const Population& pre_cells, const Population& post_cells, const PopulationValues& values, int64_t n, int partition) {
    const auto p = std::size_t(partition);
    const DelayedRows& part = *rows[p];
    Dendrites& own = *dendrites[p];
    own.pre.clear();
    own.post.clear();
    const auto place_of = [&](const Population& cells, int number, int seen) {
        return seen >= 0 ? cells.published.row(std::size_t(seen)) : values[std::size_t(number)].data() + (-1 - seen);
    };
    for (int seen : pre_seen) own.pre.push_back(place_of(pre_cells, pre, seen));
    for (int seen : post_seen) own.post.push_back(place_of(post_cells, post, seen));
    own.rows_seen.assign(1, 0);
    if (!pre_seen.empty()) {
        const bool alike = own.delays.size() == 0;
        own.rows_seen.resize(alike ? 1 : std::size_t(part.max_delay) + 1);
        for (std::size_t delay = 0; delay < own.rows_seen.size(); ++delay)
            own.rows_seen[delay] = pre_cells.published.begin(n - (alike ? int64_t(part.max_delay) : int64_t(delay)), pre_cells.size);
    }
    pnn_dendrites view{};
    view.start = own.start.data();
    view.n_elements = part.n_post;
    view.first_element = part.first_post;
    view.sources = own.sources16.size() != 0 ? static_cast<const void*>(own.sources16.data()) : own.sources32.data();
    view.source_bits = own.sources16.size() != 0 ? 16 : 32;
    view.run_start = own.run_start.data();
    view.runs = own.run_start.empty() ? nullptr : own.runs.data();
    // Without anything to see, where it lies does not matter.
    view.delays = own.delays.size() && !pre_seen.empty() ? own.delays.data() : nullptr;
    view.rows_seen = own.rows_seen.data();
    view.row_of_post = post_seen.empty() ? 0 : post_cells.published.begin(n - 1, post_cells.size) + uint64_t(part.first_post);
    view.pre = own.pre.data();
    view.post = own.post.data();
    view.arrays = own.arrays.data();
    view.array_steps = own.array_steps.data();
    view.each_weight = weight_field < 0 || own.array_steps[std::size_t(weight_field)] == 1;
    view.ranks = own.ranks.data();
    view.object_index = object_index;
    view.places = own.places.each.data();
    if (module->asks_when) {
        view.passed = own.passed.data();
        view.passed_before = own.passed_before.data();
        view.spiked = own.spiked.data();
    }
    return view;
}

}  // namespace pnn
