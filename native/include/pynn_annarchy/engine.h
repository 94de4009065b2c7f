// engine.h: the step loop and what it runs over. Python prepares, this runs; nothing here knows a model.
#ifndef PYNN_ANNARCHY_ENGINE_H
#define PYNN_ANNARCHY_ENGINE_H

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/bundle.h"
#include "pynn_annarchy/currents.h"
#include "pynn_annarchy/delayed_rows.h"
#include "pynn_annarchy/device.h"
#include "pynn_annarchy/dendrites.h"
#include "pynn_annarchy/learning.h"
#include "pynn_annarchy/offer.h"
#include "pynn_annarchy/stream.h"
#include "pynn_annarchy/work.h"

namespace pnn {

// Loads a generated module; returns its table, or null with `error` filled.
const pnn_module* load_module(const char* path, const char* fingerprint, std::string& error);

// Steps that a partition does at most between two barriers.
constexpr int64_t MOST_AT_ONCE = 32;
// Cells that do all of them before others do any: their states stay in the second-level cache. Fewer, whose states stay in the
// first, take longer, as each call of a module costs a hundred cycles.
constexpr int64_t TILE = 16 * PNN_BITS_TOGETHER;
static_assert(TILE % PNN_CELLS_TOGETHER == 0, "what is remembered of cells is so of so many");

struct SpikeList {
    std::vector<uint32_t> index, count;              // of the first `n` spikes; there is room for more
    int64_t n = 0;

    void add(const uint32_t* cells, const uint32_t* multiplicities, int64_t n_more) {
        if (n_more == 0) return;
        if (std::size_t(n + n_more) > index.size()) resize(std::size_t(2 * (n + n_more)));
        std::copy_n(cells, n_more, index.data() + n);
        std::copy_n(multiplicities, n_more, count.data() + n);
        n += n_more;
    }
    void add(uint32_t cell, uint32_t multiplicity) { add(&cell, &multiplicity, 1); }
    void resize(std::size_t size) {
        index.resize(size);
        count.resize(size);
    }
};

// What the sources of a projection have sent in a step, by partition; axonal spikes are null where they do not matter.
struct SentSpikes {
    const std::vector<SpikeList>* spikes;
    const std::vector<SpikeList>* axonal;

    // Calls visit(list, whether they are axonal).
    template <class Visit>
    void for_each(Visit visit) const {
        for (const SpikeList& list : *spikes) visit(list, false);
        if (axonal != nullptr)
            for (const SpikeList& list : *axonal) visit(list, true);
    }
};

struct RecordedSpikes {
    std::vector<int64_t> step;
    std::vector<uint32_t> index, count;
};

// Changes of scheduled inputs in one partition, steps ascending: `value` holds one number for each input.
struct ScheduledPart {
    std::vector<int64_t> step;
    std::vector<uint32_t> index;
    std::vector<double> value;
    std::size_t next = 0;
};

// Inputs whose values in time are given in advance; a change at step k acts from k * dt on.
struct Schedule {
    std::vector<void*> inputs;
    int32_t dtype = PNN_F64;
    std::vector<ScheduledPart> parts;                // by partition
};

// Inputs that change for all cells together. Row k of `values`, one number for each input and cell (or for each input),
// acts from (origin + steps[k]) dt on; with a period, again and again.
struct Frames {
    std::vector<void*> inputs;
    int32_t dtype = PNN_F64;
    std::vector<int64_t> steps;
    const double* values = nullptr;
    bool one_for_all = false;
    int64_t origin = 0, period = 0;                  // 0: none
    std::vector<int64_t> shown;                      // by partition: the row that the inputs hold; -1 for zeros, -2 for unknown

    // The row of the step that begins at `step` dt; -1 before the first.
    int64_t row_at(int64_t step) const;
    // The first step n after that one in which `row_at(n - 1)` may be another.
    int64_t next_change(int64_t step) const;
};

// One value of a whole population, formed in every step of what it publishes.
enum class Reduction { mean, min, max, norm1, norm2 };

using PopulationValues = std::vector<std::vector<double>>;  // by number of the population
struct PopulationValue {
    int variable = 0;                                // among those that the population publishes
    Reduction operation = Reduction::mean;
    int shared = -1;                                 // where its own cells read it, among their shared values; -1: nowhere
};

// Spikes of one partition that lie in a window of time, steps ascending.
struct RecentSpikes {
    std::vector<int64_t> step;
    std::vector<uint32_t> index, count;
    std::size_t first = 0;                           // those before it are out of the window
};

// How many spikes of each cell lie in a window that ends with the present step.
struct FiringRate {
    double* values = nullptr;                        // in Hz, one a cell; null: nobody asks
    int64_t window = 0;                              // in steps
    double per_spike = 0.0;                          // Hz
    std::vector<uint32_t> counts;
    std::vector<RecentSpikes> spikes;                // by partition

    void take(const SpikeList& list, int64_t n, int partition);
    void forget(int64_t n, int partition);           // what is out of the window after step n
    void clear();
};

// A population: cells of a generated module, a source whose spike times are given, or the axonal spikes of other cells.
struct Population {
    int64_t size = 0;
    bool active = true;                              // whether its cells do anything
    const double* axonal = nullptr;                  // not zero where a cell of another population has an axonal spike, of which
                                                     // this one consists; null for all others
    const pnn_module* module = nullptr;
    pnn_segment segment{};
    std::vector<void*> arrays;
    std::vector<std::vector<int64_t*>> inputs;       // by partition: accumulators of each receptor, indexed like the fields
    std::vector<double> shared, quanta;
    std::vector<double> max_spikes{1.0};             // in one step: one value, or one per cell
    std::vector<int64_t> bounds;                     // partition p owns [bounds[p], bounds[p + 1])
    std::array<std::vector<SpikeList>, 2 * MOST_AT_ONCE> spikes;  // by step, of which so many are known, by partition
    std::vector<int64_t> event_step;                 // given spikes, ascending
    std::vector<uint32_t> event_index, event_count;
    std::size_t next_event = 0;
    Stream* stream = nullptr;                        // in a run: takes the number of spikes of each cell
    bool list_is_read = true;                        // in a run: whether anybody else asks for spikes
    bool records_spikes = false;
    std::vector<uint8_t> recorded;                   // per cell; empty: all
    std::vector<RecordedSpikes> spike_record;        // by partition
    void* injected = nullptr;                        // the input that takes currents, one value a cell
    int32_t injected_dtype = PNN_F64;
    std::vector<Injection> injections;               // in the order in which they are added up
    Schedule schedule;
    Frames frames;
    Publication published;                           // what synapses see of it
    std::vector<PopulationValue> values;             // what is formed of that
    FiringRate rate;
    std::vector<Gathered> gathered;                  // what it receives from synapses all the time

    std::vector<SpikeList>& spikes_of(int64_t step) { return spikes[std::size_t(step) % spikes.size()]; }
    const std::vector<SpikeList>& spikes_of(int64_t step) const { return spikes[std::size_t(step) % spikes.size()]; }
    // Cuts it into so many partitions, and makes their lists.
    void part(int partitions);
    // Says what synapses see, and over how many steps; what is known of earlier steps is kept.
    void publish(std::vector<Seen> variables, int64_t depth, int64_t step);
    // Takes over the present values, and lets all that is past be like them.
    void publish_present(int64_t step, bool and_past);
};

// One recorded variable: rows of samples, one column a recorded cell, columns ascending in the cell's index.
struct Signal {
    int population = 0;
    const void* source = nullptr;
    int32_t dtype = PNN_F64;
    std::vector<int64_t> index;                      // ascending
    bool contiguous = false;
    double* buffer = nullptr;                        // of the next row to be written
    int64_t start_step = 0, every = 1;
};

class Projection;

// Does what synapses do that learn or do something in every step, where it is not the host that does it. Views and passages
// are the host's, with the host's addresses.
class SynapsesElsewhere {
public:
    virtual ~SynapsesElsewhere() = default;
    virtual void learn(const Projection& projection, const pnn_rows& view, const std::vector<pnn_passage>& passages, const pnn_step& step) = 0;
    // Adds a number of quanta to what an element of a partition receives.
    virtual void add(const pnn_rows& view, uint32_t element, int64_t amount) = 0;
    virtual void run_synapses(const Projection& projection, const pnn_dendrites& view, const pnn_step& step, int32_t what) = 0;
    virtual void pass_spikes(const Projection& projection, const pnn_dendrites& view, const pnn_rows& rows,
                             const std::vector<pnn_passage>& passages, const pnn_step& step) = 0;
    virtual void reach(const Projection& projection, const pnn_dendrites& view, const pnn_step& step) = 0;
    // Gives some values of an array one value.
    virtual void assign(double* values, const std::vector<uint32_t>& index, double value) = 0;
    // Between runs: hands back all that the host has not got.
    virtual void take_back() = 0;
};

// The synapses of one projection with its spikes in flight.
class Projection {
public:
    SynapsesElsewhere* elsewhere = nullptr;          // in a run: who does what its synapses do; null: the module itself
    SynapsesElsewhere* keeper = nullptr;             // between runs: who has its present values and spikes; null: it has them itself
    int pre = 0, post = 0, receptor = 0;
    int axons = -1;                                  // the population of the axonal spikes of `pre`, where they matter
    const pnn_module* module = nullptr;
    uint32_t object_index = 0;
    int number = -1;                                 // among the network's projections
    double bound = 0.0;                              // of one increment
    std::vector<double> shared;                      // values that all synapses share, in the module's order
    std::vector<std::unique_ptr<DelayedRows>> rows;  // by partition
    std::vector<Calendar> calendars;                 // by partition
    std::shared_ptr<Bundle> bundle;                  // with which its synapses lie, if not in its own rows
    uint64_t version = 0;                            // of its weights, for those who keep copies
    std::unique_ptr<Stream> stream;                  // spikes on their way that lie in no calendar
    Pairing pairing = Pairing::unknown;
    bool changes = false;                            // whether it learns or is clocked: increments may be any number
    bool learns = false;
    std::vector<Learning> learning;                  // by partition; empty for modules that do not learn
    double dendritic = 0.0;                          // part of each delay that lies behind the synapse
    double declared_bound = 0.0;                     // of the weight, where the model limits it
    int weight_field = -1;                           // the weight among the fields of a module that learns
    int n_parameters = 0;                            // how many of those fields are never changed
    std::vector<const double*> table_pointers;       // decays, in the module's order; their owner outlives it; null for none
    int64_t table_length = 0;
    double origin = 0.0;                             // step from which on the stored values hold
    bool has_units = false;                          // whether weights that are not alike have 16 bits, see unit_of
    // Sorts the staged synapses into rows and frees them; partitions are those of the post-synaptic population.
    void build(Staging& staging, const std::vector<int64_t>& bounds);
    int64_t size() const;
    int n_partitions() const { return int(rows.size()); }
    std::size_t bytes() const;
    int max_delay() const;
    int min_delay() const;
    void update_bound();                             // from the present weights
    // Position of each synapse in canonical order (pre, post, creation): partition and place in it, packed.
    void canonical_order(uint64_t* order) const;
    // Puts values of each synapse, in canonical order, into the rows (n_post values each) of a matrix; returns whether
    // no two of them connect the same cells.
    bool spread(const uint64_t* order, const double* values, int64_t n_post, double* matrix) const;
    int64_t row_length(std::size_t source) const;
    // Whether one weight is kept for all synapses, and which.
    bool keeps_one_weight(double* weight) const;
    // Any output may be null; arrays have `size()` elements in canonical order.
    void describe(const uint64_t* order, int32_t* pre, int32_t* post, double* weight, uint16_t* delay) const;
    // Sets weights in canonical order, in the narrowest form that holds them.
    void set_weights(const uint64_t* order, const double* weight);
    // The same for n synapses given by their places in that order. Where weights have 16 bits, the unit becomes larger if one of
    // them asks for that, and all others are rounded to its multiples.
    void set_weights_at(const uint64_t* order, const int64_t* index, int64_t n, const double* weight);
    // The unit of 16-bit weights, 0 where there are none; and another one, of which each of them becomes the nearest multiple.
    double weight_unit() const;
    void take_unit(double unit);
    // Adds the bound of each increment times its source's largest number of spikes a step to each post-synaptic cell's sum.
    void add_bounds(const std::vector<double>& max_spikes, double* sums) const;
    bool in_flight() const;
    void clear();
    // Before anything here is looked at or changed that a run changes, too.
    void come_back() {
        if (keeper != nullptr) keeper->take_back();
    }
    // Puts the synapses back into rows of their own, and those that lie with them; spikes on their way go into calendars.
    void unbundle();

    // Where every source has one synapse with a cell of its own, and all are alike; see stream.cpp.

    // Whether that is so; `pre` and `post` have the same partitions.
    bool is_paired(const std::vector<int64_t>& bounds);
    // The spikes that a stream holds go into calendars, and those of its last step into the lists of their population.
    void leave_stream();

    // For modules that do something in every step; see clocked.cpp.

    bool clocked = false;
    int input = -1;                                  // among those that the population gathers, where the psp goes
    Activity activity;
    bool spikes_matter = true;                       // whether spikes change, send or ask for anything
    std::vector<Place> kinds;                        // of what each field has one value
    std::vector<int> pre_seen, post_seen;            // among what the populations publish, or -1 - place among their values
    std::vector<std::unique_ptr<Dendrites>> dendrites;
    // Makes the synapses' places by post-synaptic element.
    void make_dendrites();
    // Makes room for what the module stores; the weights move from the rows to the dendrites.
    void prepare_clocked(const uint64_t* order);
    // How many values a field has: of synapses, of post-synaptic elements, or one.
    std::size_t field_size(int field) const;
    // Sets a field, in canonical order (`each`) or to one value (`each` null); reads one.
    void set_field(const uint64_t* order, int field, const double* each, double shared);
    void read_field(const uint64_t* order, int field, double* out) const;
    // Weights that have moved to the dendrites: of all synapses, or of n of them.
    void set_weights_by_place(const uint64_t* order, const double* weight, bool all_equal);
    void set_weights_by_place_at(const uint64_t* order, const int64_t* index, int64_t n, const double* weight);
    // What a module reads of one partition in step n.
    // `values`: of all populations, as of the step before.
    pnn_dendrites dendrites_view(const Population& pre, const Population& post, const PopulationValues& values, int64_t n, int partition);

    // For modules that learn; see learning.cpp.

    Shifts shifts(int delay) const;
    // Takes over the past of a projection between the same cells that had other delays: post-synaptic spikes, all of which
    // have reached it. Of pre-synaptic ones, none may be under way, and those that have passed are forgotten.
    void inherit(Projection& old);
    // Makes room for what the module stores; weights that it changes get a place each. Only modules that draw need the order.
    void prepare_learning(const uint64_t* order);
    // Sets a field, in canonical order (`each`) or to one value (`each` null, and then `order` may be).
    void set_column(const uint64_t* order, int field, const double* each, double shared);
    // Applies all events that have reached the synapses by `now`, the end of the last step; what passing spikes send is kept for later.
    void apply(int64_t now, const pnn_step& step);
    // The same on a copy, of which field `field` is written in canonical order.
    void read_column(const uint64_t* order, int field, int64_t now, const pnn_step& step, double* out);
    // For each synapse in canonical order: emission of the last pre-synaptic spike that has passed by `now`, of the last
    // post-synaptic one that has arrived (NaN for none), and the traces right after them, one row a trace; any may be null.
    void read_events(const uint64_t* order, int64_t now, double* last_pre, double* last_post, double* pre_traces, double* post_traces);
    // Sends the spikes of a step, given by partition of the sources, on their way, if that has not been done yet.
    void accept(const SentSpikes& sent, int64_t emitted, int partition, const pnn_step& step);
    // How many steps passages may be ahead of the post-synaptic spikes of the first one: they see none of those.
    int64_t steps_apart() const;
    void deliver_learning(const pnn_rows& shared_view, int64_t n, int partition, std::vector<pnn_passage>& due, const pnn_step& step,
                          int& failed);
    // Adds the spikes of the post-synaptic cells of one partition to the history; what is due by `delivered` has passed.
    void remember(const SpikeList& spikes, int64_t n, int64_t delivered, int partition, const pnn_step& step);

private:
    friend class OnDevice;
    pnn_rows learning_view(int partition, pnn_rows view = {}) const;
    // Adds what spikes have sent that passed before somebody read or set the synapses, and falls due now.
    void add_due(const pnn_rows& view, int64_t n, int partition, int& failed);
    int32_t learn(const pnn_rows& view, const std::vector<pnn_passage>& passages, const pnn_step& step) const;
    // Sees to it that the history can take one more spike of an element.
    void make_room(std::size_t element, int64_t n, int64_t delivered, int partition, const pnn_step& step);
    void catch_up(int64_t n, int64_t delivered, int partition, const pnn_step& step);
    void apply_partition(int64_t now, int partition, pnn_rows view, const pnn_step& step, bool keeps_increments);
    void take(const SpikeList& list, bool is_axonal, int64_t emitted, int partition, const pnn_rows& view, const pnn_step& step);
    int32_t kind_of(const PassingSpike& spike) const {
        if (!spike.is_axonal) return PNN_SPIKE;
        return activity.axons_transmit ? PNN_AXONAL : PNN_LOST;
    }
    int32_t last_processed(const Learning& state, int32_t spike, int delay, const Shifts& shift, int64_t n) const;
    bool holds(const double* weight, int64_t n) const;
    int32_t form_of_each(bool fit_float) const;
    void make_room_for_each(const double* weight, int64_t n, bool fit_float);
    void build_partition(Staging& staging, double unit, std::size_t partition, int64_t begin, int64_t end);
};

class OnDevice;

class Engine {
public:
    Engine(int partitions, double dt, uint32_t seed_key);
    ~Engine();

    int partitions;
    double dt;
    uint32_t seed_key;
    uint16_t trial = 0;
    int64_t step = 0;                                // steps done
    std::vector<std::unique_ptr<Population>> populations;
    std::vector<std::shared_ptr<Projection>> projections;
    std::vector<std::shared_ptr<Projection>> draining;   // replaced while spikes were in flight: take no new ones
    std::vector<std::shared_ptr<Bundle>> bundles;    // of some of the projections
    std::vector<std::unique_ptr<Signal>> signals;
    std::vector<std::unique_ptr<Current>> currents;
    Work work;                                       // done in all runs

    // From now on steps are done by a device; there is one partition.
    void use_device(std::shared_ptr<Device> device);
    // What a device has of the network after a run, and the host does not: before anything here is looked at or changed, but
    // for what was recorded; before the state at an address is read, or changed; for all states; and to hand over those that
    // have been changed, which else the next run does. Without a device these do nothing.
    void take_back();
    void fetch(const void* state);
    void touch(const void* state);
    void fetch_all();
    void push();
    // Runs n steps with at most `workers` threads; returns the index of a projection whose increment failed, or -1.
    int run(int64_t n_steps, int workers);
    void replace(int index, std::shared_ptr<Projection> projection);
    // Recomputes the quantum of each receptor of a population from all that project to it (DESIGN D6).
    void update_quanta(int population);
    int64_t n_recorded(int population) const;
    // Hands over the recorded spikes since the last time, one entry a spike, sorted by (step, index).
    void take_recorded(int population, int64_t* step, int64_t* index);
    // Sends the spikes of the last step on their way past the synapses of a projection that learns: they may pass at once.
    void accept(int projection);
    void accept(Projection& projection, int64_t n, int partition) const;
    // Applies all events that have reached the synapses of a projection that learns.
    void apply(int projection);
    pnn_step now() const { return step_value(step); }
    // What is kept from one step to the next and Python does not hold, as bytes; see checkpoint.cpp.
    std::vector<uint8_t> state();
    // Takes over the state of a network like this one, which has been bound.
    void restore(const uint8_t* data, std::size_t size);
    // Forgets spikes in flight and published ones, puts sources back to their first event; states stay as they are.
    void clear_events();
    // Forgets the spikes that a population has emitted and that are under way; what is seen of its past is like the present.
    void clear_spikes(int population);

private:
    friend class OnDevice;
    std::unique_ptr<OnDevice> on_device;

    // What a thread uses again and again.
    struct Due {
        std::vector<pnn_group> groups;
        std::vector<pnn_pieces> pieces;              // of a bundle, whose members are these
        std::vector<pnn_rows> members;
        std::vector<pnn_passage> passages;
        PopulationValues values;                     // as of the step before
        std::vector<double> shared;                  // of one population, with those values
        SpikeList room;                              // where kernels leave spikes
        int64_t first_step = 0, last_step = 0;       // of those that are done at once
        // What a tile of cells receives, by receptor. Sums are zero but for what they have still to read.
        struct Tile {
            std::vector<int64_t*> inputs;
            std::vector<const uint16_t*> numbers;
            std::vector<int64_t> each, sums;
            std::vector<uint16_t> room;
            std::array<bool, MOST_AT_ONCE> is_counted;  // by step of those that are done at once

            void prepare(std::size_t n_receptors) {
                inputs.resize(n_receptors);
                numbers.resize(n_receptors);
                each.resize(n_receptors);
                sums.resize(std::max(sums.size(), n_receptors * std::size_t(TILE)));
                room.resize(sums.size());
            }
        };
        Tile tile;
        int64_t first_unsent = 0;                    // the step from which on spikes have not entered calendars
        ThreadWork work;                             // done in this run

        bool in_tiles() const { return first_step != last_step; }
        void make_room(int64_t n_cells) {
            if (room.index.size() < std::size_t(n_cells)) room.resize(std::size_t(n_cells));
        }
    };
    pnn_step step_value(int64_t n) const { return {n, double(n - 1) * dt, dt, seed_key, trial, 0}; }
    void step_partition(int64_t first, int64_t last, int partition, Due& due, int& failed);
    void send_new(int64_t first, int64_t last, int partition);
    template <class OfRows, class OfPart>
    void for_few_due(int64_t n, int partition, const OfRows& of_rows, const OfPart& of_part);
    void ask_for_groups(int64_t n, int partition);
    void ask_for_synapses(int64_t n, int partition);
    void deliver_step(int64_t n, int partition, Due& due, int& failed);
    bool may_offer(std::size_t number) const;
    void form_offers();
    void offer(int64_t n, int partition, Due& due);
    void help(int64_t n, int partition, Due& due);
    void update_piece(const Piece& piece, const pnn_step& present, int partition, Due& due) const;
    void update_plain(int64_t first, int64_t last, int partition, Due& due, int& failed);
    void deliver(Projection& projection, int64_t n, int partition, Due& due, int& failed);
    void deliver(Bundle& bundle, int64_t n, int partition, Due& due, int& failed);
    void deliver_learning(Projection& projection, const pnn_rows& view, int64_t n, int partition, Due& due, int& failed);
    // `ahead`: for so many steps after the first one of those that are done at once.
    pnn_rows rows_view(const Projection& projection, int partition, int64_t ahead = 0) const;
    using Projections = std::vector<std::shared_ptr<Projection>>;
    bool form_bundle(const Projections& members, Bundle::Layout layout);
    void find_sums(Bundle& bundle) const;
    std::vector<Projections> within_reach(Projections members) const;
    bool prepare_pairs(const Projections& members) const;
    bool is_to_part(const Bundle& bundle) const;
    bool is_in_scale(const Projection& member) const;
    using Receptors = std::vector<std::vector<uint8_t>>;  // a number for each receptor of each population
    Receptors find_receiving() const;
    int64_t steps_at_once(int64_t n_steps, const Receptors& receptors) const;
    bool place_sums(const Receptors& wanted, int64_t n_steps);
    void form_bundles(const Receptors& receptors);
    int64_t* sums_ahead(int64_t* sum, int partition, int64_t ahead) const { return sum + ahead * int64_t(sums_of_step[std::size_t(partition)]); }
    int64_t* first_sum(const Projection& projection, std::size_t partition) const;
    void find_sinks();
    void find_concerned(bool many_steps);
    std::vector<int64_t*> inputs_ahead(std::size_t number, std::size_t p, int64_t ahead) const;
    static bool is_updated_alone(const Population& population);
    static bool is_plain(const Population& population);
    void send(Bundle& bundle, int64_t n, int partition) const;
    void send_pairs(const Bundle& bundle, int64_t n, Bundle::Part& part) const;
    void deliver_pairs(Bundle& bundle, int64_t n, int partition, Due& due);
    void scatter(Bundle& bundle, int64_t n, int partition, Due& due, int& failed);
    void find_failed(const Bundle& bundle, pnn_rows view, const std::vector<pnn_group>& groups, const pnn_step& step, int partition, int& failed) const;
    bool all_transmit(const Bundle& bundle) const;
    // See stream.cpp.
    void form_streams();
    bool may_stream(Projection& projection);
    void begin_counting(Projection& projection, int64_t n, int partition) const;
    void deliver_counts(Projection& projection, int64_t n, int partition, Due& due, int& failed);
    void end_streams();
    void note_work(const std::vector<ThreadWork>& threads, int64_t n_steps, double took);
    void remember(int64_t n, int64_t delivered, int partition, Due& due);
    void form_values(int64_t n, Due& due) const;
    void update_population(std::size_t number, const pnn_step& present, int partition, Due& due);
    static std::vector<double> shared_with_values(const Population& population, const std::vector<double>& values);
    void update_cells(Population& population, std::size_t number, const pnn_step& present, int partition, Due& due);
    // See clocked.cpp.
    void publish_present();
    void publish(int64_t n, int partition);
    void begin_synapses(Projection& projection, const pnn_rows& view, int64_t n, int partition, Due& due, int& failed);
    void end_synapses(Projection& projection, int64_t n, int partition, Due& due);
    void note_spikes(Projection& projection, int64_t n, int partition, Due& due);
    std::vector<uint32_t> elements_of(const Projection& projection, int64_t n, int partition) const;
    static void note_step(const Projection& projection, double* steps, const std::vector<uint32_t>& index, int64_t n);
    void run_synapses(Projection& projection, int64_t seen, const pnn_step& step, int partition, Due& due, int32_t what, int& failed);
    void pass_clocked(Projection& projection, pnn_rows view, int64_t n, int partition, Due& due, int& failed);
    void form_inputs(int partition);
    void reach_synapses(Projection& projection, int64_t seen, int64_t n, int partition, Due& due);
    void end_step(int64_t n, int partition, Due& due);
    // Both return how many spikes.
    static uint64_t emit_given(Population& population, int64_t n);
    static uint64_t emit_axonal(Population& population, int64_t n, int partition);
    SentSpikes sent_to(const Projection& projection, int64_t n) const;
    void send(Projection& projection, int64_t n, std::size_t partition) const;
    void rest(std::size_t number, int64_t n, int partition, const Due& due);
    void find_currents();
    bool evaluate_currents(const pnn_step& step, int partition);
    bool takes_another_current(const Population& population, int partition) const;
    void update_currents(const pnn_step& step, int partition);
    void inject(Population& population, int partition);
    void follow_schedule(Schedule& schedule, int64_t n, int partition);
    void show_frame(Population& population, int64_t n, int partition);
    void record_spikes(int64_t n, int partition);
    void record_signals(std::size_t population, int64_t n, int64_t first, int64_t last, Due& due) const;

    // See bits.cpp.
    struct BitsFrom {
        const Projection* projection;
        const std::vector<std::vector<const uint64_t*>>* bits;
        pnn_rows view;

        const std::vector<const uint64_t*>& due_in(int64_t n, const Due& due) const { return (*bits)[std::size_t(n - due.first_step)]; }
    };
    struct BitsTo {
        std::size_t receptor;
        std::vector<BitsFrom> from;
        bool alone;
    };
    static void send_bits(Bundle::Part& part, const SpikeList& list, int64_t n);
    void deliver_bits(Bundle& bundle, int64_t n, int partition, Due& due, int& failed);
    BitsFrom bits_from(const Bundle& bundle, std::size_t partition) const;
    std::vector<BitsTo> bits_to(std::size_t number, std::size_t partition) const;

    // Cells of one partition that need nothing but to be updated.
    struct PlainCells {
        Population* population;
        int number;
        std::vector<void*> arrays;                   // those of the segment, if not the population's own
        pnn_segment segment;
        int64_t begin, end;
        std::vector<BitsTo> bits;                    // what is added up tile by tile
        Array<uint8_t> are_small{};                  // what a step leaves for the next one, within a run; see pnn_segment
    };
    PlainCells* adding_cells(const Projection& projection, int partition);
    void prepare_tiles(const PlainCells& cells, Due& due) const;
    bool can_count(const PlainCells& cells, int64_t n, const Due& due) const;
    static void receive_bits(PlainCells& cells, const pnn_step& present, int64_t begin, int64_t end, Due& due, pnn_segment& segment, int& failed);
    // Whom the parts of a step concern in the present run, in which nobody is added or changes its ways.
    struct Concerned {
        std::vector<Projection*> delivering;         // those that do not lie with others
        std::vector<Projection*> learning;
        std::vector<Projection*> reached, ending;    // clocked ones, in PyNN's and in ANNarchy's order
        std::vector<Population*> gathering, publishing, recording;
        std::vector<std::size_t> valued;             // numbers of populations of which values are formed
        // By partition, population and step of those that are done at once: where cells find what they receive.
        std::vector<std::vector<std::vector<std::vector<int64_t*>>>> inputs;
        std::vector<std::vector<PlainCells>> plain;  // by partition
        std::vector<std::vector<int>> place_in_plain;  // by partition and population; -1: it is not there
        std::vector<std::size_t> others;             // numbers of all other populations
        std::vector<std::vector<const Signal*>> signals;  // by number of the population
        std::vector<std::unique_ptr<Offer>> offers;  // by partition, of sources that any thread may update; none: there are none
        std::vector<std::size_t> offered;            // their numbers
    };
    Concerned concerned;

    // What a partition does with currents.
    struct alignas(64) CurrentsOfPartition {
        std::vector<int> wanted;                     // those that flow into its cells or are recorded by it
        int64_t until = 0;                           // the first step in which one of them has to be looked at again
    };
    std::vector<CurrentsOfPartition> currents_of;    // by partition
    // By partition: the accumulators of all its cells, receptor by receptor, so that few bits say where a synapse sends; of
    // each step of those that are done at once. Between steps they are zero.
    std::vector<Array<int64_t>> sums;
    std::vector<std::size_t> sums_of_step;           // by partition: how many there are for each
    int64_t n_at_once = 1;                           // steps, in the present run
    int64_t n_steps_placed = 0;                      // for so many there are sums
    Receptors receiving;                             // as they lie there
    bool may_bundle = false;                         // whether there are projections that have not been looked at
};

// How many synapses spikes pass, once for each spike.
uint64_t events_in(const std::vector<pnn_passage>& passages);

// Cuts [0, size) into `partitions` ranges that begin at multiples of 16 elements, so that no cache line has two owners.
std::vector<int64_t> partition_bounds(int64_t size, int partitions);

}  // namespace pnn

#endif
