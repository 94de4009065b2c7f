// learn.h: the primitive `learn`: spikes pass synapses that store and change things.
//
// A synapse is visited only when a pre-synaptic spike is delivered: what its post-synaptic cell did since the spike before
// is read from the history of that cell and applied first, in order. Between visits nothing is done, and the result is
// the same as if every event were applied when it happens. Events at the same time: post-synaptic first, or where no
// part of the delay is dendritic, pre-synaptic first (its increment belongs to the step in which the other cell spikes);
// neither sees what the other does to its own trace.
#ifndef PYNN_ANNARCHY_LEARN_H
#define PYNN_ANNARCHY_LEARN_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/deliver.h"
#include "pynn_annarchy/distributions.h"
#include "pynn_annarchy/fixed_point.h"
#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/target.h"

namespace pnn {

constexpr uint32_t POST_EVENTS = 32768;  // repetitions of post-synaptic events begin here

// exp(-(steps dt) / tau), from a table where one was made for this tau: the same bits either way.
struct DecayTable {
    const double* values;
    int64_t n;

    PNN_FN double operator()(double tau, double steps, double dt) const {
        if (values != nullptr && steps >= 0.0 && steps < static_cast<double>(n)) {
            const int64_t whole = static_cast<int64_t>(steps);
            if (static_cast<double>(whole) == steps) return values[whole];
        }
        return exp(-(steps * dt) / tau);
    }
};

// The spikes of one post-synaptic element.
struct History {
    const double* block;
    int64_t capacity, stride, count;

    PNN_FN const double* entry(int64_t k) const { return block + 1 + (k & (capacity - 1)) * stride; }
    PNN_FN double step(int64_t k) const { return *entry(k); }
    PNN_FN int64_t oldest() const { return count > capacity ? count - capacity : 0; }
};

// What may not be there yet.
template <int n>
struct Zeros {
    double values[n > 0 ? n : 1] = {};
};

PNN_FN double shorter(double a, double b) { return a < b ? a : b; }

template <class Model>
PNN_FN const double* block_of(const pnn_rows& rows, uint64_t element) {
    return rows.history + element * static_cast<uint64_t>(1 + rows.history_capacity * (1 + Model::n_post_traces));
}

// Applies what the post-synaptic element did after `from` and up to `limit`; both in emission times of its spikes.
template <class Model>
PNN_FN int64_t apply_post(const Model& model, typename Model::State& state, uint64_t s, const History& history,
                          const pnn_passage& passage, double from, double limit, double origin, double dt) {
    const int64_t oldest = history.oldest();
    int64_t last = history.count;
    while (last > oldest && history.step(last - 1) > limit) --last;
    int64_t first = last;
    while (first > oldest && history.step(first - 1) > from) --first;
    constexpr Zeros<Model::n_post_traces> zeros;
    uint32_t repetition = 0;
    for (int64_t k = first; k < last; ++k) {
        const double emitted = history.step(k);
        const double age = emitted + passage.post_shift;
        pnn_event event;
        const bool coincident = passage.previous != PNN_NEVER && emitted == static_cast<double>(passage.previous) + passage.sees;
        const int64_t pre = coincident ? passage.earlier : passage.previous;
        const bool has_pre = pre != PNN_NEVER, has_post = k > 0;
        const double since_origin = age - origin;
        event.since_pre = has_pre ? shorter((emitted - static_cast<double>(pre)) - passage.sees, since_origin) : since_origin;
        event.since_post = has_post ? shorter(emitted - history.step(k - 1), since_origin) : since_origin;
        event.since_any = coincident ? 0.0 : shorter(event.since_pre, event.since_post);
        event.t = age * dt;
        event.t_pre = has_pre ? (static_cast<double>(pre) + passage.pre_shift) * dt : -__builtin_inf();
        event.t_post = has_post ? (history.step(k - 1) + passage.post_shift) * dt : -__builtin_inf();
        event.step = static_cast<int64_t>(emitted);
        repetition = has_post && history.step(k - 1) == emitted ? repetition + 1 : 0;
        event.repetition = POST_EVENTS + repetition;
        event.coincident = coincident;
        model.post(state, s, event, coincident ? passage.earlier_traces : passage.pre_traces, has_post ? history.entry(k - 1) + 1 : zeros.values);
    }
    return last;
}

// One synapse: what happened since its last visit, then the passing spike. Returns the sum of the increments.
template <class Model>
PNN_FN double pass(const Model& model, uint64_t s, uint64_t element, const pnn_rows& rows, const pnn_passage& passage, double dt) {
    typename Model::State state = model.load(s);
    const double now = static_cast<double>(passage.emitted) + passage.sees;
    History history{};
    int64_t seen = 0;  // number of post-synaptic spikes up to now
    if constexpr (Model::has_post) {
        const double* block = block_of<Model>(rows, element);
        history = {block, rows.history_capacity, 1 + Model::n_post_traces, static_cast<int64_t>(block[0])};
        double from = passage.applied;
        if (passage.previous != PNN_NEVER) {
            // With no dendritic delay, spikes that arrive together with the previous passage are applied after it.
            const double visit = static_cast<double>(passage.previous) + passage.sees - (passage.post_shift == 0.0 ? 0.5 : 0.0);
            from = visit > from ? visit : from;
        }
        const double latest = passage.post_shift == 0.0 ? now - 0.5 : now;
        seen = apply_post(model, state, s, history, passage, from, passage.multiplicity > 0 ? latest : passage.until, rows.origin, dt);
    }
    double sum = 0.0;
    if (passage.multiplicity > 0) {
        const double age = static_cast<double>(passage.emitted) + passage.pre_shift;
        const bool has_pre = passage.previous != PNN_NEVER;
        pnn_event event;
        event.coincident = 0;
        int64_t before = seen;  // number of post-synaptic spikes strictly before now
        if constexpr (Model::has_post) {
            const int64_t oldest = history.oldest();
            while (before > oldest && history.step(before - 1) == now) --before;
            event.coincident = before != seen;
        }
        const bool has_post = before > 0;
        constexpr Zeros<Model::n_post_traces> zeros;
        const double* post_traces = has_post ? history.entry(before - 1) + 1 : zeros.values;
        const double since_origin = age - rows.origin;
        event.since_pre = has_pre ? shorter(static_cast<double>(passage.emitted - passage.previous), since_origin) : since_origin;
        event.since_post = since_origin;
        if (has_post)
            event.since_post = shorter((static_cast<double>(passage.emitted) - history.step(before - 1)) + passage.sees, since_origin);
        event.since_any = event.coincident ? 0.0 : shorter(event.since_pre, event.since_post);
        event.t = age * dt;
        event.t_pre = has_pre ? (static_cast<double>(passage.previous) + passage.pre_shift) * dt : -__builtin_inf();
        event.t_post = has_post ? (history.step(before - 1) + passage.post_shift) * dt : -__builtin_inf();
        event.step = passage.emitted;
        event.repetition = 0;
        sum = model.pre(state, s, event, passage.pre_traces, post_traces);
        if (passage.multiplicity > 1) {
            Zeros<Model::n_pre_traces> traces;
            for (int k = 0; k < Model::n_pre_traces; ++k) traces.values[k] = passage.pre_traces[k];
            for (int64_t repetition = 1; repetition < passage.multiplicity; ++repetition) {
                model.pre_trace(traces.values, event);
                event.since_pre = event.since_any = 0.0;
                event.t_pre = event.t;
                event.repetition = static_cast<uint32_t>(repetition);
                sum += model.pre(state, s, event, traces.values, post_traces);
            }
        }
    }
    model.store(s, state);
    return sum;
}

template <class Model, class Target>
int32_t learn_to(const Model& model, const pnn_rows& rows, const pnn_passage* passages, int64_t n_passages, double dt) {
    const Target* targets = static_cast<const Target*>(rows.targets);
    int64_t* const accumulator = rows.accumulator;
    const double inverse_quantum = rows.inverse_quantum, bound = rows.bound;
    bool sound = true;
    for (int64_t p = 0; p < n_passages; ++p) {
        if (p + PREFETCH_AHEAD < n_passages) {
            const pnn_passage& later = passages[p + PREFETCH_AHEAD];
            const pnn_group group{later.begin, later.end, 1};
            prefetch(targets, model.first_stored(), group, Model::has_stored);
        }
        const pnn_passage& passage = passages[p];
        for (uint64_t s = passage.begin; s < passage.end; ++s) {
            const uint64_t element = targets[s];
            const double increment = pass(model, s, element, rows, passage, dt);
            if (passage.multiplicity == 0) continue;
            sound &= is_sound(increment, bound * static_cast<double>(passage.multiplicity));
            if (passage.increments != nullptr) passage.increments[s - passage.begin] = increment;
            else accumulator[element] += to_fixed(increment, inverse_quantum);
        }
    }
    return sound ? 0 : 1;
}

template <class Model>
int32_t learn(const pnn_rows* rows, const pnn_passage* passages, int64_t n_passages, const pnn_step* step) {
    const Model model(*rows, *step);
    return rows->target_bits == 16 ? learn_to<Model, uint16_t>(model, *rows, passages, n_passages, step->dt)
                                   : learn_to<Model, uint32_t>(model, *rows, passages, n_passages, step->dt);
}

template <class Model>
void pre_trace(const pnn_rows* rows, const pnn_step* step, double* traces, const pnn_event* event) {
    Model(*rows, *step).pre_trace(traces, *event);
}

template <class Model>
void post_trace(const pnn_rows* rows, const pnn_step* step, double* traces, const pnn_event* event) {
    Model(*rows, *step).post_trace(traces, *event);
}

}  // namespace pnn

#endif
