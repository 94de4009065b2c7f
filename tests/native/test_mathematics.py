"""The functions of the language against 60 digits, at their edges, and bit for bit between compilers."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from pynn_annarchy import _mathematics
from pynn_annarchy._mathematics import apply

INF, NAN = np.inf, np.nan
SMALLEST, LARGEST = np.finfo(float).tiny, np.finfo(float).max
N = 1500
SPREAD = np.random.default_rng(20240611)


def between(low, high, n=N):
    return SPREAD.uniform(low, high, n)


def magnitudes(low, high, n=N):
    """Positive numbers, uniform in their exponent of two."""
    return np.exp2(SPREAD.uniform(low, high, n))


def signed(values):
    return values * SPREAD.choice([-1.0, 1.0], len(values))


def joined(*parts):
    return np.concatenate(parts)


ANY_EXPONENT = signed(magnitudes(-1022, 1023.99))
EXPONENTS = joined(between(-1, 1), between(-30, 30), between(-745, 745), signed(magnitudes(-60, 9)))
POSITIVES = joined(magnitudes(-1022, 1023.99), between(0.5, 2), 1 + signed(magnitudes(-53, -2)), between(0, 100))
MULTIPLES = np.pi / 2 * np.arange(1, N)  # as near to a zero as doubles come
ANGLES = joined(between(-10, 10), between(-1e5, 1e5), ANY_EXPONENT, signed(magnitudes(25, 35)), MULTIPLES)
UNIT = joined(between(-1, 1), signed(magnitudes(-1022, 0)), signed(1 - magnitudes(-53, -1)), [0.5, -0.5])
SMALL = signed(magnitudes(-1022, 0))

# Bounds in ulp: at most two for what every model computes, at most four for the others.
ONE_ARGUMENT = {
    "exp": (2, mpmath.exp, EXPONENTS),
    "expm1": (2, mpmath.expm1, joined(EXPONENTS, SMALL)),
    "exprel": (2, lambda x: mpmath.expm1(x) / x, joined(EXPONENTS, SMALL, between(-0.4, 0.4), -magnitudes(9, 1023))),
    "log": (2, mpmath.log, POSITIVES),
    "tanh": (2, mpmath.tanh, joined(EXPONENTS, SMALL, between(-3, 3))),
    "log2": (4, lambda x: mpmath.log(x, 2), POSITIVES),
    "log10": (4, lambda x: mpmath.log(x, 10), POSITIVES),
    "log1p": (4, mpmath.log1p, joined(SMALL[np.abs(SMALL) < 0.999], between(-0.6, 1), POSITIVES)),
    "sinh": (4, mpmath.sinh, joined(EXPONENTS, SMALL)),
    "cosh": (4, mpmath.cosh, EXPONENTS),
    "sin": (4, mpmath.sin, ANGLES),
    "cos": (4, mpmath.cos, ANGLES),
    "tan": (4, mpmath.tan, ANGLES),
    "asin": (4, mpmath.asin, UNIT),
    "acos": (4, mpmath.acos, UNIT),
    "atan": (4, mpmath.atan, joined(ANY_EXPONENT, between(-5, 5))),
    "sqrt": (0.5, mpmath.sqrt, POSITIVES),
}
PAIRS = joined(signed(magnitudes(-5, 5)), signed(magnitudes(-600, 600)))
BASES = joined(magnitudes(-5, 5), magnitudes(-1000, 1000), between(0.5, 2), 1 + signed(magnitudes(-53, -20)))
POWERS = joined(between(-50, 50), between(-1, 1), between(-1000, 1000), signed(magnitudes(20, 60)))
TWO_ARGUMENTS = {
    "atan2": (4, mpmath.atan2, PAIRS, SPREAD.permutation(PAIRS)),
    "pow": (4, mpmath.power, BASES, POWERS),
    "power_integer": (4, mpmath.power, signed(magnitudes(-20, 20)), SPREAD.integers(-4, 5, N).astype(float)),
}


def error_in_ulp(got, exact):
    """Distance in units of the exact result's last place; what over- or underflows has to do so."""
    if abs(exact) < mpmath.mpf(2) ** -1022:
        return 0.0 if got in (0.0, SMALLEST, -SMALLEST) else INF
    if abs(exact) >= mpmath.mpf(2) ** 1024 * (1 - mpmath.mpf(2) ** -54):
        return 0.0 if got == (INF if exact > 0 else -INF) else INF
    unit = mpmath.mpf(2) ** (mpmath.frexp(exact)[1] - 53)
    return float(abs(mpmath.mpf(float(got)) - exact) / unit) if np.isfinite(got) else INF


def worst_error(name, exact, *arguments):
    with mpmath.workdps(60):
        results = zip(apply(name, *arguments), *arguments, strict=True)
        return max(error_in_ulp(got, exact(*(mpmath.mpf(float(a)) for a in rest))) for got, *rest in results)


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_function_of_one_argument_is_as_exact_as_stated(name):
    bound, exact, arguments = ONE_ARGUMENT[name]

    assert worst_error(name, exact, arguments) <= bound


@pytest.mark.parametrize("name", TWO_ARGUMENTS)
def test_function_of_two_arguments_is_as_exact_as_stated(name):
    bound, exact, *arguments = TWO_ARGUMENTS[name]

    assert worst_error(name, exact, *arguments) <= bound


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "rint", "abs"])
def test_exact_functions_are_those_of_numpy(name):
    values = joined(ANY_EXPONENT, between(-5, 5), np.arange(-4, 4.5, 0.5), [INF, -INF, NAN])

    assert np.array_equal(apply(name, values), getattr(np, name)(values), equal_nan=True)


def test_halves_are_rounded_away_from_zero():
    values = [-2.5, -0.5, 0.5, 1.5, 2.5, np.nextafter(0.5, 0), 2.0**52 + 1, -(2.0**51) - 0.5]

    assert apply("round", values).tolist() == [-3, -1, 1, 2, 3, 0, 2.0**52 + 1, -(2.0**51) - 1]


EDGES = [
    ("exp", (0.0,), 1.0), ("exp", (INF,), INF), ("exp", (-INF,), 0.0), ("exp", (709.79,), INF),
    ("exp", (-708.4,), 0.0), ("exp", (-1e300,), 0.0), ("exp", (1e300,), INF),
    ("expm1", (0.0,), 0.0), ("expm1", (INF,), INF), ("expm1", (-INF,), -1.0), ("expm1", (5e-324,), 0.0),
    ("exprel", (0.0,), 1.0), ("exprel", (INF,), INF), ("exprel", (-INF,), 0.0), ("exprel", (1e-300,), 1.0),
    ("exprel", (5e-324,), 1.0), ("exprel", (717.0,), INF),
    ("log", (0.0,), -INF), ("log", (-0.0,), -INF), ("log", (1.0,), 0.0), ("log", (INF,), INF), ("log", (-1.0,), NAN),
    ("log", (5e-324,), -INF), ("log", (-INF,), NAN),
    ("log2", (2.0**-1022,), -1022.0), ("log2", (8.0,), 3.0), ("log10", (1e22,), 22.0), ("log10", (1e-5,), -5.0),
    ("log1p", (0.0,), 0.0), ("log1p", (-1.0,), -INF), ("log1p", (-2.0,), NAN), ("log1p", (INF,), INF),
    ("tanh", (0.0,), 0.0), ("tanh", (INF,), 1.0), ("tanh", (-INF,), -1.0), ("tanh", (1e-320,), 0.0),
    ("sinh", (INF,), INF), ("sinh", (-INF,), -INF), ("sinh", (-711.0,), -INF), ("cosh", (-INF,), INF),
    ("cosh", (0.0,), 1.0), ("cosh", (711.0,), INF),
    ("sin", (0.0,), 0.0), ("sin", (INF,), NAN), ("cos", (0.0,), 1.0), ("cos", (-INF,), NAN), ("tan", (INF,), NAN),
    ("asin", (1.0,), np.pi / 2), ("asin", (1.1,), NAN), ("acos", (1.0,), 0.0), ("acos", (-1.0,), np.pi),
    ("acos", (-1.1,), NAN), ("atan", (INF,), np.pi / 2), ("atan", (-INF,), -np.pi / 2),
    ("atan2", (0.0, 0.0), 0.0), ("atan2", (0.0, -1.0), np.pi), ("atan2", (-0.0, -1.0), np.pi),
    ("atan2", (1.0, 0.0), np.pi / 2), ("atan2", (-1.0, -0.0), -np.pi / 2), ("atan2", (INF, INF), np.pi / 4),
    ("atan2", (-INF, -INF), -3 * np.pi / 4), ("atan2", (1.0, INF), 0.0), ("atan2", (NAN, INF), NAN),
    ("pow", (0.0, 2.0), 0.0), ("pow", (0.0, -2.0), INF), ("pow", (0.0, 0.0), 1.0), ("pow", (INF, -1.0), 0.0),
    ("pow", (-INF, 3.0), -INF), ("pow", (-INF, 2.0), INF), ("pow", (2.0, INF), INF), ("pow", (2.0, -INF), 0.0),
    ("pow", (0.5, INF), 0.0), ("pow", (-1.0, INF), 1.0), ("pow", (1.0, NAN), 1.0), ("pow", (NAN, 0.0), 1.0),
    ("pow", (NAN, 1.0), NAN), ("pow", (2.0, NAN), NAN), ("pow", (-8.0, 3.0), -512.0), ("pow", (-8.0, 2.0), 64.0),
    ("pow", (-8.0, 0.5), NAN), ("pow", (10.0, 308.0), 1e308), ("pow", (10.0, 309.0), INF),
    ("pow", (2.0, -1022.0), SMALLEST), ("pow", (2.0, -1023.0), 0.0), ("pow", (2.0, 1e300), INF),
    ("pow", (0.5, 1e300), 0.0),
    ("power_integer", (0.0, 0.0), 1.0), ("power_integer", (3.0, 5.0), 243.0), ("power_integer", (2.0, -2.0), 0.25),
    ("modulo", (-5.5, 2.0), 0.5), ("modulo", (1.0, 0.0), NAN), ("modulo", (3.0, INF), 3.0),
    ("modulo", (-4.0, 2.0), 0.0), ("modulo", (5.5, -2.0), -0.5), ("modulo", (5.5, 2.0), 1.5),
    ("modulo", (-3.0, INF), INF), ("modulo", (NAN, 1.0), NAN),
    ("minimum", (1.0, NAN), NAN), ("minimum", (NAN, 1.0), NAN), ("maximum", (1.0, 2.0), 2.0),
    ("maximum", (NAN, 2.0), NAN), ("clip", (5.0, 0.0, 1.0), 1.0), ("clip", (-5.0, 0.0, 1.0), 0.0),
    ("clip", (NAN, 0.0, 1.0), NAN), ("positive", (-2.0,), 0.0), ("positive", (2.0,), 2.0), ("positive", (NAN,), NAN),
    ("negative", (-2.0,), -2.0), ("negative", (2.0,), 0.0), ("sign", (-3.0,), -1.0), ("sign", (0.0,), 0.0),
    ("sign", (NAN,), NAN), ("isfinite", (INF,), 0.0), ("isfinite", (NAN,), 0.0), ("isfinite", (LARGEST,), 1.0),
    ("isnan", (NAN,), 1.0), ("isnan", (INF,), 0.0), ("flush", (1e-310,), 0.0), ("flush", (SMALLEST,), SMALLEST),
    ("flush", (NAN,), NAN), ("sqrt", (-1.0,), NAN),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "expected"), EDGES)
def test_value_at_the_edge(name, arguments, expected):
    assert np.array_equal(apply(name, *arguments), expected, equal_nan=True)


def test_modulo_is_that_of_python():
    rng = np.random.default_rng(8)
    x, y = rng.normal(0, 50, 2000), rng.normal(0, 5, 2000)

    assert apply("modulo", x, y).tolist() == [a % b for a, b in zip(x.tolist(), y.tolist(), strict=True)]


COMPUTED = sorted({"modulo", *ONE_ARGUMENT, *TWO_ARGUMENTS} - {"sqrt"})


@pytest.mark.parametrize("name", COMPUTED)
def test_nothing_computed_is_subnormal_or_a_negative_zero(name):
    tiny = joined(signed(magnitudes(-1074, -1000)), [0.0, -0.0])
    arguments = [tiny, SPREAD.permutation(tiny)][: _mathematics.FUNCTIONS[name]]
    if name == "power_integer":
        arguments[1] = 1.0

    result = apply(name, *arguments)

    assert not np.any((np.abs(result) < SMALLEST) & ((result != 0) | np.signbit(result)))


@pytest.mark.parametrize("name", sorted({*ONE_ARGUMENT, "abs", "floor", "ceil", "round", "trunc", "rint", "fabs"}))
def test_not_a_number_stays_one_whatever_its_payload(name):
    payloads = np.array([0x7FF8000000000000, 0xFFF8000000000001, 0x7FFFFFFFFFFFFFFF], np.uint64).view(np.float64)

    assert np.all(np.isnan(apply(name, payloads)))


# ---- the same bits in generated modules as in the extension ---------------------------------------------------------


def text_of(names, convert="double"):
    calls = {1: "x[i]", 2: "x[i], x[n + i]", 3: "x[i], x[n + i], x[2 * n + i]"}
    lines = []
    for name in names:
        arguments = calls[_mathematics.FUNCTIONS[name]].replace("x[", f"({convert})x[")
        if name == "power_integer":
            arguments = f"({convert})x[i], static_cast<int>(x[n + i])"
        lines.append(f"    for (std::size_t i = 0; i < n; ++i) y[at++] = pnn::{name}({arguments});")
    return (
        '#include "pynn_annarchy/mathematics.h"\n'
        "void fill(const std::vector<double>& x, std::vector<double>& y) {\n"
        f"    const std::size_t n = x.size() / 3;\n    y.resize({len(names)} * n);\n    std::size_t at = 0;\n"
        + "\n".join(lines)
        + "\n}\n"
    )


def three_columns():
    special = np.array([0.0, -0.0, 1.0, -1.0, 0.5, INF, -INF, NAN, 5e-324, SMALLEST, LARGEST, -LARGEST, 709.79, 1e22])
    first = joined(special.repeat(len(special)), EXPONENTS, POSITIVES, ANGLES, UNIT)
    second = joined(np.tile(special, len(special)), SPREAD.permutation(first[len(special) ** 2 :]))
    return np.array([first, second, SPREAD.permutation(second)])


def same_bits(a, b):
    """Equal as integers; of what is not a number, only that it is none."""
    return np.array_equal(np.where(np.isnan(a), NAN, a).view(np.int64), np.where(np.isnan(b), NAN, b).view(np.int64))


@pytest.mark.compiler
def test_extension_and_vectorised_native_code_have_the_same_bits(run_native):
    columns = three_columns()
    names = sorted(set(_mathematics.FUNCTIONS) - {"power_integer"})

    native = run_native(text_of(names), columns).reshape(len(names), -1)

    for name, values in zip(names, native, strict=True):
        assert same_bits(apply(name, *columns[: _mathematics.FUNCTIONS[name]]), values), name


@pytest.mark.compiler
def test_integer_powers_have_the_same_bits(run_native):
    columns = three_columns()
    columns[1] = SPREAD.integers(-20, 20, columns.shape[1])

    native = run_native(text_of(["power_integer"]), columns)

    assert same_bits(apply("power_integer", *columns[:2]), native)


@pytest.mark.compiler
def test_single_precision_is_double_precision_rounded_once(run_native):
    columns = np.clip(three_columns(), -1e30, 1e30).astype(np.float32).astype(np.float64)
    names = ["exp", "exprel", "log", "tanh", "sin", "pow", "floor", "minimum", "clip", "abs"]

    native = run_native(text_of(names, convert="float"), columns).reshape(len(names), -1)

    for name, values in zip(names, native, strict=True):
        with np.errstate(over="ignore", under="ignore"):
            rounded = apply(name, *columns[: _mathematics.FUNCTIONS[name]]).astype(np.float32)
        rounded[np.abs(rounded) < np.finfo(np.float32).tiny] = 0.0
        assert same_bits(rounded.astype(np.float64), values), name


EXPREL_IN_FORM = """
#include "pynn_annarchy/laws.h"
template <class Real>
void compare(const std::vector<double>& x, std::vector<double>& y) {
    for (std::size_t first = 0; first < x.size(); first += 61) {
        const std::size_t last = x.size() - first < 61 ? x.size() : first + 61;
        int64_t beyond = 0;
        for (std::size_t i = first; i < last; ++i) beyond |= pnn::beyond_small(-static_cast<Real>(x[i]));
        for (std::size_t i = first; i < last; ++i) {
            const Real one = static_cast<Real>(x[i]), alone = pnn::exprel(one);
            const Real together = beyond >= 0 ? pnn::exprel_in<pnn::Form<true, false>>(one)
                                              : pnn::exprel_in<pnn::Form<false, false>>(one);
            y.push_back(pnn::bits_of(alone) != pnn::bits_of(together) && (alone == alone || together == together));
        }
    }
}
void fill(const std::vector<double>& x, std::vector<double>& y) {
    compare<double>(x, y);
    compare<float>(x, y);
}
"""


@pytest.mark.compiler
def test_exprel_of_many_arguments_has_the_bits_of_exprel_of_each(run_native):
    """Portions in which all arguments are small, none is, some are; with zeros, infinities, what is not a number."""
    rng = np.random.default_rng(3)
    small, of_both_signs = rng.uniform(-0.375, 0.0, 20_000), rng.uniform(-0.375, 0.375, 20_000)
    tiny = -(10.0 ** np.linspace(-323, -1, 5000))
    edges = np.concatenate([-np.nextafter(0.375, [0, 1]), [-0.375], np.nextafter(0.34, [0, 1])])
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e308, -1e308, -800.0, 719.0, 721.0]
    far = np.linspace(-50, 50, 3000)

    every = [small, tiny, signed(tiny), of_both_signs, np.repeat(edges, 100), far, special, small, special]

    assert not run_native(EXPREL_IN_FORM, np.concatenate(every)).any()


FIXED_POINT = """
#include "pynn_annarchy/fixed_point.h"
void fill(const std::vector<double>& x, std::vector<double>& y) {
    y.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = pnn::from_fixed(pnn::to_fixed(x[i], 0x1p30), 0x1p-30);
}
"""


@pytest.mark.compiler
def test_fixed_point_rounds_to_the_nearest_quantum_once_each_way(run_native):
    scale = 2.0**30
    values = joined(signed(magnitudes(-40, 31.99, 20000)), (np.arange(-50, 50) + 0.5) / scale, [0.0])

    quanta = np.rint(values * scale).astype(np.int64)

    assert np.array_equal(run_native(FIXED_POINT, values), quanta.astype(np.float64) / scale)


# ---- the extension itself -----------------------------------------------------------------------------------------


def test_arguments_are_broadcast():
    assert apply("maximum", np.zeros((2, 1)), [1, 2, 3]).shape == (2, 3)
    assert apply("exp", 0).shape == ()
    assert apply("exp", np.empty((0, 4))).shape == (0, 4)
    assert apply("exp", np.arange(6.0)[::2]).tolist() == apply("exp", [0.0, 2.0, 4.0]).tolist()


def test_a_wrong_number_of_arguments_is_refused():
    with pytest.raises(TypeError, match="exp takes 1 argument, not 2"):
        apply("exp", 1.0, 2.0)


def test_an_unknown_function_is_refused():
    with pytest.raises(KeyError, match="erf"):
        apply("erf", 1.0)
