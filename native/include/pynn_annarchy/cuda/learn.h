// cuda/learn.h: the primitive `learn` on the device: one lane a synapse, which does what learn.h does with a block of them.
//
// Either the host says which spikes pass which synapses, or the device knows by itself: then it has, of each source, the
// spikes that are on their way and what was before each of them, and of each post-synaptic element its history. Of that,
// in a step, `learn_due` lets pass what falls due, and `remember` adds what has been sent. Once an element's history is
// nearly full, all synapses are caught up with it in the next step: nothing else depends on when that is done.
#ifndef PYNN_ANNARCHY_CUDA_LEARN_H
#define PYNN_ANNARCHY_CUDA_LEARN_H

#include "pynn_annarchy/cuda/kernel.h"
#include "pynn_annarchy/history.h"
#include "pynn_annarchy/learn.h"

namespace pnn {
namespace cuda {

// A synapse type in the one form that needs no tables: decays that are computed have the same bits.
template <template <bool> class Model>
struct Computed {
    static constexpr bool are_shared = false;
    const Model<false> any;
    const Model<false>&fast = any, &each = any;

    PNN_DEVICE Computed(const pnn_rows& rows, const pnn_step& step) : any(without_tables(rows), step) {}
    PNN_FN double elapsed_in_tables(const pnn_passage&) const { return 0.0; }
};

constexpr int PAST = 2, PAST_AND_COUNT = 3;  // what is known of a source, and of what was before one of its spikes

// What was before a spike of a source, or is after its last one.
template <int n_traces>
struct Past {
    const int64_t* emitted;
    const double* traces;

    PNN_DEVICE static Past now(const pnn_learner& learner, uint32_t source) {
        return {learner.d_last + source * int64_t(PAST), learner.d_last_traces + source * int64_t(PAST * n_traces)};
    }
    PNN_DEVICE static Past before(const pnn_learner& learner, uint32_t source, int64_t emitted) {
        const int64_t place = emitted % learner.n_slots * learner.n_sources + source;
        return {learner.d_before + place * PAST_AND_COUNT, learner.d_before_traces + place * (PAST * n_traces)};
    }
};

// A learner's way of seeing a step, and the passages of it that one group of lanes has to let happen, one after the other:
// those of spikes that fall due, by delay; or, where all synapses are to be caught up, those of all groups of synapses.
template <class Model>
class DueWork {
public:
    using PastOf = Past<Model::n_pre_traces>;

    PNN_DEVICE DueWork(const pnn_learner& learner, const Group& worker, int64_t step)
        : learner_(learner), step_(step), n_workers_(worker.n_groups), caught_up_(learner.d_caught_up[0]),
          catches_up_(Model::has_post && learner.d_caught_up[1 + step % 2] == step) {
        if (catches_up_) {
            begin(worker.number);
        } else {
            delay_ = worker.number % learner.n_delays;
            first_ = spike_ = worker.number / learner.n_delays;
        }
    }
    // Apart from the loops over synapses, which need the registers.
    PNN_DEVICE_APART bool next(pnn_passage& passage) { return catches_up_ ? next_of_all(passage) : next_due(passage); }

private:
    PNN_DEVICE bool next_due(pnn_passage& passage) {
        for (; delay_ < learner_.n_delays; delay_ += n_workers_, spike_ = first_) {
            const uint16_t delay = learner_.d_delays[delay_];
            const int64_t emitted = step_ - delay;
            if (emitted < 0) return false;  // longer delays even more so
            const Shifts shift = shifts_of(learner_.dendritic, delay);
            if (is_applied(emitted, shift)) continue;
            const int64_t slot = emitted % learner_.n_slots, n = learner_.d_n_passing[slot];
            while (spike_ < n) {
                const uint32_t source = learner_.d_passing[slot * learner_.n_sources + spike_];
                spike_ += n_workers_ <= learner_.n_delays ? 1 : (n_workers_ - delay_ - 1) / learner_.n_delays + 1;
                const uint32_t group = group_with(learner_.d_group_delay, learner_.d_row_start[source], learner_.d_row_start[source + 1], delay);
                if (group == NO_GROUP) continue;
                fill(passage, group, shift, PastOf::before(learner_, source, emitted));
                pass(passage, source, emitted);
                return true;
            }
        }
        return false;
    }

    // Of each group, the spike that falls due, if there is one, and then none: what its post-synaptic elements did is applied.
    PNN_DEVICE bool next_of_all(pnn_passage& passage) {
        while (source_ < learner_.n_sources) {
            if (group_ == group_end_) {
                begin(source_ + n_workers_);
                continue;
            }
            const auto source = static_cast<uint32_t>(source_);
            const int64_t delay = learner_.d_group_delay[group_];
            const Shifts shift = shifts_of(learner_.dendritic, delay);
            PastOf past = PastOf::now(learner_, source);
            while (past.emitted[0] != PNN_NEVER && past.emitted[0] + delay > step_ && !is_applied(past.emitted[0], shift))
                past = PastOf::before(learner_, source, past.emitted[0]);
            const int64_t last = past.emitted[0];
            if (!has_passed_ && last != PNN_NEVER && last + delay == step_ && !is_applied(last, shift)) {
                has_passed_ = true;
                fill(passage, group_, shift, PastOf::before(learner_, source, last));
                pass(passage, source, last);
                return true;
            }
            fill(passage, group_, shift, past);
            passage.until = static_cast<double>(step_) - 1.0 - 2.0 * shift.post;  // others may still spike in this step
            ++group_;
            has_passed_ = false;
            return true;
        }
        return false;
    }

    PNN_DEVICE void begin(int64_t source) {
        source_ = source;
        if (source >= learner_.n_sources) return;
        group_ = learner_.d_row_start[source];
        group_end_ = learner_.d_row_start[source + 1];
    }

    // Whether what a spike did was applied before the run: it passes no more.
    PNN_DEVICE bool is_applied(int64_t emitted, const Shifts& shift) const {
        return learner_.applied != PNN_NEVER && static_cast<double>(emitted) + shift.pre <= static_cast<double>(learner_.applied);
    }

    PNN_DEVICE void fill(pnn_passage& passage, uint32_t group, const Shifts& shift, const PastOf& past) const {
        passage.begin = learner_.d_group_start[group];
        passage.end = learner_.d_group_start[group + 1];
        passage.multiplicity = 0;
        passage.kind = PNN_SPIKE;
        passage.emitted = 0;
        passage.previous = passage.previous_own = past.emitted[0];
        passage.pre_shift = shift.pre;
        passage.post_shift = shift.post;
        passage.sees = shift.sees;
        passage.applied = applied_posts(caught_up_, learner_.applied, shift);
        passage.until = 0.0;
        passage.pre_traces = past.traces;
        passage.earlier = past.emitted[1];
        passage.earlier_traces = past.traces + Model::n_pre_traces;
        passage.increments = nullptr;
        passage.sent = nullptr;
        passage.n_sent = 0;
    }

    PNN_DEVICE void pass(pnn_passage& passage, uint32_t source, int64_t emitted) const {
        passage.emitted = emitted;
        passage.multiplicity = PastOf::before(learner_, source, emitted).emitted[PAST];
    }

    const pnn_learner& learner_;
    const int64_t step_, n_workers_, caught_up_;
    const bool catches_up_;
    int64_t delay_ = 0, spike_ = 0, first_ = 0;      // where it is among the spikes that fall due,
    int64_t source_ = 0;                             // and among all groups
    uint32_t group_ = 0, group_end_ = 0;
    bool has_passed_ = false;
};

// Passages that the host has told.
class ToldWork {
public:
    PNN_DEVICE ToldWork(const pnn_passage* passages, int64_t n_passages, const Group& worker)
        : passages_(passages), n_passages_(n_passages), n_workers_(worker.n_groups), next_(worker.number) {}
    PNN_DEVICE bool next(pnn_passage& passage) {
        if (next_ >= n_passages_) return false;
        passage = passages_[next_];
        next_ += n_workers_;
        return true;
    }

private:
    const pnn_passage* passages_;
    const int64_t n_passages_, n_workers_;
    int64_t next_;
};

struct EventsOfBlock {
    uint64_t n_events;
};

// What groups of lanes do with passages, whoever tells them.
template <template <bool> class Model>
struct Passing {
    const pnn_rows& rows;
    const int32_t number;
    pnn_control* const control;
    const pnn_step step;

    template <class Work>
    PNN_DEVICE void pass_all(Work work, int32_t lane, EventsOfBlock& shared) const {
        if (rows.target_bits == 16) pass_all_to<uint16_t>(work, lane, shared);
        else pass_all_to<uint32_t>(work, lane, shared);
    }

private:
    template <class Target, class Work>
    PNN_DEVICE void pass_all_to(Work& work, int32_t lane, EventsOfBlock& shared) const {
        const Computed<Model> models(rows, step);
        pnn_passage passage;
        while (work.next(passage)) {
            for (uint64_t s = passage.begin + static_cast<uint64_t>(lane); s < passage.end; s += LANES_A_GROUP)
                if (!Visit<Model, Target, Computed<Model>, 1>(rows, passage, models, step.dt, s, 1).pass()) fail(control, &control->failed, number, step.step);
            if (lane == 0) add_to(&shared.n_events, (passage.end - passage.begin) * static_cast<uint64_t>(passage.multiplicity));
        }
    }
};

// Phases: nothing has passed yet, all passes, and is counted.
template <class Kernel>
struct CountsEvents {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 3;
    using Shared = EventsOfBlock;
    pnn_control* control;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared& shared) const {
        if constexpr (phase == 0) {
            if (place.lane == 0) shared.n_events = 0;
        } else if constexpr (phase == 1) {
            static_cast<const Kernel*>(this)->pass(place, shared);
        } else {
            if (place.lane == 0 && shared.n_events != 0) add_to(&control->events, shared.n_events);
        }
    }
};

template <template <bool> class Model>
struct LearnKernel : CountsEvents<LearnKernel<Model>> {
    pnn_rows rows;
    const pnn_passage* passages;
    int64_t n_passages;
    int64_t number;
    pnn_step step;

    PNN_DEVICE void pass(const Place& place, EventsOfBlock& shared) const {
        const Group worker(place);
        Passing<Model>{rows, static_cast<int32_t>(number), this->control, step}.pass_all(ToldWork(passages, n_passages, worker), worker.lane, shared);
    }
};

template <template <bool> class Model>
int32_t learn(const pnn_rows* rows, const pnn_passage* d_passages, int64_t n_passages, int32_t number, const pnn_step* step, const pnn_launch* how) {
    auto kernel = cleared<LearnKernel<Model>>();
    kernel.rows = *rows;
    kernel.passages = d_passages;
    kernel.n_passages = n_passages;
    kernel.number = number;
    kernel.control = how->d_control;
    kernel.step = *step;
    return n_passages == 0 ? 0 : launch(kernel, by_turns(n_passages * LANES_A_GROUP / LearnKernel<Model>::lanes), *how);
}

template <template <bool> class Model>
struct LearnDueKernel : CountsEvents<LearnDueKernel<Model>> {
    const pnn_learner* learners;
    int64_t blocks_a_learner;
    Clock clock;

    PNN_DEVICE void pass(const Place& place, EventsOfBlock& shared) const {
        const pnn_learner& learner = learners[place.block / blocks_a_learner];
        const Group worker(place.block % blocks_a_learner, blocks_a_learner, place.lane);
        const pnn_step step = clock.now();
        Passing<Model>{learner.rows, learner.number, this->control, step}.pass_all(DueWork<Model<false>>(learner, worker, step.step), worker.lane, shared);
    }
};

// All learners in one launch, each with as many blocks.
inline int64_t blocks_a_learner(const pnn_learner* learners, int64_t n_learners, int64_t lanes_a_source, int64_t most_blocks) {
    int64_t most = 0;
    for (const pnn_learner* learner = learners; learner != learners + n_learners; ++learner) {
        check_arguments(learner, sizeof *learner, __PRETTY_FUNCTION__);
        most = learner->n_sources > most ? learner->n_sources : most;
    }
    const int64_t share = most_blocks / n_learners, limit = share < LEAST_BLOCKS ? LEAST_BLOCKS : share;
    const int64_t useful = by_turns(most * lanes_a_source / LANES_A_BLOCK);
    return useful < limit ? useful : limit;
}

template <template <bool> class Model>
int32_t learn_due(const pnn_learner* learners, const pnn_learner* d_learners, int64_t n_learners, const pnn_launch* how) {
    if (n_learners == 0) return 0;
    auto kernel = cleared<LearnDueKernel<Model>>();
    kernel.learners = d_learners;
    kernel.blocks_a_learner = blocks_a_learner(learners, n_learners, LANES_A_GROUP, 2 * MOST_BLOCKS);
    kernel.control = how->d_control;
    kernel.clock = Clock(*how);
    return launch(kernel, n_learners * kernel.blocks_a_learner, *how);
}

template <template <bool> class Model>
struct RememberKernel {
    static constexpr int32_t lanes = LANES_A_BLOCK;
    static constexpr int n_phases = 1;
    using Shared = Nothing;
    using Any = Model<false>;
    const pnn_learner* learners;
    int64_t blocks_a_learner;
    pnn_control* control;
    Clock clock;

    template <int phase>
    PNN_DEVICE void run(const Place& place, Shared&) const {
        const pnn_learner& learner = learners[place.block / blocks_a_learner];
        const int64_t lane = place.block % blocks_a_learner * lanes + place.lane, n_lanes = blocks_a_learner * lanes;
        const pnn_step step = clock.now();
        const Any model(without_tables(learner.rows), step);
        const pnn_sent sent = sent_in(learner.pre, step.step);
        for (int64_t i = lane, n = *sent.d_n; i < n; i += n_lanes) take(learner, model, sent.d_index[i], sent.d_count[i], step.step);
        const bool catches_up = learner.d_caught_up[1 + step.step % 2] == step.step;  // has done so in this step, that is
        if constexpr (Any::has_post) {
            const int64_t caught_up = catches_up ? step.step : learner.d_caught_up[0];
            const double applied = applied_posts(caught_up, learner.applied, shifts_of(learner.dendritic, learner.d_delays[learner.n_delays - 1]));
            const pnn_sent heard = sent_in(learner.post, step.step);
            for (int64_t i = lane, n = *heard.d_n; i < n; i += n_lanes) keep(learner, model, applied, heard.d_index[i], heard.d_count[i], step.step);
        }
        if (lane != 0) return;
        learner.d_n_passing[(step.step + 1) % learner.n_slots] = 0;
        if (catches_up) learner.d_caught_up[0] = step.step;
    }

private:
    // Spikes of a source begin their way.
    PNN_DEVICE static void take(const pnn_learner& learner, const Any& model, uint32_t source, uint32_t multiplicity, int64_t step) {
        constexpr int n_traces = Any::n_pre_traces;
        if (learner.d_row_start[source] == learner.d_row_start[source + 1]) return;
        const int64_t slot = step % learner.n_slots, place = slot * learner.n_sources + source;
        learner.d_passing[slot * learner.n_sources + claim(learner.d_n_passing + slot, 1)] = source;
        int64_t* const last = learner.d_last + source * int64_t(PAST);
        int64_t* const before = learner.d_before + place * PAST_AND_COUNT;
        before[0] = last[0];
        before[1] = last[1];
        before[PAST] = multiplicity;
        last[1] = last[0];
        last[0] = step;
        if constexpr (n_traces > 0) {
            double* const traces = learner.d_last_traces + source * int64_t(PAST * n_traces);
            double* const traces_before = learner.d_before_traces + place * (PAST * n_traces);
            for (int k = 0; k < PAST * n_traces; ++k) traces_before[k] = traces[k];
            for (int k = 0; k < n_traces; ++k) traces[n_traces + k] = traces[k];
            const double since = static_cast<double>(last[1] == PNN_NEVER ? step : step - last[1]);
            advance_traces(traces, since, multiplicity, [&](double* own, const pnn_event& event) { model.pre_trace(own, event); });
        }
    }

    // Spikes of a post-synaptic element enter its history.
    PNN_DEVICE void keep(const pnn_learner& learner, const Any& model, double applied, uint32_t element, uint32_t n_spikes, int64_t step) const {
        const HistoryShape shape{learner.rows.history_page, Any::n_post_traces};
        double* const own = const_cast<double*>(learner.rows.history) + element * shape.row();
        int64_t n_kept = shape.count_after(own, learner.rows.history_capacity, applied) + 1;  // the one before follows from it
        for (uint32_t repetition = 0; repetition < n_spikes; ++repetition, ++n_kept) {
            if (n_kept >= learner.rows.history_capacity) {
                fail(control, &control->has_more, static_cast<int32_t>(learner.post_number), step);
                return;
            }
            keep_spike(own, shape, n_kept, static_cast<double>(step), repetition, [&](double* traces, const pnn_event& event) { model.post_trace(traces, event); });
        }
        if (n_kept + learner.reserve >= learner.rows.history_capacity) learner.d_caught_up[1 + (step + 1) % 2] = step + 1;
    }
};

template <template <bool> class Model>
int32_t remember(const pnn_learner* learners, const pnn_learner* d_learners, int64_t n_learners, const pnn_launch* how) {
    if (n_learners == 0) return 0;
    auto kernel = cleared<RememberKernel<Model>>();
    kernel.learners = d_learners;
    kernel.blocks_a_learner = blocks_a_learner(learners, n_learners, 1, MOST_BLOCKS / 4);
    kernel.control = how->d_control;
    kernel.clock = Clock(*how);
    return launch(kernel, n_learners * kernel.blocks_a_learner, *how);
}

}  // namespace cuda
}  // namespace pnn

#endif
