// device.cu: what a device does that no model tells it: memory, and the kernels of the step loop. Compiled by nvcc when a
// device is first asked for, or by the C++ compiler (PNN_EMULATED) to run all kernels on the CPU.
#include "pynn_annarchy/cuda/kernel.h"
#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/reduce.h"

#if defined(PNN_EMULATED)
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#endif

namespace pnn {
namespace cuda {
namespace {

// ---- kernels ---------------------------------------------------------------------------------------------------------------

constexpr int32_t LANES = LANES_A_BLOCK;

// One lane an element.
template <class Each>
struct ForEach {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 1;
    using Shared = Nothing;
    Each each;
    int64_t n;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared&) const {
        const int64_t i = place.block * lanes + place.lane;
        if (i < n) each(i);
    }
};

template <class Each>
int32_t for_each(const Each& each, int64_t n, const pnn_launch& how) {
    auto kernel = cleared<ForEach<Each>>();
    kernel.each = each;
    kernel.n = n;
    return launch(kernel, (n + LANES - 1) / LANES, how);
}

struct Advance {
    pnn_control* control;
    int64_t n_steps;
    PNN_DEVICE void operator()(int64_t) const { control->base += n_steps; }
};
int32_t advance(int64_t n_steps, const pnn_launch* given) {
    pnn_launch how = *given;
    how.offset = PNN_ANY_STEP;
    return for_each(Advance{how.d_control, n_steps}, 1, how);
}

struct Emit {
    pnn_sent sent;
    const uint32_t *index, *count;
    int64_t n;
    pnn_control* control;
    PNN_DEVICE void operator()(int64_t i) const {
        sent.d_index[i] = index[i];
        sent.d_count[i] = count[i];
        if (i == 0) *sent.d_n = static_cast<uint32_t>(n);
        add_to(&control->spikes, count[i]);
    }
};
int32_t emit(const pnn_sent* sent, const uint32_t* d_index, const uint32_t* d_count, int64_t n, const pnn_launch* how) {
    return for_each(Emit{*sent, d_index, d_count, n, how->d_control}, n, *how);
}

struct EmitAxonal {
    pnn_ring ring;
    const double* axonal;
    pnn_control* control;
    Clock clock;
    PNN_DEVICE void operator()(int64_t i) const {
        if (axonal[i] == 0.0) return;
        const pnn_sent sent = sent_in(ring, clock.step());
        const uint32_t k = claim(sent.d_n, 1);
        sent.d_index[k] = static_cast<uint32_t>(i);
        sent.d_count[k] = 1;
        add_to(&control->spikes, 1);
    }
};
int32_t emit_axonal(const pnn_ring* ring, const double* d_axonal, int64_t n, const pnn_launch* how) {
    return for_each(EmitAxonal{*ring, d_axonal, how->d_control, Clock(*how)}, n, *how);
}

template <class Real>
struct Assign {
    Real* array;
    const uint32_t* index;
    const double* values;
    PNN_DEVICE void operator()(int64_t i) const { array[index[i]] = static_cast<Real>(values[i]); }
};
int32_t assign(void* d_array, int32_t dtype, const uint32_t* d_index, const double* d_values, int64_t n, const pnn_launch* how) {
    if (dtype == PNN_F64) return for_each(Assign<double>{static_cast<double*>(d_array), d_index, d_values}, n, *how);
    return for_each(Assign<float>{static_cast<float*>(d_array), d_index, d_values}, n, *how);
}

struct AddAmounts {
    int64_t* sums;
    const uint32_t* index;
    const int64_t* amounts;
    PNN_DEVICE void operator()(int64_t i) const { accumulate(sums + index[i], amounts[i]); }
};
int32_t add_amounts(int64_t* d_sums, const uint32_t* d_index, const int64_t* d_amounts, int64_t n, const pnn_launch* how) {
    return for_each(AddAmounts{d_sums, d_index, d_amounts}, n, *how);
}

template <class Real>
struct AddUp {
    Real* input;
    const Real* base;
    const double* sums;
    PNN_DEVICE void operator()(int64_t i) const {
        input[i] = static_cast<Real>(base == nullptr ? sums[i] : static_cast<double>(base[i]) + sums[i]);
    }
};
int32_t add_up(void* d_input, int32_t dtype, const void* d_base, const double* d_sums, int64_t n, const pnn_launch* how) {
    if (dtype == PNN_F64) return for_each(AddUp<double>{static_cast<double*>(d_input), static_cast<const double*>(d_base), d_sums}, n, *how);
    return for_each(AddUp<float>{static_cast<float*>(d_input), static_cast<const float*>(d_base), d_sums}, n, *how);
}

template <class Real>
struct Inject {
    Real* input;
    const int64_t* index;
    int64_t n;
    double amplitude;
    PNN_DEVICE void operator()(int64_t k) const {
        if (k > 0 && index[k - 1] == index[k]) return;  // the first lane of a cell adds for all of its entries
        Real sum = input[index[k]];
        for (int64_t same = k; same < n && index[same] == index[k]; ++same) sum += static_cast<Real>(amplitude);
        input[index[k]] = sum;
    }
};
int32_t inject(const pnn_injection* injection, const pnn_launch* how) {
    const pnn_injection& given = *injection;
    if (given.dtype == PNN_F64)
        return for_each(Inject<double>{static_cast<double*>(given.d_input), given.d_index, given.n, given.amplitude}, given.n, *how);
    return for_each(Inject<float>{static_cast<float*>(given.d_input), given.d_index, given.n, given.amplitude}, given.n, *how);
}

// What is done at the end of a step, one kind a piece: all in one launch, as far as there is room for arguments.
struct EndStep {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 1;
    static constexpr int64_t most_blocks = MOST_BLOCKS / 32 + 1;  // for spikes: how many there are is known on the device alone
    using Shared = Nothing;
    enum Kind : int64_t { record_spikes, copy_values, empty_lists };
    struct Item {
        Kind kind;
        int64_t first_block, n_blocks;
        union {
            pnn_spike_record record;
            pnn_copy copy;
            struct {
                const pnn_ring* d_rings;
                int64_t n;
            } lists;
        };
    };
    Batch<Item> batch;
    Clock clock;

    void add(Kind kind, int64_t n_blocks) {
        batch.add().kind = kind;
        last().n_blocks = n_blocks;
        batch.n_blocks += n_blocks;
    }
    Item& last() { return batch.items[batch.n - 1]; }

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared&) const {
        const Item& item = batch.of_block(place.block);
        const int64_t lane = (place.block - item.first_block) * lanes + place.lane, n_lanes = item.n_blocks * lanes, step = clock.step();
        switch (item.kind) {
            case record_spikes: record(item.record, lane, n_lanes, step); break;
            case copy_values: copy(item.copy, lane, step); break;
            default:
                for (int64_t k = lane; k < item.lists.n; k += n_lanes) *sent_in(item.lists.d_rings[k], step + 1).d_n = 0;
        }
    }

private:
    PNN_DEVICE static void record(const pnn_spike_record& record, int64_t lane, int64_t n_lanes, int64_t step) {
        const pnn_sent sent = sent_in(record.ring, step);
        const int64_t n = *sent.d_n;
        for (int64_t i = lane; i < n; i += n_lanes) {
            const uint32_t index = sent.d_index[i];
            if (record.d_recorded != nullptr && record.d_recorded[index] == 0) continue;
            record.d_spikes[claim(record.d_n, 1) % record.n_places] = {step, index, sent.d_count[i]};
        }
    }

    PNN_DEVICE static void copy(const pnn_copy& copy, int64_t i, int64_t step) {
        if (i >= copy.n || (step - copy.start) % copy.every != 0) return;
        const int64_t from = copy.d_index == nullptr ? i : copy.d_index[i], row = (step - copy.start) / copy.every % copy.n_rows;
        copy.d_out[row * copy.n + i] = copy.dtype == PNN_F64 ? static_cast<const double*>(copy.d_source)[from]
                                                             : static_cast<double>(static_cast<const float*>(copy.d_source)[from]);
    }
};

// Launches as many kernels as it takes.
class EndOfStep {
public:
    explicit EndOfStep(const pnn_launch& how) : how_(how) { begin(); }
    EndStep::Item& add(EndStep::Kind kind, int64_t n_blocks) {
        if (kernel_.batch.is_full()) {
            launch_all();
            begin();
        }
        kernel_.add(kind, n_blocks);
        return kernel_.last();
    }
    int32_t launch_all() {
        const int32_t failed = launch(kernel_, kernel_.batch.n_blocks, how_);
        failed_ = failed_ != 0 ? failed_ : failed;
        return failed_;
    }

private:
    void begin() {
        kernel_ = cleared<EndStep>();
        kernel_.clock = Clock(how_);
    }
    const pnn_launch& how_;
    EndStep kernel_;
    int32_t failed_ = 0;
};

int32_t end_step(const pnn_spike_record* records, int64_t n_records, const pnn_copy* copies, int64_t n_copies, const pnn_ring* d_rings,
                 int64_t n_rings, const pnn_launch* how) {
    EndOfStep end(*how);
    for (int64_t k = 0; k < n_records; ++k) {
        const int64_t useful = blocks_of(records[k].size, LANES);
        end.add(EndStep::record_spikes, useful < EndStep::most_blocks ? useful : EndStep::most_blocks).record = records[k];
    }
    for (int64_t k = 0; k < n_copies; ++k) end.add(EndStep::copy_values, blocks_of(copies[k].n, LANES)).copy = copies[k];
    if (n_rings > 0) end.add(EndStep::empty_lists, 1).lists = {d_rings, n_rings};
    return end.launch_all();
}

// Spikes of this step count from now on, those of a window ago no longer. Sums of whole numbers, and then values of them.
struct TakeRates {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 3;
    using Shared = Nothing;
    pnn_window window;
    Clock clock;

    PNN_DEVICE uint32_t end_of(int64_t emitted) const { return emitted < window.first ? 0 : window.d_end[emitted - window.first]; }

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared&) const {
        const int64_t step = clock.step();
        const pnn_sent sent = sent_in(window.ring, step);
        const uint32_t n = *sent.d_n, begin = end_of(step - 1);
        const int64_t gone = step - window.n_back;
        const uint32_t first_gone = end_of(gone - 1), last_gone = end_of(gone);
        if constexpr (phase == 0) {
            for (uint32_t i = static_cast<uint32_t>(place.lane); i < n; i += lanes) {
                window.d_index[begin + i] = sent.d_index[i];
                window.d_count[begin + i] = sent.d_count[i];
                claim(window.d_counts + sent.d_index[i], sent.d_count[i]);
            }
            if (place.lane == 0) window.d_end[step - window.first] = begin + n;
        } else if constexpr (phase == 1) {
            for (uint32_t i = first_gone + static_cast<uint32_t>(place.lane); i < last_gone; i += lanes)
                claim(window.d_counts + window.d_index[i], 0u - window.d_count[i]);
        } else {
            for (uint32_t i = static_cast<uint32_t>(place.lane); i < n; i += lanes) show(sent.d_index[i]);
            for (uint32_t i = first_gone + static_cast<uint32_t>(place.lane); i < last_gone; i += lanes) show(window.d_index[i]);
        }
    }
    PNN_DEVICE void show(uint32_t cell) const { window.d_values[cell] = window.d_counts[cell] * window.per_spike; }
};
int32_t take_rates(const pnn_window* window, const pnn_launch* how) {
    auto kernel = cleared<TakeRates>();
    kernel.window = *window;
    kernel.clock = Clock(*how);
    return launch(kernel, 1, *how);
}

// The 32 partial results of reduce.h, one a lane, and their tree.
template <class Operation, class Value>
struct FormValue {
    static constexpr int32_t lanes = static_cast<int32_t>(pnn::LANES);
    static constexpr int n_phases = 2;
    struct Shared {
        double partial[lanes];
    };
    const double* row;
    int64_t n;
    double* out;
    bool is_root;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared& shared) const {
        if constexpr (phase == 0) {
            double partial = Operation::start;
            for (int64_t i = place.lane; i < n; i += lanes) partial = Operation::join(partial, Value::of(row[i]));
            shared.partial[place.lane] = partial;
        } else if (place.lane == 0) {
            const double value = Operation::finish(joined<Operation>(shared.partial), static_cast<uint64_t>(n));
            *out = is_root ? pnn::sqrt(value) : value;
        }
    }
};
struct Itself {
    PNN_DEVICE static double of(double x) { return x; }
};
struct Size {
    PNN_DEVICE static double of(double x) { return x < 0.0 ? -x : x == 0.0 ? 0.0 : x; }
};
struct Square {
    PNN_DEVICE static double of(double x) { return x * x; }
};
template <class Operation, class Value>
int32_t formed(const double* d_row, int64_t n, double* d_out, bool is_root, const pnn_launch& how) {
    auto kernel = cleared<FormValue<Operation, Value>>();
    kernel.row = d_row;
    kernel.n = n;
    kernel.out = d_out;
    kernel.is_root = is_root;
    return launch(kernel, 1, how);
}
int32_t form_value(int32_t operation, const double* d_row, int64_t n, double* d_out, const pnn_launch* how) {
    switch (operation) {
        case 0: return formed<Mean, Itself>(d_row, n, d_out, false, *how);
        case 1: return formed<Min, Itself>(d_row, n, d_out, false, *how);
        case 2: return formed<Max, Itself>(d_row, n, d_out, false, *how);
        case 3: return formed<Sum, Size>(d_row, n, d_out, false, *how);
        default: return formed<Sum, Square>(d_row, n, d_out, true, *how);
    }
}

// ---- memory, and launches that are kept ----------------------------------------------------------------------------------------------------------------

#if defined(PNN_EMULATED)

// Each piece ends where a page without access begins, and begins after another: an access beyond either end ends the
// process. New memory holds a pattern. Where the host barred its own access (guard), reading it there ends the process too.
constexpr uintptr_t first_address = 0x100000000000;  // below all that systems give out by themselves
constexpr int32_t no_memory = 2, no_device = 100, wrong_device = 101, old_driver = 35;
constexpr int32_t capability = 90;

struct Piece {
    char* pages;
    size_t size, bytes;
};
std::map<void*, Piece> pieces;
uintptr_t next_address = first_address;
size_t used = 0;
int is_open = 1;  // whether the host may look

size_t page_size() {
    static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

// PYNN_ANNARCHY_EMULATION says what device is played: "devices=0", "memory=100000", "locked=0", "driver=old", separated by
// commas.
int64_t played(const char* what, int64_t otherwise) {
    const char* text = getenv("PYNN_ANNARCHY_EMULATION");
    const std::string wanted = std::string(what) + "=";
    const char* found = text == nullptr ? nullptr : strstr(text, wanted.c_str());
    if (found == nullptr) return otherwise;
    const char* value = found + wanted.size();
    return strncmp(value, "old", 3) == 0 ? 1 : strtoll(value, nullptr, 10);
}

// 1 and 0: the host may look, or may not; 2: it may until 3 bars it again. Each change takes long, and who looks where he
// must not does it again and again: after many changes, only one 0 of some is heeded, and of 3 only the first few and then
// one of some. That is a prime: of however many launches a step consists, each of them is followed by a 0 that is heeded.
constexpr int64_t always_heeded = 6, many_changes = 50000, later_one_of = 61;
int64_t n_asked = 0, n_changes = 0, n_barred = 0;
bool is_lax = false;

void set_access(int may) {
    if (may == is_open) return;
    is_open = may;
    n_changes += static_cast<int64_t>(pieces.size());
    for (auto& piece : pieces) mprotect(piece.second.pages, piece.second.size, may ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void guard(int32_t open) {
    const bool are_few = n_changes < many_changes;
    if (open == 3 && ++n_asked % later_one_of != 0 && !(n_asked <= always_heeded && are_few)) open = 2;
    if (open == 0 && ++n_barred % later_one_of != 0 && !are_few) return;
    if (open >= 2) is_lax = open == 2;
    set_access(is_lax || (open & 1) == 1 ? open != 3 : 0);
}

int32_t open(int32_t device, pnn_device_properties* properties, pnn_launch*) {
    const int64_t n_devices = played("devices", 1);
    n_asked = n_changes = n_barred = 0;
    properties->n_devices = static_cast<int32_t>(n_devices);
    if (played("driver", 0) != 0) return old_driver;
    if (n_devices == 0) return no_device;
    if (device < 0 || device >= n_devices) return wrong_device;
    strncpy(properties->name, "emulated device", sizeof properties->name - 1);
    properties->memory = played("memory", int64_t(1) << 40);
    properties->free_memory = properties->memory - static_cast<int64_t>(used);
    properties->capability = capability;
    return 0;
}

const char* describe(int32_t error) {
    switch (error) {
        case no_memory: return "out of memory";
        case no_device: return "no CUDA-capable device is detected";
        case wrong_device: return "invalid device ordinal";
        case old_driver: return "CUDA driver version is insufficient for CUDA runtime version";
        default: return "unknown error";
    }
}

int32_t allocate(void** d_memory, size_t bytes, const pnn_launch*) {
    if (used + bytes > static_cast<size_t>(played("memory", int64_t(1) << 40))) return no_memory;
    const size_t page = page_size(), size = (bytes + page - 1) / page * page;
    // Others have memory there too: a second library of a device, for one, which begins at the same address.
    void* pages = MAP_FAILED;
    for (; pages == MAP_FAILED; next_address += size + 2 * page) {
        void* const wanted = reinterpret_cast<void*>(next_address + page);
        pages = mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
        if (pages == MAP_FAILED && errno != EEXIST) return no_memory;
    }
    memset(pages, 0xa5, size);
    void* const begin = static_cast<char*>(pages) + (size - (bytes + 15) / 16 * 16);
    pieces[begin] = {static_cast<char*>(pages), size, bytes};
    used += bytes;
    if (!is_open) mprotect(pages, size, PROT_NONE);
    *d_memory = begin;
    return 0;
}

int32_t release(void* d_memory, const pnn_launch*) {
    const auto known = pieces.find(d_memory);
    if (known == pieces.end()) return 1;
    munmap(known->second.pages, known->second.size);
    used -= known->second.bytes;
    pieces.erase(known);
    return 0;
}

// Lets the host at one piece, by any address in it, while this lives.
class Opened {
public:
    explicit Opened(const void* d_memory) {
        if (is_open) return;
        piece = &std::prev(pieces.upper_bound(const_cast<void*>(d_memory)))->second;
        mprotect(piece->pages, piece->size, PROT_READ | PROT_WRITE);
    }
    ~Opened() {
        if (piece != nullptr) mprotect(piece->pages, piece->size, PROT_NONE);
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

private:
    const Piece* piece = nullptr;
};

int32_t upload(void* d_memory, const void* host, size_t bytes, const pnn_launch*) {
    const Opened opened(d_memory);
    memcpy(d_memory, host, bytes);
    return 0;
}
int32_t download(void* host, const void* d_memory, size_t bytes, const pnn_launch*) {
    const Opened opened(d_memory);
    memcpy(host, d_memory, bytes);
    return 0;
}

// Copies that are made while kernels run are put off until they are waited for: until then there is a pattern, and they take
// whatever kernels have made of what is copied.
struct Download {
    void* memory;
    const void* d_memory;
    size_t bytes;
};
std::vector<Download> put_off;

int32_t lock(void** memory, size_t bytes, const pnn_launch*) {
    *memory = bytes > static_cast<size_t>(played("locked", int64_t(1) << 40)) ? nullptr : malloc(bytes);
    if (*memory == nullptr) return no_memory;
    memset(*memory, 0xa5, bytes);
    return 0;
}
int32_t unlock(void* memory, const pnn_launch*) {
    free(memory);
    return 0;
}
int32_t begin_download(void* memory, const void* d_memory, size_t bytes, const pnn_launch*) {
    memset(memory, 0xa5, bytes);
    put_off.push_back({memory, d_memory, bytes});
    return 0;
}
int32_t end_downloads(const pnn_launch* how) {
    for (const Download& due : put_off) download(due.memory, due.d_memory, due.bytes, how);
    put_off.clear();
    return 0;
}

struct Fill {
    char* memory;
    int32_t byte;
    PNN_DEVICE void operator()(int64_t i) const { memory[i] = static_cast<char>(byte); }
};
int32_t fill(void* d_memory, int32_t byte, size_t bytes, const pnn_launch* how) {
    if (how->keep != nullptr) {
        pnn_launch now = *how;
        now.offset = PNN_ANY_STEP;
        return for_each(Fill{static_cast<char*>(d_memory), byte}, static_cast<int64_t>(bytes), now);
    }
    const Opened opened(d_memory);
    memset(d_memory, byte, bytes);
    return 0;
}
int32_t synchronize(const pnn_launch*) { return 0; }

// Kernels, as they were launched: whatever they were told is what they are told again.
struct Kept {
    pnn_run_kernel_fn run;
    std::vector<max_align_t> kernel;
    int64_t n_blocks;
    pnn_launch how;
};
using Graph = std::vector<Kept>;
std::unique_ptr<Graph> kept;

void keep(pnn_run_kernel_fn run, const void* kernel, size_t size, int64_t n_blocks, const pnn_launch* how) {
    Kept launched{run, std::vector<max_align_t>((size + sizeof(max_align_t) - 1) / sizeof(max_align_t)), n_blocks, *how};
    memcpy(static_cast<void*>(launched.kernel.data()), kernel, size);
    launched.how.keep = nullptr;
    kept->push_back(std::move(launched));
}
int32_t begin_keeping(pnn_launch* how) {
    kept = std::make_unique<Graph>();
    how->keep = keep;
    return 0;
}
int32_t end_keeping(void** graph, pnn_launch* how) {
    how->keep = nullptr;
    *graph = kept.release();
    return 0;
}
int32_t repeat(void* graph, const pnn_launch*) {
    for (const Kept& launched : *static_cast<Graph*>(graph)) launched.run(launched.kernel.data(), launched.n_blocks, &launched.how);
    return 0;
}
int32_t forget(void* graph, const pnn_launch*) {
    delete static_cast<Graph*>(graph);
    return 0;
}

#else

constexpr void (*guard)(int32_t) = nullptr;

cudaError_t make_stream(void** stream) {
    cudaStream_t made = nullptr;
    const cudaError_t failed = cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking);
    *stream = made;
    return failed;
}

int32_t open(int32_t device, pnn_device_properties* properties, pnn_launch* how) {
    cudaDriverGetVersion(&properties->driver_version);
    cudaRuntimeGetVersion(&properties->runtime_version);
    int n_devices = 0;
    cudaError_t failed = cudaGetDeviceCount(&n_devices);
    properties->n_devices = failed == cudaSuccess ? n_devices : 0;
    if (failed != cudaSuccess) return static_cast<int32_t>(failed);
    if (device < 0 || device >= n_devices) return static_cast<int32_t>(cudaErrorInvalidDevice);
    failed = cudaSetDevice(device);
    if (failed != cudaSuccess) return static_cast<int32_t>(failed);
    cudaDeviceProp found;
    failed = cudaGetDeviceProperties(&found, device);
    if (failed != cudaSuccess) return static_cast<int32_t>(failed);
    strncpy(properties->name, found.name, sizeof properties->name - 1);
    properties->capability = 10 * found.major + found.minor;
    size_t free_memory = 0, memory = 0;
    failed = cudaMemGetInfo(&free_memory, &memory);
    if (failed != cudaSuccess) return static_cast<int32_t>(failed);
    properties->memory = static_cast<int64_t>(memory);
    properties->free_memory = static_cast<int64_t>(free_memory);
    failed = make_stream(&how->stream);
    return static_cast<int32_t>(failed != cudaSuccess ? failed : make_stream(&how->copies));
}

const char* describe(int32_t error) { return cudaGetErrorString(static_cast<cudaError_t>(error)); }

cudaError_t chosen(const pnn_launch* how) { return cudaSetDevice(how->device); }

// Of a call that may say no.
int32_t answered(cudaError_t refused) {
    if (refused != cudaSuccess) cudaGetLastError();  // else later calls would report it
    return static_cast<int32_t>(refused);
}

int32_t allocate(void** d_memory, size_t bytes, const pnn_launch* how) {
    const cudaError_t failed = chosen(how);
    return failed != cudaSuccess ? static_cast<int32_t>(failed) : answered(cudaMalloc(d_memory, bytes));
}
int32_t release(void* d_memory, const pnn_launch* how) {
    const cudaError_t failed = chosen(how);
    return static_cast<int32_t>(failed != cudaSuccess ? failed : cudaFree(d_memory));
}
int32_t upload(void* d_memory, const void* host, size_t bytes, const pnn_launch* how) {
    return static_cast<int32_t>(cudaMemcpyAsync(d_memory, host, bytes, cudaMemcpyHostToDevice, static_cast<cudaStream_t>(how->stream)));
}
int32_t download(void* host, const void* d_memory, size_t bytes, const pnn_launch* how) {
    const auto stream = static_cast<cudaStream_t>(how->stream);
    const cudaError_t failed = cudaMemcpyAsync(host, d_memory, bytes, cudaMemcpyDeviceToHost, stream);
    return static_cast<int32_t>(failed != cudaSuccess ? failed : cudaStreamSynchronize(stream));
}
int32_t lock(void** memory, size_t bytes, const pnn_launch* how) {
    const cudaError_t failed = chosen(how);
    return failed != cudaSuccess ? static_cast<int32_t>(failed) : answered(cudaMallocHost(memory, bytes));
}
int32_t unlock(void* memory, const pnn_launch* how) {
    const cudaError_t failed = chosen(how);
    return static_cast<int32_t>(failed != cudaSuccess ? failed : cudaFreeHost(memory));
}
int32_t begin_download(void* memory, const void* d_memory, size_t bytes, const pnn_launch* how) {
    return static_cast<int32_t>(cudaMemcpyAsync(memory, d_memory, bytes, cudaMemcpyDeviceToHost, static_cast<cudaStream_t>(how->copies)));
}
int32_t end_downloads(const pnn_launch* how) { return static_cast<int32_t>(cudaStreamSynchronize(static_cast<cudaStream_t>(how->copies))); }
int32_t fill(void* d_memory, int32_t byte, size_t bytes, const pnn_launch* how) {
    return static_cast<int32_t>(cudaMemsetAsync(d_memory, byte, bytes, static_cast<cudaStream_t>(how->stream)));
}
int32_t synchronize(const pnn_launch* how) { return static_cast<int32_t>(cudaStreamSynchronize(static_cast<cudaStream_t>(how->stream))); }

// Only launches and cudaMemsetAsync come in between, both of which can be captured. That no module is loaded then, as happens
// when the first of its kernels is launched and as a capture forbids, those see to who ask for it.
int32_t begin_keeping(pnn_launch* how) {
    const cudaError_t failed = chosen(how);
    if (failed != cudaSuccess) return static_cast<int32_t>(failed);
    return static_cast<int32_t>(cudaStreamBeginCapture(static_cast<cudaStream_t>(how->stream), cudaStreamCaptureModeThreadLocal));
}
int32_t end_keeping(void** graph, pnn_launch* how) {
    cudaGraph_t captured = nullptr;
    cudaError_t failed = cudaStreamEndCapture(static_cast<cudaStream_t>(how->stream), &captured);
    if (failed != cudaSuccess) {
        cudaGetLastError();  // else later calls would report it
        return static_cast<int32_t>(failed);
    }
    cudaGraphExec_t made = nullptr;
    failed = cudaGraphInstantiateWithFlags(&made, captured, 0);
    cudaGraphDestroy(captured);
    *graph = made;
    return static_cast<int32_t>(failed);
}
int32_t repeat(void* graph, const pnn_launch* how) {
    const cudaError_t failed = chosen(how);
    if (failed != cudaSuccess) return static_cast<int32_t>(failed);
    return static_cast<int32_t>(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), static_cast<cudaStream_t>(how->stream)));
}
int32_t forget(void* graph, const pnn_launch* how) {
    const cudaError_t failed = chosen(how);
    return static_cast<int32_t>(failed != cudaSuccess ? failed : cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)));
}

#endif

const pnn_device_library library = {PNN_DEVICE_VERSION, open, describe, allocate, release, upload, download, lock, unlock,
                                    begin_download, end_downloads, fill, synchronize, guard, begin_keeping, end_keeping, repeat,
                                    forget, advance, emit, emit_axonal, assign, add_amounts, add_up, inject, end_step, take_rates,
                                    form_value};

}  // namespace
}  // namespace cuda
}  // namespace pnn

PNN_EXPORT const pnn_device_library* pnn_device_library_entry() { return &pnn::cuda::library; }
