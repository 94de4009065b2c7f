// cuda/abi.h: what a module has besides for the device: functions that launch kernels. Plain C.
//
// A module of the CUDA target exports `pnn_device_entry` next to `pnn_module_entry`: what runs between steps, and what is
// asked of synapses between runs, is done by the host's functions of the very same text.
//
// Launchers return at once; their kernels run one after the other, in the order in which they were launched. Pointers that
// a launcher is given are the host's, what they point to is marked; `d_` names lie in the device's memory.
#ifndef PYNN_ANNARCHY_CUDA_ABI_H
#define PYNN_ANNARCHY_CUDA_ABI_H

#include <stddef.h>

#include "pynn_annarchy/abi.h"

#define PNN_DEVICE_VERSION 1u

#ifdef __cplusplus
extern "C" {
#endif

// What all kernels look at, on the device.
typedef struct pnn_control {
    int64_t stop_after;           // the last step that is done: of later ones kernels do nothing
    int32_t failed;               // 1 + the number of a projection whose increment failed, 0 for none
    int32_t has_more;             // 1 + the number of a population with more spikes of a cell in a step than can be counted
} pnn_control;

// In which order the emulation takes the lanes of a block, and blocks.
enum { PNN_FORWARD = 0, PNN_REVERSE = 1, PNN_SHUFFLED = 2 };

// How kernels are launched.
typedef struct pnn_launch {
    void* stream;
    pnn_control* d_control;
    int64_t step;                 // for which they are
    int32_t device;
    int32_t order;                // PNN_FORWARD, ...; of the emulation alone
} pnn_launch;

// Spikes of one population in one step, on the device, in no defined order.
typedef struct pnn_sent {
    uint32_t* d_index;
    uint32_t* d_count;
    uint32_t* d_n;
} pnn_sent;

// Cells of one population. What `segment.arrays` and `segment.inputs` point to are arrays of the host, of device addresses.
typedef struct pnn_cells {
    pnn_segment segment;
    int64_t size;
    pnn_sent sent;                // d_n is zero before; without d_index: no list is wanted
    uint16_t* d_counts;           // a number for every cell; null: not wanted
    int32_t number;
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
    const pnn_sent* d_ring;       // spikes of its sources, by step of emission modulo ring_size
    int64_t ring_size;
    int64_t first;                // step of emission from which on spikes are in the ring
    int64_t n_sources;
    double per_group;             // synapses, on average
    const pnn_group* d_groups;    // further groups that are due
    int64_t n_groups;
    const uint16_t* d_counts;     // or: every target has one synapse, whose source has sent so many spikes
} pnn_route;

// The launchers return 0, or the runtime's error code.
typedef int32_t (*pnn_launch_neurons_fn)(const pnn_cells* cells, int64_t n_cells, const pnn_step* step, const pnn_launch* launch);
typedef int32_t (*pnn_launch_deliver_fn)(const pnn_route* routes, int64_t n_routes, const pnn_step* step, const pnn_launch* launch);
// All that `rows` and `d_passages` point to is on the device.
typedef int32_t (*pnn_launch_learn_fn)(const pnn_rows* rows, const pnn_passage* d_passages, int64_t n_passages, int32_t number,
                                       const pnn_step* step, const pnn_launch* launch);
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

// Records of one step, for all populations and variables that are recorded.
typedef struct pnn_spike_record {
    pnn_sent from;
    const uint8_t* d_recorded;            // per cell; null: all
    int64_t* d_step;
    uint32_t* d_index;
    uint32_t* d_count;
    uint32_t* d_n;
} pnn_spike_record;

typedef struct pnn_device_library {
    uint32_t version;
    // Errors: codes of the runtime; 0 is none. `describe` tells one in words.
    int32_t (*open)(int32_t device, pnn_device_properties* properties, void** stream);
    const char* (*describe)(int32_t error);
    int32_t (*allocate)(void** d_memory, size_t bytes);
    int32_t (*release)(void* d_memory);
    int32_t (*upload)(void* d_memory, const void* host, size_t bytes, const pnn_launch* launch);
    int32_t (*download)(void* host, const void* d_memory, size_t bytes, const pnn_launch* launch);  // waits
    int32_t (*fill)(void* d_memory, int32_t byte, size_t bytes, const pnn_launch* launch);
    int32_t (*synchronize)(const pnn_launch* launch);
} pnn_device_library;

typedef const pnn_device_library* (*pnn_device_library_entry_fn)(void);

#ifdef __cplusplus
}
#endif

#endif
