// engine.cpp: the step loop: deliver -> currents -> cells -> record, for each partition; one barrier a step.
#include "pynn_annarchy/engine.h"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <type_traits>

#include "pynn_annarchy/on_device.h"
#include "pynn_annarchy/openmp/team.h"
#include "pynn_annarchy/prefetch.h"
#include "pynn_annarchy/reduce.h"

namespace pnn {

const pnn_module* load_module(const char* path, const char* fingerprint, std::string& error) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        error = dlerror();
        return nullptr;
    }
    auto entry = reinterpret_cast<pnn_module_entry_fn>(dlsym(library, "pnn_module_entry"));
    if (entry == nullptr) {
        error = "no symbol 'pnn_module_entry'";
        return nullptr;
    }
    const pnn_module* module = entry();
    if (module->abi_version != PNN_ABI_VERSION) {
        error = "built for another version of the engine's interface";
        return nullptr;
    }
    if (std::strcmp(module->fingerprint, fingerprint) != 0) {
        error = "not the model that was asked for (fingerprint differs)";
        return nullptr;
    }
    if (auto device_entry = reinterpret_cast<pnn_device_entry_fn>(dlsym(library, "pnn_device_entry"))) {
        if (device_entry()->version != PNN_DEVICE_VERSION) {
            error = "built for another version of the device's interface";
            return nullptr;
        }
        remember_device_module(module, device_entry());
    }
    return module;
}

namespace {

double population_value(Reduction operation, const double* values, uint64_t n) {
    switch (operation) {
        case Reduction::mean: return reduced<Mean>(n, [=](uint64_t i) { return values[i]; });
        case Reduction::min: return reduced<Min>(n, [=](uint64_t i) { return values[i]; });
        case Reduction::max: return reduced<Max>(n, [=](uint64_t i) { return values[i]; });
        case Reduction::norm1: return reduced<Sum>(n, [=](uint64_t i) { return std::fabs(values[i]); });
        case Reduction::norm2: return pnn::sqrt(reduced<Sum>(n, [=](uint64_t i) { return values[i] * values[i]; }));
    }
    return 0.0;
}

uint64_t spikes_in(const SpikeList& list) {
    uint64_t n = 0;
    for (int64_t i = 0; i < list.n; ++i) n += list.count[std::size_t(i)];
    return n;
}

pnn_spikes room_in(SpikeList& list) { return {list.index.data(), list.count.data(), 0, nullptr, 0, 0}; }

constexpr std::size_t MOST_SUMS = std::size_t(1) << 25;   // of a partition, in all steps that are done at once

}  // namespace

uint64_t events_in(const std::vector<pnn_passage>& passages) {
    uint64_t n = 0;
    for (const pnn_passage& passage : passages) n += (passage.end - passage.begin) * uint64_t(passage.multiplicity);
    return n;
}

std::vector<int64_t> partition_bounds(int64_t size, int partitions) {
    std::vector<int64_t> bounds(std::size_t(partitions) + 1, size);
    for (int p = 0; p < partitions; ++p) bounds[std::size_t(p)] = std::min(size, (size * p / partitions + 15) / 16 * 16);
    bounds[0] = 0;
    return bounds;
}

Engine::Engine(int partitions_, double dt_, uint32_t seed_key_) : partitions(partitions_), dt(dt_), seed_key(seed_key_) {}

Engine::~Engine() = default;

void Population::part(int partitions) {
    bounds = partition_bounds(size, partitions);
    spike_record.resize(std::size_t(partitions));
    for (auto& of_step : spikes) of_step.resize(std::size_t(partitions));
}

void Engine::use_device(std::shared_ptr<Device> device) {
    take_back();
    fetch_all();
    on_device = device ? std::make_unique<OnDevice>(*this, std::move(device)) : nullptr;
}

void Engine::take_back() {
    if (on_device) on_device->take_back();
}

void Engine::fetch(const void* state) {
    if (on_device) on_device->fetch(state);
}

void Engine::touch(const void* state) {
    if (on_device) on_device->touch(state);
}

void Engine::fetch_all() {
    if (on_device) on_device->fetch_all();
}

void Engine::push() {
    if (on_device) on_device->push();
}

void Engine::replace(int index, std::shared_ptr<Projection> projection) {
    auto& slot = projections[std::size_t(index)];
    if (slot) slot->unbundle();
    may_bundle = true;
    if (slot && slot->in_flight()) draining.push_back(slot);
    slot = std::move(projection);
}

void Engine::update_quanta(int number) {
    Population& population = *populations[std::size_t(number)];
    std::vector<double> sums(std::size_t(population.size));
    for (std::size_t receptor = 0; receptor < population.quanta.size(); ++receptor) {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (const auto* list : {&projections, &draining})
            for (const auto& projection : *list)
                if (projection && projection->post == number && projection->receptor == int(receptor))
                    for (int source : {projection->pre, projection->axons})
                        if (source >= 0) projection->add_bounds(populations[std::size_t(source)]->max_spikes, sums.data());
        const double largest = sums.empty() ? 0.0 : *std::max_element(sums.begin(), sums.end());
        int exponent = 0;
        std::frexp(largest, &exponent);  // largest < 2^exponent, and not < 2^(exponent - 1)
        population.quanta[receptor] = std::ldexp(1.0, std::max(exponent - 62, -1000));
    }
}

void FiringRate::take(const SpikeList& list, int64_t n, int partition) {
    RecentSpikes& known = spikes[std::size_t(partition)];
    for (int64_t i = 0; i < list.n; ++i) {
        const uint32_t index = list.index[std::size_t(i)], count = list.count[std::size_t(i)];
        known.step.push_back(n);
        known.index.push_back(index);
        known.count.push_back(count);
        counts[index] += count;
        values[index] = counts[index] * per_spike;
    }
    forget(n, partition);
}

void FiringRate::forget(int64_t n, int partition) {
    RecentSpikes& known = spikes[std::size_t(partition)];
    for (; known.first < known.step.size() && known.step[known.first] <= n - window; ++known.first) {
        const uint32_t index = known.index[known.first];
        counts[index] -= known.count[known.first];
        values[index] = counts[index] * per_spike;
    }
    if (2 * known.first < known.step.size()) return;
    const auto n_gone = std::ptrdiff_t(known.first);
    known.step.erase(known.step.begin(), known.step.begin() + n_gone);
    known.index.erase(known.index.begin(), known.index.begin() + n_gone);
    known.count.erase(known.count.begin(), known.count.begin() + n_gone);
    known.first = 0;
}

void FiringRate::clear() {
    std::fill(counts.begin(), counts.end(), 0);
    for (RecentSpikes& known : spikes) known = RecentSpikes{};
}

namespace {

constexpr std::size_t many = 64;  // small projections, from which on they are better off together
constexpr std::size_t much = std::size_t(1) << 24;  // bytes, of which it pays to give some back
constexpr std::size_t a_page = 512;                 // sums

template <class Projections, class Alike>
std::vector<Projections> groups_of(const Projections& all, const Alike& alike) {
    std::vector<Projections> groups;
    for (const auto& projection : all) {
        const auto known = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return alike(*group[0], *projection); });
        if (known == groups.end()) groups.push_back({projection});
        else known->push_back(projection);
    }
    return groups;
}

}  // namespace

// Of each receptor of each population, whether anybody sends to it.
Engine::Receptors Engine::find_receiving() const {
    Receptors found;
    for (const auto& population : populations) found.emplace_back(population->quanta.size());
    for (const auto* list : {&projections, &draining})
        for (const auto& projection : *list)
            if (projection && projection->receptor >= 0) found[std::size_t(projection->post)][std::size_t(projection->receptor)] = 1;
    return found;
}

// Lays out the accumulators, those that nobody sends to behind all others, where populations or projections are new or more
// steps are wanted; returns whether they lie in another order.
bool Engine::place_sums(const Receptors& wanted, int64_t n_steps) {
    const bool is_new = wanted != receiving;
    if (!is_new && n_steps <= n_steps_placed) return false;
    receiving = wanted;
    n_steps_placed = n_steps;
    std::size_t most = 0;
    for (const auto& receptors : receiving) most = std::max(most, receptors.size());
    sums.clear();
    sums_of_step.clear();
    for (auto& population : populations) population->inputs.assign(std::size_t(partitions), std::vector<int64_t*>(population->quanta.size()));
    for (std::size_t p = 0; p < std::size_t(partitions); ++p) {
        // Calls visit(population, receptor, place of the partition's first element) for those that receive or do not, from
        // place n on; returns the place after them.
        const auto for_each = [&](bool receives, std::size_t n, auto visit) {
            for (std::size_t receptor = 0; receptor < most; ++receptor) {
                const std::size_t first = n;
                for (std::size_t number = 0; number < populations.size(); ++number) {
                    Population& population = *populations[number];
                    if (receptor >= receiving[number].size() || (receiving[number][receptor] != 0) != receives) continue;
                    visit(population, receptor, n);
                    n += std::size_t(population.bounds[p + 1] - population.bounds[p] + PNN_SUMS_ALIKE - 1) / PNN_SUMS_ALIKE * PNN_SUMS_ALIKE;
                }
                // Those of one cell at two receptors are far from each other in their pages; see Arenas in engine/arrays.py.
                if (n - first >= a_page) n = first + (n - first + a_page - 1) / a_page * a_page + PNN_SUMS_ALIKE;
            }
            return n;
        };
        const auto nothing = [](Population&, std::size_t, std::size_t) {};
        sums_of_step.push_back(for_each(true, 0, nothing));
        const std::size_t n_received = sums_of_step[p] * std::size_t(n_steps);
        sums.emplace_back(for_each(false, n_received, nothing) + 2 * a_page);
        std::fill_n(sums[p].data(), sums[p].size(), 0);
        // In the middle of a page, far from where the first arrays of cells begin.
        const std::size_t before = reinterpret_cast<std::uintptr_t>(sums[p].data()) / sizeof(int64_t) % a_page;
        int64_t* const begin = sums[p].data() + (a_page + a_page / 2 - before) % a_page;
        const auto place = [&](Population& population, std::size_t receptor, std::size_t first) {
            population.inputs[p][receptor] = begin + first - population.bounds[p];
        };
        for_each(true, 0, place);
        for_each(false, n_received, place);
    }
    return is_new;
}

// How many steps a partition may do before it hears of the others: what is emitted in them arrives after them, and nobody
// asks for what there is in between. That is so in networks in which there are but cells, static synapses, and synapses that
// learn from spikes of cells that take as long to reach them.
int64_t Engine::steps_at_once(int64_t n_steps, const Receptors& receptors) const {
    if (!currents.empty() || !draining.empty()) return 1;
    for (const auto& population : populations)
        if (population->axonal != nullptr || !population->injections.empty() || !population->gathered.empty() ||
            !population->published.variables.empty() || !population->values.empty())
            return 1;
    int64_t n = std::min(n_steps, MOST_AT_ONCE);
    for (const auto& projection : projections) {
        if (!projection) continue;
        if (projection->clocked) return 1;
        n = std::min<int64_t>(n, projection->learns ? projection->steps_apart() : projection->min_delay());
    }
    std::size_t bytes = 1;  // of the sums of a step
    for (std::size_t number = 0; number < populations.size(); ++number)
        bytes += std::size_t(std::count(receptors[number].begin(), receptors[number].end(), 1) * populations[number]->size) * sizeof(int64_t);
    return std::max<int64_t>(1, std::min(n, int64_t(MOST_SUMS * std::size_t(partitions) / bytes)));
}

int64_t* Engine::first_sum(const Projection& projection, std::size_t partition) const {
    const Population& post = *populations[std::size_t(projection.post)];
    return post.inputs[partition][std::size_t(projection.receptor)] + post.bounds[partition];
}

void Engine::form_bundles(const Receptors& receptors) {
    const bool are_mixed = place_sums(receptors, n_at_once);
    for (auto& bundle : bundles)
        if (is_to_part(*bundle) || (are_mixed && bundle->layout == Bundle::Layout::pairs)) bundle->dissolve();
        else if (bundle->layout == Bundle::Layout::pairs) find_sums(*bundle);
    const auto is_dissolved = [](const auto& bundle) { return bundle->members.empty(); };
    const auto left = std::remove_if(bundles.begin(), bundles.end(), is_dissolved);
    may_bundle = may_bundle || left != bundles.end();
    bundles.erase(left, bundles.end());
    if (!may_bundle) return;
    may_bundle = false;
    Projections small, others, in_pairs;
    const auto sort_in = [&](const auto& projection) { (Bundle::sends_weights(*projection) ? in_pairs : others).push_back(projection); };
    for (const auto& projection : projections) {
        if (!projection || !Bundle::takes(*projection)) continue;
        if (Bundle::is_small(*projection) && projection->activity.transmits) small.push_back(projection);
        else sort_in(projection);
    }
    for (const auto& group : groups_of(small, Bundle::alike_but_for_sources)) {
        if (group.size() < many || !form_bundle(group, Bundle::Layout::scattered)) std::for_each(group.begin(), group.end(), sort_in);
    }
    for (const auto& group : groups_of(in_pairs, Bundle::alike))
        for (const auto& members : within_reach(group)) form_bundle(members, Bundle::Layout::pairs);
    const auto is_sparse = [](const auto& projection) { return !Bundle::is_dense(*projection); };
    const auto dense = std::stable_partition(others.begin(), others.end(), is_sparse);
    std::for_each(dense, others.end(), [&](const auto& projection) { form_bundle({projection}, Bundle::Layout::bits); });
    others.erase(dense, others.end());
    for (const auto& group : groups_of(others, Bundle::alike)) form_bundle(group, Bundle::Layout::pieces);
}

// Whether members that have been switched off, or whose weights have come to be other numbers of quanta, call for another form.
bool Engine::is_to_part(const Bundle& bundle) const {
    if (bundle.layout == Bundle::Layout::pieces) return false;
    return std::any_of(bundle.members.begin(), bundle.members.end(), [&](const Projection* member) {
        if (!member->activity.transmits) return true;
        return bundle.layout == Bundle::Layout::pairs && !is_in_scale(*member);
    });
}

// Whether pairs can keep the amounts that they have, in the quanta of the present run.
bool Engine::is_in_scale(const Projection& member) const {
    const double scale = rows_view(member, 0).inverse_quantum;
    return member.weight_unit() != 0.0 ? Bundle::holds_weights(member, scale) : member.rows[0]->scale == scale;
}

bool Engine::form_bundle(const Projections& members, Bundle::Layout layout) {
    const bool may_be_alone = layout == Bundle::Layout::bits || layout == Bundle::Layout::pairs;
    if (members.size() < 2 && !may_be_alone) return false;
    for (const auto& projection : members) projection->leave_stream();
    if (!Bundle::carry_the_same(members, step)) {
        may_bundle = true;  // soon they do
        return true;
    }
    const bool in_pairs = layout == Bundle::Layout::pairs && prepare_pairs(members);
    if (layout == Bundle::Layout::pairs && !in_pairs) layout = Bundle::Layout::pieces;
    if (!in_pairs && layout != Bundle::Layout::bits && (members.size() < 2 || members[0]->rows[0]->weight_form == PNN_WEIGHT_F64)) return false;
    const auto bundle = Bundle::of(members, step, layout);
    if (!bundle) return false;
    if (in_pairs) find_sums(*bundle);
    bundles.push_back(bundle);
    if (bundle->bytes() > much) return_free_pages();  // where the synapses were
    return true;
}

void Engine::find_sums(Bundle& bundle) const {
    for (std::size_t p = 0; p < bundle.parts.size(); ++p) {
        Bundle::Part& part = bundle.parts[p];
        part.sums = first_sum(*bundle.members[0], p);
        if (part.pairs.amount_bits() != 16) continue;
        part.units.assign(65536 / PNN_SUMS_ALIKE, 0);
        for (const Projection* member : bundle.members) {
            const DelayedRows& rows = *member->rows[p];
            const uint32_t first = rows.first_sum / PNN_SUMS_ALIKE, n = (uint32_t(rows.n_post) + PNN_SUMS_ALIKE - 1) / PNN_SUMS_ALIKE;
            std::fill_n(part.units.begin() + first, n, int64_t(rows.weight_unit * rows_view(*member, int(p)).inverse_quantum));
        }
    }
}

// Cut so that two bytes tell the sums apart to which a part sends, in each of which amounts have one unit, if any; in each of
// them, the first has the first ones.
std::vector<Engine::Projections> Engine::within_reach(Projections members) const {
    const auto begins = [this](const auto& projection, std::size_t p) { return first_sum(*projection, p); };
    std::stable_sort(members.begin(), members.end(), [&](const auto& one, const auto& other) { return begins(one, 0) < begins(other, 0); });
    std::vector<Projections> cut;
    for (const auto& member : members) {
        const auto takes = [&](const Projections& group) {
            for (std::size_t p = 0; p < member->rows.size(); ++p)
                if (begins(member, p) + member->rows[p]->n_post - begins(group[0], p) > 65536) return false;
            return std::none_of(group.begin(), group.end(), [&](const auto& other) {
                return begins(member, 0) == begins(other, 0) && member->weight_unit() != other->weight_unit();
            });
        };
        const auto found = std::find_if(cut.begin(), cut.end(), takes);
        if (found != cut.end()) found->push_back(member);
        else cut.push_back({member});
    }
    return cut;
}

// Tells rows where they send and in which units; false where units cannot be those of the sums.
bool Engine::prepare_pairs(const Projections& members) const {
    for (const auto& member : members) {
        const double scale = rows_view(*member, 0).inverse_quantum;
        if (!Bundle::holds_weights(*member, scale)) return false;
        for (std::size_t p = 0; p < member->rows.size(); ++p) {
            member->rows[p]->scale = member->weight_unit() != 0.0 ? 1.0 / member->weight_unit() : scale;
            member->rows[p]->first_sum = uint32_t(first_sum(*member, p) - first_sum(*members[0], p));
        }
    }
    return true;
}

namespace {

// What the module gets for an array in a run in which nobody but those who have been asked writes to inputs.
void* array_of(const Population& population, std::size_t number, std::size_t p) {
    const pnn_field& field = population.module->arrays[number];
    void* const array = population.arrays[number];
    if (field.is_input == 0 || !population.injections.empty() || !population.gathered.empty()) return array;
    const auto is_zero = [](auto value) { return value == 0; };
    const auto rests = [&](const auto* values) {
        return std::all_of(values + population.bounds[p], values + population.bounds[p + 1], is_zero);
    };
    const bool at_rest = field.dtype == PNN_F64 ? rests(static_cast<const double*>(array)) : rests(static_cast<const float*>(array));
    return at_rest ? nullptr : array;
}

}  // namespace

// `many_steps`: whether what is found out about values pays.
void Engine::find_concerned(bool many_steps) {
    concerned = Concerned{};
    for (auto& bundle : bundles)
        for (Bundle::Part& part : bundle->parts) part.due_bits.resize(bundle->layout == Bundle::Layout::bits ? std::size_t(n_at_once) : 0);
    for (const auto& projection : projections) {
        if (!projection) continue;
        if (!projection->bundle) concerned.delivering.push_back(projection.get());
        if (projection->learns) concerned.learning.push_back(projection.get());
        if (projection->clocked) (projection->module->advances_first ? concerned.ending : concerned.reached).push_back(projection.get());
    }
    for (std::size_t number = 0; number < populations.size(); ++number) {
        Population* population = populations[number].get();
        if (!population->gathered.empty()) concerned.gathering.push_back(population);
        if (!population->published.variables.empty()) concerned.publishing.push_back(population);
        if (population->records_spikes) concerned.recording.push_back(population);
        if (!population->values.empty()) concerned.valued.push_back(number);
    }
    concerned.signals.resize(populations.size());
    for (auto& signal : signals) concerned.signals[std::size_t(signal->population)].push_back(signal.get());
    for (std::size_t number = 0; number < populations.size(); ++number) {
        if (may_offer(number)) concerned.offered.push_back(number);
        else if (!is_plain(*populations[number])) concerned.others.push_back(number);
    }
    concerned.inputs.resize(std::size_t(partitions));
    concerned.plain.resize(std::size_t(partitions));
    concerned.place_in_plain.assign(std::size_t(partitions), std::vector<int>(populations.size(), -1));
    for (std::size_t p = 0; p < concerned.plain.size(); ++p)
        for (std::size_t number = 0; number < populations.size(); ++number) {
            Population& population = *populations[number];
            concerned.inputs[p].emplace_back();
            for (int64_t ahead = 0; ahead < n_at_once; ++ahead) concerned.inputs[p].back().push_back(inputs_ahead(number, p, ahead));
            if (!is_plain(population) || population.bounds[p] == population.bounds[p + 1]) continue;
            PlainCells cells{&population, int(number), {}, population.segment, population.bounds[p], population.bounds[p + 1], bits_to(number, p)};
            for (std::size_t k = 0; many_steps && k < population.arrays.size(); ++k) cells.arrays.push_back(array_of(population, k, p));
            if (many_steps) {
                cells.segment.arrays = cells.arrays.data();
                cells.are_small = Array<uint8_t>(std::size_t((cells.end - cells.begin + PNN_CELLS_TOGETHER - 1) / PNN_CELLS_TOGETHER));
                std::fill_n(cells.are_small.data(), cells.are_small.size(), uint8_t(0));
                cells.segment.are_small = cells.are_small.data();
                cells.segment.small_from = cells.begin;
            }
            concerned.place_in_plain[p][number] = int(concerned.plain[p].size());
            concerned.plain[p].push_back(std::move(cells));
        }
    form_offers();
}

// Where a population's cells find what they receive in a step; sums to which nobody sends are zero in all of them.
std::vector<int64_t*> Engine::inputs_ahead(std::size_t number, std::size_t p, int64_t ahead) const {
    std::vector<int64_t*> inputs = populations[number]->inputs[p];
    for (std::size_t receptor = 0; receptor < inputs.size(); ++receptor)
        if (receiving[number][receptor]) inputs[receptor] = sums_ahead(inputs[receptor], int(p), ahead);
    return inputs;
}

// Whether a module does all there is to do.
bool Engine::is_updated_alone(const Population& population) {
    return population.active && population.module != nullptr && population.axonal == nullptr && population.schedule.parts.empty() &&
           population.frames.inputs.empty() && population.values.empty() && population.rate.values == nullptr;
}

bool Engine::is_plain(const Population& population) {
    return is_updated_alone(population) && population.stream == nullptr;
}

// Where scattered bundles send in this run, in which nobody moves or changes anything.
void Engine::find_sinks() {
    for (auto& bundle : bundles) {
        if (bundle->layout != Bundle::Layout::scattered) continue;
        for (int p = 0; p < partitions; ++p) {
            std::vector<pnn_sink>& sinks = bundle->parts[std::size_t(p)].sinks;
            sinks.assign(bundle->n_sinks * std::size_t(n_at_once), {nullptr, 0.0, std::numeric_limits<double>::infinity(), 0.0});
            for (std::size_t k = 0; k < bundle->members.size() * std::size_t(n_at_once); ++k) {
                const std::size_t m = k % bundle->members.size(), ahead = k / bundle->members.size();
                const Projection& member = *bundle->members[m];
                const pnn_rows view = rows_view(member, p, int64_t(ahead));
                pnn_sink& sink = sinks[ahead * bundle->n_sinks + bundle->sink_of_member[m]];
                const double bound = std::min(sink.bound, view.bound);  // that of each is looked at where this is not kept
                const DelayedRows& rows = *member.rows[std::size_t(p)];
                sink = {view.accumulator, view.inverse_quantum, bound, rows.weight_form == PNN_WEIGHT_I16 ? rows.weight_unit : rows.shared_weight};
            }
        }
    }
}

void Engine::clear_events() {
    for (auto& population : populations) {
        population->rate.clear();
        for (auto& lists : population->spikes)
            for (auto& list : lists) list.n = 0;
        population->next_event = 0;
    }
    for (auto& projection : projections)
        if (projection) projection->clear();
    draining.clear();
}

void Engine::clear_spikes(int number) {
    populations[std::size_t(number)]->publish_present(step, true);
    for (auto& lists : populations[std::size_t(number)]->spikes)
        for (auto& list : lists) list.n = 0;
    for (auto& projection : projections)
        if (projection && (projection->pre == number || projection->axons == number)) {
            projection->unbundle();  // other populations' spikes go on
            projection->clear();
        }
    draining.erase(std::remove_if(draining.begin(), draining.end(), [&](const auto& p) { return p->pre == number; }), draining.end());
}

int64_t Engine::n_recorded(int number) const {
    int64_t n = 0;
    for (const RecordedSpikes& part : populations[std::size_t(number)]->spike_record)
        for (uint32_t count : part.count) n += count;
    return n;
}

void Engine::take_recorded(int number, int64_t* step, int64_t* index) {
    std::vector<RecordedSpikes>& parts = populations[std::size_t(number)]->spike_record;
    std::vector<std::size_t> next(parts.size(), 0);
    // Each partition's spikes ascend in time, and partitions ascend in the index of their cells.
    for (;;) {
        int64_t earliest = std::numeric_limits<int64_t>::max();
        for (std::size_t p = 0; p < parts.size(); ++p)
            if (next[p] < parts[p].step.size()) earliest = std::min(earliest, parts[p].step[next[p]]);
        if (earliest == std::numeric_limits<int64_t>::max()) break;
        for (std::size_t p = 0; p < parts.size(); ++p)
            for (; next[p] < parts[p].step.size() && parts[p].step[next[p]] == earliest; ++next[p])
                for (uint32_t k = 0; k < parts[p].count[next[p]]; ++k) {
                    *step++ = earliest;
                    *index++ = parts[p].index[next[p]];
                }
    }
    for (RecordedSpikes& part : parts) part = RecordedSpikes{};
}

pnn_rows Engine::rows_view(const Projection& projection, int partition, int64_t ahead) const {
    const DelayedRows& rows = *projection.rows[std::size_t(partition)];
    const Population& post = *populations[std::size_t(projection.post)];
    pnn_rows view{};
    if (projection.receptor >= 0) {
        view.accumulator = sums_ahead(post.inputs[std::size_t(partition)][std::size_t(projection.receptor)], partition, ahead) + rows.first_post;
        view.inverse_quantum = 1.0 / post.quanta[std::size_t(projection.receptor)];
    }
    view.weight_unit = rows.weight_unit;
    view.bound = projection.bound;
    view.object_index = projection.object_index;
    return view;
}

namespace {

// Spikes of step n enter a calendar, each at the first group of its row. Rows lie anywhere: those of the next spikes are asked
// for meanwhile, and then their groups.
template <class DelayOf>
void take_spikes(Calendar& calendar, const SpikeList& list, bool is_axonal, const uint32_t* row_start,
                 const DelayOf& delay_of, int64_t n) {
    constexpr int64_t rows_ahead = 8, groups_ahead = 4;
    for (int64_t i = 0; i < list.n; ++i) {
        if (i + rows_ahead < list.n) __builtin_prefetch(row_start + list.index[std::size_t(i + rows_ahead)]);
        if (i + groups_ahead < list.n) __builtin_prefetch(delay_of.place(row_start[list.index[std::size_t(i + groups_ahead)]]));
        const uint32_t source = list.index[std::size_t(i)];
        const uint32_t first = row_start[source], last = row_start[source + 1];
        if (first != last) calendar.at(n + delay_of(first)).push_back({first, last, list.count[std::size_t(i)], is_axonal, 0});
    }
}

// How many of a group's synapses send anything.
uint64_t heard(const std::vector<pnn_rows>& members, const Bundle::Part& part, const Bundle::Group& group) {
    uint64_t n = 0;
    for (const pnn_piece* piece = part.pieces.data() + group.first_piece; piece != part.pieces.data() + group.first_piece + group.n_pieces; ++piece)
        if (members[piece->member].accumulator != nullptr) n += piece->length;
    return n;
}

}  // namespace

// Lets what the sources have sent in a step begin its way.
void Engine::send(Bundle& bundle, int64_t n, int partition) const {
    Bundle::Part& part = bundle.parts[std::size_t(partition)];
    if (bundle.layout == Bundle::Layout::pairs) {
        send_pairs(bundle, n, part);
        return;
    }
    const DelayInBundle delay_of{part.groups.data()};
    for (const Bundle::Source& source : bundle.sources)
        for (const SpikeList& list : populations[std::size_t(source.pre)]->spikes_of(n)) {
            if (part.one_delay != 0) send_bits(part, list, n);
            else take_spikes(part.calendar, list, false, part.row_start.data() + source.first_row, delay_of, n);
        }
}

// Where rows begin is asked for of all spikes before the first of them is looked at.
void Engine::send_pairs(const Bundle& bundle, int64_t n, Bundle::Part& part) const {
    const auto for_each = [&](auto visit) {
        for (const Bundle::Source& source : bundle.sources)
            for (const SpikeList& list : populations[std::size_t(source.pre)]->spikes_of(n))
                for (std::size_t i = 0; i < std::size_t(list.n); ++i) visit(part.first_pairs[source.first_row + list.index[i]], list.count[i]);
    };
    for_each([](const Bundle::FirstPairs& first, uint32_t) { ask_for(&first); });
    for_each([&](const Bundle::FirstPairs& first, uint32_t multiplicity) {
        if (first.n != 0) part.due_pairs.add(n + first.delay, {first.header, first.n, multiplicity, 0});
    });
}

void Engine::deliver_pairs(Bundle& bundle, int64_t n, int partition, Due& due) {
    Bundle::Part& part = bundle.parts[std::size_t(partition)];
    std::vector<pnn_due_pairs>& now = part.due_pairs.take(n);
    if (now.empty()) return;
    for (const pnn_due_pairs& group : now) due.work.events += uint64_t(group.n) * group.multiplicity;
    const pnn_pairs view{part.pairs.words(), sums_ahead(part.sums, partition, n - due.first_step), part.pairs.amount_bits(), part.units.data()};
    bundle.members[0]->module->deliver_pairs(&view, now.data(), int64_t(now.size()));
    part.due_pairs.go_on(n);
}

void Engine::deliver(Bundle& bundle, int64_t n, int partition, Due& due, int& failed) {
    if (bundle.layout == Bundle::Layout::pairs) {
        deliver_pairs(bundle, n, partition, due);
        return;
    }
    if (bundle.layout == Bundle::Layout::bits) {
        deliver_bits(bundle, n, partition, due, failed);
        return;
    }
    constexpr std::size_t ahead = 8;
    Bundle::Part& part = bundle.parts[std::size_t(partition)];
    Calendar& calendar = part.calendar;
    const Bundle::Group* const groups = part.groups.data();
    const DelayInBundle delay_of{groups};
    std::vector<Cursor>& now = calendar.at(n);
    if (now.empty()) return;
    if (bundle.layout == Bundle::Layout::scattered) {
        scatter(bundle, n, partition, due, failed);
        return;
    }
    due.members.clear();
    bool all_transmit = true;
    for (const Projection* member : bundle.members) {
        pnn_rows view = rows_view(*member, partition, n - due.first_step);
        const DelayedRows& rows = *member->rows[std::size_t(partition)];
        view.weights = &rows.shared_weight;
        view.weight_form = rows.weight_form;
        view.shared = member->shared.data();
        if (!projections[std::size_t(member->number)]->activity.transmits) {
            view.accumulator = nullptr;
            all_transmit = false;
        }
        due.members.push_back(view);
    }
    due.pieces.clear();
    for (std::size_t k = 0; k < now.size(); ++k) {
        if (k + 2 * ahead < now.size()) __builtin_prefetch(groups + now[k + 2 * ahead].group);
        if (k + ahead < now.size()) __builtin_prefetch(part.pieces.data() + groups[now[k + ahead].group].first_piece);
        const Cursor cursor = now[k];
        const Bundle::Group& group = groups[cursor.group];
        const uint64_t end = part.end_of(cursor.group);
        due.pieces.push_back({group.begin, end, group.first_piece, group.n_pieces, int64_t(cursor.multiplicity)});
        due.work.events += (all_transmit ? end - group.begin : heard(due.members, part, group)) * cursor.multiplicity;
        calendar.go_on(cursor, delay_of, n);
    }
    now.clear();
    const pnn_bundle view{part.targets.data(), part.all_weights(), part.pieces.data(), due.members.data()};
    const pnn_step present = step_value(n);
    const int32_t unsound = bundle.members[0]->module->deliver_bundle(&view, due.pieces.data(), int64_t(due.pieces.size()), &present);
    if (unsound != 0) failed = bundle.members[std::size_t(unsound) - 1]->number;
}

void Engine::scatter(Bundle& bundle, int64_t n, int partition, Due& due, int& failed) {
    constexpr std::size_t ahead = 16;
    Bundle::Part& part = bundle.parts[std::size_t(partition)];
    std::vector<Cursor>& now = part.calendar.at(n);
    const Bundle::Group* const groups = part.groups.data();
    const DelayInBundle delay_of{groups};
    due.groups.clear();
    for (std::size_t k = 0; k < now.size(); ++k) {
        if (k + ahead < now.size()) __builtin_prefetch(groups + now[k + ahead].group);
        const Cursor cursor = now[k];
        const uint32_t begin = groups[cursor.group].begin, end = part.end_of(cursor.group);
        due.groups.push_back({begin, end, int64_t(cursor.multiplicity)});
        due.work.events += uint64_t(end - begin) * cursor.multiplicity;
        part.calendar.go_on(cursor, delay_of, n);
    }
    now.clear();
    pnn_rows view{};
    view.targets = part.targets.data();
    view.target_bits = 16;
    view.weights = part.all_weights();
    view.weight_form = bundle.members[0]->rows[0]->weight_form;
    view.sinks = part.sinks.data() + std::size_t(n - due.first_step) * bundle.n_sinks;
    view.sink_of = part.sink_of.data();
    const pnn_step present = step_value(n);
    if (bundle.members[0]->module->deliver(&view, due.groups.data(), int64_t(due.groups.size()), &present) != 0)
        find_failed(bundle, view, due.groups, present, partition, failed);
}

// Whether one of the synapses has sent more than its projection's bound: what they have in common is the least one.
void Engine::find_failed(const Bundle& bundle, pnn_rows view, const std::vector<pnn_group>& groups, const pnn_step& step, int partition, int& failed) const {
    std::vector<int64_t> unused(65536);
    for (const pnn_group& group : groups)
        for (uint64_t place = group.begin; place < group.end; ++place) {
            const Projection& owner = bundle.owner(place, std::size_t(partition));
            std::vector<pnn_sink> sinks = bundle.parts[std::size_t(partition)].sinks;
            pnn_sink& sink = sinks[view.sink_of[place]];
            sink.accumulator = unused.data();
            sink.bound = owner.bound;
            view.sinks = sinks.data();
            const pnn_group alone{place, place + 1, group.multiplicity};
            if (owner.module->deliver(&view, &alone, 1, &step) != 0) failed = owner.number;
        }
}

void Engine::deliver_learning(Projection& projection, const pnn_rows& view, int64_t n, int partition, Due& due, int& failed) {
    const auto& kept = projection.learning[std::size_t(partition)].due;  // increments of spikes that have passed before
    const auto now = kept.find(n);
    if (now != kept.end())
        for (const DueIncrement& increment : now->second) due.work.events += increment.multiplicity;
    due.passages.clear();
    projection.deliver_learning(view, n, partition, due.passages, step_value(n), failed);
    due.work.events += events_in(due.passages);
}

void Engine::deliver(Projection& projection, int64_t n, int partition, Due& due, int& failed) {
    const auto p = std::size_t(partition);
    const DelayedRows& rows = *projection.rows[p];
    pnn_rows view = rows_view(projection, partition, n - due.first_step);
    if (projection.clocked) {
        begin_synapses(projection, view, n, partition, due, failed);
        return;
    }
    due.work.enter(Phase::presynaptic);
    if (projection.learns) {
        deliver_learning(projection, view, n, partition, due, failed);
        return;
    }
    Calendar& calendar = projection.calendars[p];
    if (projection.stream) deliver_counts(projection, n, partition, due, failed);
    const DelayInRows delay_of{rows};
    const Activity& activity = projections[std::size_t(projection.number)]->activity;
    due.groups.clear();
    calendar.take_due(n, delay_of, [&](const Cursor& cursor) {
        const uint32_t begin = rows.group_start[cursor.group], end = rows.group_start[cursor.group + 1];
        if (!activity.passes(cursor.axonal)) return;
        due.groups.push_back({begin, end, int64_t(cursor.multiplicity)});
        due.work.events += uint64_t(end - begin) * cursor.multiplicity;
    });
    if (due.groups.empty()) return;
    view.targets = rows.all_targets();
    view.target_bits = rows.target_bits();
    view.weight_form = rows.weight_form;
    view.weights = rows.all_weights();
    view.shared = projection.shared.data();
    const pnn_step present = step_value(n);
    if (projection.module->deliver(&view, due.groups.data(), int64_t(due.groups.size()), &present) != 0) failed = projection.number;
}

// Synapses that learn hear of what cells have emitted in a step; what falls due in steps up to `delivered` has arrived.
void Engine::remember(int64_t n, int64_t delivered, int partition, Due& due) {
    if (!concerned.learning.empty()) due.work.enter(Phase::postsynaptic);
    for (Projection* projection : concerned.learning) {
        const SpikeList& spikes = populations[std::size_t(projection->post)]->spikes_of(n)[std::size_t(partition)];
        if (spikes.n > 0) projection->remember(spikes, n, delivered, partition, step_value(n));
    }
}

void Engine::accept(Projection& projection, int64_t n, int partition) const {
    projection.accept(sent_to(projection, n), n, partition, step_value(n + 1));
}

void Engine::accept(int number) {
    if (step == 0) return;  // spikes of t = 0 are published when the first run begins
    Projection& projection = *projections[std::size_t(number)];
    for (int p = 0; p < partitions; ++p) accept(projection, step, p);
}

void Engine::apply(int number) {
    Projection& projection = *projections[std::size_t(number)];
    if (!projection.learns) return;  // nothing is put off
    accept(number);
    projection.apply(step, now());
}

uint64_t Engine::emit_given(Population& population, int64_t n) {
    SpikeList& list = population.spikes_of(n)[0];
    list.n = 0;
    auto& next = population.next_event;
    while (next < population.event_step.size() && population.event_step[next] < n) ++next;
    for (; next < population.event_step.size() && population.event_step[next] == n; ++next)
        list.add(population.event_index[next], population.event_count[next]);
    return spikes_in(list);
}

uint64_t Engine::emit_axonal(Population& population, int64_t n, int partition) {
    SpikeList& list = population.spikes_of(n)[std::size_t(partition)];
    list.n = 0;
    for (int64_t i = population.bounds[std::size_t(partition)]; i < population.bounds[std::size_t(partition) + 1]; ++i) {
        if (population.axonal[i] != 0.0) list.add(uint32_t(i), 1);
    }
    return uint64_t(list.n);
}

SentSpikes Engine::sent_to(const Projection& projection, int64_t n) const {
    const auto of = [&](int number) { return &populations[std::size_t(number)]->spikes_of(n); };
    return {of(projection.pre), projection.axons < 0 ? nullptr : of(projection.axons)};
}

// Lets what the sources have sent in a step begin its way along the rows of a projection that does not learn.
void Engine::send(Projection& projection, int64_t n, std::size_t partition) const {
    const DelayedRows& rows = *projection.rows[partition];
    const DelayInRows delay_of{rows};
    sent_to(projection, n).for_each([&](const SpikeList& list, bool is_axonal) {
        take_spikes(projection.calendars[partition], list, is_axonal, rows.row_start.data(), delay_of, n);
    });
}

// A population that is switched off stays as it is; what arrives meanwhile is lost.
void Engine::rest(std::size_t number, int64_t n, int partition, const Due& due) {
    const auto p = std::size_t(partition);
    Population& population = *populations[number];
    population.spikes_of(n)[p].n = 0;
    if (population.stream != nullptr && population.stream->counts_spikes_of(n, partition)) population.stream->set_none(n, partition);
    for (int64_t* input : concerned.inputs[p][number][std::size_t(n - due.first_step)])
        std::fill(input + population.bounds[p], input + population.bounds[p + 1], 0);
}

// Which currents each partition evaluates in this run; partition 0 records.
void Engine::find_currents() {
    for (auto& current : currents) current->begin(step + 1, std::size_t(partitions));
    currents_of.assign(std::size_t(partitions), {});
    std::vector<uint8_t> wanted(currents.size());
    for (std::size_t p = 0; p < currents_of.size(); ++p) {
        for (std::size_t c = 0; c < currents.size(); ++c) wanted[c] = p == 0 && currents[c]->record != nullptr;
        for (auto& population : populations)
            for (const Injection& injection : population->injections)
                if (injection.bounds[p] < injection.bounds[p + 1]) wanted[std::size_t(injection.current)] = 1;
        for (std::size_t c = 0; c < currents.size(); ++c)
            if (wanted[c]) currents_of[p].wanted.push_back(int(c));
    }
}

// Brings currents up to a step; returns whether any of them had to be looked at.
bool Engine::evaluate_currents(const pnn_step& step_value, int partition) {
    const auto p = std::size_t(partition);
    CurrentsOfPartition& own = currents_of[p];
    if (step_value.step < own.until) return false;
    own.until = std::numeric_limits<int64_t>::max();
    for (int current : own.wanted) own.until = std::min(own.until, currents[std::size_t(current)]->evaluate(step_value, p));
    return true;
}

// Whether one of the currents into a population has changed.
bool Engine::takes_another_current(const Population& population, int partition) const {
    const auto p = std::size_t(partition);
    return std::any_of(population.injections.begin(), population.injections.end(), [&](const Injection& injection) {
        return injection.bounds[p] < injection.bounds[p + 1] && currents[std::size_t(injection.current)]->has_changed(p);
    });
}

void Engine::update_currents(const pnn_step& step_value, int partition) {
    if (!evaluate_currents(step_value, partition)) return;
    for (auto& population : populations)
        if (takes_another_current(*population, partition)) inject(*population, partition);
}

// Sums the currents into a population.
void Engine::inject(Population& population, int partition) {
    const auto p = std::size_t(partition);
    const auto sum = [&](auto* input) {
        std::fill(input + population.bounds[p], input + population.bounds[p + 1], 0);
        for (const Injection& injection : population.injections) {
            using Real = std::remove_reference_t<decltype(*input)>;
            add_current(input, injection, p, static_cast<Real>(currents[std::size_t(injection.current)]->amplitude(p)));
        }
    };
    if (population.injected_dtype == PNN_F64) sum(static_cast<double*>(population.injected));
    else sum(static_cast<float*>(population.injected));
}

void Engine::follow_schedule(Schedule& schedule, int64_t n, int partition) {
    ScheduledPart& part = schedule.parts[std::size_t(partition)];
    const std::size_t width = schedule.inputs.size();
    for (; part.next < part.step.size() && part.step[part.next] < n; ++part.next)
        for (std::size_t k = 0; k < width; ++k) {
            const double value = part.value[part.next * width + k];
            const uint32_t index = part.index[part.next];
            if (schedule.dtype == PNN_F64) static_cast<double*>(schedule.inputs[k])[index] = value;
            else static_cast<float*>(schedule.inputs[k])[index] = static_cast<float>(value);
        }
}

int64_t Frames::row_at(int64_t step) const {
    int64_t since = step - origin;
    int64_t last = int64_t(steps.size());
    if (period > 0) last = std::lower_bound(steps.begin(), steps.end(), period) - steps.begin();
    const bool is_repeated = period > 0 && since >= period;
    if (is_repeated) since %= period;
    const int64_t row = std::upper_bound(steps.begin(), steps.begin() + last, since) - steps.begin() - 1;
    return row < 0 && is_repeated ? last - 1 : row;
}

int64_t Frames::next_change(int64_t step) const {
    constexpr int64_t never = std::numeric_limits<int64_t>::max();
    const int64_t since = step - origin;
    const bool is_repeated = period > 0 && since >= 0;
    const int64_t now = is_repeated ? since % period : since;
    const auto next = std::upper_bound(steps.begin(), steps.end(), now);
    if (next != steps.end() && (period == 0 || *next < period)) return step + (*next - now) + 1;
    return is_repeated && !steps.empty() && steps.front() < period ? step + (period - now) + steps.front() + 1 : never;
}

void Engine::show_frame(Population& population, int64_t n, int partition) {
    const auto p = std::size_t(partition);
    Frames& frames = population.frames;
    const int64_t row = frames.row_at(n - 1);
    if (row == frames.shown[p]) return;
    frames.shown[p] = row;
    const int64_t begin = population.bounds[p], end = population.bounds[p + 1];
    const std::size_t width = frames.one_for_all ? 1 : std::size_t(population.size);
    const auto show = [&](auto* input, std::size_t k) {
        using Real = std::remove_reference_t<decltype(*input)>;
        const double* const values = row < 0 ? nullptr : frames.values + (std::size_t(row) * frames.inputs.size() + k) * width;
        for (int64_t i = begin; i < end; ++i)
            input[i] = values == nullptr ? Real(0) : static_cast<Real>(values[frames.one_for_all ? 0 : i]);
    };
    for (std::size_t k = 0; k < frames.inputs.size(); ++k) {
        if (frames.dtype == PNN_F64) show(static_cast<double*>(frames.inputs[k]), k);
        else show(static_cast<float*>(frames.inputs[k]), k);
    }
}

void Engine::record_spikes(int64_t n, int partition) {
    const auto p = std::size_t(partition);
    for (Population* population : concerned.recording) {
        const SpikeList& list = population->spikes_of(n)[p];
        RecordedSpikes& out = population->spike_record[p];
        for (int64_t i = 0; i < list.n; ++i) {
            const uint32_t index = list.index[std::size_t(i)];
            if (!population->recorded.empty() && !population->recorded[index]) continue;
            out.step.push_back(n);
            out.index.push_back(index);
            out.count.push_back(list.count[std::size_t(i)]);
        }
    }
}

// Samples of cells [first, last) of a population.
void Engine::record_signals(std::size_t population, int64_t n, int64_t first, int64_t last, Due& due) const {
    for (const Signal* signal : concerned.signals[population]) {
        if (signal->index.empty() || signal->index.front() >= last || signal->index.back() < first) continue;
        if ((n - signal->start_step) % signal->every != 0) continue;
        due.work.enter(Phase::recording);
        const int64_t width = int64_t(signal->index.size());
        // Every partition knows its own row: the buffer begins with the first sample after the run's start.
        const int64_t row = (n - signal->start_step) / signal->every - (step - signal->start_step) / signal->every - 1;
        double* out = signal->buffer + row * width;
        const int64_t* index = signal->index.data();
        const int64_t begin = std::lower_bound(index, index + width, first) - index, end = std::lower_bound(index + begin, index + width, last) - index;
        if (begin == end) continue;
        if (signal->dtype == PNN_F64) {
            const double* source = static_cast<const double*>(signal->source);
            if (signal->contiguous) std::memcpy(out + begin, source + index[begin], std::size_t(end - begin) * sizeof(double));
            else
                for (int64_t k = begin; k < end; ++k) out[k] = source[index[k]];
        } else {
            const float* source = static_cast<const float*>(signal->source);
            for (int64_t k = begin; k < end; ++k) out[k] = double(source[index[k]]);
        }
    }
    due.work.enter(Phase::neurons);
}

// Values of whole populations at the end of step n - 1. Each thread forms them for itself, which takes no further barrier.
void Engine::form_values(int64_t n, Due& due) const {
    due.values.resize(populations.size());
    for (std::size_t number : concerned.valued) {
        const Population& population = *populations[number];
        due.values[number].clear();
        for (const PopulationValue& value : population.values) {
            const double* row = population.published.row(std::size_t(value.variable)) + population.published.begin(n - 1, population.size);
            due.values[number].push_back(population_value(value.operation, row, uint64_t(population.size)));
        }
    }
}

// What cells share, with the values of their population.
std::vector<double> Engine::shared_with_values(const Population& population, const std::vector<double>& values) {
    std::vector<double> shared = population.shared;
    for (std::size_t k = 0; k < population.values.size(); ++k)
        if (population.values[k].shared >= 0) shared[std::size_t(population.values[k].shared)] = values[k];
    return shared;
}

void Engine::update_cells(Population& population, std::size_t number, const pnn_step& present, int partition, Due& due) {
    const auto p = std::size_t(partition);
    SpikeList& list = population.spikes_of(present.step)[p];
    const int64_t begin = population.bounds[p], end = population.bounds[p + 1];
    due.make_room(end - begin);
    pnn_spikes out = room_in(due.room);
    const bool is_counted = population.stream != nullptr && population.stream->counts_spikes_of(present.step, partition);
    if (is_counted) out.counts = population.stream->at(present.step, partition);
    if (is_counted && !population.list_is_read) out.index = nullptr;
    pnn_segment segment = population.segment;
    segment.inputs = concerned.inputs[p][number][std::size_t(present.step - due.first_step)].data();
    if (!population.values.empty()) {
        due.shared = shared_with_values(population, due.values[number]);
        segment.shared = due.shared.data();
    }
    if (begin < end) population.module->neurons(&segment, begin, end, &present, &out);
    list.n = 0;
    list.add(out.index, out.count, out.n);
    due.work.spikes += is_counted ? uint64_t(out.n_counted) : spikes_in(list);
    if (is_counted) population.stream->note(present.step, partition, uint64_t(out.n_counted), out.has_more != 0);
    if (population.rate.values != nullptr) population.rate.take(list, present.step, partition);
}

void Engine::update_population(std::size_t number, const pnn_step& present, int partition, Due& due) {
    Population& population = *populations[number];
    if (!population.active) {
        rest(number, present.step, partition, due);
    } else if (population.axonal != nullptr) {
        due.work.spikes += emit_axonal(population, present.step, partition);
    } else if (population.module == nullptr) {
        if (partition == 0) due.work.spikes += emit_given(population, present.step);
    } else {
        if (!population.schedule.parts.empty()) follow_schedule(population.schedule, present.step, partition);
        if (!population.frames.inputs.empty()) show_frame(population, present.step, partition);
        update_cells(population, number, present, partition, due);
    }
}

// Spikes of some steps enter the calendars of those to whom they go.
void Engine::send_new(int64_t first, int64_t last, int partition) {
    for (int64_t n = first; n <= last; ++n) {
        for (Projection* projection : concerned.delivering) {
            const bool is_counted = projection->stream && projection->stream->counts_spikes_of(n, partition);
            if (projection->learns && !projection->clocked) accept(*projection, n, partition);
            else if (!projection->clocked && !is_counted) send(*projection, n, std::size_t(partition));
        }
        for (auto& bundle : bundles) send(*bundle, n, partition);
    }
}

namespace {

constexpr std::size_t few = 64;               // groups due in a step

}  // namespace

// Calls of_rows(rows, group) and of_part(part, group) for the groups that fall due in a step, a few of each projection and
// bundle. Pairs are asked for together as they are delivered.
template <class OfRows, class OfPart>
void Engine::for_few_due(int64_t n, int partition, const OfRows& of_rows, const OfPart& of_part) {
    const auto p = std::size_t(partition);
    const auto for_few = [n](Calendar& calendar, const auto& visit) {
        const std::vector<Cursor>& due = calendar.at(n);
        for (std::size_t k = 0; k < std::min(due.size(), few); ++k) visit(due[k].group);
    };
    for (Projection* projection : concerned.delivering)
        if (!projection->clocked) for_few(projection->calendars[p], [&](uint32_t group) { of_rows(*projection->rows[p], group); });
    for (const auto& bundle : bundles)
        if (bundle->layout != Bundle::Layout::pairs)
            for_few(bundle->parts[p].calendar, [&](uint32_t group) { of_part(bundle->parts[p], group); });
}

// Asks for the groups that fall due in a step.
void Engine::ask_for_groups(int64_t n, int partition) {
    for_few_due(
        n, partition, [](const DelayedRows& rows, uint32_t group) { ask_for(rows.group_start.data() + group); },
        [](const Bundle::Part& part, uint32_t group) { ask_for(part.groups.data() + group); });
}

// Asks for what lies there. While a group is delivered its synapses ask for those of groups after it, but where few are due
// in a step, that is too late or never.
void Engine::ask_for_synapses(int64_t n, int partition) {
    const auto of_rows = [](const DelayedRows& rows, uint32_t group) {
        const uint32_t begin = rows.group_start[group], size = rows.group_start[group + 1] - begin;
        if (rows.targets16.size() != 0) ask_for_all(rows.targets16.data() + begin, size);
        else if (rows.targets32.size() != 0) ask_for_all(rows.targets32.data() + begin, size);
        if (rows.weight_form == PNN_WEIGHT_I16) ask_for_all(rows.weights16.data() + begin, size);
        if (rows.weight_form == PNN_WEIGHT_F32) ask_for_all(rows.weights32.data() + begin, size);
        if (rows.weight_form == PNN_WEIGHT_F64) ask_for_all(rows.weights64.data() + begin, size);
    };
    const auto of_part = [](const Bundle::Part& part, uint32_t group) {
        if (part.bits.bytes() != 0) return;
        const uint32_t begin = part.groups[group].begin, size = part.end_of(group) - begin;
        ask_for_all(part.pieces.data() + part.groups[group].first_piece, part.groups[group].n_pieces);
        ask_for_all(part.targets.data() + begin, size);
        if (part.weights16.size() != 0) ask_for_all(part.weights16.data() + begin, size);
        if (part.weights.size() != 0) ask_for_all(part.weights.data() + begin, size);
        if (part.sink_of.size() != 0) ask_for_all(part.sink_of.data() + begin, size);
    };
    for_few_due(n, partition, of_rows, of_part);
}

// What falls due in a step arrives; what clocked synapses have been sent begins its way there as well.
void Engine::deliver_step(int64_t n, int partition, Due& due, int& failed) {
    for (Projection* projection : concerned.delivering) deliver(*projection, n, partition, due, failed);
    if (!bundles.empty()) due.work.enter(Phase::presynaptic);
    for (auto& bundle : bundles) deliver(*bundle, n, partition, due, failed);
    for (auto& projection : draining) deliver(*projection, n, partition, due, failed);
}

void Engine::update_plain(int64_t first, int64_t last, int partition, Due& due, int& failed) {
    for (PlainCells& cells : concerned.plain[std::size_t(partition)]) {
        const auto list_of = [&](int64_t n) -> SpikeList& { return cells.population->spikes_of(n)[std::size_t(partition)]; };
        for (int64_t n = first; n <= last; ++n) list_of(n).n = 0;
        const auto& inputs = concerned.inputs[std::size_t(partition)][std::size_t(cells.number)];
        const int64_t width = due.in_tiles() ? TILE : cells.end - cells.begin;
        due.make_room(width);
        if (due.in_tiles()) prepare_tiles(cells, due);
        pnn_segment segment = cells.segment;
        for (int64_t begin = cells.begin; begin < cells.end; begin += width)
            for (int64_t n = first; n <= last; ++n) {
                const int64_t end = std::min(begin + width, cells.end);
                const pnn_step present = step_value(n);
                segment.inputs = inputs[std::size_t(n - first)].data();
                if (due.in_tiles() && !cells.bits.empty()) {
                    due.work.enter(Phase::presynaptic);
                    receive_bits(cells, present, begin, end, due, segment, failed);
                    due.work.enter(Phase::neurons);
                }
                pnn_spikes out = room_in(due.room);
                cells.population->module->neurons(&segment, begin, end, &present, &out);
                list_of(n).add(out.index, out.count, out.n);
                record_signals(std::size_t(cells.number), n, begin, end, due);
            }
        cells.segment.added = nullptr;
        for (int64_t n = first; n <= last; ++n) due.work.spikes += spikes_in(list_of(n));
    }
}

// What belongs to the network as a whole (currents, sums of rates, values for others) is done once: where there is any of
// it, steps are done one at a time.
void Engine::step_partition(int64_t first, int64_t last, int partition, Due& due, int& failed) {
    for (Population* population : concerned.gathering)
        for (Gathered& input : population->gathered)
            std::fill(input.sums.begin() + population->bounds[std::size_t(partition)],
                      input.sums.begin() + population->bounds[std::size_t(partition) + 1], 0.0);
    due.first_step = first;
    due.last_step = last;
    due.work.enter(Phase::presynaptic);
    for (Projection* projection : concerned.delivering)
        if (projection->stream) begin_counting(*projection, first, partition);
    send_new(due.first_unsent, first - 1, partition);
    ask_for_groups(first, partition);
    ask_for_groups(first + 1, partition);
    ask_for_synapses(first, partition);
    for (int64_t n = first; n <= last; ++n) {
        ask_for_groups(n + 2, partition);
        ask_for_synapses(n + 1, partition);
        deliver_step(n, partition, due, failed);
    }
    due.work.enter(Phase::neurons);
    offer(first, partition, due);
    update_currents(step_value(first), partition);
    form_inputs(partition);
    update_plain(first, last, partition, due, failed);
    for (std::size_t number : concerned.others)
        for (int64_t n = first; n <= last; ++n) {
            const std::vector<int64_t>& bounds = populations[number]->bounds;
            update_population(number, step_value(n), partition, due);
            record_signals(number, n, bounds[std::size_t(partition)], bounds[std::size_t(partition) + 1], due);
        }
    publish(last, partition);
    for (int64_t n = first; n <= last; ++n) remember(n, last, partition, due);
    for (Projection* projection : concerned.reached) reach_synapses(*projection, last, last, partition, due);
    due.work.enter(Phase::recording);
    for (int64_t n = first; n <= last; ++n) record_spikes(n, partition);
}

void Engine::note_work(const std::vector<ThreadWork>& threads, int64_t n_steps, double took) {
    work.steps += uint64_t(n_steps);
    for (const auto& population : populations)
        if (population->active && population->module != nullptr) work.updates += uint64_t(population->size) * uint64_t(n_steps);
    for (const ThreadWork& thread : threads) work.add(thread);
    work.divide(took);
}

int Engine::run(int64_t n_steps, int workers) {
    const int64_t first = step + 1, last = step + n_steps;
    if (n_steps <= 0) return -1;
    if (on_device) return on_device->run(n_steps);
    workers = std::min(workers, partitions);
    const auto called = std::chrono::steady_clock::now();
    const Receptors receptors = find_receiving();
    n_at_once = steps_at_once(n_steps, receptors);
    form_bundles(receptors);
    form_streams();
    work.preparation += seconds_since(called);
    find_sinks();
    find_concerned(n_steps >= 16);
    find_currents();
    publish_present();
    const auto started = std::chrono::steady_clock::now();
    // Step 0 has no interval, but a source may be told to spike at t = 0.
    if (step == 0)
        for (auto& population : populations)
            if (population->module == nullptr && population->active) work.spikes += emit_given(*population, 0);
    std::vector<int> failures(std::size_t(workers), -1);
    std::vector<ThreadWork> done(static_cast<std::size_t>(workers));
    // A failure stops every worker at the same barrier: the step it happened in is published, not a mere flag.
    std::atomic<int64_t> stop_after{last};
    with_team(workers, [&](int worker, Barrier& barrier) {
        Due due;
        due.first_unsent = step;
        int& failed = failures[std::size_t(worker)];
        for (int64_t n = first; n <= stop_after.load(std::memory_order_relaxed); n += n_at_once) {
            const int64_t end = std::min(n + n_at_once - 1, last);
            due.work.begin_step(is_sampled(work.steps + uint64_t(n - first)));
            form_values(n, due);
            for (int p = worker; p < partitions; p += workers) step_partition(n, end, p, due, failed);
            help(n, worker, due);
            due.first_unsent = n;
            due.work.enter(Phase::waiting);
            if (failed != -1 && stop_after.load(std::memory_order_relaxed) > end) stop_after.store(end, std::memory_order_relaxed);
            if (workers > 1) barrier.wait();
            due.work.end_step();
        }
        const int64_t stopped_after = stop_after.load(std::memory_order_relaxed);
        // Between runs, but the last step's spikes have still to begin their way.
        for (int p = worker; p < partitions; p += workers) send_new(due.first_unsent, stopped_after - 1, p);
        form_values(stopped_after + 1, due);
        for (int p = worker; p < partitions; p += workers) end_step(stopped_after, p, due);
        done[std::size_t(worker)] = due.work;
    });
    const int64_t stopped_at = stop_after.load();
    note_work(done, stopped_at - step, seconds_since(started));
    step = stopped_at;
    end_streams();
    for (auto& bundle : bundles) bundle->set_step(step);
    draining.erase(std::remove_if(draining.begin(), draining.end(), [](const auto& p) { return !p->in_flight(); }), draining.end());
    for (int failed : failures)
        if (failed != -1) return failed;
    return -1;
}

}  // namespace pnn
