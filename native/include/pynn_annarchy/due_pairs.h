// due_pairs.h: groups of pairs that wait for the step in which they fall due; one of each spike under way.
//
// Most rows have synapses of every delay near the mean, so that the next group of a spike falls due in the next step: those
// wait where they have just been, which is in the cache. Of a calendar's buckets each is read again after as many steps as
// the longest delay has, and by then lies in memory.
#ifndef PYNN_ANNARCHY_DUE_PAIRS_H
#define PYNN_ANNARCHY_DUE_PAIRS_H

#include <cstdint>
#include <vector>

#include "pynn_annarchy/delayed_rows.h"

namespace pnn {

class DuePairs {
public:
    void resize(int max_delay) { later_.resize(max_delay); }
    void clear() {
        next_.clear();
        later_.clear();
    }
    bool empty() const { return next_.empty() && later_.empty(); }
    // A group that falls due in a step to come.
    void add(int64_t step, const pnn_due_pairs& group) { later_.at(step).push_back(group); }
    // Those that fall due in step n, each of which the caller turns into the next one of its row; `go_on` follows. No step is left out.
    std::vector<pnn_due_pairs>& take(int64_t n) {
        std::vector<pnn_due_pairs>& others = later_.at(n);
        next_.insert(next_.end(), others.begin(), others.end());
        others.clear();
        return next_;
    }
    void go_on(int64_t n) {
        std::size_t n_next = 0;
        for (const pnn_due_pairs group : next_) {
            if (group.n == 0) continue;
            if (group.steps == 1) next_[n_next++] = group;
            else add(n + group.steps, group);
        }
        next_.resize(n_next);
    }
    // Calls visit(step in which it falls due, group) for all that wait after step `now`.
    template <class Visit>
    void for_each_due(int64_t now, Visit visit) const {
        for (const pnn_due_pairs& group : next_) visit(now + 1, group);
        later_.for_each_due(now, visit);
    }

private:
    std::vector<pnn_due_pairs> next_;  // in the step after the last one
    CalendarOf<pnn_due_pairs> later_;
};

}  // namespace pnn

#endif
