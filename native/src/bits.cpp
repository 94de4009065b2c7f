// bits.cpp: what falls due of synapses whose targets are bits.
//
// Where cells do several steps one after the other, tile by tile, it is added up for one tile and step, right before the cells
// read it: nothing but the bits comes from far.
#include <algorithm>

#include "pynn_annarchy/engine.h"
#include "pynn_annarchy/prefetch.h"

namespace pnn {

// Spikes of step n enter the calendar, where each source has one group, all of which have one delay.
void Engine::send_bits(Bundle::Part& part, const SpikeList& list, int64_t n) {
    std::vector<Cursor>& due = part.calendar.at(n + part.one_delay);
    for (std::size_t i = 0; i < std::size_t(list.n); ++i) {
        ask_for(part.groups.data() + list.index[i]);
        due.push_back({list.index[i], list.index[i] + 1, list.count[i], 0, 0});
    }
}

// Notes which groups of a bundle are due in step n, and adds them up unless that is done tile by tile.
void Engine::deliver_bits(Bundle& bundle, int64_t n, int partition, Due& due, int& failed) {
    Bundle::Part& part = bundle.parts[std::size_t(partition)];
    std::vector<const uint64_t*>& groups = part.due_bits[std::size_t(n - due.first_step)];
    groups.clear();
    part.calendar.take_due(n, DelayInBundle{part.groups.data()}, [&](const Cursor& cursor) {
        const uint64_t* const words = part.bits.of_group(cursor.group);
        ask_for_all<ask_ahead_for>(words, part.bits.width());
        groups.insert(groups.end(), cursor.multiplicity, words);
        due.work.events += uint64_t(part.end_of(cursor.group) - part.groups[cursor.group].begin) * cursor.multiplicity;
    });
    const Population& post = *populations[std::size_t(bundle.members[0]->post)];
    if (groups.empty() || (due.in_tiles() && is_plain(post))) return;
    const int64_t length = post.bounds[std::size_t(partition) + 1] - post.bounds[std::size_t(partition)];
    BitsFrom from = bits_from(bundle, std::size_t(partition));
    from.view.accumulator = sums_ahead(from.view.accumulator, partition, n - due.first_step);
    pnn_due_bits bits{groups.data(), int64_t(groups.size()), 0, length, nullptr, 0};
    const pnn_step present = step_value(n);
    if (from.projection->module->deliver_bits(&from.view, &bits, &present) != 0) failed = from.projection->number;
}

Engine::BitsFrom Engine::bits_from(const Bundle& bundle, std::size_t partition) const {
    const Projection& projection = *bundle.members[0];
    pnn_rows view = rows_view(projection, int(partition));
    view.weights = &projection.rows[partition]->shared_weight;
    view.shared = projection.shared.data();
    return {&projection, &bundle.parts[partition].due_bits, view};
}

// Who sends bits to the cells of a population, by receptor, and whether nobody else sends there.
std::vector<Engine::BitsTo> Engine::bits_to(std::size_t number, std::size_t partition) const {
    std::vector<BitsTo> found;
    const auto sends_bits = [](const Projection& projection) {
        return projection.bundle && projection.bundle->layout == Bundle::Layout::bits;
    };
    for (std::size_t receptor = 0; receptor < populations[number]->quanta.size(); ++receptor) {
        BitsTo to{receptor, {}, true};
        for (const auto* list : {&projections, &draining})
            for (const auto& projection : *list) {
                if (!projection || std::size_t(projection->post) != number || projection->receptor != int(receptor)) continue;
                if (sends_bits(*projection)) to.from.push_back(bits_from(*projection->bundle, partition));
                else to.alone = false;
            }
        if (!to.from.empty()) found.push_back(std::move(to));
    }
    return found;
}

namespace {

alignas(64) constexpr uint16_t none[TILE] = {};
constexpr std::size_t most_counted = 65535;

}  // namespace

// Whether cells can be told in step n how many increments of one size each of their receptors gets, instead of sums.
bool Engine::can_count(const PlainCells& cells, int64_t n, const Due& due) const {
    const std::vector<uint8_t>& receives = receiving[std::size_t(cells.number)];
    if (std::size_t(std::count(receives.begin(), receives.end(), 1)) != cells.bits.size()) return false;
    return std::all_of(cells.bits.begin(), cells.bits.end(), [&](const BitsTo& to) {
        return to.alone && to.from.size() == 1 && to.from[0].due_in(n, due).size() <= most_counted;
    });
}

void Engine::prepare_tiles(const PlainCells& cells, Due& due) const {
    if (cells.bits.empty()) return;
    due.tile.prepare(cells.population->quanta.size());
    for (int64_t n = due.first_step; n <= due.last_step; ++n) due.tile.is_counted[std::size_t(n - due.first_step)] = can_count(cells, n, due);
}

// What a tile of cells receives in a step is in place after this.
void Engine::receive_bits(PlainCells& cells, const pnn_step& present, int64_t begin, int64_t end, Due& due, pnn_segment& segment, int& failed) {
    Due::Tile& tile = due.tile;
    const auto own_sums = [&](std::size_t receptor) { return tile.sums.data() + receptor * TILE - begin; };
    const bool is_counted = tile.is_counted[std::size_t(present.step - due.first_step)];
    // Sums that nobody adds to are zero, as cells leave them; so are numbers of which nobody is told.
    for (std::size_t receptor = 0; receptor < tile.inputs.size(); ++receptor) {
        tile.inputs[receptor] = is_counted ? own_sums(receptor) : segment.inputs[receptor];
        tile.numbers[receptor] = none - begin;
    }
    for (BitsTo& to : cells.bits) {
        if (to.alone) tile.inputs[to.receptor] = own_sums(to.receptor);
        for (BitsFrom& from : to.from) {
            const std::vector<const uint64_t*>& groups = from.due_in(present.step, due);
            if (groups.empty()) continue;
            uint16_t* const numbers = is_counted ? tile.room.data() + to.receptor * TILE : nullptr;
            pnn_due_bits bits{groups.data(), int64_t(groups.size()), begin - cells.begin, end - cells.begin, numbers, 0};
            from.view.accumulator = tile.inputs[to.receptor] + cells.begin;
            if (from.projection->module->deliver_bits(&from.view, &bits, &present) != 0) failed = from.projection->number;
            if (!is_counted) continue;
            tile.numbers[to.receptor] = numbers - begin;
            tile.each[to.receptor] = bits.each;
        }
    }
    segment.inputs = tile.inputs.data();
    segment.numbers = is_counted ? tile.numbers.data() : nullptr;
    segment.each = tile.each.data();
}

}  // namespace pnn
