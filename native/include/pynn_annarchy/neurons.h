// neurons.h: the primitive `neurons`: every cell of a range over one step, its spikes compacted into a list.
#ifndef PYNN_ANNARCHY_NEURONS_H
#define PYNN_ANNARCHY_NEURONS_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/distributions.h"
#include "pynn_annarchy/fixed_point.h"
#include "pynn_annarchy/laws.h"
#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/target.h"

namespace pnn {

template <class...>
using Void = void;

PNN_FN Received received_of(const pnn_segment& segment, int64_t receptor) {
    const bool is_counted = segment.numbers != nullptr;
    return {segment.inputs[receptor], segment.quanta[receptor], is_counted ? segment.numbers[receptor] : nullptr, is_counted ? segment.each[receptor] : 0};
}

// The models of one step each, of which conditions on shared values choose one.
template <class... Models>
struct Regimes {};

// One bit for each of n <= 64 cells.
template <class Count>
PNN_FN uint64_t spiked_of(const Count* counts, int64_t n) {
    uint64_t spiked = 0;
    for (int64_t k = 0; k < n; ++k) spiked |= static_cast<uint64_t>(counts[k] > 0 ? 1 : 0) << k;
    return spiked;
}

// What a model draws for many cells at once: here nothing.
template <class Model, class = void>
struct Preparation {
    static constexpr int64_t SIZE = MANY_TOGETHER;
    PNN_FN void prepare(const Model&, int64_t, int64_t) {}
    template <class Form>
    PNN_FN typename Model::Count update(const Model& model, int64_t i, int64_t) const {
        return model.template update<Form>(i);
    }
};

template <class Model>
struct Preparation<Model, Void<typename Model::Ahead>> {
    static constexpr int64_t SIZE = Model::Ahead::SIZE;
    typename Model::Ahead ahead;
    PNN_FN void prepare(const Model& model, int64_t first, int64_t length) { model.prepare(first, length, ahead); }
    template <class Form>
    PNN_FN typename Model::Count update(const Model& model, int64_t i, int64_t k) const {
        return model.template update<Form>(i, k, ahead);
    }
};

// Of inputs at rest: as many zeros as elements are updated together.
template <class Real>
alignas(64) constexpr Real ZEROS[MANY_DRAWN > MANY_TOGETHER ? MANY_DRAWN : MANY_TOGETHER] = {};

// Cells [first, first + n) over one step; returns whether any of them has spiked.
template <class Form, class Model>
PNN_FN bool update_each(const Model& model, const Preparation<Model>& preparation, int64_t first, int64_t n,
                        typename Model::Count* counts) {
    typename Model::Count any = 0;
    PNN_INDEPENDENT
    for (int64_t k = 0; k < n; ++k) {
        const typename Model::Count count = preparation.template update<Form>(model, first + k, k);
        counts[k] = count;
        any |= count;
    }
    return any != 0;
}

// Whether these cells take the form that does least.
template <class Model>
PNN_FN bool do_least(const Model& model, int64_t first, int64_t n) {
    if constexpr (Model::LOOKS)
        if (!model.are_small_(first, n)) return false;
    if constexpr (Model::RESTS) return model.at_rest_();
    else return true;
}

// The same in the form that does least.
template <class Model>
PNN_FN bool update_in_form(const Model& model, const Preparation<Model>& preparation, int64_t first, int64_t n,
                           typename Model::Count* counts) {
    if constexpr (Model::RECEIVES)
        if (model.counts_()) {
            if (do_least(model, first, n)) return update_each<Form<true, Model::RESTS, true>>(model, preparation, first, n, counts);
            model.sum_up_(first, n);
        }
    if constexpr (Model::LOOKS)
        if (!model.are_small_(first, n)) return update_each<Form<false, false>>(model, preparation, first, n, counts);
    if constexpr (Model::RESTS)
        if (model.at_rest_()) return update_each<Form<true, true>>(model, preparation, first, n, counts);
    return update_each<Form<true, false>>(model, preparation, first, n, counts);
}

// What some steps begin with, for cells [begin, end).
template <class Model>
PNN_FN void flush_if_due([[maybe_unused]] const Model& model, [[maybe_unused]] int64_t step, [[maybe_unused]] int64_t begin,
                         [[maybe_unused]] int64_t end) {
    if constexpr (Model::FLUSHED_EVERY > 0) {
        if (step % Model::FLUSHED_EVERY != 0) return;
        PNN_INDEPENDENT
        for (int64_t i = begin; i < end; ++i) model.flush(i);
    }
}

// Model has: a constructor from (segment, step), `void go_to_(int64_t first)` for what elements from `first` on need,
// `Count update<Form>(int64_t i) const`, `void reset(int64_t i) const` for those that have spiked if it RESETS,
// `void flush(int64_t i) const` if it is FLUSHED_EVERY so many steps, `bool are_small_(int64_t first, int64_t n) const` if it
// LOOKS at what decides about the form, `bool at_rest_() const` if it RESTS, `bool counts_() const` and `void sum_up_(int64_t
// first, int64_t n) const` if it RECEIVES anything; or `Regimes` and `int regime() const`.
template <class Model, class = void>
struct Neurons {
    static void run(const pnn_segment* segment, int64_t begin, int64_t end, const pnn_step* step, pnn_spikes* spikes) {
        // The copy lives on this stack: the compiler keeps its pointers in registers, since no store can reach them (D11).
        Model model(*segment, *step);
        Preparation<Model> preparation;
        constexpr int64_t at_once = Preparation<Model>::SIZE;
        typename Model::Count counts[at_once];
        uint32_t *const index = spikes->index, *const multiplicity = spikes->count;
        int64_t n = 0, n_counted = 0;
        for (int64_t first = begin; first < end; first += at_once) {
            const int64_t length = end - first < at_once ? end - first : at_once;
            model.go_to_(first);
            flush_if_due(model, step->step, first, first + length);
            preparation.prepare(model, first, length);
            const bool any = update_in_form(model, preparation, first, length, counts);
            if (spikes->counts != nullptr) {
                uint16_t* const of_each = spikes->counts + (first - begin);
                typename Model::Count all = 0;
                for (int64_t k = 0; k < length; ++k) {
                    const typename Model::Count count = counts[k] > 0 ? counts[k] : 0;
                    of_each[k] = static_cast<uint16_t>(count);
                    all |= count;
                    n_counted += count;
                }
                if (all > 0xffff) spikes->has_more = 1;
            }
            if (!any || (index == nullptr && !Model::RESETS)) continue;
            for (int64_t part = 0; part < length; part += 64) {
                // A whole part takes no branches.
                uint64_t spiked = length - part >= 64 ? spiked_of(counts + part, 64) : spiked_of(counts + part, length - part);
                for (; spiked != 0; spiked &= spiked - 1) {
                    const int64_t k = part + __builtin_ctzll(spiked);
                    if constexpr (Model::RESETS) model.reset(first + k);
                    if (index == nullptr) continue;
                    index[n] = static_cast<uint32_t>(first + k);
                    multiplicity[n++] = static_cast<uint32_t>(counts[k]);
                }
            }
        }
        spikes->n = n;
        spikes->n_counted = n_counted;
    }
};

template <class Model>
struct Neurons<Model, Void<typename Model::Regimes>> {
    template <class... Each>
    static pnn_neurons_fn chosen(int regime, Regimes<Each...>) {
        const pnn_neurons_fn all[] = {&Neurons<Each>::run...};
        return all[regime];
    }
    static void run(const pnn_segment* segment, int64_t begin, int64_t end, const pnn_step* step, pnn_spikes* spikes) {
        chosen(Model(*segment, *step).regime(), typename Model::Regimes{})(segment, begin, end, step, spikes);
    }
};

template <class Model>
void neurons(const pnn_segment* segment, int64_t begin, int64_t end, const pnn_step* step, pnn_spikes* spikes) {
    Neurons<Model>::run(segment, begin, end, step, spikes);
}

}  // namespace pnn

#endif
