// distributions.h: random values that belong to an element, a step and a call, never to an order of drawing.
//
// Each function takes the call's Identity and the parameters, and is a pure function of both. Uniform, normal,
// lognormal and exponential use one block of Philox and no branch; gamma, gamma_above, binomial and poisson may reject and then go
// on to the next block of the same call. Parameters outside the stated range give nan, so does nan.
#ifndef PYNN_ANNARCHY_DISTRIBUTIONS_H
#define PYNN_ANNARCHY_DISTRIBUTIONS_H

#include "mathematics.h"
#include "philox.h"

namespace pnn {

// Who draws, when, and which of its calls: see philox.h for the place of each in the counter.
struct Identity {
    uint32_t seed_key;      // hash32 of the seed
    uint32_t object_index;  // creation index
    uint64_t element;       // 48 bits
    uint32_t trial_batch;   // trial_batch(trial, batch)
    uint32_t step;
    uint32_t event;         // 16 bits: the n-th event of this element in this step
    uint32_t draw;          // 0-255: the n-th call in the model's text
};

constexpr uint32_t BLOCKS = 256;  // blocks of one call; to use them all up has a probability below 2^-256

PNN_FN Words block(const Identity& who, uint32_t index) {
    return philox(who.seed_key, who.object_index, who.element, who.trial_batch, who.step, who.event,
                  who.draw << 8 | index);
}

PNN_FN double standard_uniform(const Words& w) { return open_uniform(w.a, w.b); }

// Box and Muller 1958, the cosine branch: one block, one value, |value| < 8.6.
PNN_FN double standard_normal(const Words& w) {
    return pnn::sqrt(-2.0 * log_positive(open_uniform(w.a, w.b))) * cos_turns(open_uniform(w.c, w.d));
}

// Between low and high >= low, both excluded but for rounding.
PNN_FN double uniform(const Identity& who, double low, double high) {
    const double value = pnn::fma(high - low, standard_uniform(block(who, 0)), low);
    return low <= high ? value : NOT_A_NUMBER;
}

// Mean mu, standard deviation sigma >= 0.
PNN_FN double normal(const Identity& who, double mu, double sigma) {
    const double value = pnn::fma(sigma, standard_normal(block(who, 0)), mu);
    return sigma >= 0.0 ? value : NOT_A_NUMBER;
}

// e^normal: mu and sigma are those of the logarithm.
PNN_FN double lognormal(const Identity& who, double mu, double sigma) { return pnn::exp(normal(who, mu, sigma)); }

// `scale` >= 0 is the MEAN (1 / rate).
PNN_FN double exponential(const Identity& who, double scale) {
    const double value = flush(-scale * log_positive(standard_uniform(block(who, 0))));
    return scale >= 0.0 ? value : NOT_A_NUMBER;
}

// Whole numbers from low to high, BOTH included; nan where there is none between them.
PNN_FN double discrete_uniform(const Identity& who, double low, double high) {
    const double first = pnn::ceil(low), last = pnn::floor(high);
    const double value = first + pnn::floor(standard_uniform(block(who, 0)) * (last - first + 1.0));
    return first <= last ? minimum(value, last) : NOT_A_NUMBER;
}

// The first of the call's values that is not at or below `low`. Marsaglia & Tsang 2000, ACM TOMS 26:363-372; two blocks
// an attempt.
PNN_RARE double gamma_by_rejection(const Identity& who, double shape, double scale, double low) {
    if (!(shape > 0.0) || shape > LARGEST || !(scale >= 0.0)) return NOT_A_NUMBER;
    const double boosted = shape < 1.0 ? shape + 1.0 : shape;
    const double d = boosted - 1.0 / 3.0, c = 1.0 / pnn::sqrt(9.0 * d);
    for (uint32_t attempt = 0; attempt < BLOCKS / 2; ++attempt) {
        const double x = standard_normal(block(who, 2 * attempt)), root = pnn::fma(c, x, 1.0);
        const Words words = block(who, 2 * attempt + 1);
        if (root <= 0.0) continue;
        const double v = root * root * root;
        // v - 1 - log(v) as a difference of small numbers, so that it stays exact for any shape
        const double cx = c * x, excess = cx * pnn::fma(cx, cx + 3.0, 3.0) - 3.0 * log1p(cx);
        if (pnn::log(standard_uniform(words)) >= 0.5 * x * x - d * excess) continue;
        const double shrink = shape < 1.0 ? pnn::pow(open_uniform(words.c, words.d), 1.0 / shape) : 1.0;
        const double value = flush(scale * d * v * shrink);
        if (value <= low) continue;
        return value;
    }
    return scale * d;
}

// shape > 0, scale >= 0, mean shape * scale.
PNN_FN double gamma(const Identity& who, double shape, double scale) {
    return gamma_by_rejection(who, shape, scale, -INFINITE);
}

// The tail of a standard gamma distribution above `low` > max(shape - 1, 0), shape >= 1: an exponential proposal of the
// best rate. Dagpunar 1978, J. Stat. Comput. Simul. 8:59-64.
PNN_RARE double gamma_tail(const Identity& who, double shape, double low) {
    const double excess = shape - 1.0, away = low - shape;
    const double rate = (away + pnn::sqrt(pnn::fma(away, away, 4.0 * low))) / (2.0 * low), rest = 1.0 - rate;
    for (uint32_t attempt = 0; attempt < BLOCKS; ++attempt) {
        const Words words = block(who, attempt);
        const double x = low - log_positive(open_uniform(words.a, words.b)) / rate;
        if (excess <= 0.0 || rest <= 0.0) return x;
        const double best = excess / rest;  // where the density is nearest to the proposal's
        if (log_positive(open_uniform(words.c, words.d)) <= excess * pnn::log(x / best) - rest * (x - best)) return x;
    }
    return low;
}

// The same for 0 < shape < 1 and any `low` > 0: x^(shape - 1) below 1, e^-x above.
PNN_RARE double gamma_tail_of_bursts(const Identity& who, double shape, double low) {
    const double span = low < 1.0 ? expm1(shape * pnn::log(low)) : 0.0, first = low < 1.0 ? 1.0 : low;
    const double below = pnn::exp(-low) * -span / shape, above = pnn::exp(-first) * pnn::pow(first, shape - 1.0);
    for (uint32_t attempt = 0; attempt < BLOCKS / 2; ++attempt) {
        const Words words = block(who, 2 * attempt), bar = block(who, 2 * attempt + 1);
        const double u = open_uniform(words.a, words.b), limit = log_positive(standard_uniform(bar));
        if (open_uniform(words.c, words.d) * (below + above) < below) {
            const double x = pnn::exp(log1p(u * span) / shape);
            if (limit <= low - x) return maximum(x, low);
        } else {
            const double x = first - log_positive(u);
            if (limit <= (shape - 1.0) * pnn::log(x / first)) return x;
        }
    }
    return low;
}

// A gamma variable, given that it is larger than `low`.
PNN_RARE double gamma_above(const Identity& who, double shape, double scale, double low) {
    if (low <= 0.0) return gamma(who, shape, scale);
    const double least = low / scale;
    if (!(shape > 0.0) || shape > LARGEST || !(least >= 0.0 && least <= LARGEST)) return NOT_A_NUMBER;
    if (shape < 1.0) return flush(scale * gamma_tail_of_bursts(who, shape, least));
    if (least > shape - 1.0) return flush(scale * gamma_tail(who, shape, least));
    return gamma_by_rejection(who, shape, scale, low);  // below the mode: every second value is larger
}

// ---- counts -------------------------------------------------------------------------------------------------------

// log(k!) - (k log k - k + log(2 pi k) / 2) for a whole number k >= 1: Stirling's error.
PNN_FN double stirling_error(double k) {
    if (k < 16.0) {
        double factorial = 1.0;
        for (double i = 2.0; i <= k; i += 1.0) factorial *= i;
        return pnn::log(factorial) - ((k + 0.5) * pnn::log(k) - k + 0x1.d67f1c864beb5p-1);  // log(2 pi) / 2
    }
    const double z = 1.0 / (k * k);
    return polynomial(z, 1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0) / k;
}

// k log(k / mean) + mean - k, without cancellation at k = mean (Loader 2000, the saddle-point expansion).
PNN_FN double deviance(double k, double mean) {
    const double d = (k - mean) / mean;
    return k > 0.0 ? mean * ((1.0 + d) * log1p(d) - d) : mean;
}

PNN_FN double log_poisson(double k, double lambda) {
    if (k == 0.0) return -lambda;
    return -stirling_error(k) - deviance(k, lambda) - 0.5 * pnn::log(2.0 * PI_HI * k);
}

PNN_FN double log_binomial(double k, double n, double p) {
    const double rest = n - k;
    if (k == 0.0) return n * log1p(-p);
    if (rest == 0.0) return n * pnn::log(p);
    return stirling_error(n) - stirling_error(k) - stirling_error(rest) - deviance(k, n * p) -
           deviance(rest, n * (1.0 - p)) + 0.5 * pnn::log(n / (2.0 * PI_HI * k * rest));
}

// A proposal of Hoermann's transformed rejection: a count k.
struct Proposal {
    double k, us, v;
    bool accepted;  // inside the region where no comparison is needed
};

// From W. Hoermann 1993, Insurance: Mathematics and Economics 12:39-45 and J. Stat. Comput. Simul. 46:101-110.
struct Hat {
    double a, b, centre, quick, log_scale;
};

PNN_FN Proposal propose(const Hat& hat, const Words& words) {
    const double u = open_uniform(words.a, words.b) - 0.5, v = open_uniform(words.c, words.d);
    const double us = 0.5 - pnn::fabs(u);
    const double k = pnn::floor((2.0 * hat.a / us + hat.b) * u + hat.centre);
    return {k, us, v, us >= 0.07 && v <= hat.quick};
}

// What the logarithm of the proposed count's probability has to exceed.
PNN_FN double log_bar(const Hat& hat, const Proposal& proposal) {
    return pnn::log(proposal.v) + hat.log_scale - pnn::log(hat.a / (proposal.us * proposal.us) + hat.b);
}

// Of a mean of 10 or more.
PNN_FN Hat poisson_hat(double lambda) {
    const double b = pnn::fma(2.53, pnn::sqrt(lambda), 0.931);
    return {pnn::fma(0.02483, b, -0.059), b, lambda + 0.43, 0.9277 - 3.6224 / (b - 2.0),
            pnn::log(1.1239 + 1.1328 / (b - 3.4))};
}

PNN_RARE double poisson_by_rejection(const Identity& who, double lambda, const Hat& hat) {
    for (uint32_t attempt = 0; attempt < BLOCKS; ++attempt) {
        const Proposal next = propose(hat, block(who, attempt));
        if (next.accepted) return next.k;
        if (next.k >= 0.0 && log_bar(hat, next) <= log_poisson(next.k, lambda)) return next.k;
    }
    return pnn::floor(lambda);
}

// Mean lambda < 10: the number of probabilities that can be taken away from a uniform number.
PNN_FN double poisson_by_inversion(double uniform_number, double lambda) {
    double probability = pnn::exp(-positive(lambda)), k = 0.0;
    double rest = uniform_number - probability;
    while (rest > 0.0 && k < 100.0) {  // beyond 100, nothing is left on the grid of 2^-53
        k += 1.0;
        probability *= lambda / k;
        rest -= probability;
    }
    return k;
}

// Mean lambda <= 2^52, 0 where lambda <= 0. By inversion below 10, one block; by rejection above.
PNN_FN double poisson(const Identity& who, double lambda) {
    if (lambda >= 10.0) return lambda <= 0x1p52 ? poisson_by_rejection(who, lambda, poisson_hat(lambda)) : NOT_A_NUMBER;
    const double k = poisson_by_inversion(standard_uniform(block(who, 0)), lambda);
    return lambda == lambda ? k : lambda;
}

// n trials of probability p <= 1/2 with n p < 10
PNN_FN double binomial_by_inversion(const Identity& who, double n, double p) {
    const double odds = p / (1.0 - p);
    double probability = pnn::exp(n * log1p(-p)), k = 0.0;
    double rest = standard_uniform(block(who, 0)) - probability;
    while (rest > 0.0 && k < n && k < 100.0) {
        probability *= odds * (n - k) / (k + 1.0);
        k += 1.0;
        rest -= probability;
    }
    return k;
}

// p <= 1/2, n p >= 10
PNN_FN double binomial_by_rejection(const Identity& who, double n, double p) {
    const double spread = pnn::sqrt(n * p * (1.0 - p)), b = pnn::fma(2.53, spread, 1.15);
    const double a = pnn::fma(0.01, p, pnn::fma(0.0248, b, -0.0873)), mode = pnn::floor((n + 1.0) * p);
    const Hat hat = {a, b, pnn::fma(n, p, 0.5), 0.92 - 4.2 / b, pnn::log(2.83 + 5.1 / b) + pnn::log(spread)};
    const double log_mode = log_binomial(mode, n, p);
    for (uint32_t attempt = 0; attempt < BLOCKS; ++attempt) {
        const Proposal next = propose(hat, block(who, attempt));
        if (next.accepted) return next.k;
        if (next.k < 0.0 || next.k > n) continue;
        if (log_bar(hat, next) <= log_binomial(next.k, n, p) - log_mode) return next.k;
    }
    return mode;
}

// Successes in floor(n) trials, 0 <= n <= 2^52, 0 <= p <= 1.
PNN_RARE double binomial(const Identity& who, double n, double p) {
    if (!(n >= 0.0 && n <= 0x1p52 && p >= 0.0 && p <= 1.0)) return NOT_A_NUMBER;
    const double trials = pnn::floor(n), rarer = p > 0.5 ? 1.0 - p : p;
    const double k = trials * rarer < 10.0 ? binomial_by_inversion(who, trials, rarer)
                                           : binomial_by_rejection(who, trials, rarer);
    return p > 0.5 ? trials - k : k;
}

}  // namespace pnn

#endif
