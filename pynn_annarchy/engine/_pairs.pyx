# cython: language_level=3, boundscheck=False, wraparound=False
# distutils: language = c++
"""Loops over all pairs of two populations, of which building a network has many: see pairs.h."""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy
from libcpp.vector cimport vector

import numpy as np

cdef extern from "pynn_annarchy/pairs.h" namespace "pnn" nogil:
    void c_distances "pnn::distances"(
        int64_t, int64_t, int64_t, int64_t, int64_t, const double*, const double*, const double*, double*)
    cdef struct BitGenerator:
        pass
    void choose_shared "pnn::choose<true>"(
        BitGenerator&, int64_t, int64_t, const double*, vector[int32_t]&, int64_t*) except +
    void choose_each "pnn::choose<false>"(
        BitGenerator&, int64_t, int64_t, const double*, vector[int32_t]&, int64_t*) except +
    void c_choose_without_replacement "pnn::choose_without_replacement"(
        BitGenerator&, int64_t, bint, int64_t, const int64_t*, int32_t*) except +


def distances(const double[:, ::1] pre, const double[:, ::1] post, const double[::1] periods,
              int64_t first, int64_t width, double[::1] out):
    """Distances between all pre-synaptic cells and `width` post-synaptic ones, column by column.

    Args:
        pre, post: coordinates, shapes (n_axes, n_pre) and (n_axes, n_post).
        periods: length of each axis where it is periodic, else 0.
        first: index of the first post-synaptic cell.
        out: where they go, width * n_pre elements.
    """
    cdef int64_t n_pre = pre.shape[1], n_post = post.shape[1], n_axes = pre.shape[0]
    if out.shape[0] < width * n_pre or first < 0 or first + width > n_post or post.shape[0] != n_axes:
        raise ValueError("distances: arguments do not fit each other")
    if periods.shape[0] != n_axes:
        raise ValueError("distances: one period for each axis")
    if n_pre == 0 or width == 0:
        return
    cdef const double* pre_start = &pre[0, 0] if n_axes else NULL
    cdef const double* post_start = &post[0, 0] if n_axes else NULL
    cdef const double* period_start = &periods[0] if n_axes else NULL
    with nogil:
        c_distances(n_pre, n_post, first, width, n_axes, pre_start, post_start, period_start, &out[0])


def choose(object generator, const double[::1] limits, int64_t n_pre, int64_t width):
    """Draws a number from 0 to 1 for each pair of a block and keeps the pairs whose number lies below their limit.

    Args:
        generator: one of NumPy's bit generators; nobody else may draw from it meanwhile.
        limits: one for all pairs, or one for each.

    Returns:
        Pre-synaptic indices of the pairs, and how many pairs each of the `width` columns has.
    """
    cdef bint shared = limits.shape[0] == 1
    if not (shared or limits.shape[0] == n_pre * width):
        raise ValueError("choose: limits do not fit the pairs")
    cdef BitGenerator* draws = <BitGenerator*>PyCapsule_GetPointer(generator.capsule, "BitGenerator")
    counts = np.zeros(width, np.int64)
    cdef vector[int32_t] chosen
    cdef int64_t[::1] numbers = counts
    if n_pre and width:
        with nogil:
            if shared:
                choose_shared(draws[0], n_pre, width, &limits[0], chosen, &numbers[0])
            else:
                choose_each(draws[0], n_pre, width, &limits[0], chosen, &numbers[0])
    pre = np.empty(chosen.size(), np.int32)
    cdef int32_t[::1] copied = pre
    if chosen.size():
        memcpy(&copied[0], chosen.data(), chosen.size() * sizeof(int32_t))
    return pre, counts


def choose_without_replacement(object generator, int64_t n, bint without_own, const int64_t[::1] numbers):
    """For each row, so many of `n` cells, or of all but its own: all as often as they fit, the others by a permutation.

    Args:
        generator: one of NumPy's bit generators, drawn from as RandomState.permutation does.
        numbers: how many cells each row gets; there must be a cell where that is not zero.

    Returns:
        The cells of all rows, one after the other.
    """
    cdef BitGenerator* draws = <BitGenerator*>PyCapsule_GetPointer(generator.capsule, "BitGenerator")
    chosen = np.empty(np.sum(numbers, dtype=np.int64), np.int32)
    cdef int32_t[::1] room = chosen
    if not chosen.size:
        return chosen
    if n - without_own < 1:
        raise ValueError("choose_without_replacement: there is no cell to choose")
    with nogil:
        c_choose_without_replacement(draws[0], n, without_own, numbers.shape[0], &numbers[0], &room[0])
    return chosen
