// work.h: what steps do and where their time goes, told of every run.
//
// Spikes and events are counted. Time is sampled: in one step of sixteen, chosen by a hash of the number of steps ever
// done, each thread reads its clock where it goes from one phase to another; what a run took is divided by these shares.
#ifndef PYNN_ANNARCHY_WORK_H
#define PYNN_ANNARCHY_WORK_H

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace pnn {

enum class Phase : uint8_t { neurons, presynaptic, postsynaptic, dynamics, recording, waiting };
constexpr std::size_t n_phases = 6;

// Time in a unit of its own that does not change during a run.
inline uint64_t ticks() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return uint64_t(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

inline double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Whether time is taken in a step. What a network does every so many steps is met as often as it happens.
inline bool is_sampled(uint64_t steps_before) {
    uint64_t x = steps_before + 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return steps_before == 0 || ((x ^ (x >> 31)) & 15) == 0;
}

// What one thread does in a run.
struct alignas(64) ThreadWork {
    std::array<uint64_t, n_phases> spent{};  // ticks, of the sampled steps
    uint64_t spikes = 0, events = 0;

    void begin_step(bool sampled) {
        is_on_ = sampled;
        phase_ = Phase::neurons;
        if (is_on_) since_ = ticks();
    }
    void enter(Phase phase) {
        if (is_on_ && phase != phase_) leave(phase);
    }
    void end_step() {
        if (is_on_) leave(Phase::neurons);
        is_on_ = false;
    }

private:
    void leave(Phase next) {
        const uint64_t now = ticks();
        if (now > since_) spent[std::size_t(phase_)] += now - since_;  // clocks of two cores may differ
        since_ = now;
        phase_ = next;
    }

    uint64_t since_ = 0;
    Phase phase_ = Phase::neurons;
    bool is_on_ = false;
};

// What all runs of an engine did.
struct Work {
    uint64_t steps = 0, updates = 0, spikes = 0, events = 0;  // updates: of cells with a model; events: a spike at a synapse
    double preparation = 0.0;                                 // seconds, of projections put together before a run
    std::array<double, n_phases> seconds{};                   // of the steps, as far as divided
    double undivided = 0.0;                                   // seconds of runs without a sampled step since then

    // Takes in the thread's counts, and its ticks.
    void add(const ThreadWork& thread) {
        spikes += thread.spikes;
        events += thread.events;
        for (std::size_t phase = 0; phase < n_phases; ++phase) spent_[phase] += thread.spent[phase];
    }
    // Divides what a run took between the phases, once the work of all threads has been added.
    void divide(double took) {
        undivided += took;
        uint64_t all = 0;
        for (uint64_t ticks : spent_) all += ticks;
        if (all == 0) return;
        for (std::size_t phase = 0; phase < n_phases; ++phase) seconds[phase] += undivided * (double(spent_[phase]) / double(all));
        spent_.fill(0);
        undivided = 0.0;
    }

private:
    std::array<uint64_t, n_phases> spent_{};
};

}  // namespace pnn

#endif
