// cuda/abi.h: what a module has besides for the device: functions that launch kernels. Plain C.
//
// A module of the CUDA target exports `pnn_device_entry` next to `pnn_module_entry`: what runs between steps, and what is
// asked of synapses between runs, is done by the host's functions of the very same text.
//
// Launchers return at once; their kernels run one after the other, in the order in which they were launched. Pointers that
// a launcher is given are the host's, what they point to is marked; `d_` names lie in the device's memory.
//
// What is done in every step is launched with the same arguments in each of them: kernels find out which step it is, and
// where that lies in rings, by themselves. So the launches of some steps may be kept, and repeated as a whole.
#ifndef PYNN_ANNARCHY_CUDA_ABI_H
#define PYNN_ANNARCHY_CUDA_ABI_H

#include <stddef.h>

#include "pynn_annarchy/abi.h"

#define PNN_DEVICE_VERSION 4u

#ifdef __cplusplus
extern "C" {
#endif

// What all kernels look at, on the device.
typedef struct pnn_control {
    int64_t stop_after;           // the last step that is done: of later ones kernels do nothing
    int64_t base;                 // the step from which launches count
    int32_t failed;               // 1 + the number of a projection whose increment failed, 0 for none
    int32_t has_more;             // 1 + the number of a population with more spikes of a cell in a step than can be counted
    uint64_t spikes, events;      // how many there were
} pnn_control;

// In which order the emulation takes the lanes of a block, and blocks.
enum { PNN_FORWARD = 0, PNN_REVERSE = 1, PNN_SHUFFLED = 2 };

struct pnn_launch;
// Keeps the launch of a kernel, as an emulation runs it; a device's runtime does this by itself.
typedef int32_t (*pnn_run_kernel_fn)(const void* kernel, int64_t n_blocks, const struct pnn_launch* launch);
typedef void (*pnn_keep_fn)(pnn_run_kernel_fn run, const void* kernel, size_t size, int64_t n_blocks, const struct pnn_launch* launch);

// How kernels are launched.
typedef struct pnn_launch {
    void* stream;
    void* copies;                 // the stream of copies that are made while kernels run
    pnn_control* d_control;
    int64_t offset;               // from the base to the step for which they are; PNN_ANY_STEP for kernels of none
    pnn_step common;              // what all steps have in common
    int64_t* n_launches;          // on the host: counts those of kernels, once where they are kept
    int32_t device;
    int32_t order;                // PNN_FORWARD, ...; of the emulation alone, as what follows
    void (*guard)(int32_t open);  // lets the CPU at the device's memory, or bars it
    pnn_keep_fn keep;             // null where kernels run at once
} pnn_launch;

#define PNN_ANY_STEP INT64_MIN

// Spikes of one population in one step, on the device, in no defined order.
typedef struct pnn_sent {
    uint32_t* d_index;
    uint32_t* d_count;
    uint32_t* d_n;
} pnn_sent;

// The same by step modulo `size`: lists of `width` places.
typedef struct pnn_ring {
    uint32_t* d_index;
    uint32_t* d_count;
    uint32_t* d_n;
    uint16_t* d_each;             // a number for every cell, in each of these steps; null: not wanted
    int64_t size, width;
} pnn_ring;

// Cells of one population. What `segment` points to is on the device.
typedef struct pnn_cells {
    pnn_segment segment;
    int64_t size;
    pnn_ring ring;                // the list of the present step is empty before
    int64_t number;
} pnn_cells;

// A projection whose synapses send their weights. All of `rows` is on the device.
typedef struct pnn_route {
    pnn_rows rows;
    const uint32_t* d_row_start;
    const uint32_t* d_group_start;
    const uint16_t* d_group_delay;
    const uint16_t* d_delays;     // distinct ones, in steps
    int32_t n_delays;
    int32_t number;               // of the projection
    pnn_ring ring;                // spikes of its sources; with `d_each`: every target has one synapse, all are alike
    int64_t first;                // step of emission from which on spikes are in the ring
    int64_t n_sources;
    const pnn_group* d_groups;    // or: groups that are due
    int64_t n_groups;
} pnn_route;

// A projection whose synapses learn, where the device knows by itself which spikes pass them when. All of `rows` is on the
// device. Of its sources, spikes are kept in a ring of `n_slots` steps of emission until the longest delay is over.
typedef struct pnn_learner {
    pnn_rows rows;
    const uint32_t* d_row_start;
    const uint32_t* d_group_start;
    const uint16_t* d_group_delay;
    const uint16_t* d_delays;     // distinct ones, in steps, ascending
    int32_t n_delays;
    int32_t number;               // of the projection
    int64_t post_number;          // of the post-synaptic population
    pnn_ring pre, post;           // what both populations have sent
    int64_t n_sources;
    double dendritic;             // part of each delay that lies behind the synapse
    int64_t applied;              // step up to which all events were applied before the run, PNN_NEVER for none
    int64_t reserve;              // spikes of an element for which there is room after the step in which it is said to be full
    int64_t n_slots;
    uint32_t* d_passing;          // sources that have spiked, and how many of them, by slot
    uint32_t* d_n_passing;
    // Of each source: emissions of its last spike and of the one before that, PNN_NEVER for none; traces right after each.
    int64_t* d_last;
    double* d_last_traces;
    // The same as it was before the source's spike, by slot and source; the third number is how many identical ones there are.
    int64_t* d_before;
    double* d_before_traces;
    // The step in which all synapses were caught up last, and the steps in which they are to be, by their parity.
    int64_t* d_caught_up;
} pnn_learner;

// The launchers return 0, or the runtime's error code.
typedef int32_t (*pnn_launch_neurons_fn)(const pnn_cells* cells, int64_t n_cells, const pnn_launch* launch);
// Routes are given twice, here and there.
typedef int32_t (*pnn_launch_deliver_fn)(const pnn_route* routes, const pnn_route* d_routes, int64_t n_routes, const pnn_launch* launch);
// All that `rows` and `d_passages` point to is on the device.
typedef int32_t (*pnn_launch_learn_fn)(const pnn_rows* rows, const pnn_passage* d_passages, int64_t n_passages, int32_t number,
                                       const pnn_step* step, const pnn_launch* launch);
// Spikes that fall due pass. Learners are given twice, here and there.
typedef int32_t (*pnn_launch_learn_due_fn)(const pnn_learner* learners, const pnn_learner* d_learners, int64_t n_learners,
                                           const pnn_launch* launch);
// Spikes of the present step begin their way, and enter histories.
typedef int32_t (*pnn_launch_remember_fn)(const pnn_learner* learners, const pnn_learner* d_learners, int64_t n_learners,
                                          const pnn_launch* launch);
// All that `dendrites` points to is on the device.
typedef int32_t (*pnn_launch_synapses_fn)(const pnn_dendrites* dendrites, int32_t number, const pnn_step* step, int32_t what,
                                          const pnn_launch* launch);
typedef int32_t (*pnn_launch_pass_fn)(const pnn_dendrites* dendrites, const pnn_rows* rows, const pnn_passage* d_passages,
                                      int64_t n_passages, int32_t number, const pnn_step* step, const pnn_launch* launch);
typedef int32_t (*pnn_launch_reach_fn)(const pnn_dendrites* dendrites, const pnn_sent* spikes, const pnn_step* step,
                                       const pnn_launch* launch);

typedef struct pnn_device_module {
    uint32_t version;                     // PNN_DEVICE_VERSION
    pnn_launch_neurons_fn neurons;        // each null where the host's module has no such function
    pnn_launch_deliver_fn deliver;
    pnn_launch_learn_fn learn;
    pnn_launch_learn_due_fn learn_due;
    pnn_launch_remember_fn remember;
    pnn_launch_synapses_fn synapses;
    pnn_launch_pass_fn pass_spikes;
    pnn_launch_reach_fn reach;
} pnn_device_module;

typedef const pnn_device_module* (*pnn_device_entry_fn)(void);

// ---- the device itself: native/src/device.cu, compiled when a device is first asked for ------------------------------

typedef struct pnn_device_properties {
    char name[256];
    int64_t memory;                       // bytes, in all
    int64_t free_memory;
    int32_t n_devices;
    int32_t capability;                   // 10 * major + minor
    int32_t driver_version, runtime_version;
} pnn_device_properties;

// A spike that is kept, in no defined order among those of its step.
typedef struct pnn_recorded {
    int64_t step;
    uint32_t index, count;
} pnn_recorded;

// What is kept of a population's spikes in a step: in the next of `n_places`, and then from the first one on again.
typedef struct pnn_spike_record {
    pnn_ring ring;
    int64_t size;                         // of the population
    const uint8_t* d_recorded;            // per cell; null: all
    pnn_recorded* d_spikes;
    uint64_t n_places;
    uint64_t* d_n;                        // how many there were
} pnn_spike_record;

// One variable of some cells, as doubles, in steps of which `every` divides the distance to `start`: row by row of `n_rows`,
// and then from the first one on again.
typedef struct pnn_copy {
    const void* d_source;
    int64_t dtype;                        // without a gap behind it: kernels' arguments are looked at, word by word
    const int64_t* d_index;               // null: of all
    int64_t n;
    double* d_out;
    int64_t start, every, n_rows;
} pnn_copy;

// A current into some cells of a population.
typedef struct pnn_injection {
    void* d_input;
    int32_t dtype;
    const int64_t* d_index;               // ascending; a cell that is named twice takes the current twice
    int64_t n;
    double amplitude;
} pnn_injection;

// Spikes of one population in a window of time, and how many there are of each cell.
typedef struct pnn_window {
    pnn_ring ring;
    uint32_t* d_counts;                   // per cell
    double* d_values;                     // in Hz
    double per_spike;
    uint32_t* d_index;                    // kept, in the order of steps, from place 0 on
    uint32_t* d_count;
    uint32_t* d_end;                      // how many are kept by the end of each step, by the number of the step since `first`
    int64_t first, n_back;                // a spike is forgotten so many steps later
} pnn_window;

typedef struct pnn_device_library {
    uint32_t version;
    // All return a code of the runtime; 0 is none. `describe` tells one in words.
    int32_t (*open)(int32_t device, pnn_device_properties* properties, pnn_launch* launch);  // with streams
    const char* (*describe)(int32_t error);
    int32_t (*allocate)(void** d_memory, size_t bytes, const pnn_launch* launch);
    int32_t (*release)(void* d_memory, const pnn_launch* launch);
    int32_t (*upload)(void* d_memory, const void* host, size_t bytes, const pnn_launch* launch);
    int32_t (*download)(void* host, const void* d_memory, size_t bytes, const pnn_launch* launch);  // waits
    // Memory of the host to which copies are made while kernels run. They are begun where nothing is under way that writes what
    // is copied, and until they are over nothing may be.
    int32_t (*lock)(void** memory, size_t bytes, const pnn_launch* launch);
    int32_t (*unlock)(void* memory, const pnn_launch* launch);
    int32_t (*begin_download)(void* memory, const void* d_memory, size_t bytes, const pnn_launch* launch);
    int32_t (*end_downloads)(const pnn_launch* launch);  // waits for all that have begun
    int32_t (*fill)(void* d_memory, int32_t byte, size_t bytes, const pnn_launch* launch);
    int32_t (*synchronize)(const pnn_launch* launch);
    void (*guard)(int32_t open);          // see pnn_launch; null on a real device
    // What is launched in between is kept in `graph` and done whenever that is repeated. Kernels must have been launched
    // before by the same thread.
    int32_t (*begin_keeping)(pnn_launch* launch);
    int32_t (*end_keeping)(void** graph, pnn_launch* launch);
    int32_t (*repeat)(void* graph, const pnn_launch* launch);
    int32_t (*forget)(void* graph, const pnn_launch* launch);
    // Kernels that know no model.
    int32_t (*advance)(int64_t n_steps, const pnn_launch* launch);  // of the base
    int32_t (*emit)(const pnn_sent* sent, const uint32_t* d_index, const uint32_t* d_count, int64_t n, const pnn_launch* launch);
    int32_t (*emit_axonal)(const pnn_ring* ring, const double* d_axonal, int64_t n, const pnn_launch* launch);
    int32_t (*assign)(void* d_array, int32_t dtype, const uint32_t* d_index, const double* d_values, int64_t n, const pnn_launch* launch);
    int32_t (*add_amounts)(int64_t* d_sums, const uint32_t* d_index, const int64_t* d_amounts, int64_t n, const pnn_launch* launch);
    int32_t (*add_up)(void* d_input, int32_t dtype, const void* d_base, const double* d_sums, int64_t n, const pnn_launch* launch);
    int32_t (*inject)(const pnn_injection* injection, const pnn_launch* launch);
    // What is kept of a step; then the lists of the next one are emptied.
    int32_t (*end_step)(const pnn_spike_record* records, int64_t n_records, const pnn_copy* copies, int64_t n_copies,
                        const pnn_ring* d_rings, int64_t n_rings, const pnn_launch* launch);
    int32_t (*take_rates)(const pnn_window* window, const pnn_launch* launch);
    int32_t (*form_value)(int32_t operation, const double* d_row, int64_t n, double* d_out, const pnn_launch* launch);
} pnn_device_library;

typedef const pnn_device_library* (*pnn_device_library_entry_fn)(void);

#ifdef __cplusplus
}
#endif

#endif
