// on_device_results.cpp: what the device has recorded, and what it hands back after a run.
#include <algorithm>
#include <tuple>
#include <utility>

#include "pynn_annarchy/on_device.h"

namespace pnn {

void OnDevice::take_spikes() {
    if (recipe_.spikes.empty()) return;
    std::vector<uint32_t> n(cells_.size());
    n_recorded_.download(n.data(), 0, n.size());
    n_recorded_.fill_zero();
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        Cells& cells = *cells_[number];
        cells.taken.resize(n[number]);
        cells.spikes.download(cells.taken.data(), 0, n[number]);
    }
}

// Puts in order what has been handed over.
void OnDevice::keep_spikes() {
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        std::vector<pnn_recorded>& taken = cells_[number]->taken;
        std::sort(taken.begin(), taken.end(), [](const auto& a, const auto& b) { return std::tie(a.step, a.index) < std::tie(b.step, b.index); });
        RecordedSpikes& out = engine_.populations[number]->spike_record[0];
        for (const pnn_recorded& spike : taken) {
            out.step.push_back(spike.step);
            out.index.push_back(spike.index);
            out.count.push_back(spike.count);
        }
        taken.clear();
    }
}

void OnDevice::take_records(int64_t first, int64_t last) {
    take_spikes();
    for (std::size_t k = 0; k < signals_.size(); ++k) {
        const Signal& signal = *engine_.signals[k];
        const auto samples_by = [&](int64_t n) { return (n - signal.start_step) / signal.every; };
        const int64_t width = int64_t(signal.index.size()), before = samples_by(engine_.step);
        // They lie in a ring: in two stretches, where they go past its end.
        for (int64_t sample = samples_by(first - 1) + 1, end = samples_by(last) + 1; sample < end && width > 0;) {
            const int64_t row = sample % room_, n_rows = std::min(end - sample, room_ - row);
            signals_[k]->rows.download(signal.buffer + (sample - before - 1) * width, std::size_t(row * width), std::size_t(n_rows * width));
            sample += n_rows;
        }
    }
}

// A list of spikes, in the order of their cells.
namespace {

void sort_by_index(SpikeList& list) {
    std::vector<std::pair<uint32_t, uint32_t>> spikes;
    for (std::size_t i = 0; i < std::size_t(list.n); ++i) spikes.emplace_back(list.index[i], list.count[i]);
    std::sort(spikes.begin(), spikes.end());
    for (std::size_t i = 0; i < spikes.size(); ++i) std::tie(list.index[i], list.count[i]) = spikes[i];
}

}  // namespace

void OnDevice::take_list(std::size_t number, int64_t n, SpikeList& list) const {
    const Cells& cells = *cells_[number];
    const auto slot = std::size_t(n % cells.ring_size), width = cells.width();
    if (!cells.is_listed) {
        take_each(cells, slot * width, width, list);
        return;
    }
    uint32_t size = 0;
    cells.numbers.download(&size, slot, 1);
    list.n = size;
    if (list.index.size() < size) list.resize(size);
    cells.index.download(list.index.data(), slot * width, size);
    cells.count.download(list.count.data(), slot * width, size);
    sort_by_index(list);
}

// What is known as a number for each cell.
void OnDevice::take_each(const Cells& cells, std::size_t first, std::size_t n, SpikeList& list) {
    std::vector<uint16_t> counts(n);
    cells.counts.download(counts.data(), first, n);
    list.n = 0;
    for (std::size_t i = 0; i < n; ++i)
        if (counts[i] != 0) list.add(uint32_t(i), counts[i]);
}

void OnDevice::finish() {
    if (device_->is_emulated()) device_->library().guard(3);
    how_ = device_->how();
    has_spikes_ = true;
    if (seen_.failed != 0) is_prepared_ = false;
    if (stays()) {
        mirrors_.note_changes();
        return;
    }
    mirrors_.hand_back();
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        Population& population = *engine_.populations[number];
        if (population.rate.values != nullptr) hand_back_rates(population, *cells_[number], engine_.step);
    }
    take_back();
}

void OnDevice::take_back() {
    is_prepared_ = false;
    if (has_spikes_) {
        has_spikes_ = false;
        hand_back_spikes();
        for (const auto& learner : learners_) hand_back_learning(*learner.second->of.lock(), *learner.second);
    }
    forget_learners();
}

void OnDevice::hand_back_spikes() {
    const int64_t last = engine_.step;
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        Population& population = *engine_.populations[number];
        SpikeList& list = population.spikes_of(last)[0];
        if (population.module != nullptr || population.axonal != nullptr) take_list(number, last, list);
        else if (cells_[number]->last_given != last) list.n = 0;
    }
    for (auto& projection : engine_.projections)
        if (projection && is_static(*projection)) put_under_way(*projection, known_from_, last);
}

// Spikes that the device knows, but for those of the last step, go where the host looks for them.
void OnDevice::put_under_way(Projection& projection, int64_t first, int64_t last) {
    const DelayedRows& rows = *projection.rows[0];
    if (rows.group_delay.empty()) return;
    SpikeList list;
    for (int source : {projection.pre, projection.axons}) {
        if (source < 0) continue;
        for (int64_t emitted = std::max(first, last - projection.max_delay() + 1); emitted < last; ++emitted) {
            take_list(std::size_t(source), emitted, list);
            for (std::size_t i = 0; i < std::size_t(list.n); ++i) {
                uint32_t group = rows.row_start[list.index[i]];
                const uint32_t end = rows.row_start[list.index[i] + 1];
                while (group < end && emitted + rows.group_delay[group] <= last) ++group;
                if (group < end)
                    projection.calendars[0].at(emitted + rows.group_delay[group]).push_back({group, end, list.count[i], source == projection.axons, 0});
            }
        }
    }
}

void OnDevice::hand_back_rates(Population& population, Cells& cells, int64_t last) {
    FiringRate& rate = population.rate;
    cells.rate_counts.download(rate.counts.data(), 0, rate.counts.size());
    std::vector<uint32_t> end(std::size_t(last - cells.rate_first + 1));
    cells.rate_end.download(end.data(), 0, end.size());
    RecentSpikes known;
    const std::size_t n = end.back();
    std::vector<uint32_t> index(n), count(n);
    cells.rate_index.download(index.data(), 0, n);
    cells.rate_count.download(count.data(), 0, n);
    for (int64_t emitted = std::max(cells.rate_first, last - rate.window + 1); emitted <= last; ++emitted) {
        const auto place = std::size_t(emitted - cells.rate_first);
        for (std::size_t k = place == 0 ? 0 : end[place - 1]; k < end[place]; ++k) {
            known.step.push_back(emitted);
            known.index.push_back(index[k]);
            known.count.push_back(count[k]);
        }
    }
    rate.spikes[0] = std::move(known);
}

}  // namespace pnn
