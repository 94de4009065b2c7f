// generate.cpp: connections drawn natively, by as many threads as there are.
#include "pynn_annarchy/generate.h"

#include <algorithm>
#include <cmath>

#include "pynn_annarchy/target.h"

#include "pynn_annarchy/distributions.h"
#include "pynn_annarchy/engine.h"
#include "pynn_annarchy/openmp/team.h"

namespace pnn {

namespace {

constexpr uint32_t most_redraws = 1000;
constexpr std::size_t at_once = 1024;  // numbers drawn before they are used

PNN_FN Identity identity(uint32_t seed_key, uint32_t stream, uint64_t element, uint32_t step) {
    return Identity{seed_key, stream, element, 0, step, 0, 0};
}

PNN_FN void draw_pairs(const Plan& plan, uint64_t begin, int64_t n, double n_pre, double n_post, double* pre, double* post) {
    for (int64_t i = 0; i < n; ++i) {
        const Words words = block(identity(plan.seed_key, plan.stream, plan.position + begin + uint64_t(i), 0), 0);
        pre[i] = minimum(pnn::floor(open_uniform(words.a, words.b) * n_pre), n_pre - 1.0);
        post[i] = minimum(pnn::floor(open_uniform(words.c, words.d) * n_post), n_post - 1.0);
    }
}

PNN_FN void draw_values(const Law& law, uint64_t begin, int64_t n, double* out) {
    auto who = [&](int64_t i, uint32_t redraw) {
        return identity(law.seed_key, law.stream, law.position + begin + uint64_t(i), redraw);
    };
    switch (law.kind) {
        case Law::CONSTANT:
            for (int64_t i = 0; i < n; ++i) out[i] = law.first;
            return;
        case Law::UNIFORM:
            for (int64_t i = 0; i < n; ++i) out[i] = uniform(who(i, 0), law.first, law.second);
            return;
        case Law::NORMAL:
        case Law::NORMAL_CLIPPED:
            for (int64_t i = 0; i < n; ++i) out[i] = normal(who(i, 0), law.first, law.second);
            break;
        case Law::LOGNORMAL:
            for (int64_t i = 0; i < n; ++i) out[i] = lognormal(who(i, 0), law.first, law.second);
            return;
        case Law::EXPONENTIAL:
            for (int64_t i = 0; i < n; ++i) out[i] = exponential(who(i, 0), law.first);
            return;
        case Law::GAMMA:
            for (int64_t i = 0; i < n; ++i) out[i] = gamma(who(i, 0), law.first, law.second);
            return;
    }
    if (law.kind == Law::NORMAL) return;
    for (int64_t i = 0; i < n; ++i) {
        uint32_t redraw = 0;
        while (!(out[i] >= law.low && out[i] <= law.high) && ++redraw < most_redraws)
            out[i] = normal(who(i, redraw), law.first, law.second);
        if (redraw == most_redraws) out[i] = NOT_A_NUMBER;
    }
}

// Each loop is compiled for the plainest CPU and, on x86-64, once more for those with fma; the bits are equal.
struct Plain {
    static void pairs(const Plan& plan, uint64_t begin, int64_t n, double n_pre, double n_post, double* pre, double* post) {
        draw_pairs(plan, begin, n, n_pre, n_post, pre, post);
    }
    static void values(const Law& law, uint64_t begin, int64_t n, double* out) { draw_values(law, begin, n, out); }
};

#if defined(__x86_64__)
struct Fused {
    __attribute__((target("avx2,fma"))) static void pairs(const Plan& plan, uint64_t begin, int64_t n, double n_pre, double n_post,
                                                          double* pre, double* post) {
        draw_pairs(plan, begin, n, n_pre, n_post, pre, post);
    }
    __attribute__((target("avx2,fma"))) static void values(const Law& law, uint64_t begin, int64_t n, double* out) {
        draw_values(law, begin, n, out);
    }
};

bool has_fma() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
}
const auto pairs_of = has_fma() ? Fused::pairs : Plain::pairs;
const auto values_of = has_fma() ? Fused::values : Plain::values;
#else
const auto pairs_of = Plain::pairs;
const auto values_of = Plain::values;
#endif

}  // namespace

void Drawn::Range::include(double value) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
    failed = failed || std::isnan(value);
}

void Drawn::Range::include(const Range& other) {
    least = std::min(least, other.least);
    greatest = std::max(greatest, other.greatest);
    failed = failed || other.failed;
}

Drawn Staging::generate(int64_t n, const Plan& plan, int n_threads) {
    Drawn all;
    if (n == 0) return all;
    const std::size_t known = blocks_.size();
    const std::size_t n_blocks = (std::size_t(n) + block_size - 1) / block_size;
    const bool narrow_pre = n_pre_ <= 65536, narrow_post = n_post_ <= 65536;
    const bool draws_weights = plan.weight.kind != Law::CONSTANT, draws_delays = plan.delay.kind != Law::CONSTANT;
    auto steps_of = [&](double delay) {
        const double steps = std::floor(delay / plan.dt + 0.5 + plan.tolerance);
        return uint16_t(steps >= 0.0 && steps <= 65535.0 ? steps : 0.0);  // whoever asked for it refuses the range
    };
    if (n_ == 0) {
        first_weight_ = plan.weight.first;
        first_delay_ = steps_of(plan.delay.first);
    }
    if (weights_equal_ && (draws_weights || plan.weight.first != first_weight_)) spread_weights();
    if (delays_equal_ && (draws_delays || steps_of(plan.delay.first) != first_delay_)) spread_delays();
    if (!draws_weights) {
        weights_fit_float_ = weights_fit_float_ && double(float(plan.weight.first)) == plan.weight.first;
        all.weight.include(plan.weight.first);
    }
    if (!draws_delays) all.delay.include(plan.delay.first);

    blocks_.resize(known + n_blocks);
    std::vector<Drawn> drawn(static_cast<std::size_t>(n_threads));
    with_team(n_threads, [&](int worker, Barrier&) {
        Drawn own;
        std::vector<double> first(at_once), second(at_once);
        for (std::size_t b = std::size_t(worker); b < n_blocks; b += std::size_t(n_threads)) {
            Block& block = blocks_[known + b];
            const uint64_t begin = uint64_t(b) * block_size, end = std::min<uint64_t>(begin + block_size, uint64_t(n));
            block.n = std::size_t(end - begin);
            block.pre.reserve(block.n, narrow_pre);
            block.post.reserve(block.n, narrow_post);
            if (!weights_equal_) block.weight.reserve(block.n);
            if (!delays_equal_) block.delay.reserve(block.n);
            for (uint64_t rank = begin; rank < end; rank += at_once) {
                const auto here = int64_t(std::min<uint64_t>(at_once, end - rank));
                pairs_of(plan, rank, here, double(n_pre_), double(n_post_), first.data(), second.data());
                for (int64_t i = 0; i < here; ++i) {
                    block.pre.push_back(uint32_t(first[std::size_t(i)]), narrow_pre);
                    block.post.push_back(uint32_t(second[std::size_t(i)]), narrow_post);
                }
                if (!weights_equal_) {
                    values_of(plan.weight, rank, here, first.data());
                    for (int64_t i = 0; i < here; ++i) {
                        const double value = draws_weights ? double(float(first[std::size_t(i)])) : first[std::size_t(i)];
                        own.weight.include(value);
                        block.weight.push_back(value);
                    }
                }
                if (!delays_equal_) {
                    values_of(plan.delay, rank, here, first.data());
                    for (int64_t i = 0; i < here; ++i) {
                        own.delay.include(first[std::size_t(i)]);
                        block.delay.push_back(steps_of(first[std::size_t(i)]));
                    }
                }
            }
        }
        drawn[std::size_t(worker)] = own;
    });
    for (const Drawn& own : drawn) {
        all.weight.include(own.weight);
        all.delay.include(own.delay);
    }
    n_ += n;
    return all;
}

}  // namespace pnn
