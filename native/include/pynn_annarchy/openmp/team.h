// team.h: one team of threads for a whole run, with a barrier that a busy machine does not punish (DESIGN D9).
#ifndef PYNN_ANNARCHY_OPENMP_TEAM_H
#define PYNN_ANNARCHY_OPENMP_TEAM_H

#include <omp.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>

namespace pnn {

// What a thread does that waits for another one. Spins briefly, then yields: with more threads than free cores a pure spin would
// wait for a whole time slice.
class Patience {
public:
    void wait() {
        if (++waited_ < 2000) {
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        } else {
            sched_yield();
        }
    }

private:
    int waited_ = 0;
};

class Barrier {
public:
    explicit Barrier(int n) : n_(n) {}

    void wait() {
        const unsigned generation = generation_.load(std::memory_order_acquire);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == n_) {
            arrived_.store(0, std::memory_order_relaxed);
            generation_.fetch_add(1, std::memory_order_release);
            return;
        }
        for (Patience patience; generation_.load(std::memory_order_acquire) == generation;) patience.wait();
    }

private:
    const int n_;
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> generation_{0};
};

// libgomp's pool does not survive fork(): the parent gives it back before, each side builds its own on next use.
inline void release_team_before_fork() {
    static const int registered = pthread_atfork(
        [] {
            if (!omp_in_parallel()) omp_pause_resource_all(omp_pause_hard);
        },
        nullptr, nullptr);
    (void)registered;
}

// Calls body(worker, barrier) once on each of n workers and returns when all are done.
template <class Body>
void with_team(int n, Body&& body) {
    Barrier barrier(n);
    if (n == 1) {
        body(0, barrier);
        return;
    }
    release_team_before_fork();
#pragma omp parallel num_threads(n)
    { body(omp_get_thread_num(), barrier); }
}

}  // namespace pnn

#endif
