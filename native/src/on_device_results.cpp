// on_device_results.cpp: what the device has recorded, and what it hands back after a run.
#include <algorithm>
#include <tuple>
#include <utility>

#include "pynn_annarchy/on_device.h"

namespace pnn {

// Begins to copy what the steps from `first` to `last`, which are done, have recorded.
OnDevice::Arriving OnDevice::take_records(int64_t first, int64_t last) {
    Arriving arriving;
    take_spikes(arriving);
    take_samples(first, last, arriving);
    return arriving;
}

void OnDevice::take_spikes(Arriving& arriving) {
    if (recipe_.spikes.empty()) return;
    std::vector<uint64_t> n(cells_.size());
    n_recorded_.download(n.data(), 0, n.size());
    for (std::size_t number = 0; number < cells_.size(); ++number) {
        Cells& cells = *cells_[number];
        if (n[number] == cells.n_taken) continue;
        pnn_recorded* const spikes = cells.spikes.begin_download(cells.n_taken, n[number]);
        arriving.spikes.push_back({spikes, std::size_t(n[number] - cells.n_taken), engine_.populations[number]->spike_record.data()});
        cells.n_taken = n[number];
    }
}

void OnDevice::take_samples(int64_t first, int64_t last, Arriving& arriving) {
    for (std::size_t k = 0; k < signals_.size(); ++k) {
        const Signal& signal = *engine_.signals[k];
        const auto samples_by = [&](int64_t n) { return (n - signal.start_step) / signal.every; };
        const int64_t width = int64_t(signal.index.size()), begin = samples_by(first - 1) + 1, end = samples_by(last) + 1;
        if (begin == end || width == 0) continue;
        double* const samples = signals_[k]->rows.begin_download(uint64_t(begin * width), uint64_t(end * width));
        double* const home = signal.buffer + (begin - samples_by(engine_.step) - 1) * width;
        arriving.samples.push_back({samples, std::size_t((end - begin) * width), home});
    }
}

// Puts where it belongs what has been copied, spikes in order.
void OnDevice::keep(const Arriving& arriving) {
    device_->end_downloads();
    for (const auto& [first, n, home] : arriving.spikes) {
        std::sort(first, first + n, [](const auto& a, const auto& b) { return std::tie(a.step, a.index) < std::tie(b.step, b.index); });
        for (const pnn_recorded* spike = first; spike < first + n; ++spike) {
            home->step.push_back(spike->step);
            home->index.push_back(spike->index);
            home->count.push_back(spike->count);
        }
    }
    for (const auto& [first, n, home] : arriving.samples) std::copy_n(first, n, home);
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
