// mathematics.h: every function of the model language, with the same bits on every compiler, CPU and GPU.
//
// Only + - * /, sqrt, fma, comparisons and exact roundings are used; all of these are fixed by IEEE 754, so what is
// computed here does not depend on anybody's libm. Compile with -ffp-contract=off (nvcc: -fmad=false), never with
// -ffast-math. With -fno-math-errno -fno-trapping-math, GCC vectorises loops over everything that is branch-free:
// all but sin, cos, tan (one branch, for |x| >= 2^30) and modulo.
//
// Errors, in units in the last place, measured against 60 digits (tests/native/test_mathematics.py):
//   exp expm1 exprel log tanh <= 2; all others <= 4; floor ... clip, sqrt exact or correctly rounded; modulo exact where x and y have
//   one sign, else correctly rounded.
// Zero and small numbers: one printed rule (`flush`). What enters or leaves a function as a subnormal counts as +0;
// zero has no sign, so log(-0) = log(+0) and atan2(0, -1) = pi. Functions that return one of their arguments or round
// it (minimum, floor, ...), and sqrt, do not flush.
// Not a number: passes through every function except pow(1, nan) = pow(nan, 0) = 1 and the comparisons.
//
// The coefficients are Chebyshev interpolants on the reduced interval named beside them, computed with 70 digits.
#ifndef PYNN_ANNARCHY_MATHEMATICS_H
#define PYNN_ANNARCHY_MATHEMATICS_H

#include <stdint.h>

#include "target.h"

// Large and rarely taken: kept out of the loops that call it.
#if defined(__CUDACC__)
#define PNN_RARE __host__ __device__ __noinline__ inline
#else
#define PNN_RARE inline __attribute__((noinline))
#endif

namespace pnn {

constexpr double INFINITE = __builtin_huge_val();
constexpr double NOT_A_NUMBER = __builtin_nan("");
constexpr double SMALLEST = 0x1p-1022;                 // the smallest normal number
constexpr double LARGEST = 0x1.fffffffffffffp+1023;
constexpr double SHIFT = 0x1.8p52;                     // x + SHIFT holds rint(x) in its low bits, |x| < 2^51

// ---- what the hardware does exactly -------------------------------------------------------------------------------

PNN_FN double fma(double a, double b, double c) {
#if defined(__CUDA_ARCH__)
    return ::fma(a, b, c);
#else
    return __builtin_fma(a, b, c);
#endif
}

PNN_FN uint64_t bits_of(double x) {
#if defined(__CUDA_ARCH__)
    return static_cast<uint64_t>(__double_as_longlong(x));
#else
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
#endif
}

PNN_FN double from_bits(uint64_t bits) {
#if defined(__CUDA_ARCH__)
    return __longlong_as_double(static_cast<long long>(bits));
#else
    double x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
#endif
}

PNN_FN double sqrt(double x) {
#if defined(__CUDA_ARCH__)
    return __dsqrt_rn(x);
#else
    return __builtin_sqrt(x);
#endif
}

PNN_FN double fabs(double x) { return __builtin_fabs(x); }
PNN_FN double abs(double x) { return __builtin_fabs(x); }
PNN_FN double copysign(double x, double sign) { return __builtin_copysign(x, sign); }
PNN_FN double floor(double x) { return __builtin_floor(x); }
PNN_FN double ceil(double x) { return __builtin_ceil(x); }
PNN_FN double trunc(double x) { return __builtin_trunc(x); }
PNN_FN double rint(double x) { return __builtin_rint(x); }
// Halves away from zero, as in C; `rint` takes them to the even neighbour.
PNN_FN double round(double x) { return __builtin_trunc(x + __builtin_copysign(0x1.fffffffffffffp-2, x)); }

PNN_FN bool isnan(double x) { return x != x; }
PNN_FN bool isfinite(double x) { return __builtin_fabs(x) <= LARGEST; }

// THE rule for small numbers: subnormals and -0 become +0.
PNN_FN double flush(double x) { return __builtin_fabs(x) < SMALLEST ? 0.0 : x; }

// ---- choosing -----------------------------------------------------------------------------------------------------

// In two selections, each of which is one instruction: as one condition they become branches.
PNN_FN double minimum(double a, double b) {
    const double chosen = a < b ? a : b;
    return a != a ? a : chosen;
}
PNN_FN double maximum(double a, double b) {
    const double chosen = a > b ? a : b;
    return a != a ? a : chosen;
}
PNN_FN double clip(double x, double low, double high) { return maximum(low, minimum(x, high)); }
PNN_FN double positive(double x) { return x < 0.0 ? 0.0 : x; }
PNN_FN double negative(double x) { return x > 0.0 ? 0.0 : x; }
PNN_FN double sign(double x) { return x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : (x == 0.0 ? 0.0 : x)); }

// x - y floor(x / y), with the sign of y (as Python's %). fmod is the one call into libm: exact by definition, hence
// the same everywhere.
PNN_FN double modulo(double x, double y) {
#if defined(__CUDA_ARCH__)
    const double remainder = flush(::fmod(flush(x), flush(y)));
#else
    const double remainder = flush(__builtin_fmod(flush(x), flush(y)));
#endif
    return remainder != 0.0 && (remainder < 0.0) != (y < 0.0) ? flush(remainder + flush(y)) : remainder;
}

// ---- polynomials and sums of two doubles --------------------------------------------------------------------------

PNN_FN double polynomial(double, double constant) { return constant; }
template <class... Coefficients>
PNN_FN double polynomial(double x, double constant, Coefficients... higher) {
    return pnn::fma(polynomial(x, higher...), x, constant);
}

// An unevaluated sum, |lo| <= ulp(hi) / 2.
struct Two {
    double hi, lo;
};

PNN_FN Two quick_two_sum(double large, double small) {
    const double sum = large + small;
    return {sum, small - (sum - large)};
}

PNN_FN Two two_sum(double a, double b) {
    const double sum = a + b, b_part = sum - a;
    return {sum, (a - (sum - b_part)) + (b - b_part)};
}

PNN_FN Two two_product(double a, double b) {
    const double product = a * b;
    return {product, pnn::fma(a, b, -product)};
}

PNN_FN Two two_times(Two a, Two b) {
    const Two product = two_product(a.hi, b.hi);
    return quick_two_sum(product.hi, product.lo + pnn::fma(a.hi, b.lo, a.lo * b.hi));
}

// ---- exponentials -------------------------------------------------------------------------------------------------

constexpr double LN2_HI = 0x1.62e42fefa3800p-1;        // 42 bits: n * LN2_HI is exact
constexpr double LN2_LO = 0x1.ef35793c76730p-45;
constexpr double INVERSE_LN2 = 0x1.71547652b82fep+0;
constexpr double EXP_UNDERFLOW = -0x1.6232bdd7abcd2p+9;  // below: exp(x) < SMALLEST
constexpr double EXP_OVERFLOW = 0x1.62e42fefa39efp+9;    // above: exp(x) > LARGEST

// x = n ln2 + r + r_lo, |r| <= ln2 / 2; `exponent` is n, in the place of a double's exponent.
struct ExpArgument {
    double r, r_lo;
    uint64_t exponent;
};

PNN_FN ExpArgument reduce_exp(double x) {
    const double shifted = pnn::fma(x, INVERSE_LN2, SHIFT), n = shifted - SHIFT;
    const double exact = pnn::fma(-n, LN2_HI, x), r = pnn::fma(-n, LN2_LO, exact);
    return {r, pnn::fma(-n, LN2_LO, exact - r), bits_of(shifted) << 52};
}

// (e^r - 1 - r) / r^2, |r| <= ln2 / 2
// Pairs first, then pairs of pairs: four dependent steps where a chain would have ten.
PNN_FN double exp_quadratic(double r) {
    const double r2 = r * r, r4 = r2 * r2;
    const double c01 = pnn::fma(0x1.5555555555556p-3, r, 0.5);
    const double c23 = pnn::fma(0x1.11111111109b3p-7, r, 0x1.5555555555555p-5);
    const double c45 = pnn::fma(0x1.a01a01a7c41d5p-13, r, 0x1.6c16c16c167e1p-10);
    const double c67 = pnn::fma(0x1.71de0dae63bb3p-19, r, 0x1.a01a01a47b054p-16);
    const double c89 = pnn::fma(0x1.af38a9b0ec855p-26, r, 0x1.27e4e1f48534fp-22);
    const double low = pnn::fma(c23, r2, c01), middle = pnn::fma(c67, r2, c45);
    const double high = pnn::fma(0x1.1f66df7fca49fp-29, r2, c89);
    return pnn::fma(pnn::fma(high, r4, middle), r4, low);
}

// 2^n e^r
PNN_FN double exp_reduced(double r, uint64_t exponent) {
    return from_bits(bits_of(1.0 + pnn::fma(r * r, exp_quadratic(r), r)) + exponent);
}

// 2^-16 (e^x - 1) as an overlapping sum: leaves room for x <= 720 where the result is divided or halved afterwards.
PNN_FN Two expm1_scaled(double x) {
    const ExpArgument a = reduce_exp(x);
    const double power = from_bits(0x3ef0000000000000u + a.exponent), whole = power - 0x1p-16;  // power = 2^(n - 16)
    const double leading = pnn::fma(power, a.r, whole), lost = pnn::fma(power, a.r, whole - leading);
    const double tail = pnn::fma(power, pnn::fma(a.r * a.r, exp_quadratic(a.r), a.r_lo), lost);
    return x < -40.0 ? Two{-0x1p-16, 0.0} : Two{leading, tail};
}

PNN_FN double rounded(Two sum) { return sum.hi + sum.lo; }

PNN_FN double exp(double x) {
    const ExpArgument a = reduce_exp(x);
    const double value = exp_reduced(a.r, a.exponent);
    const double normal = x < EXP_UNDERFLOW ? 0.0 : value;
    return x <= EXP_OVERFLOW ? normal : x * INFINITE;
}

PNN_FN double expm1(double x) {
    const double value = __builtin_fabs(x) < 0x1p-54 ? flush(x) : 0x1p16 * rounded(expm1_scaled(x));
    return x <= EXP_OVERFLOW ? value : x * INFINITE;
}

constexpr double EXPREL_SMALL = 0.375;

// exprel(x), -EXPREL_SMALL <= x <= 0: 1 + x q(x), q of degree 8, between Chebyshev's points; nothing to divide.
// In t = x + 29/8 the odd part of q has real roots, at y = t^2 three of them: each is one multiplication for two degrees
// (Knuth 1997, The Art of Computer Programming 2, 4.6.4, theorem E), seven in all where Horner's rule has nine.
PNN_FN double exprel_of_small(double x) {
    const double t = x + 3.625, y = t * t;
    double q = pnn::fma(-0x1.176db12b37ad2p+4, t, y + 0x1.fc3b428d5d509p+6);
    q = pnn::fma(q, y + 0x1.4ab180448344fp+5, -0x1.61524263b6d44p+11);
    q = pnn::fma(q, y + 0x1.526af618b2994p+4, 0x1.63afbf33406afp+15);
    q = pnn::fma(q, y - 0x1.310b0263ad39ap+3, 0x1.b2bdbf8de2142p+20);
    return pnn::fma(0x1.fc09bae4eba28p-23 * x, q, 1.0);
}

// (e^x - 1) / x, 1 at x = 0: what exponential integration and rate functions of ion channels need.
// 2^-16 leaves room above e^709, where the quotient is still finite.
PNN_FN double exprel(double x) {
    const ExpArgument a = reduce_exp(x);
    const double power = from_bits(0x3ef0000000000000u + a.exponent);  // 2^(n - 16)
    const double tail = power * pnn::fma(a.r * a.r, exp_quadratic(a.r), a.r_lo);
    const double scaled = pnn::fma(power, a.r, power - 0x1p-16) + tail;
    const double value = flush((x < -40.0 ? -0x1p-16 : scaled) / (0x1p-16 * x));
    // Below ln2 / 2 x is a.r, and there is nothing to divide.
    const double unreduced = __builtin_fabs(x) <= 0.34 ? pnn::fma(x, exp_quadratic(a.r), 1.0) : value;
    const double normal = x <= 0.0 && x >= -EXPREL_SMALL ? exprel_of_small(x) : unreduced;
    return x <= 720.0 ? normal : x * INFINITE;
}

PNN_FN double tanh(double x) {
    const double size = __builtin_fabs(x), bounded = size > 20.0 ? 20.0 : size;
    // tanh = -e / (2 + e), the quotient corrected once; everything scaled by 2^-16
    const Two sum = expm1_scaled(-2.0 * bounded), e = quick_two_sum(sum.hi, sum.lo);
    const Two divisor = quick_two_sum(0x1p-15, e.hi);
    const double inverse = 1.0 / divisor.hi, quotient = -e.hi * inverse;
    const double rest = pnn::fma(-quotient, divisor.hi, -e.hi) - pnn::fma(quotient, divisor.lo + e.lo, e.lo);
    const double value = pnn::fma(rest, inverse, quotient);
    return size < 0x1p-28 ? flush(x) : __builtin_copysign(value, x);
}

PNN_FN double sinh(double x) {
    const double size = __builtin_fabs(x), scaled = rounded(expm1_scaled(size)), e = 0x1p16 * scaled;
    const double value = size < 40.0 ? 0.5 * (e + e / (e + 1.0)) : 0x1p15 * scaled;
    const double finite = size < 0x1p-27 ? flush(x) : __builtin_copysign(value, x);
    return size <= 720.0 ? finite : x * INFINITE;
}

PNN_FN double cosh(double x) {
    const double size = __builtin_fabs(x), scaled = rounded(expm1_scaled(size)), e = pnn::fma(0x1p16, scaled, 1.0);
    const double value = size < 40.0 ? pnn::fma(0.5, e, 0.5 / e) : 0x1p15 * scaled;
    return size <= 720.0 ? value : size * INFINITE;
}

// ---- logarithms ---------------------------------------------------------------------------------------------------

// x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)), for x >= SMALLEST; k is an integer, f is exact.
struct LogArgument {
    double k, f;
};

PNN_FN LogArgument reduce_log(double x) {
    constexpr uint64_t ONE = 0x3ff0000000000000u, SQRT_HALF = 0x3fe6a09e667f3bcdu, MANTISSA = 0x000fffffffffffffu;
    const uint64_t shifted = bits_of(x) + (ONE - SQRT_HALF);
    const double k = from_bits((shifted >> 52) | 0x4330000000000000u) - (0x1p52 + 1023.0);
    return {k, from_bits((shifted & MANTISSA) + SQRT_HALF) - 1.0};
}

// What a logarithm gives outside the positive normal numbers; `value` inside.
PNN_FN double log_or_limit(double x, double value) {
    const double inside = x <= LARGEST ? value : x;
    return x < SMALLEST ? (x > -SMALLEST ? -INFINITE : NOT_A_NUMBER) : inside;
}

PNN_FN double log_positive(double x) {
    const LogArgument a = reduce_log(x);
    const double s = a.f / (2.0 + a.f), z = s * s, half_square = 0.5 * a.f * a.f;
    // log(1 + f) = 2 s + s z L(z), z <= 0.0295; and 2 s = f - f^2/2 + s f^2/2
    const double tail = z * polynomial(z, 0x1.5555555555555p-1, 0x1.9999999999a39p-2, 0x1.2492492476a1ap-2,
                                       0x1.c71c7201a55d7p-3, 0x1.745cf8e4bba1bp-3, 0x1.3b1c3c1c81c8fp-3,
                                       0x1.0fbde0f4ad17bp-3, 0x1.0c0aff044a970p-3);
    const double correction = pnn::fma(a.k, LN2_LO, s * (half_square + tail));
    return pnn::fma(a.k, LN2_HI, a.f - (half_square - correction));
}

PNN_FN double log(double x) { return log_or_limit(x, log_positive(x)); }

PNN_FN double log1p(double x) {
    const double u = 1.0 + x, rounded = u - 1.0;
    const double lost = (1.0 - (u - rounded)) + (x - rounded);
    const double value = log_positive(u) + lost / u;
    const double inside = __builtin_fabs(x) < 0x1p-54 ? flush(x) : (x <= LARGEST ? value : x);
    return x > -1.0 ? inside : (x == -1.0 ? -INFINITE : NOT_A_NUMBER);
}

// log(1 + f) to about 2^-65 of its value, f as in LogArgument.
PNN_FN Two log1p_two(double f) {
    const Two divisor = quick_two_sum(2.0, f);
    const double s = f / divisor.hi;
    const double s_lo = (pnn::fma(-s, divisor.hi, f) - s * divisor.lo) / divisor.hi;
    const Two square = two_product(s, s), z = {square.hi, pnn::fma(2.0 * s, s_lo, square.lo)};
    // log(1 + f) = 2 s + s z (2/3 + z P(z)), z <= 0.0295
    const double higher = z.hi * polynomial(z.hi, 0x1.999999999999ap-2, 0x1.2492492492522p-2, 0x1.c71c71c6ea5acp-3,
                                            0x1.745d177ad436ap-3, 0x1.3b1395b82701ep-3, 0x1.1118cd67251c5p-3,
                                            0x1.df7ba1f4809c3p-4, 0x1.e03a7acf07f85p-4);
    const Two sum = quick_two_sum(0x1.5555555555555p-1, higher);
    const Two cubic = two_times(two_times({s, s_lo}, z), {sum.hi, sum.lo + 0x1.5555555555555p-55});
    const Two total = quick_two_sum(2.0 * s, cubic.hi);
    return quick_two_sum(total.hi, total.lo + (2.0 * s_lo + cubic.lo));
}

PNN_FN Two log_two(double x) {
    const LogArgument a = reduce_log(x);
    const Two fraction = log1p_two(a.f);
    const Two whole = two_sum(a.k * LN2_HI, fraction.hi);
    return quick_two_sum(whole.hi, pnn::fma(a.k, LN2_LO, whole.lo + fraction.lo));
}

PNN_FN double log2(double x) {
    const LogArgument a = reduce_log(x);
    const Two fraction = two_times(log1p_two(a.f), {INVERSE_LN2, 0x1.777d0ffda0d24p-56});
    return log_or_limit(x, (a.k + fraction.hi) + fraction.lo);
}

PNN_FN double log10(double x) {
    const Two value = two_times(log_two(x), {0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57});
    return log_or_limit(x, value.hi + value.lo);
}

// ---- powers -------------------------------------------------------------------------------------------------------

// e^(a.hi + a.lo)
PNN_FN double exp_two(Two a) {
    const ExpArgument reduced = reduce_exp(a.hi);
    const double value = exp_reduced(reduced.r + a.lo, reduced.exponent);
    const double finite = value == value ? value : INFINITE;  // an exponent just beyond the largest looks like nan
    const double normal = a.hi < EXP_UNDERFLOW ? 0.0 : flush(finite);
    return a.hi > EXP_OVERFLOW ? INFINITE : normal;
}

// size^y for size >= 0, both not nan
PNN_FN double pow_of_size(double size, double y) {
    const bool zero = size < SMALLEST, infinite = size > LARGEST;
    const Two logarithm = log_two(size), product = two_product(y, logarithm.hi);
    const double lo = __builtin_fabs(product.hi) < 800.0 ? pnn::fma(y, logarithm.lo, product.lo) : 0.0;
    const double value = exp_two({product.hi, lo});
    const double at_limit = (y > 0.0) == infinite ? INFINITE : 0.0;
    return size == 1.0 ? 1.0 : (zero || infinite ? at_limit : value);
}

PNN_FN double pow(double x, double y) {
    const double value = pow_of_size(__builtin_fabs(x), y);
    const bool whole = __builtin_floor(y) == y, odd = whole && __builtin_floor(0.5 * y) != 0.5 * y;
    const bool negative_base = x <= -SMALLEST;
    const double of_negative = whole || x < -LARGEST ? (odd ? 0.0 - value : value) : NOT_A_NUMBER;
    const double result = negative_base ? of_negative : value;
    const double checked = x != x || y != y ? NOT_A_NUMBER : result;
    return x == 1.0 || __builtin_fabs(y) < SMALLEST ? 1.0 : checked;
}

// x^n by repeated multiplication: fast, and unrolled where n is a constant; up to |n| roundings.
PNN_FN double power_integer(double x, int n) {
    double square = x, product = 1.0;
    for (unsigned rest = n < 0 ? 0u - static_cast<unsigned>(n) : static_cast<unsigned>(n); rest != 0; rest >>= 1) {
        product = (rest & 1u) ? product * square : product;
        square *= square;
    }
    return flush(n < 0 ? 1.0 / product : product);
}

// ---- circular functions -------------------------------------------------------------------------------------------

constexpr double PI_HI = 0x1.921fb54442d18p+1, PI_LO = 0x1.1a62633145c07p-53;

// x = quadrant pi/2 + r.hi + r.lo, |r.hi| <= pi/4; of the quadrant only the last two bits matter.
struct Angle {
    Two r;
    uint64_t quadrant;
};

PNN_FN Angle reduce_small_angle(double x) {
    const double shifted = pnn::fma(x, 0x1.45f306dc9c883p-1, SHIFT), n = shifted - SHIFT;
    const Two first = two_product(n, 0.5 * PI_HI), second = two_product(n, 0.5 * PI_LO);
    const Two a = two_sum(x - first.hi, -first.lo), b = two_sum(a.hi, -second.hi);
    const double lo = a.lo + (b.lo - pnn::fma(n, -0x1.f1976b7ed8fbcp-110, second.lo));
    return {quick_two_sum(b.hi, lo), bits_of(shifted)};
}

// The same for 2^30 <= |x|, or nan for what is not finite: x times a window of 192 bits of 2/pi (Payne and Hanek 1983).
PNN_RARE Angle reduce_large_angle(double x) {
    constexpr uint64_t TWO_OVER_PI[] = {  // 64 zeros, then the first 1216 bits after the point
        0x0000000000000000u, 0xa2f9836e4e441529u, 0xfc2757d1f534ddc0u, 0xdb6295993c439041u, 0xfe5163abdebbc561u,
        0xb7246e3a424dd2e0u, 0x06492eea09d1921cu, 0xfe1deb1cb129a73eu, 0xe88235f52ebb4484u, 0xe99c7026b45f7e41u,
        0x3991d639835339f4u, 0x9c845f8bbdf9283bu, 0x1ff897ffde05980fu, 0xef2f118b5a0a6d1fu, 0x6d367ecf27cb09b7u,
        0x4f463f669e5fea2du, 0x7527bac7ebe5f17bu, 0x3d0739f78a5292eau, 0x6bfb5fb11f8d5d08u, 0x56033046fc7b6babu};
    typedef unsigned __int128 Wide;
    const uint64_t bits = bits_of(__builtin_fabs(x));
    if (bits >= 0x7ff0000000000000u) return {{NOT_A_NUMBER, NOT_A_NUMBER}, 0};
    const uint64_t mantissa = (bits & 0x000fffffffffffffu) | 0x0010000000000000u;
    // |x| = mantissa 2^e. Bits of 2/pi above the weight 2^(1-e) only add whole turns: the window starts there.
    const int start = static_cast<int>(bits >> 52) - 1075 + 62, word = start / 64, shift = start % 64;
    uint64_t window[3];
    for (int i = 0; i < 3; ++i) {
        const uint64_t next = shift ? TWO_OVER_PI[word + i + 1] >> (64 - shift) : 0;
        window[i] = (TWO_OVER_PI[word + i] << shift) | next;
    }
    // product = mantissa * window modulo 2^192: two bits of quadrant, 190 bits of fraction
    const Wide low = static_cast<Wide>(mantissa) * window[2];
    const Wide middle = static_cast<Wide>(mantissa) * window[1] + static_cast<uint64_t>(low >> 64);
    const uint64_t high = mantissa * window[0] + static_cast<uint64_t>(middle >> 64);
    Wide fraction = ((static_cast<Wide>(high) << 64) | static_cast<uint64_t>(middle)) << 2;
    fraction |= static_cast<uint64_t>(low) >> 62;
    uint64_t quadrant = high >> 62;
    const bool beyond_half = (fraction >> 127) != 0;  // nearer to the next quadrant
    if (beyond_half) { ++quadrant; fraction = -fraction; }
    const double parts[3] = {static_cast<double>(static_cast<uint64_t>(fraction >> 75)) * 0x1p-53,
                             static_cast<double>(static_cast<uint64_t>(fraction >> 22) & 0x001fffffffffffffu) * 0x1p-106,
                             static_cast<double>(static_cast<uint64_t>(fraction) & 0x3fffffu) * 0x1p-128};
    const Two upper = two_sum(parts[0], parts[1]), turns = quick_two_sum(upper.hi, upper.lo + parts[2]);
    const Two r = two_times(turns, {0.5 * PI_HI, 0.5 * PI_LO});
    const bool flip = beyond_half != (x < 0.0);
    return {flip ? Two{-r.hi, -r.lo} : r, x < 0.0 ? uint64_t(0) - quadrant : quadrant};
}

PNN_FN Angle reduce_angle(double x) {
    return __builtin_fabs(x) < 0x1p30 ? reduce_small_angle(x) : reduce_large_angle(x);
}

PNN_FN double sin_reduced(Two r) {
    const double z = r.hi * r.hi;
    const double cubic = polynomial(z, -0x1.5555555555555p-3, 0x1.1111111111110p-7, -0x1.a01a01a0198dep-13,
                                    0x1.71de3a5455b9ap-19, -0x1.ae64540000f84p-26, 0x1.6121703ee57b1p-33,
                                    -0x1.ab0f25d21fd92p-41);
    return r.hi + pnn::fma(r.hi * z, cubic, pnn::fma(-0.5 * z, r.lo, r.lo));
}

PNN_FN double cos_reduced(Two r) {
    const double z = r.hi * r.hi, half = 0.5 * z, leading = 1.0 - half;
    const double quartic = polynomial(z, 0x1.5555555555555p-5, -0x1.6c16c16c16944p-10, 0x1.a01a019f4671dp-16,
                                      -0x1.27e4fa0d3726cp-22, 0x1.1eeb5de1e2b95p-29, -0x1.9075bb669682cp-37);
    return leading + (((1.0 - leading) - half) + pnn::fma(z * z, quartic, -r.hi * r.lo));
}

// sin(a + quarter_turns pi/2)
PNN_FN double sin_of(Angle a, uint64_t quarter_turns) {
    const uint64_t quadrant = a.quadrant + quarter_turns;
    const double value = (quadrant & 1u) ? cos_reduced(a.r) : sin_reduced(a.r);
    return (quadrant & 2u) ? 0.0 - value : value;
}

PNN_FN double sin(double x) { return __builtin_fabs(x) < 0x1p-27 ? flush(x) : sin_of(reduce_angle(x), 0); }
PNN_FN double cos(double x) { return sin_of(reduce_angle(x), 1); }

PNN_FN double tan(double x) {
    const Angle a = reduce_angle(x);
    const double sine = sin_reduced(a.r), cosine = cos_reduced(a.r);
    const bool odd = (a.quadrant & 1u) != 0;
    const double value = (odd ? 0.0 - cosine : sine) / (odd ? sine : cosine);
    return __builtin_fabs(x) < 0x1p-27 ? flush(x) : value;
}

// cos(2 pi u) for u in [0, 1]: the reduction is exact and free of branches.
PNN_FN double cos_turns(double u) {
    const double shifted = pnn::fma(4.0, u, SHIFT), turn = pnn::fma(-0.25, shifted - SHIFT, u);
    const double hi = turn * (2.0 * PI_HI), lo = pnn::fma(turn, 2.0 * PI_HI, -hi) + turn * (2.0 * PI_LO);
    return sin_of({{hi, lo}, bits_of(shifted)}, 1);
}

PNN_FN double atan(double x) {
    const double size = __builtin_fabs(x);
    const bool large = size > 0x1.3504f333f9de6p+1, medium = size > 0x1.a827999fcef32p-2;  // tan(3 pi/8), tan(pi/8)
    const double numerator = large ? -1.0 : (medium ? size - 1.0 : size);
    const double denominator = large ? size : (medium ? size + 1.0 : 1.0);
    const double eighths = large ? 0.5 : (medium ? 0.25 : 0.0);
    const double t = numerator / denominator, z = t * t;
    const double cubic = polynomial(z, -0x1.5555555555555p-2, 0x1.9999999999952p-3, -0x1.249249248d739p-3,
                                    0x1.c71c71c2fc236p-4, -0x1.745d165c497f3p-4, 0x1.3b1392a9c2d8bp-4,
                                    -0x1.110e84aa36d9dp-4, 0x1.e199c62156609p-5, -0x1.ac7858539e493p-5,
                                    0x1.74d3a7b43351ap-5, -0x1.1b1992aa413c9p-5, 0x1.0a997ba33c1dbp-6);
    const double value = eighths * PI_HI + (t + pnn::fma(t * z, cubic, eighths * PI_LO));
    return size < 0x1p-27 ? flush(x) : __builtin_copysign(value, x);
}

// The angle of the point (x, y), in (-pi, pi]; 0 at the origin.
PNN_FN double atan2(double y, double x) {
    const double width = flush(__builtin_fabs(x)), height = flush(__builtin_fabs(y));
    const bool equal = width == height;
    const double slope = equal ? (height > 0.0 ? 1.0 : 0.0) : height / width;
    const double first = pnn::atan(slope);  // in [0, pi/2]
    const double upper = x <= -SMALLEST ? PI_HI - (first - PI_LO) : first;
    return x != x || y != y ? NOT_A_NUMBER : (y <= -SMALLEST ? 0.0 - upper : upper);
}

// (asin(s) - s) / s, z = s^2 <= 1/4
PNN_FN double asin_tail(double z) {
    return z * polynomial(z, 0x1.5555555555556p-3, 0x1.3333333332ec4p-4, 0x1.6db6db6e3292ep-5, 0x1.f1c71c1d4aa0dp-6,
                          0x1.6e8bb1d89492bp-6, 0x1.1c4d343fa57f6p-6, 0x1.c9cf3759fd8ffp-7, 0x1.78246f32d075cp-7,
                          0x1.524ea8b3aad31p-7, 0x1.653a8f8cfd43cp-8, 0x1.1d661531b222ep-6, -0x1.e7a24f548c99fp-7,
                          0x1.d78189767524ep-6);
}

// Arcsine of |x| <= 1/2, or of sqrt((1 - |x|) / 2) beyond: 2 asin(sqrt((1 - x) / 2)) = acos(x).
PNN_FN double asin_reduced(double size) {
    const double z = size > 0.5 ? 0.5 - 0.5 * size : size * size;
    const double s = size > 0.5 ? pnn::sqrt(z) : size;
    return pnn::fma(s, asin_tail(z), s);
}

PNN_FN double asin(double x) {
    const double size = __builtin_fabs(x), reduced = asin_reduced(size);
    const double value = size > 0.5 ? 0.5 * PI_HI - (2.0 * reduced - 0.5 * PI_LO) : reduced;
    return size < 0x1p-27 ? flush(x) : __builtin_copysign(value, x);
}

PNN_FN double acos(double x) {
    const double size = __builtin_fabs(x), reduced = asin_reduced(size);
    const double outer = x > 0.0 ? 2.0 * reduced : PI_HI - (2.0 * reduced - PI_LO);
    return size > 0.5 ? outer : 0.5 * PI_HI - (__builtin_copysign(reduced, x) - 0.5 * PI_LO);
}

// ---- single precision: computed in double, rounded once -----------------------------------------------------------

PNN_FN float flush(float x) { return __builtin_fabsf(x) < 0x1p-126f ? 0.0f : x; }
PNN_FN bool isnan(float x) { return x != x; }
PNN_FN bool isfinite(float x) { return __builtin_fabsf(x) <= 0x1.fffffep+127f; }
// Of single precision by itself: from double it would be rounded twice.
PNN_FN float fma(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
    return ::fmaf(a, b, c);
#else
    return __builtin_fmaf(a, b, c);
#endif
}
PNN_FN double fma_single(double a, double b, double c) {
    return static_cast<double>(fma(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c)));
}
PNN_FN float power_integer(float x, int n) {
    return flush(static_cast<float>(power_integer(static_cast<double>(x), n)));
}

#define PNN_SINGLE_1(name) \
    PNN_FN float name(float x) { return flush(static_cast<float>(pnn::name(static_cast<double>(x)))); }
#define PNN_SINGLE_2(name)                                                                      \
    PNN_FN float name(float x, float y) {                                                       \
        return flush(static_cast<float>(pnn::name(static_cast<double>(x), static_cast<double>(y)))); \
    }
#define PNN_SINGLE_3(name)                                                                        \
    PNN_FN float name(float x, float y, float z) {                                                \
        return flush(static_cast<float>(                                                          \
            pnn::name(static_cast<double>(x), static_cast<double>(y), static_cast<double>(z))));  \
    }
PNN_SINGLE_1(exp) PNN_SINGLE_1(expm1) PNN_SINGLE_1(exprel) PNN_SINGLE_1(log) PNN_SINGLE_1(log2) PNN_SINGLE_1(log10)
PNN_SINGLE_1(log1p) PNN_SINGLE_1(sqrt) PNN_SINGLE_1(sin) PNN_SINGLE_1(cos) PNN_SINGLE_1(tan) PNN_SINGLE_1(asin)
PNN_SINGLE_1(acos) PNN_SINGLE_1(atan) PNN_SINGLE_1(sinh) PNN_SINGLE_1(cosh) PNN_SINGLE_1(tanh) PNN_SINGLE_1(abs)
PNN_SINGLE_1(fabs) PNN_SINGLE_1(floor) PNN_SINGLE_1(ceil) PNN_SINGLE_1(round) PNN_SINGLE_1(rint) PNN_SINGLE_1(trunc)
PNN_SINGLE_1(positive) PNN_SINGLE_1(negative) PNN_SINGLE_1(sign)
PNN_SINGLE_2(pow) PNN_SINGLE_2(atan2) PNN_SINGLE_2(modulo) PNN_SINGLE_2(minimum) PNN_SINGLE_2(maximum)
PNN_SINGLE_3(clip)
#undef PNN_SINGLE_1
#undef PNN_SINGLE_2
#undef PNN_SINGLE_3

}  // namespace pnn

#endif
