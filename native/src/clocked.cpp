// clocked.cpp: what synapses that do something in every step do when, and what cells publish for them and gather from them.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "pynn_annarchy/engine.h"

namespace pnn {

namespace {

void copy_values(const Seen& variable, int64_t begin, int64_t end, double* row) {
    if (variable.dtype == PNN_F64) {
        const double* source = static_cast<const double*>(variable.source);
        std::copy(source + begin, source + end, row + begin);
    } else {
        const float* source = static_cast<const float*>(variable.source);
        std::copy(source + begin, source + end, row + begin);
    }
}

}  // namespace

void Population::publish(std::vector<Seen> variables, int64_t depth, int64_t step) {
    for (Seen& fresh : variables) {
        const auto known = std::find_if(published.variables.begin(), published.variables.end(),
                                        [&](const Seen& old) { return old.name == fresh.name; });
        const bool continues = known != published.variables.end() && fresh.source != nullptr && !known->rows.empty();
        std::vector<double> present = std::move(fresh.rows);  // of a parameter
        fresh.rows.resize(std::size_t(depth * size));
        for (int64_t back = 0; back < depth; ++back) {
            double* row = fresh.rows.data() + std::size_t(((step - back) % depth + depth) % depth * size);
            if (continues) {
                const int64_t known_back = std::min(back, published.depth - 1);
                const double* old = known->rows.data() + published.begin(step - known_back, size);
                std::copy(old, old + size, row);
            } else if (fresh.source != nullptr) {
                copy_values(fresh, 0, size, row);
            } else {
                std::copy(present.begin(), present.end(), row);
            }
        }
    }
    published.variables = std::move(variables);
    published.depth = depth;
}

void Population::publish_present(int64_t step, bool and_past) {
    for (Seen& variable : published.variables) {
        if (variable.source == nullptr) continue;
        for (int64_t back = 0; back < (and_past ? published.depth : 1); ++back)
            copy_values(variable, 0, size, variable.rows.data() + published.begin(step - back, size));
    }
}

// The present values, which users may have changed; before the first step all that is past is like them.
void Engine::publish_present() {
    for (auto& population : populations) population->publish_present(step, step == 0);
}

void Engine::publish(int64_t n, int partition) {
    const auto p = std::size_t(partition);
    for (Population* population : concerned.publishing)
        for (Seen& variable : population->published.variables) {
            if (variable.source == nullptr) continue;
            double* row = variable.rows.data() + population->published.begin(n, population->size);
            copy_values(variable, population->bounds[p], population->bounds[p + 1], row);
        }
}

// Lets the synapses of a partition transmit or advance, who see their cells as they are seen in step `seen`.
void Engine::run_synapses(Projection& projection, int64_t seen, const pnn_step& step, int partition, Due& due, int32_t what, int& failed) {
    if (what == 0) return;
    due.work.enter(Phase::dynamics);
    const Population& pre = *populations[std::size_t(projection.pre)];
    Population& post = *populations[std::size_t(projection.post)];
    pnn_dendrites view = projection.dendrites_view(pre, post, due.values, seen, partition);
    view.dt = dt;
    if (projection.input >= 0)
        view.sums = post.gathered[std::size_t(projection.input)].sums.data() + projection.rows[std::size_t(partition)]->first_post;
    if (projection.elsewhere != nullptr) projection.elsewhere->run_synapses(projection, view, step, what);
    else if (projection.module->synapses(&view, &step, what) != 0) failed = projection.number;
}

// The start of step n. In ANNarchy's order synapses advance once all cells have been updated: they do so here, behind the
// barrier, for the step before, in the same walk as they transmit for this one.
void Engine::begin_synapses(Projection& projection, const pnn_rows& view, int64_t n, int partition, Due& due, int& failed) {
    const pnn_module& module = *projection.module;
    const Activity& activity = projection.activity;
    const bool spikes_pass = module.has_pre || module.asks_when;
    const int32_t transmit = activity.transmits ? PNN_TRANSMIT : 0;
    if (!module.advances_first) {
        run_synapses(projection, n, step_value(n), partition, due, transmit | (activity.advances_in(n) ? PNN_ADVANCE : 0), failed);
        if (spikes_pass) pass_clocked(projection, view, n, partition, due, failed);
        return;
    }
    const bool is_first = n - 1 == step;  // of this run; the one before is complete
    int32_t advance = 0;
    if (!is_first && !spikes_pass && !module.has_post && activity.period == 1) advance = activity.advances_in(n - 1) ? PNN_ADVANCE : 0;
    else if (!is_first) end_synapses(projection, n - 1, partition, due);
    if (spikes_pass) pass_clocked(projection, view, n, partition, due, failed);
    run_synapses(projection, n, step_value(n - 1), partition, due, transmit | advance, failed);
}

// What is left to do of step n in ANNarchy's order, once all cells have been updated.
void Engine::end_synapses(Projection& projection, int64_t n, int partition, Due& due) {
    int failed = -1;  // nothing is transmitted
    note_spikes(projection, n, partition, due);
    if (projection.activity.advances_in(n)) {
        pnn_step whole = step_value(n);
        whole.dt *= double(projection.activity.period);
        run_synapses(projection, n + 1, whole, partition, due, PNN_ADVANCE, failed);
    }
    reach_synapses(projection, n + 1, n, partition, due);
}

// Synapses in ANNarchy's order know when their cells have spiked last, that of their sources before it reaches them.
void Engine::note_spikes(Projection& projection, int64_t n, int partition, Due& due) {
    if (!projection.module->asks_when) return;
    due.work.enter(Phase::presynaptic);
    const DelayedRows& rows = *projection.rows[std::size_t(partition)];
    Dendrites& own = *projection.dendrites[std::size_t(partition)];
    std::vector<uint32_t> reached;
    for (const SpikeList& list : populations[std::size_t(projection.pre)]->spikes_of(n))
        for (int64_t i = 0; i < list.n; ++i) {
            const uint32_t source = list.index[std::size_t(i)];
            const uint32_t begin = rows.group_start[rows.row_start[source]], end = rows.group_start[rows.row_start[source + 1]];
            for (uint32_t k = begin; k < end; ++k) reached.push_back(uint32_t(own.places[k]));
        }
    note_step(projection, own.passed.data(), reached, n);
    note_step(projection, own.spiked.data(), elements_of(projection, n, partition), n);
}

// The elements of a partition that have spiked.
std::vector<uint32_t> Engine::elements_of(const Projection& projection, int64_t n, int partition) const {
    const SpikeList& list = populations[std::size_t(projection.post)]->spikes_of(n)[std::size_t(partition)];
    std::vector<uint32_t> elements;
    for (int64_t i = 0; i < list.n; ++i)
        elements.push_back(list.index[std::size_t(i)] - uint32_t(projection.rows[std::size_t(partition)]->first_post));
    return elements;
}

void Engine::note_step(const Projection& projection, double* steps, const std::vector<uint32_t>& index, int64_t n) {
    if (projection.elsewhere != nullptr) projection.elsewhere->assign(steps, index, double(n));
    else
        for (uint32_t k : index) steps[k] = double(n);
}

void Engine::end_step(int64_t n, int partition, Due& due) {
    for (Projection* projection : concerned.ending) end_synapses(*projection, n, partition, due);
}

void Engine::pass_clocked(Projection& projection, pnn_rows view, int64_t n, int partition, Due& due, int& failed) {
    due.work.enter(Phase::presynaptic);
    const auto p = std::size_t(partition);
    const DelayedRows& rows = *projection.rows[p];
    Calendar& calendar = projection.calendars[p];
    const Population& pre = *populations[std::size_t(projection.pre)];
    send(projection, n - 1, p);
    due.passages.clear();
    calendar.take_due(n, DelayInRows{rows}, [&](const Cursor& cursor) {
        pnn_passage passage{};
        passage.begin = rows.group_start[cursor.group];
        passage.end = rows.group_start[cursor.group + 1];
        passage.multiplicity = cursor.multiplicity;
        passage.kind = cursor.axonal ? PNN_AXONAL : PNN_SPIKE;
        passage.emitted = n - rows.group_delay[cursor.group];
        if (projection.activity.passes(cursor.axonal)) due.passages.push_back(passage);
    });
    if (due.passages.empty()) return;
    due.work.events += events_in(due.passages);
    view.targets = rows.all_targets();
    view.target_bits = rows.target_bits();
    const pnn_dendrites own = projection.dendrites_view(pre, *populations[std::size_t(projection.post)], due.values, n, partition);
    const pnn_step present = step_value(n);
    if (projection.elsewhere != nullptr) projection.elsewhere->pass_spikes(projection, own, view, due.passages, present);
    else if (projection.module->pass_spikes(&own, &view, due.passages.data(), int64_t(due.passages.size()), &present) != 0)
        failed = projection.number;
}

// The spikes of step n reach synapses who see their cells as they are seen in step `seen`.
void Engine::reach_synapses(Projection& projection, int64_t seen, int64_t n, int partition, Due& due) {
    if (!projection.module->has_post && !projection.module->asks_when) return;
    due.work.enter(Phase::postsynaptic);
    Population& post = *populations[std::size_t(projection.post)];
    SpikeList& list = post.spikes_of(n)[std::size_t(partition)];
    if (list.n == 0) return;
    const pnn_dendrites own = projection.dendrites_view(*populations[std::size_t(projection.pre)], post, due.values, seen, partition);
    if (!projection.activity.transmits) {
        if (own.spiked != nullptr) note_step(projection, own.spiked, elements_of(projection, n, partition), n);
        return;
    }
    const pnn_spikes spikes{list.index.data(), list.count.data(), list.n};
    const pnn_step present = step_value(n);
    if (projection.elsewhere != nullptr) projection.elsewhere->reach(projection, own, present);
    else projection.module->reach(&own, &spikes, projection.rows[std::size_t(partition)]->first_post, &present);
}

namespace {

template <class Real>
void add_up(const Gathered& gathered, int64_t begin, int64_t end) {
    Real* const input = static_cast<Real*>(gathered.input);
    const Real* const base = static_cast<const Real*>(gathered.base);
    const double* const sums = gathered.sums.data();
    for (int64_t i = begin; i < end; ++i)
        input[i] = static_cast<Real>(base == nullptr ? sums[i] : static_cast<double>(base[i]) + sums[i]);
}

}  // namespace

void Engine::form_inputs(int partition) {
    const auto p = std::size_t(partition);
    for (const Population* population : concerned.gathering)
        for (const Gathered& gathered : population->gathered) {
            const int64_t begin = population->bounds[p], end = population->bounds[p + 1];
            if (gathered.dtype == PNN_F64) add_up<double>(gathered, begin, end);
            else add_up<float>(gathered, begin, end);
        }
}

}  // namespace pnn
