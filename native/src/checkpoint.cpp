// checkpoint.cpp: what a network that runs keeps from one step to the next and Python does not hold, as bytes.
//
// Each `keep` names that of one structure, once: the same list writes and reads. A network that reads has the same
// structure and has been bound already; shapes that differ are refused.
#include <cstring>
#include <stdexcept>
#include <type_traits>

#include "pynn_annarchy/engine.h"

namespace pnn {

namespace {

class Archive {
public:
    explicit Archive(std::vector<uint8_t>& out) : out_(&out) {}
    Archive(const uint8_t* data, std::size_t size) : in_(data), left_(size) {}

    template <class T>
    void value(T& x) {
        static_assert(std::is_trivially_copyable<T>::value, "only plain values are copied as bytes");
        raw(&x, sizeof(T));
    }

    template <class T>
    void values(std::vector<T>& v) {
        v.resize(length(v.size()));
        raw(v.data(), v.size() * sizeof(T));
    }

    // What others point into stays where it is as long as its size is the same.
    template <class T>
    void values(Array<T>& v) {
        const std::size_t n = length(v.size());
        if (n != v.size()) v = Array<T>(n);
        raw(v.data(), n * sizeof(T));
    }

    // As many structures as there are already.
    template <class Container, class Keep>
    void each(Container& items, Keep keep) {
        same(items.size());
        for (auto& item : items) keep(item);
    }

    // A vector of structures, of any length.
    template <class T, class Keep>
    void list(std::vector<T>& items, Keep keep) {
        items.resize(length(items.size()));
        for (T& item : items) keep(item);
    }

    std::size_t length(std::size_t present) {
        uint64_t n = present;
        value(n);
        return std::size_t(n);
    }

    void same(std::size_t present) {
        if (length(present) != present) refuse();
    }

    [[noreturn]] static void refuse() { throw std::runtime_error("the checkpoint is of another network"); }

    bool is_reading() const { return out_ == nullptr; }
    void end() const {
        if (is_reading() && left_ != 0) refuse();
    }

private:
    void raw(void* data, std::size_t n) {
        if (n == 0) return;
        if (!is_reading()) {
            const auto* bytes = static_cast<const uint8_t*>(data);
            out_->insert(out_->end(), bytes, bytes + n);
            return;
        }
        if (n > left_) refuse();
        std::memcpy(data, in_, n);
        in_ += n;
        left_ -= n;
    }

    std::vector<uint8_t>* out_ = nullptr;
    const uint8_t* in_ = nullptr;
    std::size_t left_ = 0;
};

void keep(Archive& archive, SpikeList& list) {
    // Only the first `n` mean something; there is room for more.
    archive.value(list.n);
    if (std::size_t(list.n) > list.index.size()) list.resize(std::size_t(list.n));
    for (int64_t i = 0; i < list.n; ++i) {
        archive.value(list.index[std::size_t(i)]);
        archive.value(list.count[std::size_t(i)]);
    }
}

void keep(Archive& archive, Population& population, int64_t step) {
    archive.each(population.spikes_of(step), [&](SpikeList& list) { keep(archive, list); });
    archive.values(population.quanta);
    archive.each(population.published.variables, [&](Seen& variable) { archive.values(variable.rows); });
    archive.each(population.gathered, [&](Gathered& gathered) { archive.values(gathered.sums); });
}

void keep(Archive& archive, Column& column) {
    archive.same(column.each.size());
    archive.values(column.each);
    archive.value(column.shared);
}

void keep(Archive& archive, DelayedRows& rows) {
    archive.same(std::size_t(rows.n));
    archive.values(rows.weights32);
    archive.values(rows.weights64);
    archive.value(rows.shared_weight);
    archive.value(rows.weight_form);
    archive.each(rows.columns, [&](Column& column) { keep(archive, column); });
}

void keep(Archive& archive, Learning& state) {
    archive.values(state.spikes);
    archive.values(state.pre_traces);
    archive.values(state.unused);
    archive.values(state.latest);
    archive.values(state.history);
    archive.value(state.n_elements);
    archive.value(state.capacity);
    archive.value(state.n_traces);
    archive.value(state.caught_up);
    archive.value(state.n_passed);
    archive.value(state.accepted);
    archive.value(state.applied);
    std::vector<int64_t> steps;
    for (const auto& due : state.due) steps.push_back(due.first);
    archive.values(steps);
    for (int64_t step : steps) archive.values(state.due[step]);
}

void keep(Archive& archive, Dendrites& dendrites) {
    archive.each(dendrites.columns, [&](Column& column) { keep(archive, column); });
    archive.values(dendrites.passed);
    archive.values(dendrites.passed_before);
    archive.values(dendrites.spiked);
}

void keep(Archive& archive, Projection& projection) {
    archive.value(projection.bound);
    archive.each(projection.rows, [&](auto& rows) { keep(archive, *rows); });
    archive.each(projection.calendars, [&](Calendar& calendar) {
        archive.list(calendar.buckets(), [&](std::vector<Cursor>& bucket) { archive.values(bucket); });
    });
    archive.each(projection.learning, [&](Learning& state) { keep(archive, state); });
    archive.each(projection.dendrites, [&](auto& dendrites) { keep(archive, *dendrites); });
}

void keep(Archive& archive, Engine& engine) {
    archive.value(engine.step);
    archive.value(engine.trial);
    archive.each(engine.populations, [&](auto& population) { keep(archive, *population, engine.step); });
    archive.each(engine.projections, [&](auto& projection) {
        archive.same(projection ? 1 : 0);
        if (projection) keep(archive, *projection);
    });
    archive.end();
}

}  // namespace

std::vector<uint8_t> Engine::state() {
    std::vector<uint8_t> bytes;
    Archive archive(bytes);
    for (auto& projection : projections)
        if (projection) projection->unbundle();
    keep(archive, *this);
    return bytes;
}

void Engine::restore(const uint8_t* data, std::size_t size) {
    Archive archive(data, size);
    for (auto& projection : projections)
        if (projection) projection->unbundle();
    keep(archive, *this);
    // A source goes on behind what it has emitted; spikes of the last step are among those just read.
    for (auto& population : populations) population->next_event = 0;
}

}  // namespace pnn
