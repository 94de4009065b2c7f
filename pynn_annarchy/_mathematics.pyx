# cython: language_level=3, boundscheck=False, wraparound=False
"""The functions and distributions of the model language on NumPy arrays: the very C++ that generated code includes.

For whoever computes without generated code: the `reference` target and the preparation of parameters. Results have the
same bits as in generated modules, on any CPU: where the CPU has no fma, libm's correctly rounded one takes its place.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

import numpy as np

cdef extern from *:
    """
    #include "pynn_annarchy/distributions.h"

    namespace {

    typedef void (*Apply)(const double* const* arguments, double* result, int64_t n);
    typedef void (*Draw)(pnn::Identity who, const int64_t* elements, const double* const* arguments, double* result,
                         int64_t n);

    template <class Loop> struct Entry {
        const char* name;
        int arity;
        Loop loop;
    };

    // Each loop is compiled for the plainest CPU and, on x86-64, once more for those with fma; the bits are equal.
    template <class Function> struct Mapped {
        static void plain(const double* const* arguments, double* __restrict result, int64_t n) {
            for (int64_t i = 0; i < n; ++i) result[i] = Function::at(arguments, i);
        }
    #if defined(__x86_64__)
        __attribute__((target("avx2,fma"))) static void fused(const double* const* arguments,
                                                              double* __restrict result, int64_t n) {
            for (int64_t i = 0; i < n; ++i) result[i] = Function::at(arguments, i);
        }
    #endif
    };

    template <class Distribution> struct Drawn {
        static void plain(pnn::Identity who, const int64_t* elements, const double* const* arguments,
                          double* __restrict result, int64_t n) {
            for (int64_t i = 0; i < n; ++i) {
                who.element = static_cast<uint64_t>(elements[i]);
                result[i] = Distribution::at(who, arguments, i);
            }
        }
    #if defined(__x86_64__)
        __attribute__((target("avx2,fma"))) static void fused(pnn::Identity who, const int64_t* elements,
                                                              const double* const* arguments,
                                                              double* __restrict result, int64_t n) {
            for (int64_t i = 0; i < n; ++i) {
                who.element = static_cast<uint64_t>(elements[i]);
                result[i] = Distribution::at(who, arguments, i);
            }
        }
    #endif
    };

    #if defined(__x86_64__)
    bool has_fma() {
        __builtin_cpu_init();
        return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
    }
    #define PNN_CHOOSE(loops) (has_fma() ? loops::fused : loops::plain)
    #else
    #define PNN_CHOOSE(loops) loops::plain
    #endif

    #define PNN_A a[0][i]
    #define PNN_B a[0][i], a[1][i]
    #define PNN_C a[0][i], a[1][i], a[2][i]
    #define PNN_DEFINE(name, expression) \
        struct name##_function { PNN_FN static double at(const double* const* a, int64_t i) { return expression; } };
    #define PNN_MAP(name, operands) PNN_DEFINE(name, static_cast<double>(pnn::name(operands)))
    #define PNN_DRAW(name, operands)                                                                  \
        struct name##_distribution {                                                                  \
            PNN_FN static double at(const pnn::Identity& who, const double* const* a, int64_t i) {    \
                return pnn::name(who, operands);                                                      \
            }                                                                                         \
        };

    #define PNN_FUNCTIONS_1(X) \
        X(exp) X(expm1) X(exprel) X(log) X(log2) X(log10) X(log1p) X(sqrt) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) \
        X(sinh) X(cosh) X(tanh) X(abs) X(fabs) X(floor) X(ceil) X(round) X(rint) X(trunc) X(positive) X(negative) \
        X(sign) X(isfinite) X(isnan) X(flush)
    #define PNN_FUNCTIONS_2(X) X(pow) X(atan2) X(modulo) X(minimum) X(maximum)
    #define PNN_FUNCTIONS_3(X) X(clip) X(fma) X(fma_single)
    #define PNN_DISTRIBUTIONS_1(X) X(exponential) X(poisson)
    #define PNN_DISTRIBUTIONS_2(X) X(uniform) X(normal) X(lognormal) X(gamma) X(binomial) X(discrete_uniform)
    #define PNN_DISTRIBUTIONS_3(X) X(gamma_above)

    #define PNN_MAP_1(name) PNN_MAP(name, PNN_A)
    #define PNN_MAP_2(name) PNN_MAP(name, PNN_B)
    #define PNN_MAP_3(name) PNN_MAP(name, PNN_C)
    #define PNN_DRAW_1(name) PNN_DRAW(name, PNN_A)
    #define PNN_DRAW_2(name) PNN_DRAW(name, PNN_B)
    #define PNN_DRAW_3(name) PNN_DRAW(name, PNN_C)
    PNN_FUNCTIONS_1(PNN_MAP_1) PNN_FUNCTIONS_2(PNN_MAP_2) PNN_FUNCTIONS_3(PNN_MAP_3)
    PNN_DISTRIBUTIONS_1(PNN_DRAW_1) PNN_DISTRIBUTIONS_2(PNN_DRAW_2) PNN_DISTRIBUTIONS_3(PNN_DRAW_3)
    PNN_DEFINE(power_integer, pnn::power_integer(a[0][i], static_cast<int>(a[1][i])))

    #define PNN_ENTRY(name, arity) {#name, arity, PNN_CHOOSE(Mapped<name##_function>)},
    #define PNN_ENTRY_1(name) PNN_ENTRY(name, 1)
    #define PNN_ENTRY_2(name) PNN_ENTRY(name, 2)
    #define PNN_ENTRY_3(name) PNN_ENTRY(name, 3)
    #define PNN_DRAWN_1(name) {#name, 1, PNN_CHOOSE(Drawn<name##_distribution>)},
    #define PNN_DRAWN_2(name) {#name, 2, PNN_CHOOSE(Drawn<name##_distribution>)},
    #define PNN_DRAWN_3(name) {#name, 3, PNN_CHOOSE(Drawn<name##_distribution>)},
    const Entry<Apply> functions[] = {PNN_FUNCTIONS_1(PNN_ENTRY_1) PNN_FUNCTIONS_2(PNN_ENTRY_2)
                                      PNN_FUNCTIONS_3(PNN_ENTRY_3) PNN_ENTRY_2(power_integer)};
    const Entry<Draw> distributions[] = {PNN_DISTRIBUTIONS_1(PNN_DRAWN_1) PNN_DISTRIBUTIONS_2(PNN_DRAWN_2)
                                         PNN_DISTRIBUTIONS_3(PNN_DRAWN_3)};
    const int n_functions = sizeof functions / sizeof functions[0];
    const int n_distributions = sizeof distributions / sizeof distributions[0];

    }  // namespace
    """
    ctypedef void (*Apply)(const double* const* arguments, double* result, int64_t n) noexcept nogil
    ctypedef void (*Draw)(Identity who, const int64_t* elements, const double* const* arguments, double* result,
                          int64_t n) noexcept nogil

    cdef struct FunctionEntry "Entry<Apply>":
        const char* name
        int arity
        Apply loop

    cdef struct DistributionEntry "Entry<Draw>":
        const char* name
        int arity
        Draw loop

    cdef struct Identity "pnn::Identity":
        uint32_t seed_key
        uint32_t object_index
        uint64_t element
        uint32_t trial_batch
        uint32_t step
        uint32_t event
        uint32_t draw

    cdef struct Words "pnn::Words":
        uint32_t a
        uint32_t b
        uint32_t c
        uint32_t d

    const FunctionEntry functions[]
    const DistributionEntry distributions[]
    int n_functions
    int n_distributions
    uint32_t c_hash32 "pnn::hash32"(uint64_t seed) nogil
    uint32_t c_trial_batch "pnn::trial_batch"(uint32_t trial, uint32_t batch) nogil
    Words c_philox "pnn::philox"(uint32_t key0, uint32_t key1, uint64_t element, uint32_t trial_batch, uint32_t step,
                                 uint32_t event, uint32_t draw) nogil

cdef enum:
    MAX_ARITY = 3

cdef dict _function_rows = {functions[i].name.decode(): i for i in range(n_functions)}
cdef dict _distribution_rows = {distributions[i].name.decode(): i for i in range(n_distributions)}

#: Number of arguments of each function.
FUNCTIONS = {name: functions[<int>row].arity for name, row in _function_rows.items()}
#: Number of parameters of each distribution.
DISTRIBUTIONS = {name: distributions[<int>row].arity for name, row in _distribution_rows.items()}


def apply(str name, *arguments):
    """The function `name` on float64 arrays or scalars, broadcast against each other.

    Returns:
        A new float64 array of the broadcast shape; truth values are 0.0 and 1.0.

    Raises:
        KeyError: there is no function `name`.
        TypeError: the number of arguments is not FUNCTIONS[name].
    """
    cdef int row = _function_rows[name]
    _check_arity(name, functions[row].arity, arguments)
    cdef list operands = [_contiguous(a) for a in np.broadcast_arrays(*arguments)]
    result = np.empty(np.shape(operands[0]))
    cdef double[::1] out = result.reshape(-1)
    cdef const double* pointers[MAX_ARITY]
    _point_at(operands, pointers)
    cdef int64_t n = out.shape[0]
    cdef Apply loop = functions[row].loop
    if n > 0:
        with nogil:
            loop(pointers, &out[0], n)
    return result


def draw(str distribution, tuple arguments, uint32_t seed_key, uint32_t object_index, elements, uint32_t trial=0,
         uint32_t batch=0, int64_t step=0, uint32_t event=0, uint32_t draw=0):
    """One value of `distribution` for each element.

    Args:
        arguments: the parameters, scalars or arrays that broadcast to the shape of `elements`.
        seed_key: `hash_seed(seed)`.
        object_index: creation index of the population or projection.
        elements: whole numbers that identify the elements within the object, below 2^48.
        draw: which of the model's calls this is, 0 to 255.

    Returns:
        A new float64 array of the shape of `elements`; nan where a parameter is out of range.

    Raises:
        KeyError: there is no such distribution.
        TypeError: the number of parameters is not DISTRIBUTIONS[distribution].
    """
    cdef int row = _distribution_rows[distribution]
    _check_arity(distribution, distributions[row].arity, arguments)
    identities = np.ascontiguousarray(elements, dtype=np.int64).reshape(np.shape(elements))
    cdef list operands = [_contiguous(np.broadcast_to(a, identities.shape)) for a in arguments]
    result = np.empty(identities.shape)
    cdef double[::1] out = result.reshape(-1)
    cdef const int64_t[::1] element = identities.reshape(-1)
    cdef const double* pointers[MAX_ARITY]
    _point_at(operands, pointers)
    cdef Identity who = Identity(seed_key, object_index, 0, c_trial_batch(trial, batch), <uint32_t>step, event, draw)
    cdef int64_t n = out.shape[0]
    cdef Draw loop = distributions[row].loop
    if n > 0:
        with nogil:
            loop(who, &element[0], pointers, &out[0], n)
    return result


def hash_seed(seed):
    """The first word of every random key: 32 bits from a seed of up to 64 (negative seeds count modulo 2^64)."""
    return c_hash32(<uint64_t>(seed & 0xFFFFFFFFFFFFFFFF))


def trial_batch(uint32_t trial, uint32_t batch):
    """The 16-bit word that stands for a trial and a batch in the counter."""
    return c_trial_batch(trial, batch)


def philox(uint32_t key0, uint32_t key1, uint64_t element=0, uint32_t trial_batch=0, uint32_t step=0,
           uint32_t event=0, uint32_t draw=0):
    """One block of Philox4x32-10: four 32-bit words for the given identity (philox.h has the layout)."""
    cdef Words words = c_philox(key0, key1, element, trial_batch, step, event, draw)
    return words.a, words.b, words.c, words.d


cdef _check_arity(str name, int arity, tuple arguments):
    if len(arguments) != arity:
        raise TypeError(f"{name} takes {arity} argument{'s' if arity > 1 else ''}, not {len(arguments)}")


cdef _contiguous(array):
    return np.ascontiguousarray(array, dtype=np.float64).reshape(np.shape(array))


cdef void _point_at(list operands, const double** pointers):
    cdef const double[::1] view
    cdef int i
    for i in range(len(operands)):
        view = operands[i].reshape(-1)
        pointers[i] = &view[0] if view.shape[0] > 0 else NULL
