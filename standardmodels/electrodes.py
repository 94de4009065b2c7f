"""PyNN's current sources: their equations, in PyNN's units, and their parameters' names there."""

from __future__ import annotations

from typing import Any

from pyNN.standardmodels import build_translations, electrodes

from pynn_annarchy import simulator
from pynn_annarchy.current_sources import EquationSource, TableSource
from pynn_annarchy.model.spec import ModelSpec, ParameterSpec

DC_SOURCE = ModelSpec(
    name="DCSource",
    parameters=(ParameterSpec("amplitude", 1.0, "nA"),),
    equations="i = amplitude",
    units=(("i", "nA"),),
    description="Constant current.",
)

AC_SOURCE = ModelSpec(
    name="ACSource",
    parameters=(
        ParameterSpec("amplitude", 1.0, "nA"),
        ParameterSpec("offset", 0.0, "nA"),
        ParameterSpec("frequency", 10.0, "Hz"),
        ParameterSpec("phase", 0.0, "deg"),
        ParameterSpec("start", 0.0, "ms"),
    ),
    equations="i = offset + amplitude*sin(2*pi*frequency*(t - start)/1000 + pi*phase/180)",
    units=(("i", "nA"),),
    description="Sine current; the phase is that at the start.",
)

NOISY_CURRENT_SOURCE = ModelSpec(
    name="NoisyCurrentSource",
    parameters=(ParameterSpec("mu", 0.0, "nA"), ParameterSpec("sigma", 1.0, "nA", not_negative=True)),
    equations="i = Normal(mu, sigma)",
    units=(("i", "nA"),),
    description="Normally distributed current, drawn anew whenever it is taken.",
)

_WINDOW = (("start", "start"), ("stop", "stop"))


class DCSource(EquationSource, electrodes.DCSource):
    __doc__ = electrodes.DCSource.__doc__
    translations = build_translations(("amplitude", "amplitude"), *_WINDOW)
    spec = DC_SOURCE


class ACSource(EquationSource, electrodes.ACSource):
    __doc__ = electrodes.ACSource.__doc__
    translations = build_translations(
        ("amplitude", "amplitude"), ("offset", "offset"), ("frequency", "frequency"), ("phase", "phase"), *_WINDOW
    )
    spec = AC_SOURCE


class StepCurrentSource(TableSource, electrodes.StepCurrentSource):
    __doc__ = electrodes.StepCurrentSource.__doc__
    translations = build_translations(("amplitudes", "amplitudes"), ("times", "times"))


class NoisyCurrentSource(EquationSource, electrodes.NoisyCurrentSource):
    __doc__ = electrodes.NoisyCurrentSource.__doc__
    translations = build_translations(("mean", "mu"), ("stdev", "sigma"), ("dt", "interval"), *_WINDOW)
    spec = NOISY_CURRENT_SOURCE

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**{"dt": simulator.state.dt, **parameters})
