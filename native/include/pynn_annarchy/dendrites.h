// dendrites.h: the synapses of one partition by post-synaptic element, for projections that do something in every step; and
// what cells publish for them.
#ifndef PYNN_ANNARCHY_DENDRITES_H
#define PYNN_ANNARCHY_DENDRITES_H

#include <cstdint>
#include <string>
#include <vector>

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/delayed_rows.h"

namespace pnn {

// Of what a field has one value (kernels/ir.py).
enum class Place : uint8_t { synapse = 0, element = 1, projection = 2 };

// Built from delayed rows, which keep what concerns the paths of spikes; values of synapses are here. Sources are stored
// as runs of neighbours where these are long, and not at all where every source has one synapse with every element.
struct Dendrites {
    int64_t n = 0, n_elements = 0, first_element = 0;
    std::vector<uint64_t> start;          // of each element's synapses, and their number
    Array<uint16_t> sources16;            // at most one of these two and of the runs is not empty
    Array<uint32_t> sources32;
    std::vector<uint64_t> run_start;      // of each element's runs, and their number
    std::vector<pnn_run> runs;
    Array<uint16_t> delays;               // empty where all are alike
    Places places;                        // here, of each synapse of the delayed rows
    std::vector<Column> columns;          // fields in the module's order, the weight among them
    std::vector<void*> arrays;
    std::vector<int32_t> array_steps;
    std::vector<uint32_t> ranks;          // canonical rank of each synapse, where the module draws
    std::vector<double> passed, passed_before, spiked;
    std::vector<uint64_t> rows_seen;      // by delay, in the present step
    std::vector<const double*> pre, post; // copies of what is seen of the cells, in the module's order

    // `spikes_matter`: whether synapses are asked for their sources one by one.
    Dendrites(const DelayedRows& rows, bool spikes_matter);
    std::size_t size_of(Place place) const { return place == Place::synapse ? std::size_t(n) : place == Place::element ? std::size_t(n_elements) : 1; }
    std::size_t bytes() const;

private:
    void place_all(const DelayedRows& rows, Array<uint32_t>& sources);
    bool find_runs(const Array<uint32_t>& sources);
};

// A variable of a population that synapses see: its values at the end of the last `depth` steps, one row a step.
struct Seen {
    std::string name;
    const void* source = nullptr;         // the present values; null for a parameter, whose rows are all alike
    int32_t dtype = PNN_F64;
    std::vector<double> rows;
};

struct Publication {
    std::vector<Seen> variables;
    int64_t depth = 0;

    const double* row(std::size_t variable) const { return variables[variable].rows.data(); }
    uint64_t begin(int64_t step, int64_t size) const { return uint64_t((step % depth + depth) % depth) * uint64_t(size); }
};

// An input of a population that takes what synapses transmit all the time, besides a base that others may have written.
struct Gathered {
    void* input = nullptr;
    int32_t dtype = PNN_F64;
    const void* base = nullptr;           // of the input's type; null for zero
    std::vector<double> sums;
};

// What the synapses of a projection are to do while time goes on.
struct Activity {
    bool transmits = true;
    bool axons_transmit = true;           // whether axonal spikes pass, where others do
    bool advances = true;
    int64_t period = 1;                   // in steps; they advance by as many at once
    int64_t offset = 0;

    bool passes(bool axonal) const { return transmits && (axons_transmit || !axonal); }
    bool advances_in(int64_t n) const { return transmits && advances && (n - 1 - offset) % period == 0; }
};

}  // namespace pnn

#endif
