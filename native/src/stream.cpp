// stream.cpp: which projections are delivered by numbers instead of lists, and how the one becomes the other.
#include "pynn_annarchy/stream.h"

#include <algorithm>

#include "pynn_annarchy/engine.h"
#include "pynn_annarchy/openmp/team.h"

namespace pnn {

bool Projection::is_paired(const std::vector<int64_t>& bounds) {
    if (pairing != Pairing::unknown) return pairing == Pairing::yes;
    pairing = Pairing::no;
    for (std::size_t p = 0; p < rows.size(); ++p) {
        const DelayedRows& part = *rows[p];
        const int64_t begin = bounds[p], end = bounds[p + 1];
        if (part.first_post != begin || part.n != end - begin || std::size_t(part.n) != part.group_delay.size()) return false;
        for (int64_t source = begin; source < end; ++source) {
            const auto own = std::size_t(source - begin);  // one group of one synapse each
            if (part.row_start[std::size_t(source)] != own || part.row_start[std::size_t(source) + 1] != own + 1) return false;
            if (int64_t(part.target(own)) != source - begin || part.group_delay[own] != rows[0]->max_delay) return false;
        }
    }
    pairing = Pairing::yes;
    return true;
}

bool Engine::may_stream(Projection& projection) {
    const Population &pre = *populations[std::size_t(projection.pre)], &post = *populations[std::size_t(projection.post)];
    if (projection.changes || projection.axons >= 0 || projection.bundle || projection.module == nullptr || projection.receptor < 0) return false;
    if (pre.module == nullptr || pre.stream != nullptr || projection.size() != pre.size || pre.bounds != post.bounds) return false;
    if (*std::max_element(pre.max_spikes.begin(), pre.max_spikes.end()) > Stream::most_spikes) return false;
    for (const auto& part : projection.rows)
        if (part->weight_form != PNN_WEIGHT_SHARED || part->weights_elsewhere != nullptr) return false;
    return projection.is_paired(pre.bounds);
}

// Each run sees anew who asks for spikes, and how.
void Engine::form_streams() {
    for (auto& population : populations) {
        population->stream = nullptr;
        population->list_is_read = population->records_spikes || population->rate.values != nullptr;
    }
    for (auto& projection : projections) {
        if (!projection) continue;
        Population& pre = *populations[std::size_t(projection->pre)];
        if (may_stream(*projection)) {
            if (!projection->stream) projection->stream = std::make_unique<Stream>(projection->max_delay(), pre.bounds);
            pre.stream = projection->stream.get();
        } else {
            projection->leave_stream();
            pre.list_is_read = true;
        }
        if (projection->changes) populations[std::size_t(projection->post)]->list_is_read = true;
    }
}

// The spikes of a step are on their way as a list: from the next step on they are counted if they were many.
void Engine::begin_counting(Projection& projection, int64_t n, int partition) const {
    const auto p = std::size_t(partition);
    const Population& pre = *populations[std::size_t(projection.pre)];
    const int64_t n_sources = pre.bounds[p + 1] - pre.bounds[p];
    if (projection.stream->parts[p].from == Stream::never && pre.spikes_of(n - 1)[p].n * Stream::share > n_sources)
        projection.stream->start(n, partition);
}

// The cells that can add up by themselves what comes on top of their sums; null: those of others, or of which it is known already.
Engine::PlainCells* Engine::adding_cells(const Projection& projection, int partition) {
    const int place = concerned.place_in_plain[std::size_t(partition)][std::size_t(projection.post)];
    if (n_at_once > 1 || place < 0) return nullptr;
    PlainCells& cells = concerned.plain[std::size_t(partition)][std::size_t(place)];
    return cells.bits.empty() && cells.segment.added == nullptr ? &cells : nullptr;
}

void Engine::deliver_counts(Projection& projection, int64_t n, int partition, Due& due, int& failed) {
    Stream& stream = *projection.stream;
    const Stream::Part& part = stream.parts[std::size_t(partition)];
    if (part.has_more) failed = projection.number;
    if (!stream.counts_spikes_of(n - stream.delay, partition) || !projection.activity.passes(false)) return;
    pnn_rows view = rows_view(projection, partition, n - due.first_step);
    view.weight_form = PNN_WEIGHT_SHARED;
    view.weights = &projection.rows[std::size_t(partition)]->shared_weight;
    view.shared = projection.shared.data();
    const pnn_step present = step_value(n);
    const uint16_t* const counts = stream.at(n - stream.delay, partition);
    due.work.events += stream.n_spikes(n - stream.delay, partition);
    const auto deliver = [&](const uint16_t* numbers, int64_t n_numbers) {
        if (projection.module->deliver_counts(&view, numbers, n_numbers, &present) != 0) failed = projection.number;
    };
    PlainCells* const cells = adding_cells(projection, partition);
    if (cells == nullptr) {
        deliver(counts, part.end - part.begin);
        return;
    }
    constexpr uint16_t once = 1;
    int64_t each = 0;
    view.accumulator = &each;
    deliver(&once, 1);
    cells->segment.added = counts - part.begin;
    cells->segment.added_each = each;
    cells->segment.added_to = projection.receptor;
}

// Sources of which nobody sees more than how many spikes arrive of each; axons look at what a cell has stored.
bool Engine::may_offer(std::size_t number) const {
    const Population& population = *populations[number];
    if (std::any_of(populations.begin(), populations.end(), [](const auto& any) { return any->axonal != nullptr; })) return false;
    return n_at_once == 1 && is_updated_alone(population) && population.stream != nullptr && !population.list_is_read &&
           population.inputs[0].empty() && population.injections.empty() && population.gathered.empty() &&
           population.published.variables.empty() && concerned.signals[number].empty();
}

void Engine::form_offers() {
    if (concerned.offered.empty()) return;
    constexpr int64_t together = 2048;  // sources: some microseconds
    for (std::size_t p = 0; p < std::size_t(partitions); ++p) {
        concerned.offers.push_back(std::make_unique<Offer>());
        std::vector<Piece>& pieces = concerned.offers.back()->pieces;
        for (const std::size_t number : concerned.offered) {
            const std::vector<int64_t>& bounds = populations[number]->bounds;
            for (int64_t begin = bounds[p]; begin < bounds[p + 1]; begin += together)
                pieces.push_back({number, begin, std::min(begin + together, bounds[p + 1])});
        }
    }
}

// Those that are not counted yet the partition updates itself.
void Engine::offer(int64_t n, int partition, Due& due) {
    if (concerned.offers.empty()) return;
    for (const std::size_t number : concerned.offered) {
        Stream& stream = *populations[number]->stream;
        if (stream.counts_spikes_of(n, partition)) {
            populations[number]->spikes_of(n)[std::size_t(partition)].n = 0;
            stream.note(n, partition, 0, false);
        } else {
            update_cells(*populations[number], number, step_value(n), partition, due);
        }
    }
    concerned.offers[std::size_t(partition)]->open(n);
}

// Updates what is left of the step, the own partition's first.
void Engine::help(int64_t n, int partition, Due& due) {
    if (concerned.offers.empty()) return;
    const pnn_step present = step_value(n);
    Patience patience;
    for (int k = 0; k < partitions; ++k) {
        const int p = (partition + k) % partitions;
        Offer& offer = *concerned.offers[std::size_t(p)];
        if (!offer.is_open(n)) due.work.enter(Phase::waiting);
        while (!offer.is_open(n)) patience.wait();
        due.work.enter(Phase::neurons);
        while (const Piece* piece = offer.take()) update_piece(*piece, present, p, due);
    }
}

void Engine::update_piece(const Piece& piece, const pnn_step& present, int partition, Due& due) const {
    Population& population = *populations[piece.number];
    Stream& stream = *population.stream;
    if (!stream.counts_spikes_of(present.step, partition)) return;
    pnn_spikes out{};
    out.counts = stream.at(present.step, partition) + (piece.begin - population.bounds[std::size_t(partition)]);
    population.module->neurons(&population.segment, piece.begin, piece.end, &present, &out);
    due.work.spikes += uint64_t(out.n_counted);
    stream.note_more(present.step, partition, uint64_t(out.n_counted), out.has_more != 0);
}

// Between runs, the lists hold the spikes of the last step, whoever asks for them next.
void Engine::end_streams() {
    for (auto& population : populations) {
        if (population->stream == nullptr) continue;
        Stream& stream = *population->stream;
        stream.now = step;
        for (int p = 0; p < partitions; ++p) {
            if (population->list_is_read || !stream.counts_spikes_of(step, p)) continue;
            SpikeList& list = population->spikes_of(step)[std::size_t(p)];
            list.n = 0;
            stream.for_each(step, p, [&](uint32_t source, uint32_t number) {
                list.add(source, number);
            });
        }
    }
}

void Projection::leave_stream() {
    if (!stream) return;
    for (int p = 0; p < int(stream->parts.size()); ++p) {
        const DelayedRows& part = *rows[std::size_t(p)];
        // Those of the last step are still in the lists.
        for (int64_t emitted = stream->now - stream->delay + 1; emitted < stream->now; ++emitted) {
            if (!stream->counts_spikes_of(emitted, p)) continue;
            std::vector<Cursor>& due = calendars[std::size_t(p)].at(emitted + stream->delay);
            stream->for_each(emitted, p, [&](uint32_t source, uint32_t number) {
                due.push_back({part.row_start[source], part.row_start[source + 1], number, 0, 0});
            });
        }
    }
    stream.reset();
}

}  // namespace pnn
