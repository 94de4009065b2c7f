"""Projections between rate-coded and spiking populations."""

from __future__ import annotations

from typing import Any

from pynn_annarchy.ann.models import Synapse
from pynn_annarchy.ann.population import Population
from pynn_annarchy.ann.projection import Projection
from pynn_annarchy.ann.views import PopulationView
from pynn_annarchy.engine.cells import Cells
from pynn_annarchy.exceptions import ModelError

_WORDS = {"spike": "spiking", "rate": "rate-coded"}


def _check(side: Any, kind: str, what: str) -> None:
    """Refuses neurons of the other kind."""
    if isinstance(side, Population | PopulationView) and side.neuron_type.type != kind:
        raise ModelError(
            f"{what} must be {_WORDS[kind]}; the neurons of '{side.name}' are {_WORDS[side.neuron_type.type]}"
        )


class CurrentInjection(Projection):
    """Sends the rate of each rate-coded neuron as a current to the spiking neuron of the same rank, in every step.

    Args:
        pre: rate-coded population or view.
        post: spiking population or view of the same size.
        target: of the spiking neurons; ``r`` is added to its ``g_target``.
        name: see Projection.

    Raises:
        ModelError: neurons of the other kind, different sizes.
    """

    def __init__(self, pre: Any, post: Any, target: str, name: str | None = None, network: Any = None) -> None:
        _check(pre, "rate", "the pre-synaptic neurons of a CurrentInjection")
        _check(post, "spike", "the post-synaptic neurons of a CurrentInjection")
        synapse = Synapse(psp="pre.r", name="Current injection", description="Rate as a current.")
        super().__init__(pre, post, target, synapse, name, network=network)

    def _check_sides(self, pre: Any, post: Any) -> None:
        super()._check_sides(pre, post)
        if pre.size != post.size:
            raise ModelError(
                f"a CurrentInjection connects neurons of the same rank: '{pre.name}' has {pre.size}, '{post.name}' "
                f"has {post.size}"
            )

    def connect_current(self) -> CurrentInjection:
        """Connects the neurons of the same rank."""
        self.one_to_one(weights=1.0)
        return self


class DecodingProjection(Projection):
    """Brings the firing rates of spiking neurons, in Hz, to rate-coded ones.

    A neuron receives in its ``sum(target)`` the mean over its synapses of weight times firing rate, which is the number
    of spikes in a sliding window divided by the window. It can be connected like any projection.

    Args:
        pre: spiking population or view.
        post: rate-coded population or view.
        target: of the rate-coded neurons.
        window: in ms; 0 for one time step.
        name: see Projection.

    Raises:
        ModelError: neurons of the other kind; a firing rate that is computed in another window already.
    """

    def __init__(
        self, pre: Any, post: Any, target: str, window: float = 0.0, name: str | None = None, network: Any = None
    ) -> None:
        _check(pre, "spike", "the pre-synaptic neurons of a DecodingProjection")
        _check(post, "rate", "the post-synaptic neurons of a DecodingProjection")
        if not 0 <= window < float("inf"):
            raise ModelError(f"the window of a DecodingProjection must be a number of ms, 0 or more, got {window!r}")
        self._window = float(window)
        synapse = Synapse(
            psp="w * pre.r", operation="mean", name="Decoding", description="Mean of weighted firing rates."
        )
        super().__init__(pre, post, target, synapse, name, network=network)

    @property
    def window(self) -> float:
        """In which spikes are counted, in ms."""
        return self._window or self.network.dt

    def _build(self) -> None:
        cells = getattr(self.pre, "population", self.pre).cells
        assert isinstance(cells, Cells), "populations are built before their projections"
        if cells.rate is None:
            cells.compute_firing_rate(self.window)
        elif round(self.window / self.network.dt) != cells.rate.n_steps:
            window = cells.rate.n_steps * self.network.dt
            raise ModelError(
                f"{self._label}: the firing rate of '{self.pre.name}' is computed in a window of {window:g} ms, and in "
                f"one window only: use it here, or connect a Spike2RatePopulation with window={self.window:g} instead"
            )
        super()._build()
