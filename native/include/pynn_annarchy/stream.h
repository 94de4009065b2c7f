// stream.h: the spikes of sources of which each drives one cell, when there are many of them in every step.
//
// Where each source has one synapse, all alike, and a good part of the sources spike in every step, a number for every
// source takes less time and memory than a list: what falls due is added to all cells in one loop, or by these. Sums are of
// integers, so that it makes no difference which of the two is used when.
#ifndef PYNN_ANNARCHY_STREAM_H
#define PYNN_ANNARCHY_STREAM_H

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace pnn {

// Whether each source has one synapse with the cell of its own index, with one delay.
enum class Pairing { unknown, no, yes };

class Stream {
public:
    static constexpr int64_t never = std::numeric_limits<int64_t>::max();
    static constexpr double most_spikes = 65535.0;   // of one source in one step
    static constexpr int64_t share = 8;              // one source in so many spikes: then counting pays

    struct alignas(64) Part {
        int64_t begin = 0, end = 0;                  // sources
        int64_t from = never;                        // the first step whose spikes are counted
        bool has_more = false;                       // whether a number did not fit
        std::vector<uint16_t> counts;                // by step of emission, modulo their number
        std::vector<uint64_t> n_spikes;              // their sums
    };

    Stream(int delay_, const std::vector<int64_t>& bounds) : delay(delay_), n_kept(delay_ + 1), parts(bounds.size() - 1) {
        for (std::size_t p = 0; p < parts.size(); ++p) {
            parts[p].begin = bounds[p];
            parts[p].end = bounds[p + 1];
        }
    }
    bool counts_spikes_of(int64_t emitted, int partition) const { return emitted >= parts[std::size_t(partition)].from; }
    // The numbers of one step; those of the step a delay before are still there.
    uint16_t* at(int64_t emitted, int partition) {
        Part& part = parts[std::size_t(partition)];
        return part.counts.data() + emitted % n_kept * (part.end - part.begin);
    }
    void start(int64_t emitted, int partition) {
        Part& part = parts[std::size_t(partition)];
        part.counts.assign(std::size_t(n_kept * (part.end - part.begin)), 0);
        part.n_spikes.assign(std::size_t(n_kept), 0);
        part.from = emitted;
    }
    uint64_t n_spikes(int64_t emitted, int partition) const { return parts[std::size_t(partition)].n_spikes[std::size_t(emitted % n_kept)]; }
    // What is told of the numbers of a step.
    void note(int64_t emitted, int partition, uint64_t n_spikes, bool has_more) {
        Part& part = parts[std::size_t(partition)];
        part.n_spikes[std::size_t(emitted % n_kept)] = n_spikes;
        part.has_more = part.has_more || has_more;
    }
    // The same of some of the sources, by several threads; begins with `note` of none.
    void note_more(int64_t emitted, int partition, uint64_t n_spikes, bool has_more) {
        Part& part = parts[std::size_t(partition)];
        __atomic_fetch_add(&part.n_spikes[std::size_t(emitted % n_kept)], n_spikes, __ATOMIC_RELAXED);
        if (has_more) __atomic_store_n(&part.has_more, true, __ATOMIC_RELAXED);
    }
    void set_none(int64_t emitted, int partition) {
        std::fill_n(at(emitted, partition), parts[std::size_t(partition)].end - parts[std::size_t(partition)].begin, uint16_t(0));
        note(emitted, partition, 0, false);
    }
    // Calls visit(source, number) for the spikes of one step.
    template <class Visit>
    void for_each(int64_t emitted, int partition, Visit visit) {
        const Part& part = parts[std::size_t(partition)];
        const uint16_t* const counts = at(emitted, partition);
        for (int64_t i = part.begin; i < part.end; ++i)
            if (counts[i - part.begin] != 0) visit(uint32_t(i), uint32_t(counts[i - part.begin]));
    }
    // Whether any are under way but those of the last step, which are in the lists.
    bool has_spikes() {
        bool found = false;
        for (int p = 0; p < int(parts.size()); ++p)
            for (int64_t emitted = std::max(now - delay + 1, parts[std::size_t(p)].from); emitted < now; ++emitted)
                for_each(emitted, p, [&](uint32_t, uint32_t) { found = true; });
        return found;
    }
    std::size_t bytes() const {
        std::size_t n = 0;
        for (const Part& part : parts) n += part.counts.capacity() * sizeof(uint16_t);
        return n;
    }

    const int64_t delay;                             // in steps
    const int64_t n_kept;                            // steps
    int64_t now = 0;                                 // the last step of the last run
    std::vector<Part> parts;                         // by partition
};

}  // namespace pnn

#endif
