"""Networks in ANNarchy's interface compute, step by step, what ANNarchy 5 computes.

`annarchy_models` describes each network once, for both packages; `benchmarks/record_annarchy.py` has recorded what
ANNarchy 5 makes of them in tests/golden/annarchy.

What cannot be the same:

* Sums are formed in another order, and products of several factors, too: the last bits differ.
* Monitors of ANNarchy 5 show conductances as they are between what arrives and their own equation, all other variables
  at the end of the step. Here all are those of the end of the step, which are also those that the population shows.
"""

from __future__ import annotations

from math import exp
from pathlib import Path

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from tests.equivalence.annarchy_models import COMPARISONS

GOLDEN = Path(__file__).parent.parent / "golden" / "annarchy"

PRECISION = 1e-12

DIVERGING = {
    "izhikevich": 1e-9,
}
"""Where cells double a difference of one rounding in each step of the upstroke of a spike, what is left of that at the
end; test_each_step_of_izhikevich_cells_is_that_of_annarchy compares single steps."""

DECAYS = {
    "coba": {
        "explicit.g_exc": 1.0 - 0.1 / 5.0,
        "explicit.g_inh": 1.0 - 0.1 / 10.0,
        "exponential.g_exc": exp(-0.1 / 5.0),
        "exponential.g_inh": exp(-0.1 / 10.0),
        "predefined.g_exc": exp(-0.1 / 5.0),
        "predefined.g_inh": exp(-0.1 / 5.0),
    },
    "adex": {"predefined.g_exc": exp(-0.1 / 5.0), "predefined.g_inh": exp(-0.1 / 5.0)},
    "stp": dict.fromkeys(("predefined.g_exc", "tutorial.g_exc"), exp(-0.1 / 5.0)),
    "stdp": dict.fromkeys(
        (f"{name}.g_exc" for name in ("predefined", "tutorial", "nearest", "continuous")), exp(-0.1 / 5.0)
    ),
    "spikes_in_order": {"ordered.g_exc": exp(-0.1 / 5.0)},
    "delays_of_spikes": dict.fromkeys(
        (f"decaying {name}.g_exc" for name in ("none", "one step", "uniform", "each")), exp(-0.1 / 5.0)
    ),
}
"""By network and record: what the equation of a conductance makes of one in a step, dt = 0.1 ms."""


def recorded(name: str) -> dict[str, np.ndarray]:
    """What ANNarchy 5 has computed, by `label.variable`."""
    with np.load(GOLDEN / f"{name}.npz") as files:
        return {key: files[key] * DECAYS.get(name, {}).get(key, 1) for key in files.files}


@pytest.mark.parametrize("name", COMPARISONS)
def test_network_computes_what_annarchy_does(name):
    comparison = COMPARISONS[name]
    expected = recorded(name)

    computed = comparison.run(ann, ann.Network(dt=comparison.dt, seed=1))

    assert computed.keys() == expected.keys()
    for key, values in expected.items():
        if key.endswith(".spike"):
            assert len(values) > 0, f"{key}: a network in which nothing happens shows nothing"
            np.testing.assert_array_equal(computed[key], values, err_msg=key)
            continue
        precision = DIVERGING.get(name, PRECISION)
        # a value near zero is a difference of larger ones
        rounding = 1e-2 * precision * np.abs(values).max()
        np.testing.assert_allclose(computed[key], values, rtol=precision, atol=rounding, err_msg=key)


def test_each_step_of_izhikevich_cells_is_that_of_annarchy():
    comparison, expected = COMPARISONS["izhikevich"], recorded("izhikevich")
    network = ann.Network(dt=comparison.dt, seed=1)
    comparison.build(ann, network)
    cells = network.get_populations()[0]

    for v, u in zip(expected["cells.v"], expected["cells.u"], strict=True):
        network.step()
        np.testing.assert_allclose(cells.v, v, rtol=PRECISION)
        np.testing.assert_allclose(cells.u, u, rtol=PRECISION)
        cells.v, cells.u = v, u


def test_conductances_of_a_population_are_those_that_its_monitor_shows():
    comparison = COMPARISONS["coba"]
    network = ann.Network(dt=comparison.dt, seed=1)
    monitor = comparison.build(ann, network)["exponential"]
    cells = network.get_populations()[2]

    network.simulate(50.0)

    assert monitor.get("g_exc")[-1].tolist() == cells.g_exc.tolist()
