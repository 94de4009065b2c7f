// bundle.h: the synapses of several projections, so that those of a source lie together (DESIGN D8).
//
// A spike falls due once for all projections instead of once in each, and what it reads is one piece of memory instead of
// many. Only where things lie differs: sums are of integers, which have no order.
//
// Projections from one population are delivered one after the other: the accumulators of one population stay in the cache.
// Many small projections, for each of which there is next to nothing to do in a step, are delivered as their spikes come,
// from all populations together. Those that send their weights, each synapse its own, lie in pairs, one projection alone as
// well; see weight_pairs.h. One whose synapses are dense and have one weight keeps targets as bits; see target_bits.h.
#ifndef PYNN_ANNARCHY_BUNDLE_H
#define PYNN_ANNARCHY_BUNDLE_H

#include <cstdint>
#include <memory>
#include <vector>

#include "pynn_annarchy/delayed_rows.h"
#include "pynn_annarchy/due_pairs.h"

namespace pnn {

class Projection;

class Bundle {
public:
    enum class Layout { pieces, scattered, pairs, bits };
    // All synapses of a source that have one delay: pieces by member, and in each of them targets ascend.
    struct Group {
        uint32_t begin;
        uint32_t first_piece;
        uint16_t delay;
        uint16_t n_pieces;
    };
    // Where the first group of a row lies, and when it is due; no synapses: there is none.
    struct FirstPairs {
        uint32_t header, n, delay;
    };
    // A population whose spikes pass synapses of the bundle: its rows, and which members they belong to.
    struct Source {
        int pre;
        uint32_t first_row, n_rows;
        std::size_t first_member, last_member;
    };
    struct Part {
        std::vector<uint32_t> row_start;     // of the rows of all sources, one more than there are; into the groups
        std::vector<Group> groups;
        uint32_t n_synapses = 0;             // in these groups
        std::vector<pnn_piece> pieces;       // what a source has in one projection with one delay
        Array<uint16_t> targets;             // in the partition of the member's population
        Array<float> weights;                // both empty where each member's weights are equal
        Array<int16_t> weights16;            // in the units of the members
        Calendar calendar;
        Array<uint16_t> sink_of;             // of each synapse; of a scattered bundle alone, which has no pieces
        std::vector<pnn_sink> sinks;         // as they are in the present run

        // Instead of pieces, targets and weights, where targets are bits:
        TargetBits bits;
        int64_t one_delay = 0;               // of all groups, where each source has one; 0: not so
        std::vector<std::vector<const uint64_t*>> due_bits;  // by step of those that are done at once: what has still to be added up

        // Instead of all the above, where synapses lie in pairs:
        WeightPairs pairs;
        std::vector<FirstPairs> first_pairs; // of the rows of all sources
        DuePairs due_pairs;
        int64_t* sums = nullptr;             // to which the pairs' targets refer
        std::vector<int64_t> units;          // of 16-bit amounts, by sum, in quanta as they are in the present run

        void* all_weights() { return weights16.size() ? static_cast<void*>(weights16.data()) : weights.data(); }
        uint32_t end_of(uint32_t group) const {
            return group + 1 < groups.size() ? groups[group + 1].begin : n_synapses;
        }
    };

    std::vector<Projection*> members;        // by source; none once it is dissolved
    std::vector<Source> sources;
    std::vector<Part> parts;                 // by partition
    Layout layout = Layout::pieces;
    std::vector<uint16_t> sink_of_member;    // of a scattered bundle: where a member's synapses send
    std::size_t n_sinks = 0;

    // Whether a projection's synapses may lie with others', where weights in double precision may do so in pairs only; those
    // that may have one kind only with their like.
    static bool takes(const Projection& projection);
    static bool sends_weights(const Projection& projection);
    // Whether there are so many synapses that bits say in less memory where they end.
    static bool is_dense(const Projection& projection);
    // Whether the weights can be kept as quanta, to the last bit.
    static bool holds_weights(const Projection& projection, double scale);
    static bool alike(const Projection& one, const Projection& other);
    // Whether a projection is better off among many others like it, and which those are.
    static bool is_small(const Projection& projection);
    static bool alike_but_for_sources(const Projection& one, const Projection& other);

    // Whether all have the same spikes under way, as they have not where one is younger than a spike.
    static bool carry_the_same(const std::vector<std::shared_ptr<Projection>>& members, int64_t now);
    // Takes the synapses of such projections, and their spikes, after step `now`; null where they are too many.
    // For pairs, rows know their scale and their first sum.
    static std::shared_ptr<Bundle> of(const std::vector<std::shared_ptr<Projection>>& members, int64_t now, Layout layout);
    // Gives them back.
    void dissolve();
    void set_step(int64_t step) { now_ = step; }

    bool in_flight() const;
    void clear();
    std::size_t bytes() const;
    // Whose synapse lies at a place.
    const Projection& owner(std::size_t place, std::size_t partition) const;

private:
    void find_sources();
    void find_sinks();
    void take(std::size_t partition);
    void take_rows(const Source& source, std::size_t partition, uint32_t& place);
    void take_bits(std::size_t partition);
    void take_pairs(std::size_t partition);
    void take_spikes(const Source& source, std::size_t partition);
    void give_back(std::size_t partition);
    void give_spike(uint32_t row, int64_t emitted, uint32_t multiplicity, std::size_t partition);

    int64_t now_ = 0;
};

struct DelayInBundle {
    const Bundle::Group* groups;
    const void* place(uint32_t group) const { return groups + group; }
    int64_t operator()(uint32_t group) const { return groups[group].delay; }
};

}  // namespace pnn

#endif
