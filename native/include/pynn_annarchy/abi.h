// abi.h: THE contract between the engine and a generated module. Plain C; nothing heavier than <stdint.h>.
//
// A module exports one symbol, `pnn_module_entry`, which returns its table. The engine refuses a table whose
// `abi_version` is not its own or whose fingerprint is not the one that it asked the compiler for.
#ifndef PYNN_ANNARCHY_ABI_H
#define PYNN_ANNARCHY_ABI_H

#include <stdint.h>

#define PNN_ABI_VERSION 15u

#ifdef __cplusplus
extern "C" {
#endif

// One step in time. Step n covers ((n-1) dt, n dt]; `t` is the time at its start, (n-1) dt, in ms.
typedef struct pnn_step {
    int64_t step;
    double t;
    double dt;
    uint32_t seed_key;  // hash32 of the 64-bit seed
    uint16_t trial;     // which trial since setup (reset() counts)
    uint16_t batch;
} pnn_step;

// One population (or one projection's synapses) as a module sees it.
typedef struct pnn_segment {
    void* const* arrays;          // per-element fields, in the order of the module's `arrays` table; null: an input at rest
    const double* shared;         // shared values, in the order of the module's `shared` table
    int64_t* const* inputs;       // fixed-point accumulators, one array per receptor, indexed like the fields
    const double* quanta;         // value of one unit of each accumulator
    uint32_t object_index;        // creation index: identity of its random streams
    int64_t element_offset;       // identity of element 0 within the object
    const uint16_t* const* numbers;  // of each receptor, indexed like the fields: how often its accumulator has still to grow by
    const int64_t* each;          // so much. Null: accumulators have all there is but for what is `added`
    uint8_t* are_small;           // for the primitive to remember, of each PNN_CELLS_TOGETHER elements from small_from on, whether what
    int64_t small_from;           // the next step looks at is small; 0 where somebody else has changed anything. Null: nobody remembers
    const uint16_t* added;        // indexed like the fields: how often one accumulator has still to grow, on top of what is in it, by
    int64_t added_each;           // so much;
    int32_t added_to;             // that of this receptor. Null: there is no such
} pnn_segment;
// Calls that remember begin at a multiple of this from small_from on.
#define PNN_CELLS_TOGETHER 256

// Spikes of one step and one partition: ascending element indices with multiplicities (>= 1), or a number for each element.
typedef struct pnn_spikes {
    uint32_t* index;   // null: no list is wanted
    uint32_t* count;
    int64_t n;         // written by the primitive
    uint16_t* counts;  // of every element, from the first that is updated on; null: not wanted
    int64_t n_counted; // written by the primitive: their sum
    int32_t has_more;  // set to 1 by the primitive where such a number would have to be larger
} pnn_spikes;

// One due group: `multiplicity` identical events of every synapse in [begin, end) of the partition's rows.
typedef struct pnn_group {
    uint64_t begin;
    uint64_t end;
    int64_t multiplicity;
} pnn_group;

// Where some of the synapses send that lie together, and what they have in common.
typedef struct pnn_sink {
    int64_t* accumulator;
    double inverse_quantum;
    double bound;
    double weight;                // where weights are shared; where they have 16 bits, their unit
} pnn_sink;

// PNN_WEIGHT_I16: whole multiples of a unit, which is a power of two.
enum { PNN_WEIGHT_SHARED = 0, PNN_WEIGHT_F32 = 1, PNN_WEIGHT_F64 = 2, PNN_WEIGHT_I16 = 3 };

// The synapses of one projection that end in one partition, in (source, delay, target) order.
typedef struct pnn_rows {
    const void* targets;          // partition-local index of the post-synaptic element
    int32_t target_bits;          // 16 or 32
    int32_t weight_form;          // PNN_WEIGHT_*
    const void* weights;          // one value (shared) or one per synapse
    double weight_unit;           // of PNN_WEIGHT_I16
    void* const* arrays;          // further per-synapse fields
    const double* shared;
    int64_t* accumulator;         // of the receptor, at the partition's first element
    double inverse_quantum;       // a power of two
    double bound;                 // increments beyond it raise
    uint32_t object_index;
    const pnn_sink* sinks;        // null: one for all, as above
    const uint16_t* sink_of;      // of each synapse, where there are several; targets have 16 bits then
    // for modules that learn only:
    const int32_t* array_steps;   // of each of `arrays`: 1 where every synapse has a value of its own, 0 for one value
    const double* const* tables;  // decays over whole numbers of steps, in the module's order; null: none
    int64_t table_length;
    const uint32_t* ranks;        // canonical rank of each synapse, where the module draws
    const double* history;        // what the partition's post-synaptic elements did, see history.h
    int64_t history_page;         // values in one of its pages
    int64_t history_capacity;     // spikes that are kept of each element
    double origin;                // step from which on the stored values hold, 0 or when somebody set them last
} pnn_rows;

// Of a pre-synaptic spike: an axonal one comes from the second condition of a cell; where it does not transmit, nothing but
// time passes at the synapse.
enum { PNN_SPIKE = 0, PNN_AXONAL = 1, PNN_LOST = 2 };

// One spike of a source on its way past the synapses [begin, end), whose delay is the same. Times in steps.
typedef struct pnn_passage {
    uint64_t begin;
    uint64_t end;
    int64_t multiplicity;         // identical spikes; 0: none, only what the post-synaptic elements did is applied
    int32_t kind;                 // PNN_SPIKE, ...
    int64_t emitted;
    int64_t previous;             // emission of the last spike that has passed these synapses, PNN_NEVER for none
    int64_t previous_own;         // the same of its source's spikes that are not axonal
    double pre_shift;             // from the emission to the passage
    double post_shift;            // from a post-synaptic spike to its arrival at the synapse
    double sees;                  // a passage sees the post-synaptic spikes that were emitted before emitted + sees
    double applied;               // spikes emitted up to here by the post-synaptic elements are applied already
    double until;                 // where multiplicity is 0: apply those emitted up to here
    const double* pre_traces;     // right after `previous`; zeros for none
    int64_t earlier;              // the spike before `previous`, for post-synaptic spikes that arrive together with that one
    const double* earlier_traces;
    double* increments;           // null: into the accumulator; else one sum a synapse is written here
    const double* sent;           // emissions of the source after `previous`, ascending, but for axonal ones, for modules that
                                  // ask for them
    int64_t n_sent;
} pnn_passage;

#define PNN_NEVER INT64_MIN

// A spike as a model's statements see it. Elapsed times in steps, since `origin` where there was no event after it.
typedef struct pnn_event {
    double since_pre;
    double since_post;
    double since_any;
    double t;                     // of the event at the synapse, ms
    double t_pre;                 // of the last earlier events, ms; minus infinity for none
    double t_post;
    int64_t step;                 // of emission
    uint32_t repetition;          // among identical spikes; 16384 for axonal ones, 32768 and more for post-synaptic ones
    int32_t coincident;           // a spike from the other side reaches the synapse at the same time
    int32_t kind;
} pnn_event;

// Synapses of an element whose sources lie side by side, from the end of the run before to its own.
typedef struct pnn_run {
    uint64_t end;
    uint64_t shift;               // from a synapse to its source, modulo 2^64
} pnn_run;

// The synapses of one projection that end in one partition, by post-synaptic element and in the order of their sources: for
// modules whose synapses do something in every step.
typedef struct pnn_dendrites {
    const uint64_t* start;        // of each element's synapses; one more than there are elements
    int64_t n_elements;
    int64_t first_element;        // of the population
    const void* sources;          // null where there are runs
    int32_t source_bits;          // 16 or 32
    const uint64_t* run_start;    // of each element's runs; one more than there are elements
    const pnn_run* runs;          // null where there are sources
    const uint16_t* delays;       // in steps; null where all are alike
    const uint64_t* rows_seen;    // by delay (or the first alone): where the values of all sources that are seen now begin
    uint64_t row_of_post;         // where those of the partition's elements begin
    const double* const* pre;     // copies of what is seen of the sources, in the module's order
    const double* const* post;
    void* const* arrays;          // fields in the order of the module's `arrays` table: one value a synapse, an element or in all
    int32_t each_weight;          // whether every synapse has a weight of its own among them
    const int32_t* array_steps;   // of parameters: 1 where each synapse (or element) has a value of its own, 0 for one value
    const uint32_t* ranks;        // canonical rank of each synapse, where the module draws
    uint32_t object_index;
    double* sums;                 // what each element receives in this step, to be added to; for modules with a psp
    // for spikes:
    const uint32_t* places;       // of the synapses of the delayed rows
    double* passed;               // step in which the last spike passed each synapse, and the one before; null: nobody asks;
                                  // in ANNarchy's order that in which its source has sent the last one
    double* passed_before;
    double* spiked;               // step of each element's last spike
    double dt;                    // ms; that of pnn_step is several of it where they advance by several steps at once
} pnn_dendrites;

// Synapses of several projections that lie together by source and delay.
typedef struct pnn_piece {
    uint16_t member;              // of the projections
    uint16_t length;
} pnn_piece;
typedef struct pnn_bundle {
    const uint16_t* targets;      // partition-local index in the population of the member
    const void* weights;          // in the form that the members have; null where each of them has one
    const pnn_piece* pieces;
    const pnn_rows* members;      // what does not lie here; without an accumulator: nothing comes from this one
} pnn_bundle;
// Synapses [begin, end) of a bundle, in pieces.
typedef struct pnn_pieces {
    uint64_t begin;
    uint64_t end;
    uint32_t first_piece;
    uint32_t n_pieces;
    int64_t multiplicity;
} pnn_pieces;

// Synapses of several projections that send their weights, by source and delay. A group is a header, which has the size of a
// pair, and its pairs: two 16-bit indices of sums, then what is added to them, in quanta, which is nothing for what fills up the
// last pair. The header's words are the number of synapses of the source's next group, 0 for none, and how many steps later
// that falls due; it follows at once. Amounts of 16 bits are whole numbers of units, which belong to the sums.
#define PNN_SUMS_ALIKE 64u
typedef struct pnn_pairs {
    const uint32_t* words;
    int64_t* sums;
    int32_t amount_bits;          // 16, 32 or 64: a pair is 2, 3 or 5 words
    const int64_t* units;         // of 16-bit amounts, in quanta, one for each PNN_SUMS_ALIKE sums
} pnn_pairs;
// A group of pairs that is due.
typedef struct pnn_due_pairs {
    uint32_t header;              // as number of a pair
    uint32_t n;                   // synapses
    uint32_t multiplicity;
    uint32_t steps;               // written by the primitive: until the next one is due
} pnn_due_pairs;

// Returns 0, or 1 where an increment was not finite or beyond its bound.
typedef int32_t (*pnn_deliver_fn)(const pnn_rows* rows, const pnn_group* groups, int64_t n_groups, const pnn_step* step);
// The same where element i of the partition has one synapse and its source has sent counts[i] spikes that fall due now; all weights are alike.
typedef int32_t (*pnn_deliver_counts_fn)(const pnn_rows* rows, const uint16_t* counts, int64_t n, const pnn_step* step);
// The same of a bundle. Returns 0, or 1 + the number of the last member where an increment was not.
typedef int32_t (*pnn_deliver_bundle_fn)(const pnn_bundle* bundle, const pnn_pieces* groups, int64_t n_groups, const pnn_step* step);
// Groups that are due, as bits, in blocks of PNN_BITS_TOGETHER elements of the partition: element i of a block has a synapse where
// bit i / 32 of the block's byte i % 32 is set, so that one instruction takes elements that lie side by side out of bytes that do. All
// weights are alike. A group of which several spikes are due comes as often. For elements [begin, end) alone, which begin with a
// block and end with one or with the partition.
#define PNN_BITS_TOGETHER 256
typedef struct pnn_due_bits {
    const uint64_t* const* groups;
    int64_t n_groups;
    int64_t begin;
    int64_t end;
    uint16_t* numbers;            // null: into the accumulator; else how many of at most 65535 groups have a synapse with each of them,
                                  // from the first on, in whole blocks
    int64_t each;                 // written by the primitive: the quanta of one
} pnn_due_bits;
typedef int32_t (*pnn_deliver_bits_fn)(const pnn_rows* rows, pnn_due_bits* due, const pnn_step* step);
// The same of synapses that send their weights, which are sound. Turns each group into the one that comes next.
typedef void (*pnn_deliver_pairs_fn)(const pnn_pairs* pairs, pnn_due_pairs* groups, int64_t n_groups);
// Lets spikes pass synapses that learn. Returns as deliver.
typedef int32_t (*pnn_learn_fn)(const pnn_rows* rows, const pnn_passage* passages, int64_t n_passages, const pnn_step* step);
// The traces of one element after one more spike, in place.
typedef void (*pnn_trace_fn)(const pnn_rows* rows, const pnn_step* step, double* traces, const pnn_event* event);
// What synapses do in a step: form what their elements receive (`psp`), and advance.
enum { PNN_TRANSMIT = 1, PNN_ADVANCE = 2 };
// Synapses of one partition over one step; `what` is the sum of the above. Returns 1 where what an element receives is not finite.
typedef int32_t (*pnn_synapses_fn)(const pnn_dendrites* dendrites, const pnn_step* step, int32_t what);
// Spikes pass such synapses (of the passages, only the first five members matter). Returns as deliver.
typedef int32_t (*pnn_pass_fn)(const pnn_dendrites* dendrites, const pnn_rows* rows, const pnn_passage* passages, int64_t n_passages, const pnn_step* step);
// Elements from `first` on have spiked.
typedef void (*pnn_reach_fn)(const pnn_dendrites* dendrites, const pnn_spikes* spikes, int64_t first, const pnn_step* step);
// Updates elements [begin, end) over one step and writes their spikes.
typedef void (*pnn_neurons_fn)(const pnn_segment* segment, int64_t begin, int64_t end, const pnn_step* step, pnn_spikes* spikes);

enum { PNN_F64 = 0, PNN_F32 = 1, PNN_I32 = 2, PNN_I64 = 3 };

typedef struct pnn_field {
    const char* name;
    int32_t dtype;
    int32_t is_input;         // 1: that modules only read, and that may be null where it is zero for all elements
} pnn_field;

typedef struct pnn_module {
    uint32_t abi_version;
    const char* fingerprint;
    const char* model;
    const pnn_field* arrays;
    int32_t n_arrays;
    const char* const* shared;
    int32_t n_shared;
    const char* const* receptors;
    int32_t n_receptors;
    pnn_neurons_fn neurons;   // null for synapses
    pnn_deliver_fn deliver;   // null for cells and for synapses that learn
    pnn_deliver_counts_fn deliver_counts;  // null where `deliver` is
    pnn_deliver_bundle_fn deliver_bundle;  // as well
    pnn_deliver_bits_fn deliver_bits;      // as well
    pnn_deliver_pairs_fn deliver_pairs;  // null where what a synapse sends is not its weight
    pnn_learn_fn learn;       // null for all others
    pnn_trace_fn pre_trace;
    pnn_trace_fn post_trace;
    int32_t n_pre_traces;
    int32_t n_post_traces;
    int32_t has_post;         // whether post-synaptic spikes change anything
    int32_t draws;            // whether it needs ranks
    int32_t asks_sent;        // whether it matters which spikes are on their way
    pnn_synapses_fn synapses; // null for all but those that do something in every step
    pnn_pass_fn pass_spikes;
    pnn_reach_fn reach;
    int32_t has_pre;          // whether pre-synaptic spikes change or send anything
    int32_t asks_when;        // whether it matters when the last spikes were
    int32_t advances_first;   // ANNarchy's order: a step advances synapses and then forms what they transmit over the next one
} pnn_module;

typedef const pnn_module* (*pnn_module_entry_fn)(void);

#ifdef __cplusplus
}
#endif

#endif
