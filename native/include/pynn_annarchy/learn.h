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

constexpr int64_t BLOCK = 128;           // synapses that are treated together: what is between them stays in the L1 cache
constexpr int64_t HISTORY_LANES = 4;     // spikes of a history that are compared at once; its capacity is a multiple

// What a synapse type has as a parameter: one value for all synapses, or one for some of them.
template <bool shared>
struct Parameter;

template <>
struct Parameter<true> {
    double value;

    Parameter(const pnn_rows& rows, int field) : value(*static_cast<const double*>(rows.arrays[field])) {}
    PNN_FN double operator[](uint64_t) const { return value; }
};

template <>
struct Parameter<false> {
    const double* values;
    uint64_t stride;  // 0: one value

    Parameter(const pnn_rows& rows, int field)
        : values(static_cast<const double*>(rows.arrays[field])), stride(static_cast<uint64_t>(rows.array_steps[field])) {}
    PNN_FN double operator[](uint64_t s) const { return values[s * stride]; }
};

// exp(-(steps dt) / tau), 1 in no time, from a table where one was made for this tau: the same bits. The table is for whole
// numbers of steps; whoever asks for others sets n to 0.
struct DecayTable {
    const double* values;
    uint64_t n;

    DecayTable(const pnn_rows& rows, int number)
        : values(rows.tables != nullptr ? rows.tables[number] : nullptr),
          n(values != nullptr ? static_cast<uint64_t>(rows.table_length) : 0) {}

    PNN_FN double operator()(double tau, double steps, double dt) const {
        const auto place = static_cast<uint64_t>(static_cast<int64_t>(steps));
        if (__builtin_expect(place < n, 1)) return values[place];
        return computed(tau, steps, dt);
    }

private:
    // Apart from the loops that look up, which it would otherwise fill with its constants.
    static PNN_APART double computed(double tau, double steps, double dt) {
        return steps == 0.0 ? 1.0 : exp(-(steps * dt) / tau);  // tau may be zero: all is gone at once
    }
};

// What may not be there yet.
template <int n>
struct Zeros {
    double values[n > 0 ? n : 1] = {};
};

PNN_FN double shorter(double a, double b) { return a < b ? a : b; }

PNN_FN bool is_whole(double x) { return rint(x) == x; }

// How many of the newest spikes were emitted after a moment.
PNN_FN int64_t count_after(const double* steps, int64_t capacity, double moment) {
    int64_t n = 0;
    for (;;) {
        int64_t found = 0;
        for (int64_t k = 0; k < HISTORY_LANES; ++k) found += steps[n + k] > moment;
        n += found;
        if (__builtin_expect(found < HISTORY_LANES, 1) || n == capacity) return n;
    }
}

// Spikes of post-synaptic elements that matter to a passage, in times of their emission.
struct Window {
    double from;    // those up to here are applied already
    double until;   // those up to here are to be applied
    double before;  // those up to here the passing spike sees
    double meeting; // those emitted just here reached the synapses together with the previous passage; NaN for none

    explicit Window(const pnn_passage& passage) : from(passage.applied), until(passage.until), before(passage.until), meeting(__builtin_nan("")) {
        const bool is_axonal = passage.post_shift == 0.0;
        if (passage.previous != PNN_NEVER) {
            meeting = static_cast<double>(passage.previous) + passage.sees;
            // With no dendritic delay, spikes that arrive together with the previous passage are applied after it.
            const double visit = meeting - (is_axonal ? 0.5 : 0.0);
            from = visit > from ? visit : from;
        }
        if (passage.multiplicity == 0) return;
        const double now = static_cast<double>(passage.emitted) + passage.sees;
        before = __builtin_ceil(now) - 0.5;
        until = is_axonal ? before : now;
    }
};

// Up to BLOCK synapses of one passage. What differs from synapse to synapse without pattern, the number of
// post-synaptic spikes, decides over lists and not over branches.
template <class Model, class Target>
struct Visit {
    using State = typename Model::State;
    static constexpr int64_t n_traces = Model::n_post_traces;

    const Model& model;
    const pnn_rows& rows;
    const pnn_passage& passage;
    const Window& window;
    const double dt;
    const uint64_t first;  // synapse
    const int64_t n;
    State state[BLOCK];
    const double* steps[BLOCK];    // history of the element
    int32_t n_after[BLOCK];        // its spikes that have not been applied yet,
    int32_t n_later[BLOCK];        // those among them that are not to be applied now,
    int32_t n_unseen[BLOCK];       // and those that the passing spike does not see
    int32_t list[BLOCK + 1];

    PNN_FN Visit(const Model& model_, const pnn_rows& rows_, const pnn_passage& passage_, const Window& window_, double dt_, uint64_t first_, int64_t n_)
        : model(model_), rows(rows_), passage(passage_), window(window_), dt(dt_), first(first_), n(n_) {}

    // The traces of an element right after one of its newest spikes.
    PNN_FN const double* traces(int64_t i, int64_t k) const { return steps[i] + rows.history_capacity + k * n_traces; }

    // Loads the states, and finds what is to be applied; returns the number of synapses with anything to apply.
    PNN_FN int64_t look(const Target* targets) {
        const int64_t capacity = rows.history_capacity;
        const int64_t block = capacity * (1 + n_traces);
        const double from = window.from, before = window.before;
        const double* const history = rows.history;
        int32_t n_listed = 0;
        for (int64_t i = 0; i < n; ++i) {
            steps[i] = history + static_cast<int64_t>(targets[first + i]) * block;
            n_later[i] = n_unseen[i] = 0;
        }
        for (int64_t i = 0; i < n; ++i) {
            const double* const own = steps[i];
            state[i] = model.load(first + i);
            const int64_t after = count_after(own, capacity, from);
            bool is_listed = after > 0;
            n_after[i] = static_cast<int32_t>(after);
            if (__builtin_expect(own[0] > before, 0)) {
                n_unseen[i] = static_cast<int32_t>(count_after(own, capacity, before));
                n_later[i] = static_cast<int32_t>(count_after(own, capacity, window.until));
                is_listed = n_after[i] > n_later[i];
            }
            list[n_listed] = static_cast<int32_t>(i);
            n_listed += is_listed;
        }
        return n_listed;
    }

    // Applies what was found, each time the oldest spike of every synapse that has one left.
    PNN_FN void apply(int64_t n_listed) {
        for (int32_t round = 0; n_listed > 0; ++round) {
            int64_t n_left = 0;
            for (int64_t place = 0; place < n_listed; ++place) {
                const int32_t i = list[place];
                apply_one(i, n_after[i] - 1 - round);
                list[n_left] = i;
                n_left += n_after[i] - n_later[i] > round + 1;
            }
            n_listed = n_left;
        }
    }

    PNN_FN void apply_one(int64_t i, int64_t k) {
        const double emitted = steps[i][k], earlier = steps[i][k + 1];
        const double age = emitted + passage.post_shift;
        const double since_origin = age - rows.origin;
        const bool meets = emitted == window.meeting;
        const int64_t pre = meets ? passage.earlier : passage.previous;
        pnn_event event;
        event.since_pre = pre != PNN_NEVER ? shorter((emitted - static_cast<double>(pre)) - passage.sees, since_origin) : since_origin;
        event.since_post = shorter(emitted - earlier, since_origin);
        event.since_any = meets ? 0.0 : shorter(event.since_pre, event.since_post);
        event.t = age * dt;
        event.t_pre = pre != PNN_NEVER ? (static_cast<double>(pre) + passage.pre_shift) * dt : -__builtin_inf();
        event.t_post = (earlier + passage.post_shift) * dt;
        event.step = static_cast<int64_t>(emitted);
        event.repetition = POST_EVENTS;
        if constexpr (Model::counts_repetitions)
            for (int64_t other = k + 1; other < rows.history_capacity && steps[i][other] == emitted; ++other) ++event.repetition;
        event.coincident = meets;
        model.post(state[i], first + i, event, meets ? passage.earlier_traces : passage.pre_traces, traces(i, k + 1));
    }

    // The passing spike; returns the sum of what it sends.
    PNN_FN double send(int64_t i) {
        constexpr Zeros<n_traces> zeros;
        const double age = static_cast<double>(passage.emitted) + passage.pre_shift;
        const double since_origin = age - rows.origin;
        const bool has_pre = passage.previous != PNN_NEVER;
        double last = -__builtin_inf();
        const double* post_traces = zeros.values;
        pnn_event event;
        event.coincident = 0;
        if constexpr (Model::has_post) {
            last = steps[i][n_unseen[i]];
            post_traces = traces(i, n_unseen[i]);
            event.coincident = n_unseen[i] != n_later[i];
        } else {
            state[i] = model.load(first + i);
        }
        event.since_pre = has_pre ? shorter(static_cast<double>(passage.emitted - passage.previous), since_origin) : since_origin;
        event.since_post = shorter((static_cast<double>(passage.emitted) - last) + passage.sees, since_origin);
        event.since_any = event.coincident ? 0.0 : shorter(event.since_pre, event.since_post);
        event.t = age * dt;
        event.t_pre = has_pre ? (static_cast<double>(passage.previous) + passage.pre_shift) * dt : -__builtin_inf();
        event.t_post = (last + passage.post_shift) * dt;
        event.step = passage.emitted;
        event.repetition = 0;
        double sum = model.pre(state[i], first + i, event, passage.pre_traces, post_traces);
        if (__builtin_expect(passage.multiplicity > 1, 0)) sum += send_again(i, event, post_traces);
        return sum;
    }

    // What is identical with a spike that has just passed.
    PNN_FN double send_again(int64_t i, pnn_event event, const double* post_traces) {
        double sum = 0.0;
        Zeros<Model::n_pre_traces> traces;
        for (int k = 0; k < Model::n_pre_traces; ++k) traces.values[k] = passage.pre_traces[k];
        for (int64_t repetition = 1; repetition < passage.multiplicity; ++repetition) {
            model.pre_trace(traces.values, event);
            event.since_pre = event.since_any = 0.0;
            event.t_pre = event.t;
            event.repetition = static_cast<uint32_t>(repetition);
            sum += model.pre(state[i], first + i, event, traces.values, post_traces);
        }
        return sum;
    }
};

// Everything that one passage does.
template <class Model, class Target>
PNN_FN bool pass(const Model& model, const pnn_rows& rows, const pnn_passage& passage, double dt) {
    const Target* targets = static_cast<const Target*>(rows.targets);
    const Window window(passage);
    const double bound = rows.bound * static_cast<double>(passage.multiplicity), inverse_quantum = rows.inverse_quantum;
    int64_t* const accumulator = rows.accumulator;
    bool sound = true;
    for (uint64_t first = passage.begin; first < passage.end; first += BLOCK) {
        const int64_t left = static_cast<int64_t>(passage.end - first);
        Visit<Model, Target> visit(model, rows, passage, window, dt, first, left < BLOCK ? left : BLOCK);
        if constexpr (Model::has_post) visit.apply(visit.look(targets));
        for (int64_t i = 0; i < visit.n; ++i) {
            if (passage.multiplicity > 0) {
                const double increment = visit.send(i);
                sound &= is_sound(increment, bound);
                if (passage.increments != nullptr) passage.increments[first - passage.begin + static_cast<uint64_t>(i)] = increment;
                else accumulator[targets[first + static_cast<uint64_t>(i)]] += to_fixed(increment, inverse_quantum);
            }
            model.store(first + static_cast<uint64_t>(i), visit.state[i]);
        }
    }
    return sound;
}

template <class Model, class Target>
int32_t learn_to(const Model& model, const Model& computing, const pnn_rows& rows, const pnn_passage* passages, int64_t n_passages, double dt) {
    const Target* targets = static_cast<const Target*>(rows.targets);
    bool sound = true;
    for (int64_t p = 0; p < n_passages; ++p) {
        if (p + PREFETCH_AHEAD < n_passages) {
            const pnn_passage& later = passages[p + PREFETCH_AHEAD];
            prefetch(targets, model.first_stored(), {later.begin, later.end, 1}, Model::has_stored);
        }
        const pnn_passage& passage = passages[p];
        const bool on_grid = is_whole(passage.sees) && is_whole(passage.post_shift);
        sound &= pass<Model, Target>(on_grid ? model : computing, rows, passage, dt);
    }
    return sound ? 0 : 1;
}

template <class Model>
int32_t learn_as(const pnn_rows& rows, const pnn_passage* passages, int64_t n_passages, const pnn_step& step) {
    const Model model(rows, step);
    Model computing = model;
    computing.look_nothing_up();
    return rows.target_bits == 16 ? learn_to<Model, uint16_t>(model, computing, rows, passages, n_passages, step.dt)
                                  : learn_to<Model, uint32_t>(model, computing, rows, passages, n_passages, step.dt);
}

// Model<true> has only parameters that all synapses share.
template <template <bool> class Model>
int32_t learn(const pnn_rows* rows, const pnn_passage* passages, int64_t n_passages, const pnn_step* step) {
    for (int field = 0; field < Model<true>::n_parameters; ++field)
        if (rows->array_steps[field] != 0) return learn_as<Model<false>>(*rows, passages, n_passages, *step);
    return learn_as<Model<true>>(*rows, passages, n_passages, *step);
}

template <template <bool> class Model>
void pre_trace(const pnn_rows* rows, const pnn_step* step, double* traces, const pnn_event* event) {
    Model<false>(*rows, *step).pre_trace(traces, *event);
}

template <template <bool> class Model>
void post_trace(const pnn_rows* rows, const pnn_step* step, double* traces, const pnn_event* event) {
    Model<false>(*rows, *step).post_trace(traces, *event);
}

}  // namespace pnn

#endif
