// offer.h: work of a partition that any thread may do, in pieces, so that whoever is done with its own helps the others.
#ifndef PYNN_ANNARCHY_OFFER_H
#define PYNN_ANNARCHY_OFFER_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pnn {

// Cells of one population.
struct Piece {
    std::size_t number;   // of the population
    int64_t begin, end;
};

struct alignas(64) Offer {
    std::vector<Piece> pieces;

    // The partition has done for a step what pieces depend on.
    void open(int64_t step) { taken_.store(uint64_t(step) << BITS, std::memory_order_release); }
    bool is_open(int64_t step) const { return taken_.load(std::memory_order_acquire) >> BITS == uint64_t(step); }
    // One that nobody else does; null where none is left.
    const Piece* take() {
        const uint64_t number = taken_.fetch_add(1, std::memory_order_acq_rel) & ((uint64_t(1) << BITS) - 1);
        return number < pieces.size() ? &pieces[number] : nullptr;
    }

private:
    static constexpr int BITS = 24;  // for the number of pieces, and one more for each thread
    std::atomic<uint64_t> taken_{0};
};

}  // namespace pnn

#endif
