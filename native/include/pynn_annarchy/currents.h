// currents.h: the primitive `currents`: what flows into cells from outside, formed once a step by each partition.
#ifndef PYNN_ANNARCHY_CURRENTS_H
#define PYNN_ANNARCHY_CURRENTS_H

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "pynn_annarchy/abi.h"

namespace pnn {

// A current in time: a table of amplitudes, or the output of a generated module. It depends on the step alone, so each
// partition that needs it evaluates it for itself: no barrier, and the same bits.
class Current {
public:
    // A table (where there is no module): amplitudes[k], in nA, acts from the time steps[k] * dt on.
    std::vector<int64_t> steps;
    std::vector<double> amplitudes;
    // A module, whose one array is the amplitude: acts in [start, stop) * dt, taken every `every` steps and held between.
    const pnn_module* module = nullptr;
    std::vector<double> shared;
    uint32_t object_index = 0;
    int64_t start = 0, stop = 0, every = 1;
    // Where partition 0 writes the amplitude of every step of a run; null for nowhere.
    double* record = nullptr;

    // Before a run whose first step is `first`: nothing is taken for granted.
    void begin(int64_t first, std::size_t partitions) {
        first_ = first;
        parts_.assign(partitions, Part{});
    }

    // Brings the amplitude up to a step; returns the first one for which that has to be done again.
    int64_t evaluate(const pnn_step& step, std::size_t partition) {
        Part& part = parts_[partition];
        part.has_changed = step.step >= part.until;
        if (part.has_changed) module == nullptr ? look_up(part, step.step) : take(part, step);
        if (record == nullptr || partition != 0) return part.until;
        record[step.step - first_] = part.amplitude;
        return step.step + 1;
    }

    double amplitude(std::size_t partition) const { return parts_[partition].amplitude; }
    bool has_changed(std::size_t partition) const { return parts_[partition].has_changed; }

private:
    struct alignas(64) Part {
        double amplitude = 0.0;
        int64_t until = std::numeric_limits<int64_t>::min();    // the first step that may have another amplitude
        bool has_changed = true;
    };

    // Step n begins at (n - 1) * dt.
    void look_up(Part& part, int64_t n) const {
        const auto next = std::upper_bound(steps.begin(), steps.end(), n - 1);
        part.amplitude = next == steps.begin() ? 0.0 : amplitudes[std::size_t(next - steps.begin()) - 1];
        part.until = next == steps.end() ? never : *next + 1;
    }

    void take(Part& part, const pnn_step& step) const {
        const int64_t begins = step.step - 1;
        part.amplitude = 0.0;
        part.until = never;
        if (begins < start && start < stop) part.until = start + 1;
        if (begins < start || begins >= stop) return;
        const int64_t taken = start + (begins - start) / every * every;
        part.amplitude = output(step, taken);
        part.until = std::min(taken + every, stop) + 1;
    }

    double output(pnn_step step, int64_t begins) const {
        step.step = begins + 1;
        step.t = double(begins) * step.dt;
        double wide = 0.0;
        float narrow = 0.0f;
        const bool is_wide = module->arrays[0].dtype == PNN_F64;
        void* const arrays[1] = {is_wide ? static_cast<void*>(&wide) : &narrow};
        const pnn_segment segment{arrays, shared.data(), nullptr, nullptr, object_index, 0};
        uint32_t index = 0, count = 0;
        pnn_spikes spikes{&index, &count, 0};
        module->neurons(&segment, 0, 1, &step, &spikes);
        return is_wide ? wide : double(narrow);
    }

    static constexpr int64_t never = std::numeric_limits<int64_t>::max();

    int64_t first_ = 0;
    std::vector<Part> parts_;
};

// One current into some cells of a population.
struct Injection {
    int current = 0;
    std::vector<int64_t> index;          // ascending; a cell that is named twice takes the current twice
    std::vector<int64_t> bounds;         // by partition
    bool contiguous = false;
};

// Adds an amplitude to the cells of one partition that an injection goes into.
template <class Real>
void add_current(Real* input, const Injection& injection, std::size_t partition, Real amplitude) {
    const int64_t begin = injection.bounds[partition], end = injection.bounds[partition + 1];
    if (begin == end) return;
    const int64_t* index = injection.index.data();
    if (injection.contiguous) {
        Real* first = input + index[begin];
        for (int64_t k = 0; k < end - begin; ++k) first[k] += amplitude;
    } else {
        for (int64_t k = begin; k < end; ++k) input[index[k]] += amplitude;
    }
}

}  // namespace pnn

#endif
