"""An emulated device shows where a host reads its memory, or copies too early, and writes to what is being copied."""

from __future__ import annotations

import numpy as np
import pytest

from pynn_annarchy.targets.compile import Options, device_library

pytestmark = pytest.mark.compiler

COPIED = """
#include <dlfcn.h>
#include "pynn_annarchy/cuda/abi.h"
void fill(const std::vector<double>& x, std::vector<double>& y) {
    const auto entry = pnn_device_library_entry_fn(dlsym(dlopen(PATH, RTLD_NOW), "pnn_device_library_entry"));
    const pnn_device_library& library = *entry();
    const size_t bytes = sizeof(double) * x.size();
    const pnn_launch how{};
    void *there = nullptr, *here = nullptr;
    library.allocate(&there, bytes, &how);
    library.lock(&here, bytes, &how);
    const auto show = [&] { y.insert(y.end(), static_cast<double*>(here), static_cast<double*>(here) + x.size()); };
    library.upload(there, x.data(), bytes, &how);
    show();
    library.begin_download(here, there, bytes, &how);
    show();
    library.end_downloads(&how);
    show();
    library.begin_download(here, there, bytes, &how);
    library.fill(there, 0, bytes, &how);
    library.end_downloads(&how);
    show();
}
"""


def test_a_copy_shows_a_pattern_until_it_is_waited_for_and_takes_what_is_there_then(run_native):
    path = device_library(Options("cuda", device="emulated"))
    values = np.arange(1.0, 6.0)

    unused, under_way, copied, overwritten = run_native(f'#define PATH "{path}"' + COPIED, values).reshape(4, 5)

    assert (copied == values).all() and (overwritten == 0.0).all()
    pattern = np.frombuffer(b"\xa5" * 8)[0]
    assert (unused == pattern).all() and (under_way == pattern).all()


BARRED = """
#include <dlfcn.h>
#include <unistd.h>
#include "pynn_annarchy/cuda/abi.h"
void fill(const std::vector<double>& x, std::vector<double>& y) {
    const auto entry = pnn_device_library_entry_fn(dlsym(dlopen(PATH, RTLD_NOW), "pnn_device_library_entry"));
    const pnn_device_library& library = *entry();
    const pnn_launch how{};
    void* there = nullptr;
    for (std::size_t k = 0; k < x.size(); ++k) library.allocate(&there, sizeof(double), &how);
    int ends[2];
    if (pipe(ends) != 0) return;
    for (int launch = 0; launch < 2000; ++launch) {
        library.guard(1);
        library.guard(0);
        char byte = 0;
        const bool may_read = write(ends[1], there, 1) == 1 && read(ends[0], &byte, 1) == 1;
        y.push_back(may_read ? 0.0 : 1.0);
    }
}
"""


def test_the_host_is_barred_after_every_launch_and_later_at_times_after_each_launch_of_a_step(run_native):
    path = device_library(Options("cuda", device="emulated"))

    is_barred = run_native(f'#define PATH "{path}"' + BARRED, np.zeros(300)) == 1.0

    assert is_barred[:80].all()
    later = np.flatnonzero(is_barred[100:])
    assert len(later) == pytest.approx(1900 / 61, abs=1)
    for launches_a_step in range(1, 12):
        assert set(later % launches_a_step) == set(range(launches_a_step))
