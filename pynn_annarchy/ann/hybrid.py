"""From rates to spikes and back: populations of the same size as another one, whose neurons they follow one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from pynn_annarchy.ann.population import Population
from pynn_annarchy.ann.specified import SpecifiedNeuron
from pynn_annarchy.engine.connectivity import Synapses
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.standardmodels import annarchy_inputs


class _Follower(Population):
    """A population whose neurons receive from those of another one with the same rank."""

    source: Population
    """Whom it follows."""

    def _follow(self, population: Population, kind: str) -> None:
        """Before the population is made: whom it follows, 'spike' or 'rate' neurons."""
        if not isinstance(population, Population):
            raise ModelError(f"{type(self).__name__} follows a population, not {population!r}")
        if population.neuron_type.type != kind:
            words = {"spike": "spiking", "rate": "rate-coded"}
            raise ModelError(
                f"{type(self).__name__} follows {words[kind]} neurons; those of population '{population.name}' are "
                f"{words[population.neuron_type.type]}"
            )
        self.source = population

    def _one_to_one(self, target: str, synapse: ModelSpec, weight: float, delay_steps: int) -> Synapses:
        """Synapses from each neuron that is followed to the one that follows it."""
        engine, pre = self.network.engine, self.source.cells
        assert engine is not None
        if self.source.network is not self.network or pre is None:
            raise ModelError(
                f"{self._label} and population '{self.source.name}', which it follows, belong together "
                "in one network: create both in it"
            )
        builder = engine.connect(pre, self.cells, target, synapse, f"'{self.source.name}' to '{self.name}'")
        ranks = np.arange(self.size)
        builder.add(ranks, ranks, weight, delay_steps)
        return builder.finish()


class Rate2SpikePopulation(_Follower):
    """Spiking neurons whose rates are those of rate-coded neurons, times a factor.

    Args:
        population: the rate-coded one.
        name: see Population.
        scaling: rate of spikes in Hz where ``r`` is 1.
        refractory: period in which a neuron cannot spike again, in ms.

    Raises:
        ModelError: the population is not rate-coded.
    """

    def __init__(
        self,
        population: Population,
        name: str | None = None,
        scaling: float = 1.0,
        refractory: Any = None,
        network: Any = None,
    ) -> None:
        self._follow(population, "rate")
        neuron = SpecifiedNeuron(annarchy_inputs.rate_to_spike(scaling, refractory))
        super().__init__(population.geometry, neuron, name, network=network or population.network)

    def _build(self) -> None:
        super()._build()
        self._one_to_one("sum(rate)", annarchy_inputs.SEND_RATE, 1.0, 1)


class Spike2RatePopulation(_Follower):
    """Rate-coded neurons whose ``r`` is the rate of spiking neurons, divided by a factor.

    Args:
        population: the spiking one.
        name: see Population.
        mode: 'window' counts the spikes of the last `window` ms; 'isi' takes the inverse of the last interval.
        window: in ms.
        scaling: rate of spikes in Hz that makes ``r`` 1.
        smooth: time constant with which ``r`` follows, in ms, at least the time step; as long as that: at once.
        cut: of 'isi': the rate is zero when the next spike has not come after so many times the last interval.

    Raises:
        ModelError: the population is not spiking; another mode; values that cannot be.
    """

    def __init__(
        self,
        population: Population,
        name: str | None = None,
        mode: str = "window",
        window: float = 100.0,
        scaling: float = 1.0,
        smooth: float = 1.0,
        cut: float = 3.0,
        network: Any = None,
    ) -> None:
        self._follow(population, "spike")
        models = {"window": annarchy_inputs.SPIKE_TO_RATE_WINDOW, "isi": annarchy_inputs.SPIKE_TO_RATE_ISI}
        if mode == "adaptive":
            raise ModelError("Spike2RatePopulation: windows that adapt come later; use mode='window' or mode='isi'")
        if mode not in models:
            raise ModelError(f"Spike2RatePopulation: mode must be 'window' or 'isi', not {mode!r}")
        self._mode = mode
        self._leaving: Synapses | None = None
        super().__init__(
            population.geometry, SpecifiedNeuron(models[mode]), name, network=network or population.network
        )
        given = {"scaling": scaling, "smooth": smooth, **({"window": window} if mode == "window" else {"cut": cut})}
        self._values.update({key: float(value) for key, value in given.items()})

    @property
    def mode(self) -> str:
        """'window' or 'isi'."""
        return self._mode

    def _build(self) -> None:
        self._check_smooth(float(self._values["smooth"]))  # type: ignore[arg-type]
        super()._build()
        self._one_to_one("spikes", annarchy_inputs.SEND_SPIKE, 1.0, 1)
        if self._mode == "window":
            steps = self._steps_of(float(self._values["window"]))  # type: ignore[arg-type]
            self._leaving = self._one_to_one("spikes", annarchy_inputs.SEND_SPIKE, -1.0, 1 + steps)

    def _unbuilt(self) -> dict[str, Any]:
        return {**super()._unbuilt(), "_leaving": None}

    def _set(self, name: str, value: Any) -> None:
        if name == "smooth" and self.cells is not None:
            self._check_smooth(float(value))
        if name == "window" and self._leaving is not None:
            self._leaving.set("delay", (1 + self._steps_of(float(value))) * self.network.dt)
        super()._set(name, value)

    def _check_smooth(self, smooth: float) -> None:
        if smooth < self.network.dt:
            raise ModelError(
                f"{self._label}: smooth must be at least the time step, {self.network.dt:g} ms, got {smooth:g}"
            )

    def _steps_of(self, window: float) -> int:
        steps = round(window / self.network.dt)
        if steps < 1:
            raise ModelError(f"{self._label}: the window must be at least one time step, got {window:g} ms")
        return steps
