// learn.h: the primitive `learn`: spikes pass synapses that store and change things.
//
// A synapse is visited only when a pre-synaptic spike is delivered: what its post-synaptic cell did since the spike before
// is read from the history of that cell and applied first, in order. Between visits nothing is done, and the result is
// the same as if every event were applied when it happens. Events at the same time: post-synaptic first, or where no
// part of the delay is dendritic, pre-synaptic first (its increment belongs to the step in which the other cell spikes);
// neither sees what the other does to its own trace.
//
// In ANNarchy's order of a step (Model::arrives_first, no dendritic delays) spikes pass at the start of the step, a step
// before what is measured by its end: post-synaptic spikes of the step before have just come, and each spike sees all that
// others have done. Time that variables follow stands still from a passage to the end of its step, as in ANNarchy 5. `t` is the
// start of the step, t_pre and t_post those of the last steps in which the cells have spiked.
#ifndef PYNN_ANNARCHY_LEARN_H
#define PYNN_ANNARCHY_LEARN_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/deliver.h"
#include "pynn_annarchy/distributions.h"
#include "pynn_annarchy/fixed_point.h"
#include "pynn_annarchy/history.h"
#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/select.h"
#include "pynn_annarchy/target.h"

namespace pnn {

constexpr uint32_t AXONAL_EVENT = 16384;  // the repetition of an axonal event
constexpr uint32_t POST_EVENTS = 32768;   // repetitions of post-synaptic events begin here

constexpr int64_t BLOCK = 256;       // synapses that are treated together: what is kept of them stays in the L1 cache
constexpr int64_t PIECES_AHEAD = 2;  // are asked for before they are read

// What a synapse type has as a parameter: one value for all synapses, or one for some of them.
template <bool shared>
struct Parameter;

template <>
struct Parameter<true> {
    double value;

    PNN_FN Parameter(const pnn_rows& rows, int field) : value(*static_cast<const double*>(rows.arrays[field])) {}
    PNN_FN double operator[](uint64_t) const { return value; }
};

template <>
struct Parameter<false> {
    const double* values;
    uint64_t stride;  // 0: one value

    PNN_FN Parameter(const pnn_rows& rows, int field)
        : values(static_cast<const double*>(rows.arrays[field])), stride(static_cast<uint64_t>(rows.array_steps[field])) {}
    PNN_FN double operator[](uint64_t s) const { return values[s * stride]; }
};

// exp(-(steps dt) / tau), 1 in no time; from a table where there is one: the same bits.
template <bool looks_up>
struct Decay;

// There is one, and steps are whole numbers. What is beyond it is not asked for, or its end is zero.
template <>
struct Decay<true> {
    const double* values;
    double last;

    PNN_FN Decay(const pnn_rows& rows, int number) : values(rows.tables[number]), last(static_cast<double>(rows.table_length - 1)) {}
    PNN_FN double operator()(double, double steps, double) const {
        return values[static_cast<int64_t>(steps < last ? steps : last)];
    }
};

// There may be one.
template <>
struct Decay<false> {
    const double* values;
    double last;

    PNN_FN Decay(const pnn_rows& rows, int number)
        : values(rows.tables != nullptr ? rows.tables[number] : nullptr), last(static_cast<double>(rows.table_length - 1)) {}
    PNN_FN double operator()(double tau, double steps, double dt) const {
        return values != nullptr ? values[static_cast<int64_t>(steps < last ? steps : last)] : computed(tau, steps, dt);
    }

private:
    // Apart from the loops that look up, which it would otherwise fill with its constants.
    static PNN_APART double computed(double tau, double steps, double dt) {
        return steps == 0.0 ? 1.0 : exp(-(steps * dt) / tau);  // tau may be zero: all is gone at once
    }
};

PNN_FN double shorter(double a, double b) { return a < b ? a : b; }
PNN_FN double longer(double a, double b) { return a > b ? a : b; }

// In steps; minus infinity for never.
PNN_FN double as_time(int64_t step) { return step == PNN_NEVER ? -__builtin_inf() : static_cast<double>(step); }

PNN_FN bool is_whole(double x) { return rint(x) == x; }

// Spikes of post-synaptic elements that matter to a passage, in times of their emission.
struct Window {
    double from;     // those up to here are applied already
    double until;    // those up to here are to be applied
    double before;   // those up to here the passing spike sees
    double meeting;  // those emitted just here reached the synapses together with the previous passage; NaN for none

    PNN_FN Window(const pnn_passage& passage, bool arrives_first)
        : from(passage.applied), until(passage.until), before(passage.until), meeting(__builtin_nan("")) {
        const bool is_axonal = passage.post_shift == 0.0;
        if (passage.previous != PNN_NEVER) {
            meeting = static_cast<double>(passage.previous) + passage.sees;
            // With no dendritic delay, spikes that arrive together with the previous passage are applied after it.
            from = longer(from, meeting - (is_axonal ? 0.5 : 0.0));
            if (arrives_first) meeting = __builtin_nan("");
        }
        if (passage.multiplicity == 0) return;
        const double now = static_cast<double>(passage.emitted) + passage.sees;
        before = __builtin_ceil(now) - 0.5;
        until = is_axonal ? before : now;
    }
};

// The step in which the source of a passage has last spiked by some step, minus infinity for none; axonal spikes apart.
PNN_FN double last_sent(const pnn_passage& passage, double step) {
    double last = as_time(passage.previous_own);
    for (int64_t k = 0; k < passage.n_sent; ++k) last = passage.sent[k] <= step ? passage.sent[k] : last;
    return last;
}

// Does something with 0, ..., n - 1 in a row: a loop would keep the one around it from becoming vectors.
template <int64_t n, class Action>
PNN_FN void for_each(const Action& action) {
    if constexpr (n > 0) {
        for_each<n - 1>(action);
        action(n - 1);
    }
}

// So that all decays are computed.
PNN_FN pnn_rows without_tables(pnn_rows rows) {
    rows.tables = nullptr;
    return rows;
}

// A synapse type in the forms that a passage may need.
template <template <bool> class Model>
struct Models {
    const pnn_rows& rows;
    const bool are_shared;  // all parameters
    const Model<true> fast;
    const Model<false> each, any;

    Models(const pnn_rows& rows_, const pnn_step& step)
        : rows(rows_), are_shared(shares_all(rows_)), fast(rows_, step), each(rows_, step), any(without_tables(rows_), step) {}

    // The elapsed time, in steps, below which a passage finds decays in the tables; infinite where they end at zero.
    PNN_FN double elapsed_in_tables(const pnn_passage& passage) const {
        if (!is_whole(passage.sees) || !is_whole(passage.post_shift)) return 0.0;
        bool ends_at_zero = true;
        for (int number = 0; number < Model<true>::n_decays; ++number) {
            const double* table = rows.tables[number];
            ends_at_zero &= table == nullptr || table[rows.table_length - 1] == 0.0;
        }
        return ends_at_zero ? __builtin_inf() : static_cast<double>(rows.table_length);
    }

private:
    static bool shares_all(const pnn_rows& rows) {
        bool all = true;
        for (int field = 0; field < Model<true>::n_parameters; ++field) all &= rows.array_steps[field] == 0;
        return all;
    }
};

// Where the k-th of some values begins of each synapse of a block.
template <int64_t n, int64_t block = BLOCK>
struct Room {
    static constexpr int64_t each = n > 0 ? n : 1, all = block * each;
};

// One passage along up to BLOCK synapses. What differs between them without a pattern, above all how often their
// post-synaptic elements have spiked, decides over lists and never over branches; loops have no other branches either, so
// that compilers make vectors of them.
//
// Model<true> is for parameters that all share and decays that are in tables; Model<false> for others, where `each` looks
// up the decays that there are tables for, and `any` computes all of them. `Forms` has these models, as `Models` does.
template <template <bool> class Model, class Target, class Forms = Models<Model>, int64_t BLOCK = pnn::BLOCK>
struct Visit {
    using Any = Model<false>;
    using State = typename Any::State;
    static constexpr int64_t n_pre = Any::n_pre_traces, n_post = Any::n_post_traces;
    static constexpr int64_t LISTS = 2 * PAGE_SPIKES;
    static constexpr double early = Any::arrives_first ? 1.0 : 0.0;  // steps from the start of one, when spikes pass, to its end

    double state[Room<State::n_, BLOCK>::all];     // BLOCK of the first variable, BLOCK of the second, ...
    double changed[Room<State::n_, BLOCK>::all];
    int64_t place[BLOCK];                   // of the element's first row in the history
    int32_t after[BLOCK + SELECT_ROOM];     // how many of its spikes have not been applied yet
    int32_t spared[BLOCK];                  // minus how many of those are not to be applied now
    int32_t coincident[BLOCK];              // whether one arrives together with the passing spike
    double last[BLOCK];                     // its newest spike that the passing one sees, minus infinity for none
    double traces[Room<n_post, BLOCK>::all];       // right after that one
    double sent[BLOCK];
    int64_t quanta[BLOCK];
    int32_t lists[LISTS][BLOCK + SELECT_ROOM];        // synapses with more than so many spikes that have not been applied
    int32_t selected[BLOCK + SELECT_ROOM];

    const pnn_rows& rows;
    const pnn_passage& passage;
    const Window window;
    const Forms& models;
    const double dt;
    const double held;                      // elapsed times below this are in the tables
    const HistoryShape shape;
    const uint64_t first;                   // synapse of the block
    const int64_t n;

    PNN_FN Visit(const pnn_rows& rows_, const pnn_passage& passage_, const Forms& models_, double dt_,
                 uint64_t first_, int64_t n_)
        : rows(rows_), passage(passage_), window(passage_, Any::arrives_first), models(models_), dt(dt_), held(models_.elapsed_in_tables(passage_)),
          shape{rows_.history_page, n_post}, first(first_), n(n_) {}

    // Returns whether all that was sent is within its bound.
    PNN_FN bool pass() {
        const Target* targets = static_cast<const Target*>(rows.targets) + first;
        for (int64_t i = 0; i < n; ++i) models.any.load(first + static_cast<uint64_t>(i)).write_(state + i, BLOCK);
        if constexpr (Any::has_post) {
            look_and_apply(targets);
        } else {
            for (int64_t i = 0; i < n; ++i) {
                last[i] = -__builtin_inf();
                coincident[i] = 0;
            }
        }
        bool sound = true;
        if (passage.multiplicity > 0) {
            if (held == 0.0 || passage.multiplicity > 1) send(models.any);
            else if (models.are_shared) send(models.fast);
            else send(models.each);
            sound = deliver(targets);
        }
        for (int64_t i = 0; i < n; ++i) models.any.store(first + static_cast<uint64_t>(i), State::read_(state + i, BLOCK));
        return sound;
    }

private:
    // ---- what the post-synaptic elements did ----

    PNN_FN void look_and_apply(const Target* targets) {
        constexpr int64_t row = PAGE_SPIKES * (1 + n_post);
        const double* const history = rows.history;
        const double from = window.from, before = window.before;
        int32_t unseen[BLOCK + SELECT_ROOM];
        for (int64_t i = 0; i < n; ++i) place[i] = static_cast<int64_t>(targets[i]) * row;
        for (int64_t i = 0; i < n; ++i) {
            const int64_t at = place[i];
            const double newest = history[at];
            after[i] = (newest > from) + (history[at + 1] > from) + (history[at + 2] > from) + (history[at + 3] > from);
            spared[i] = coincident[i] = 0;
            last[i] = newest;
            unseen[i] = newest > before;
        }
        static_assert(PAGE_SPIKES == 4);
        for (int64_t k = 0; k < n_post; ++k)
            for (int64_t i = 0; i < n; ++i) traces[i * n_post + k] = history[place[i] + PAGE_SPIKES + k];
        const int64_t n_unseen = select(unseen, n, 0, selected);
        const int64_t most_spared = n_unseen > 0 ? look_for_seen(n_unseen) : 0;

        int64_t sizes[LISTS];
        select_levels<PAGE_SPIKES>(after, n, lists, sizes);
        look_further(1, lists[PAGE_SPIKES - 1], sizes[PAGE_SPIKES - 1]);
        for (int64_t k = PAGE_SPIKES; k < LISTS; ++k)
            sizes[k] = select(after, lists[k - 1], sizes[k - 1], static_cast<int32_t>(k), lists[k]);
        int64_t most = LISTS, n_longest = sizes[LISTS - 1];
        const int32_t* longest = lists[LISTS - 1];
        for (int64_t page = LISTS / PAGE_SPIKES; n_longest > 0 && most < rows.history_capacity; ++page) {
            look_further(page, longest, n_longest);
            most += PAGE_SPIKES;
            n_longest = select(after, longest, n_longest, static_cast<int32_t>(most - 1), selected);
            longest = selected;
        }
        // The oldest spikes first.
        for (int64_t k = most - 1; k >= 0; --k) {
            const int64_t known = k < LISTS ? k : LISTS - 1;
            const int32_t* list = lists[known];
            int64_t n_listed = sizes[known];
            if (k > known) {
                n_listed = select(after, list, n_listed, static_cast<int32_t>(k), selected);
                list = selected;
            }
            if (k < most_spared) {
                n_listed = select(spared, list, n_listed, static_cast<int32_t>(-k - 1), selected);
                list = selected;
            }
            if (n_listed == 0) continue;
            if (held == 0.0) apply(models.any, k, list, n_listed);
            else if (models.are_shared) apply(models.fast, k, list, n_listed);
            else apply(models.each, k, list, n_listed);
        }
    }

    // Adds the spikes of a page that is not the first one, where there is such a page.
    PNN_FN void look_further(int64_t number, const int32_t* list, int64_t n_listed) {
        if (number * PAGE_SPIKES >= rows.history_capacity) return;
        const double* const page = rows.history + number * shape.page;
        const double from = window.from;
        PNN_INDEPENDENT
        for (int64_t j = 0; j < n_listed; ++j) {
            const int64_t at = place[list[j]];
            after[list[j]] += (page[at] > from) + (page[at + 1] > from) + (page[at + 2] > from) + (page[at + 3] > from);
        }
    }

    // How many of the spikes in an element's rows were emitted after a moment: nearly always fewer than are on one page.
    PNN_FN int64_t count_after(const double* own, double moment) const {
        static_assert(PAGE_SPIKES == 4);
        int64_t count = (own[0] > moment) + (own[1] > moment) + (own[2] > moment) + (own[3] > moment);
        if (__builtin_expect(count < PAGE_SPIKES, 1)) return count;
        while (count < rows.history_capacity && own[shape.step(count)] > moment) ++count;
        return count;
    }

    // The selected elements have spiked too late for the passing spike; returns how often they have at most.
    PNN_FN int64_t look_for_seen(int64_t n_selected) {
        int64_t most = 0;
        for (int64_t j = 0; j < n_selected; ++j) {
            const int64_t i = selected[j];
            const double* own = rows.history + place[i];
            const int64_t late = count_after(own, window.until), unseen = count_after(own, window.before);
            spared[i] = static_cast<int32_t>(-late);
            most = late > most ? late : most;
            coincident[i] = unseen != late;
            last[i] = own[shape.step(unseen)];
            for (int64_t k = 0; k < n_post; ++k) traces[i * n_post + k] = own[shape.traces(unseen) + k];
        }
        return most;
    }

    // The k-th newest spikes of the elements of some synapses.
    template <class Chosen>
    PNN_APART void apply(const Chosen& given, int64_t k, const int32_t* list, int64_t n_listed) {
        const Chosen model = given;
        const Spikes spikes(*this, k);
        int64_t n_beyond = 0;
        PNN_INDEPENDENT
        for (int64_t j = 0; j < n_listed; ++j) {
            const int64_t i = list[j];
            const pnn_event event = spikes.event(place[i], dt);
            State own = State::read_(state + i, BLOCK);
            spikes.apply(model, own, first + static_cast<uint64_t>(i), event, place[i]);
            own.write_(changed + j, BLOCK);
            n_beyond += !(event.since_pre < held && event.since_post < held);
        }
        if (held > 0.0 && n_beyond > 0) {
            for (int64_t j = 0; j < n_listed; ++j) {
                const int64_t i = list[j];
                const pnn_event event = spikes.event(place[i], dt);
                if (event.since_pre < held && event.since_post < held) continue;
                State own = State::read_(state + i, BLOCK);
                spikes.apply(models.any, own, first + static_cast<uint64_t>(i), event, place[i]);
                own.write_(changed + j, BLOCK);
            }
        }
        for (int64_t variable = 0; variable < State::n_; ++variable) {
            PNN_INDEPENDENT
            for (int64_t j = 0; j < n_listed; ++j) state[variable * BLOCK + list[j]] = changed[variable * BLOCK + j];
        }
    }

    // The k-th newest spike of any element, with what was before it.
    struct Spikes {
        const double* const steps;
        const double* const steps_before;
        const double* const traces_before;
        const double* const history;
        const HistoryShape shape;
        const int64_t k, capacity;
        const double meeting, origin, post_shift, pre_shift, sees;
        const double previous, before_previous;  // of the source
        const pnn_passage& passage;
        double pre_traces[Room<n_pre>::each], earlier_traces[Room<n_pre>::each];

        PNN_FN Spikes(const Visit& visit, int64_t k_)
            : steps(visit.rows.history + visit.shape.step(k_)),
              steps_before(visit.rows.history + visit.shape.step(k_ + 1)),
              traces_before(visit.rows.history + visit.shape.traces(k_ + 1)),
              history(visit.rows.history), shape(visit.shape), k(k_), capacity(visit.rows.history_capacity),
              meeting(visit.window.meeting), origin(visit.rows.origin),
              post_shift(visit.passage.post_shift), pre_shift(visit.passage.pre_shift), sees(visit.passage.sees),
              previous(as_time(visit.passage.previous)), before_previous(as_time(visit.passage.earlier)),
              passage(visit.passage) {
            for (int64_t i = 0; i < n_pre; ++i) pre_traces[i] = visit.passage.pre_traces[i];
            for (int64_t i = 0; i < n_pre; ++i) earlier_traces[i] = visit.passage.earlier_traces[i];
        }

        PNN_FN pnn_event event(int64_t at, double dt) const {
            const double emitted = steps[at], earlier = steps_before[at];
            const double age = emitted + post_shift, since_origin = age - origin;
            const bool meets = emitted == meeting;  // it arrived together with the previous passage
            const double pre = meets ? before_previous : previous;
            pnn_event event;
            event.since_pre = shorter((emitted - pre) - sees, since_origin);
            event.since_post = shorter(emitted - earlier, since_origin);
            event.since_any = meets ? 0.0 : shorter(event.since_pre, event.since_post);
            if constexpr (Any::arrives_first) {
                event.t = event.t_post = (age - early) * dt;
                event.t_pre = Any::asks_sent ? (last_sent(passage, emitted) - early) * dt : 0.0;
            } else {
                event.t = age * dt;
                event.t_pre = (pre + pre_shift) * dt;
                event.t_post = (earlier + post_shift) * dt;
            }
            event.step = static_cast<int64_t>(emitted);
            event.repetition = POST_EVENTS;
            if constexpr (Any::counts_repetitions) {
                const double* own = history + at;
                for (int64_t i = k + 1; i < capacity && own[shape.step(i)] == emitted; ++i) ++event.repetition;
            }
            event.coincident = meets;
            event.kind = PNN_SPIKE;
            return event;
        }

        template <class Chosen>
        PNN_FN void apply(const Chosen& model, State& own, uint64_t synapse, const pnn_event& event, int64_t at) const {
            double pre[Room<n_pre>::each];
            for_each<n_pre>([&](int64_t i) { pre[i] = event.coincident ? earlier_traces[i] : pre_traces[i]; });
            double post[Room<n_post>::each];
            for_each<n_post>([&](int64_t i) { post[i] = traces_before[at + i]; });
            model.post(own, synapse, event, pre, post);
        }
    };

    // ---- the passing spike ----

    PNN_FN pnn_event passing(int64_t i) const {
        const double now = static_cast<double>(passage.emitted), previous = as_time(passage.previous);
        const double age = now + passage.pre_shift - early, since_origin = age - rows.origin;
        pnn_event event;
        event.since_pre = shorter(now - previous - early, since_origin);
        if constexpr (Any::arrives_first) event.since_pre = longer(event.since_pre, 0.0);  // an axonal one may join another
        event.since_post = shorter((now - last[i]) + passage.sees - early, since_origin);
        event.since_any = coincident[i] ? 0.0 : shorter(event.since_pre, event.since_post);
        event.t = age * dt;
        if constexpr (Any::asks_sent) event.t_pre = (last_sent(passage, age) - early) * dt;
        else event.t_pre = (previous + passage.pre_shift) * dt;
        event.t_post = (last[i] + passage.post_shift - early) * dt;
        event.step = passage.emitted;
        event.repetition = passage.kind != PNN_SPIKE ? AXONAL_EVENT : 0;
        event.coincident = coincident[i];
        event.kind = passage.kind;
        return event;
    }

    // What each synapse sends.
    template <class Chosen>
    PNN_APART void send(const Chosen& given) {
        const Chosen model = given;
        int64_t n_beyond = 0;
        PNN_INDEPENDENT
        for (int64_t i = 0; i < n; ++i) {
            const pnn_event event = passing(i);
            State own = State::read_(state + i, BLOCK);
            sent[i] = model.pre(own, first + static_cast<uint64_t>(i), event, passage.pre_traces, traces + i * n_post);
            own.write_(changed + i, BLOCK);
            n_beyond += !(event.since_pre < held && event.since_post < held);
        }
        if (held > 0.0 && n_beyond > 0) {
            for (int64_t i = 0; i < n; ++i) {
                const pnn_event event = passing(i);
                if (event.since_pre < held && event.since_post < held) continue;
                State own = State::read_(state + i, BLOCK);
                sent[i] = models.any.pre(own, first + static_cast<uint64_t>(i), event, passage.pre_traces, traces + i * n_post);
                own.write_(changed + i, BLOCK);
            }
        }
        for (int64_t variable = 0; variable < State::n_; ++variable)
            for (int64_t i = 0; i < n; ++i) state[variable * BLOCK + i] = changed[variable * BLOCK + i];
        if (passage.multiplicity > 1)
            for (int64_t i = 0; i < n; ++i) sent[i] = send_again(sent[i], i, passing(i));
    }

    // What is identical with the spike that has just passed is added to its sum, one after the other.
    PNN_FN double send_again(double sum, int64_t i, pnn_event event) {
        State own = State::read_(state + i, BLOCK);
        double before[Room<n_pre>::each];
        for (int64_t k = 0; k < n_pre; ++k) before[k] = passage.pre_traces[k];
        for (int64_t repeated = 1; repeated < passage.multiplicity; ++repeated) {
            models.any.pre_trace(before, event);
            event.since_pre = event.since_any = 0.0;
            if constexpr (!Any::arrives_first) event.t_pre = event.t;
            event.repetition = static_cast<uint32_t>(repeated);
            sum += models.any.pre(own, first + static_cast<uint64_t>(i), event, before, traces + i * n_post);
        }
        own.write_(state + i, BLOCK);
        return sum;
    }

    // Hands over what was sent.
    PNN_FN bool deliver(const Target* targets) {
        const double bound = rows.bound * static_cast<double>(passage.multiplicity), inverse_quantum = rows.inverse_quantum;
        int64_t n_unsound = 0;
        for (int64_t i = 0; i < n; ++i) n_unsound += !is_sound(sent[i], bound);
        if (passage.increments != nullptr) {
            for (int64_t i = 0; i < n; ++i) passage.increments[first - passage.begin + static_cast<uint64_t>(i)] = sent[i];
            return n_unsound == 0;
        }
        for (int64_t i = 0; i < n; ++i) quanta[i] = to_fixed(sent[i], inverse_quantum);
        int64_t* const accumulator = rows.accumulator;
        for (int64_t i = 0; i < n; ++i) accumulate(accumulator + targets[i], quanta[i]);
        return n_unsound == 0;
    }
};

// The synapses of some passages, at most BLOCK at a time: those of one passage in pieces of nearly one size, whole vectors but
// for the last.
struct Piece {
    const pnn_passage* passage;
    const pnn_passage* const end;
    uint64_t first = 0;
    int64_t size = 0;

    PNN_FN Piece(const pnn_passage* passages, int64_t n_passages) : passage(passages), end(passages + n_passages) {
        if (is_there()) begin_at(passage->begin);
    }
    PNN_FN bool is_there() const { return passage != end; }
    PNN_FN void advance() {
        const uint64_t next = first + static_cast<uint64_t>(size);
        if (next < passage->end) begin_at(next);
        else if (++passage != end) begin_at(passage->begin);
    }

private:
    PNN_FN void begin_at(uint64_t synapse) {
        const auto left = static_cast<uint32_t>(passage->end - synapse);
        const uint32_t n_pieces = (left + static_cast<uint32_t>(BLOCK) - 1) / static_cast<uint32_t>(BLOCK);
        const uint32_t whole = n_pieces == 0 ? 0 : ((left + n_pieces - 1) / n_pieces + 15) / 16 * 16;
        first = synapse;
        size = left < whole ? left : whole;
    }
};

// Rows lie anywhere in memory: asking for them ahead hides most of the wait (D8).
template <class Model, class Target>
PNN_HOST void prefetch_rows(const Model& model, const pnn_rows& rows, const Piece& piece) {
    ask_for_all(static_cast<const Target*>(rows.targets) + piece.first, piece.size);
    if (Model::has_stored) ask_for_all(model.first_stored() + piece.first, piece.size);
}

template <template <bool> class Model, class Target>
int32_t learn_to(const pnn_rows& rows, const pnn_passage* passages, int64_t n_passages, const pnn_step& step) {
    const Models<Model> models(rows, step);
    bool sound = true;
    Piece later(passages, n_passages);
    for (int64_t k = 0; k < PIECES_AHEAD && later.is_there(); ++k) {
        prefetch_rows<Model<true>, Target>(models.fast, rows, later);
        later.advance();
    }
    for (Piece piece(passages, n_passages); piece.is_there(); piece.advance()) {
        if (later.is_there()) {
            prefetch_rows<Model<true>, Target>(models.fast, rows, later);
            later.advance();
        }
        sound &= Visit<Model, Target>(rows, *piece.passage, models, step.dt, piece.first, piece.size).pass();
    }
    return sound ? 0 : 1;
}

// Model has a parameter: whether all its parameters are shared and all its decays are in tables.
template <template <bool> class Model>
int32_t learn(const pnn_rows* rows, const pnn_passage* passages, int64_t n_passages, const pnn_step* step) {
    if (n_passages == 0) return 0;
    return rows->target_bits == 16 ? learn_to<Model, uint16_t>(*rows, passages, n_passages, *step)
                                   : learn_to<Model, uint32_t>(*rows, passages, n_passages, *step);
}

template <template <bool> class Model>
void pre_trace(const pnn_rows* rows, const pnn_step* step, double* traces, const pnn_event* event) {
    Model<false>(without_tables(*rows), *step).pre_trace(traces, *event);
}

template <template <bool> class Model>
void post_trace(const pnn_rows* rows, const pnn_step* step, double* traces, const pnn_event* event) {
    Model<false>(without_tables(*rows), *step).post_trace(traces, *event);
}

}  // namespace pnn

#endif
