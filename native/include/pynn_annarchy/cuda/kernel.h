// cuda/kernel.h: how kernels are written and launched; what an emulation on the CPU does instead (DESIGN D12).
//
// A kernel is a struct that is copied to the device: `lanes` a block, `n_phases`, `Shared` (the block's own memory), and
// `template <int phase> void run(const Place&, Shared&) const`. A phase is over for all lanes of a block before the next
// one begins; between lanes of one phase there is no order, and between blocks none at all.
//
// The emulation runs the same struct on the CPU, lane by lane, in the order that it is told, at once or whenever what it is
// kept in is repeated. Before a block begins, its shared memory is filled with a pattern; a kernel that is handed an address
// of the host ends the process with a sentence.
#ifndef PYNN_ANNARCHY_CUDA_KERNEL_H
#define PYNN_ANNARCHY_CUDA_KERNEL_H

#include <stdint.h>
#include <string.h>

#include "pynn_annarchy/cuda/abi.h"
#include "pynn_annarchy/fixed_point.h"
#include "pynn_annarchy/target.h"

#if defined(PNN_EMULATED)
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PNN_DEVICE inline
#define PNN_DEVICE_APART __attribute__((noinline))
#else
#include <cuda_runtime.h>
#define PNN_DEVICE __device__ __forceinline__
#define PNN_DEVICE_APART __device__ __noinline__
#endif

namespace pnn {
namespace cuda {

// The emulation takes fewer lanes, so that small networks have several blocks.
#if defined(PNN_EMULATED)
constexpr int32_t LANES_A_BLOCK = 8;
constexpr int32_t LANES_A_GROUP = 4;
constexpr int64_t MOST_BLOCKS = 3;       // of kernels whose blocks take work by turns
constexpr int64_t LEAST_BLOCKS = 2;      // of a part of one, where there is so much work
#else
constexpr int32_t LANES_A_BLOCK = 128;
constexpr int32_t LANES_A_GROUP = 32;
constexpr int64_t MOST_BLOCKS = 1056;    // eight for each of an H200's multiprocessors
constexpr int64_t LEAST_BLOCKS = 16;
#endif
constexpr size_t MOST_ARGUMENTS = 3800;  // bytes that every device takes as a kernel's arguments

// Where a lane is.
struct Place {
    int64_t block, n_blocks;
    int32_t lane;
};

struct Nothing {};

// Of the groups of lanes of all blocks, which take work by turns: which one a lane is in, and which lane of it.
struct Group {
    int64_t number, n_groups;
    int32_t lane;

    PNN_DEVICE Group(int64_t block, int64_t n_blocks, int32_t lane_of_block)
        : number((block * LANES_A_BLOCK + lane_of_block) / LANES_A_GROUP), n_groups(n_blocks * (LANES_A_BLOCK / LANES_A_GROUP)),
          lane(lane_of_block % LANES_A_GROUP) {}
    PNN_DEVICE explicit Group(const Place& place) : Group(place.block, place.n_blocks, place.lane) {}
};

// Which step it is.
class Clock {
public:
    Clock() = default;
    explicit Clock(const pnn_launch& how) : control_(how.d_control), offset_(how.offset), common_(how.common) {}
    PNN_DEVICE int64_t step() const { return control_->base + offset_; }
    PNN_DEVICE pnn_step now() const {
        pnn_step present = common_;
        present.step = step();
        present.t = static_cast<double>(present.step - 1) * present.dt;
        return present;
    }

private:
    const pnn_control* control_;
    int64_t offset_;
    pnn_step common_;
};

// The list of a step in a ring.
PNN_DEVICE pnn_sent sent_in(const pnn_ring& ring, int64_t step) {
    const int64_t slot = step % ring.size;
    return {ring.d_index + slot * ring.width, ring.d_count + slot * ring.width, ring.d_n + slot};
}
PNN_DEVICE uint16_t* each_in(const pnn_ring& ring, int64_t step) {
    return ring.d_each == nullptr ? nullptr : ring.d_each + step % ring.size * ring.width;
}

// The group [begin, end) of a row that has a delay: delays ascend in a row.
constexpr uint32_t NO_GROUP = 0xffffffffu;
PNN_DEVICE uint32_t group_with(const uint16_t* delays, uint32_t begin, uint32_t end, uint16_t delay) {
    uint32_t first = begin, last = end;
    while (first < last) {
        const uint32_t middle = first + (last - first) / 2;
        if (delays[middle] < delay) first = middle + 1;
        else last = middle;
    }
    return first < end && delays[first] == delay ? first : NO_GROUP;
}

// A kernel, or what one is told, with nothing in its gaps and zeros elsewhere: an emulation looks at arguments word by word.
template <class T>
T cleared() {
    T fresh;
    memset(static_cast<void*>(&fresh), 0, sizeof fresh);
    return fresh;
}

// Work of one kind in one launch: items have a first block each, in ascending order.
template <class Item>
struct Batch {
    static constexpr int MOST = sizeof(Item) < MOST_ARGUMENTS ? static_cast<int>(MOST_ARGUMENTS / sizeof(Item)) : 1;
    Item items[MOST];
    int32_t n;
    int64_t n_blocks;

    bool is_full() const { return n == MOST; }
    // A further one, before its `n_blocks` blocks are added.
    Item& add() {
        items[n].first_block = n_blocks;
        return items[n++];
    }
    PNN_DEVICE const Item& of_block(int64_t block) const {
        int32_t k = 0;
        while (k + 1 < n && items[k + 1].first_block <= block) ++k;
        return items[k];
    }
};

PNN_FN int64_t blocks_of(int64_t n, int32_t each) { return (n + each - 1) / each; }
inline int64_t by_turns(int64_t n_blocks) { return n_blocks < 1 ? 1 : n_blocks < MOST_BLOCKS ? n_blocks : MOST_BLOCKS; }

// ---- what lanes do to memory that others use too: whole numbers, whose sums have no order -------------------------------

// Returns what was there before.
PNN_DEVICE uint32_t claim(uint32_t* counter, uint32_t n) {
#if defined(__CUDA_ARCH__)
    return atomicAdd(counter, n);
#else
    const uint32_t before = *counter;
    *counter += n;
    return before;
#endif
}
PNN_DEVICE uint64_t claim(uint64_t* counter, uint64_t n) {
#if defined(__CUDA_ARCH__)
    return atomicAdd(reinterpret_cast<unsigned long long*>(counter), static_cast<unsigned long long>(n));
#else
    const uint64_t before = *counter;
    *counter += n;
    return before;
#endif
}

PNN_DEVICE void add_to(uint64_t* sum, uint64_t n) { accumulate(reinterpret_cast<int64_t*>(sum), static_cast<int64_t>(n)); }

PNN_DEVICE void raise_to(int32_t* greatest, int32_t value) {
#if defined(__CUDA_ARCH__)
    atomicMax(greatest, value);
#else
    if (value > *greatest) *greatest = value;
#endif
}

PNN_DEVICE void lower_to(int64_t* least, int64_t value) {
#if defined(__CUDA_ARCH__)
    atomicMin(reinterpret_cast<long long*>(least), static_cast<long long>(value));
#else
    if (value < *least) *least = value;
#endif
}

// Of what has failed in a step, after which nothing more is done.
PNN_DEVICE void fail(pnn_control* control, int32_t* what, int32_t number, int64_t step) {
    raise_to(what, number + 1);
    lower_to(&control->stop_after, step);
}

// ---- launching -----------------------------------------------------------------------------------------------------------

#if defined(PNN_EMULATED)

// The k-th of n in the order that is asked for: every one has its turn.
class Order {
public:
    Order(int64_t n, int32_t kind, uint64_t seed)
        : n_(n), kind_(kind), shift_(static_cast<int64_t>(seed % static_cast<uint64_t>(n))), stride_(1 + static_cast<int64_t>((seed >> 8) % static_cast<uint64_t>(n))) {
        while (shared_divisor(stride_, n) != 1) stride_ = stride_ % n + 1;
    }
    int64_t operator[](int64_t k) const {
        if (kind_ == PNN_FORWARD) return k;
        if (kind_ == PNN_REVERSE) return n_ - 1 - k;
        return (k * stride_ + shift_) % n_;
    }

private:
    static int64_t shared_divisor(int64_t a, int64_t b) {
        while (b != 0) {
            const int64_t rest = a % b;
            a = b;
            b = rest;
        }
        return a;
    }
    int64_t n_;
    int32_t kind_;
    int64_t shift_, stride_;
};

// Whether a launch is for a step that is done.
inline bool is_wanted(const pnn_launch& how) { return how.offset == PNN_ANY_STEP || how.d_control->base + how.offset <= how.d_control->stop_after; }

// Whether there is anything at an address. What lies between members may look like one.
inline bool is_mapped(uint64_t address) {
    static const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    unsigned char is_in_core;
    return mincore(reinterpret_cast<void*>(address / page * page), 1, &is_in_core) == 0;
}

// No address of the host among a kernel's arguments: a device could not follow it.
inline void check_arguments(const void* arguments, size_t size, const char* name) {
    constexpr uint64_t first = 0x500000000000, last = 0x7fffffffffff;  // the emulated device's memory lies below
    for (size_t at = 0; at + 8 <= size; at += 8) {
        uint64_t word;
        memcpy(&word, static_cast<const char*>(arguments) + at, 8);
        if (word < first || word > last || !is_mapped(word)) continue;
        fprintf(stderr, "emulated device: argument at byte %zu of a kernel is an address of the host (%s)\n", at, name);
        abort();
    }
}

template <int phase, class Kernel>
void run_phases(const Kernel& kernel, int64_t block, int64_t n_blocks, int32_t order, uint64_t seed, typename Kernel::Shared& shared) {
    const Order lanes(Kernel::lanes, order, seed + phase);
    for (int64_t k = 0; k < Kernel::lanes; ++k)
        kernel.template run<phase>(Place{block, n_blocks, static_cast<int32_t>(lanes[k])}, shared);
    if constexpr (phase + 1 < Kernel::n_phases) run_phases<phase + 1>(kernel, block, n_blocks, order, seed, shared);
}

template <class Kernel>
int32_t run_kernel(const void* arguments, int64_t n_blocks, const pnn_launch* how) {
    how->guard(1);
    const Kernel kernel = *static_cast<const Kernel*>(arguments);
    const uint64_t step = static_cast<uint64_t>(how->d_control->base + (how->offset == PNN_ANY_STEP ? 0 : how->offset));
    const uint64_t seed = (step * 0x9e3779b97f4a7c15u + static_cast<uint64_t>(n_blocks)) >> 20;
    const Order blocks(n_blocks, how->order, seed);
    if (is_wanted(*how))
        for (int64_t k = 0; k < n_blocks; ++k) {
            typename Kernel::Shared shared;
            memset(static_cast<void*>(&shared), 0xa5, sizeof shared);
            run_phases<0>(kernel, blocks[k], n_blocks, how->order, seed + static_cast<uint64_t>(k), shared);
        }
    how->guard(0);
    return 0;
}

template <class Kernel>
int32_t launch(const Kernel& kernel, int64_t n_blocks, const pnn_launch& how) {
    if (n_blocks <= 0) return 0;
    check_arguments(&kernel, sizeof kernel, __PRETTY_FUNCTION__);
    ++*how.n_launches;
    if (how.keep == nullptr) return run_kernel<Kernel>(&kernel, n_blocks, &how);
    how.keep(&run_kernel<Kernel>, &kernel, sizeof kernel, n_blocks, &how);
    return 0;
}

#else

inline void check_arguments(const void*, size_t, const char*) {}

template <int phase, class Kernel>
__device__ __forceinline__ void run_phases(const Kernel& kernel, const Place& place, typename Kernel::Shared& shared) {
    kernel.template run<phase>(place, shared);
    if constexpr (phase + 1 < Kernel::n_phases) {
        __syncthreads();
        run_phases<phase + 1>(kernel, place, shared);
    }
}

template <class Kernel>
__global__ void __launch_bounds__(Kernel::lanes) run_kernel(const __grid_constant__ Kernel kernel, const pnn_control* control, int64_t offset) {
    __shared__ typename Kernel::Shared shared;
    if (offset != PNN_ANY_STEP && control->stop_after < control->base + offset) return;
    run_phases<0>(kernel, Place{static_cast<int64_t>(blockIdx.x), static_cast<int64_t>(gridDim.x), static_cast<int32_t>(threadIdx.x)}, shared);
}

template <class Kernel>
int32_t launch(const Kernel& kernel, int64_t n_blocks, const pnn_launch& how) {
    if (n_blocks <= 0) return 0;
    ++*how.n_launches;
    static thread_local int32_t current = -1;  // each module has a runtime of its own
    if (current != how.device) {
        const cudaError_t failed = cudaSetDevice(how.device);
        if (failed != cudaSuccess) return static_cast<int32_t>(failed);
        current = how.device;
    }
    run_kernel<<<static_cast<unsigned>(n_blocks), Kernel::lanes, 0, static_cast<cudaStream_t>(how.stream)>>>(kernel, how.d_control, how.offset);
    return static_cast<int32_t>(cudaGetLastError());
}

#endif

}  // namespace cuda
}  // namespace pnn

#endif
