// neurons.h: the primitive `neurons`: every cell of a range over one step, its spikes compacted into a list.
#ifndef PYNN_ANNARCHY_NEURONS_H
#define PYNN_ANNARCHY_NEURONS_H

#include "pynn_annarchy/abi.h"
#include "pynn_annarchy/distributions.h"
#include "pynn_annarchy/laws.h"
#include "pynn_annarchy/mathematics.h"
#include "pynn_annarchy/received.h"
#include "pynn_annarchy/target.h"

namespace pnn {

constexpr int FORMS_ADDED = 2;  // receptors of which numbers come on top of sums without a pass over these

template <class...>
using Void = void;

// The models of one step each, of which conditions on shared values choose one.
template <class... Models>
struct Regimes {};

// One bit for each of n <= 64 cells, from the first one on.
template <class CountOf>
PNN_HOST uint64_t spiked_of(const CountOf& count_of, int64_t first, int64_t n) {
    uint64_t spiked = 0;
    for (int64_t k = 0; k < n; ++k) spiked |= static_cast<uint64_t>(count_of(first + k) > 0 ? 1 : 0) << k;
    return spiked;
}

// What a model draws for many cells at once: here nothing.
template <class Model, class = void>
struct Preparation {
    static constexpr int64_t SIZE = MANY_TOGETHER;
    PNN_FN void prepare(const Model&, int64_t, int64_t) {}
    template <class Form>
    PNN_FN typename Model::Count update(const Model& model, int64_t i, int64_t, Signs& signs) const {
        return model.template update<Form>(i, signs);
    }
};

template <class Model>
struct Preparation<Model, Void<typename Model::Ahead>> {
    static constexpr int64_t SIZE = Model::Ahead::SIZE;
    typename Model::Ahead ahead;
    PNN_FN void prepare(const Model& model, int64_t first, int64_t length) { model.prepare(first, length, ahead); }
    template <class Form>
    PNN_FN typename Model::Count update(const Model& model, int64_t i, int64_t k, Signs& signs) const {
        return model.template update<Form>(i, k, ahead, signs);
    }
};

// Of inputs at rest: as many zeros as elements are updated together.
template <class Real>
alignas(64) constexpr Real ZEROS[MANY_DRAWN > MANY_TOGETHER ? MANY_DRAWN : MANY_TOGETHER] = {};

// What a step of some cells has brought about.
struct Outcome {
    bool may_have_spiked;  // any of them
    bool are_small;        // whether the next step finds what it looks at small
};

// Cells [first + from, first + n) over one step; `counts` is written where spikes are not told anew.
template <class Form, class Model>
PNN_FN Outcome update_each(const Model& model, const Preparation<Model>& preparation, int64_t first, int64_t n,
                           [[maybe_unused]] typename Model::Count* counts, int64_t from = 0) {
    typename Model::Count any = 0;
    Signs signs;
    PNN_INDEPENDENT
    for (int64_t k = from; k < n; ++k) {
        const typename Model::Count count = preparation.template update<Form>(model, first + k, k, signs);
        if constexpr (!Model::TELLS) {
            counts[k] = count;
            any |= count;
        }
    }
    return {Model::TELLS ? signs.spiked < 0 : any != 0, Model::LEAVES && signs.beyond >= 0};
}

// The same in a form for numbers. Where amounts are formed ahead, the loop over the cells of a vector becomes straight code, in which
// amounts stay in registers; sums of the cells that are left are added to.
template <class Form, class Model>
PNN_FN Outcome update_told(const Model& model, const Preparation<Model>& preparation, int64_t first, int64_t n, typename Model::Count* counts) {
    if constexpr (!AMOUNTS_AHEAD) {
        return update_each<Form>(model, preparation, first, n, counts);
    } else {
        using Count = typename Model::Count;
        constexpr int LANES = 64 / sizeof(Count);
        BitsOfAny<LANES> spiked, beyond;
        int64_t k = 0;
        for (; k + LANES <= n; k += LANES) {
            alignas(64) double amounts[Model::RECEPTORS][LANES];
            alignas(64) int64_t have_spiked[LANES], are_beyond[LANES];
            Model own = model;
            own.template form_ahead_<Form>(first + k, LANES, amounts);
            PNN_INDEPENDENT
            for (int j = 0; j < LANES; ++j) {
                Signs signs;
                const Count count = preparation.template update<Form>(own, first + k + j, k + j, signs);
                if constexpr (!Model::TELLS) counts[k + j] = count;
                have_spiked[j] = Model::TELLS ? signs.spiked : -static_cast<int64_t>(count);
                are_beyond[j] = signs.beyond;
            }
            spiked.add(have_spiked);
            beyond.add(are_beyond);
        }
        Outcome rest{false, true};
        if (k < n) {
            model.sum_up_(first + k, n - k);
            rest = update_each<::pnn::Form<true, Model::RESTS>>(model, preparation, first, n, counts, k);
        }
        return {spiked.value() < 0 || rest.may_have_spiked, Model::LEAVES && beyond.value() >= 0 && rest.are_small};
    }
}

// The same where numbers come on top of the sums of a receptor: of one of the first, each of which has a form.
template <int receptor, class Model>
PNN_FN Outcome update_added(const Model& model, const Preparation<Model>& preparation, int64_t first, int64_t n, typename Model::Count* counts) {
    if constexpr (receptor + 1 < Model::RECEPTORS && receptor + 1 < FORMS_ADDED)
        if (model.added_to_ != receptor) return update_added<receptor + 1>(model, preparation, first, n, counts);
    return update_told<Form<true, Model::RESTS, false, receptor>>(model, preparation, first, n, counts);
}

// The same in the form that does least.
template <class Model>
PNN_FN Outcome update_in_form(const Model& model, const Preparation<Model>& preparation, int64_t first, int64_t n,
                              [[maybe_unused]] bool are_left, typename Model::Count* counts) {
    [[maybe_unused]] bool are_small = true;
    if constexpr (Model::LOOKS) are_small = are_left || model.are_small_(first, n);
    if constexpr (Model::RECEPTORS > 0) {
        bool does_least = are_small;
        if constexpr (Model::RESTS) does_least = does_least && model.at_rest_();
        if (model.counts_()) {
            if (does_least) return update_told<Form<true, Model::RESTS, true>>(model, preparation, first, n, counts);
            model.sum_up_(first, n);
        } else if (model.added_to_ >= 0) {
            if (does_least && model.added_to_ < FORMS_ADDED) return update_added<0>(model, preparation, first, n, counts);
            model.sum_up_(first, n);
        }
    }
    if constexpr (Model::LOOKS)
        if (!are_small) return update_each<Form<false, false>>(model, preparation, first, n, counts);
    if constexpr (Model::RESTS)
        if (model.at_rest_()) return update_each<Form<true, true>>(model, preparation, first, n, counts);
    return update_each<Form<true, false>>(model, preparation, first, n, counts);
}

// Whether a step begins with setting subnormal states to zero.
template <class Model>
PNN_FN bool flushes_in([[maybe_unused]] int64_t step) {
    if constexpr (Model::FLUSHED_EVERY > 0) return step % Model::FLUSHED_EVERY == 0;
    else return false;
}

// What some steps begin with, for cells [begin, end).
template <class Model>
PNN_FN void flush_if_due([[maybe_unused]] const Model& model, [[maybe_unused]] int64_t step, [[maybe_unused]] int64_t begin,
                         [[maybe_unused]] int64_t end) {
    if constexpr (Model::FLUSHED_EVERY > 0) {
        if (!flushes_in<Model>(step)) return;
        PNN_INDEPENDENT
        for (int64_t i = begin; i < end; ++i) model.flush(i);
    }
}

// Model has: a constructor from (segment, step), `void go_to_(int64_t first)` for what elements from `first` on need,
// `Count update<Form>(int64_t i, Signs& signs) const`, `void reset(int64_t i) const` for those that have spiked if it RESETS, `Count
// spikes_(int64_t i) const` before that if it TELLS anew what `update` has returned, whose signs say where it has to, `void flush(int64_t
// i) const` if it is FLUSHED_EVERY so many steps, `bool are_small_(int64_t first, int64_t n) const` if it LOOKS at what decides about the
// form, which it LEAVES for the next step if the signs of `update` tell it (unless RESETS_LEFT: `reset` changes it), `bool at_rest_()
// const` if it RESTS, `bool counts_() const`, `void sum_up_(int64_t first, int64_t n) const`, `void form_ahead_<Form>(int64_t first, int n, amounts)`,
// of each receptor, and `int added_to_`, the receptor on top of whose sums numbers come, if it has RECEPTORS, `int64_t count_(int64_t
// first, int64_t n, uint16_t* counts) const`, which may refuse, if a step IS_DRAWN and nothing else; or `Regimes` and `int regime() const`.
template <class Model, class = void>
struct Neurons {
    using Count = typename Model::Count;
    static constexpr int64_t at_once = Preparation<Model>::SIZE, MOST_BLOCKS = 64;
    static constexpr bool REMEMBERS = Model::LEAVES && at_once == PNN_CELLS_TOGETHER;

    static void run(const pnn_segment* segment, int64_t begin, int64_t end, const pnn_step* step, pnn_spikes* spikes) {
        // The copy lives on this stack: the compiler keeps its pointers in registers, since no store can reach them (D11).
        Model model(*segment, *step);
        if constexpr (Model::IS_DRAWN)
            if (spikes->counts != nullptr && spikes->index == nullptr) {
                spikes->n = 0;
                spikes->n_counted = model.count_(begin, end - begin, spikes->counts);
                if (spikes->n_counted >= 0) return;
            }
        Preparation<Model> preparation;
        Count counts[at_once];
        // Of each block, from the first that is updated on; what is flushed in this step is looked at again.
        uint8_t* const left = REMEMBERS && segment->are_small != nullptr ? segment->are_small + (begin - segment->small_from) / at_once : nullptr;
        const bool are_left = left != nullptr && !flushes_in<Model>(step->step);
        Found found{spikes->index, spikes->count, 0, left, begin};
        // Spikes that are told anew are so later: a branch on what a block ends with would throw away what has begun of the next.
        int64_t blocks[MOST_BLOCKS];
        int n_blocks = 0;
        int64_t n_counted = 0;
        for (int64_t first = begin; first < end; first += at_once) {
            const int64_t length = end - first < at_once ? end - first : at_once, block = (first - begin) / at_once;
            model.go_to_(first);
            flush_if_due(model, step->step, first, first + length);
            preparation.prepare(model, first, length);
            const Outcome outcome = update_in_form(model, preparation, first, length, are_left && left[block] != 0, counts);
            if (left != nullptr) left[block] = outcome.are_small ? 1 : 0;
            if (spikes->counts != nullptr) {
                if constexpr (Model::TELLS)
                    for (int64_t k = 0; k < length; ++k) counts[k] = model.spikes_(first + k);
                n_counted += tell_all(counts, length, spikes->counts + (first - begin), *spikes);
            }
            if (spikes->index == nullptr && !Model::RESETS) continue;
            if constexpr (Model::TELLS) {
                blocks[n_blocks] = first;
                n_blocks += outcome.may_have_spiked ? 1 : 0;
                if (n_blocks < MOST_BLOCKS && first + length < end) continue;
                if (n_blocks > 0) found = tell(model, blocks, n_blocks, end, found);
                n_blocks = 0;
            } else if (outcome.may_have_spiked) {
                find_spiked(model, first, length, [&](int64_t i) { return counts[i - first]; }, found);
            }
        }
        spikes->n = found.n;
        spikes->n_counted = n_counted;
    }

private:
    struct Found {
        uint32_t* index;   // null: nobody asks
        uint32_t* count;
        int64_t n;
        uint8_t* left;     // null: nothing is
        int64_t begin;
    };

    // Those of cells [first, first + n) that have spiked enter the list, and do what follows a spike.
    template <class CountOf>
    PNN_HOST static void find_spiked([[maybe_unused]] const Model& model, int64_t first, int64_t n, const CountOf& count_of, Found& found) {
        for (int64_t part = first; part < first + n; part += 64) {
            // A whole part takes no branches.
            uint64_t spiked = first + n - part >= 64 ? spiked_of(count_of, part, 64) : spiked_of(count_of, part, first + n - part);
            for (; spiked != 0; spiked &= spiked - 1) {
                const int64_t i = part + __builtin_ctzll(spiked);
                if (found.index != nullptr) {
                    found.index[found.n] = static_cast<uint32_t>(i);
                    found.count[found.n++] = static_cast<uint32_t>(count_of(i));
                }
                if constexpr (Model::RESETS) model.reset(i);
                if constexpr (REMEMBERS && Model::RESETS_LEFT)
                    if (found.left != nullptr) found.left[(i - found.begin) / at_once] = 0;
            }
        }
    }

    // The same of some blocks, by what they have stored. Apart, and of a copy, so that nothing of it is in the way of what all cells do.
    PNN_HOST_APART static Found tell(Model model, const int64_t* blocks, int n_blocks, int64_t end, Found found) {
        for (int k = 0; k < n_blocks; ++k) {
            const int64_t n = end - blocks[k] < at_once ? end - blocks[k] : at_once;
            model.go_to_(blocks[k]);
            find_spiked(model, blocks[k], n, [&](int64_t i) { return model.spikes_(i); }, found);
        }
        return found;
    }

    // Writes how often each of n cells has spiked; returns how often all have.
    PNN_HOST static int64_t tell_all(const Count* counts, int64_t n, uint16_t* of_each, pnn_spikes& spikes) {
        Count all = 0;
        int64_t sum = 0;
        for (int64_t k = 0; k < n; ++k) {
            const Count count = counts[k] > 0 ? counts[k] : 0;
            of_each[k] = static_cast<uint16_t>(count);
            all |= count;
            sum += count;
        }
        if (all > 0xffff) spikes.has_more = 1;
        return sum;
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
