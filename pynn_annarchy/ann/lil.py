"""Lists of synapses, dendrite by dendrite, that a function of the user fills for a projection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_annarchy.ann.geometry import check_rank
from pynn_annarchy.ann.patterns import Connections, Dendrites
from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray, Value
from pynn_annarchy.exceptions import ModelError

if TYPE_CHECKING:
    from pynn_annarchy.ann.connectors import Connectors

Fill = Callable[["Connectors"], object]


class LILConnectivity:
    """A list of dendrites to be filled by a function for `from_function`.

    Its patterns are those of projections, see `Connectors`, and draw from the generator that they are given, or from
    that of the network.

    Args:
        dt: time step, in ms.
    """

    def __init__(self, dt: float = 1.0) -> None:
        self.dt = dt
        self.post_rank: list[int] = []
        self._pre: list[AnyArray] = []
        self._weights: list[FloatArray] = []
        self._delays: list[FloatArray] = []

    # filling

    def add(self, post_rank: int, pre_ranks: Iterable[int], weights: Any, delays: Any) -> None:
        """Adds synapses of one post-synaptic neuron.

        Args:
            weights, delays: one for all of them, alone or in a list, or one each; delays in ms.

        Raises:
            ModelError: neither one nor as many as there are pre-synaptic neurons; ranks that are no whole numbers.
        """
        check_rank(post_rank, np.iinfo(np.int32).max, "the post-synaptic population")
        pre = np.asarray(pre_ranks if isinstance(pre_ranks, np.ndarray) else list(pre_ranks)).reshape(-1)
        if len(pre) == 0:
            return
        if pre.dtype.kind not in "iu":
            raise ModelError(f"LILConnectivity.add(): ranks must be whole numbers, got {pre_ranks!r}")
        self.post_rank.append(int(post_rank))
        self._pre.append(pre.astype(np.int32))
        self._weights.append(_one_each(weights, len(pre), "weights"))
        self._delays.append(_one_each(delays, len(pre), "delays"))

    push_back = add

    def all_to_all(self, pre: Any, post: Any, weights: Any, delays: Any, allow_self_connections: bool) -> None:
        """Adds synapses between all neurons."""
        self._fill(pre, post, None, lambda new: new.all_to_all(weights, delays, allow_self_connections))

    def one_to_one(self, pre: Any, post: Any, weights: Any, delays: Any) -> None:
        """Adds synapses from the first neuron to the first, the second to the second, ..."""
        self._fill(pre, post, None, lambda new: new.one_to_one(weights, delays))

    def fixed_probability(
        self, pre: Any, post: Any, rng_gen: Any, probability: float, weights: Any, delays: Any, allow: bool
    ) -> None:
        """Adds synapses between pairs that are chosen with a probability."""
        self._fill(pre, post, rng_gen, lambda new: new.fixed_probability(probability, weights, delays, allow))

    def fixed_number_pre(
        self, pre: Any, post: Any, rng_gen: Any, number: int, weights: Any, delays: Any, allow: bool
    ) -> None:
        """Adds synapses from a number of neurons to each post-synaptic one."""
        self._fill(pre, post, rng_gen, lambda new: new.fixed_number_pre(number, weights, delays, allow))

    def fixed_number_post(
        self, pre: Any, post: Any, rng_gen: Any, number: int, weights: Any, delays: Any, allow: bool
    ) -> None:
        """Adds synapses to a number of neurons from each pre-synaptic one."""
        self._fill(pre, post, rng_gen, lambda new: new.fixed_number_post(number, weights, delays, allow))

    def gaussian(
        self, pre_pop: Any, post_pop: Any, amp: float, sigma: float, delays: Any, limit: float, allow: bool
    ) -> None:
        """Adds synapses whose weight falls with the distance."""
        self._fill(pre_pop, post_pop, None, lambda new: new.gaussian(amp, sigma, delays, limit, allow))

    def dog(
        self,
        pre_pop: Any,
        post_pop: Any,
        amp_pos: float,
        sigma_pos: float,
        amp_neg: float,
        sigma_neg: float,
        delays: Any,
        limit: float,
        allow: bool,
    ) -> None:
        """Adds synapses whose weight is a difference of two Gaussians of the distance."""
        self._fill(
            pre_pop,
            post_pop,
            None,
            lambda new: new.dog(amp_pos, sigma_pos, amp_neg, sigma_neg, delays, limit, allow),
        )

    def _fill(self, pre: Any, post: Any, rng: np.random.Generator | None, fill: Fill) -> None:
        """Adds what a pattern makes."""
        from pynn_annarchy.ann.connectors import made_by

        made = made_by(pre, post, rng, fill)
        rows = Dendrites(made.pre, made.post)
        weights, delays = (np.broadcast_to(value, (len(made),)) for value in (made.weights, made.delays))
        for position, rank in enumerate(rows.post_ranks):
            here = rows.of(position)
            self.add(rank, made.pre[here], weights[here], delays[here])

    # reading

    @property
    def size(self) -> int:
        """Number of entries, usually dendrites."""
        return len(self.post_rank)

    @property
    def nb_synapses(self) -> int:
        """Number of synapses."""
        return sum(map(len, self._pre))

    @property
    def pre_rank(self) -> list[list[int]]:
        """Pre-synaptic ranks of each entry."""
        return [ranks.tolist() for ranks in self._pre]

    @property
    def w(self) -> list[list[float]]:
        """Weights of each entry."""
        return [weights.tolist() for weights in self._weights]

    @property
    def delay(self) -> list[list[int]]:
        """Delays of each entry, in steps."""
        return [self._steps(delays).tolist() for delays in self._delays]

    @property
    def max_delay(self) -> int:
        """Largest delay, in steps."""
        return max((int(self._steps(delays).max()) for delays in self._delays), default=0)

    @property
    def uniform_delay(self) -> int:
        """The delay of all synapses in steps, -1 where they differ."""
        steps = {int(step) for delays in self._delays for step in np.unique(self._steps(delays))}
        return steps.pop() if len(steps) == 1 else -1

    def get_max_delay(self) -> int:
        """See `max_delay`."""
        return self.max_delay

    def get_uniform_delay(self) -> int:
        """See `uniform_delay`."""
        return self.uniform_delay

    def compute_average_row_length(self) -> tuple[float, float, int, int]:
        """Mean, standard deviation, smallest and largest number of synapses of an entry."""
        lengths = np.array([len(ranks) for ranks in self._pre])
        return float(lengths.mean()), float(lengths.std()), int(lengths.min()), int(lengths.max())

    def compute_average_col_idx_gap(self) -> tuple[float, float]:
        """Mean and standard deviation of the differences of neighbouring pre-synaptic ranks."""
        gaps = np.concatenate([np.diff(ranks) for ranks in self._pre])
        return float(gaps.mean()), float(gaps.std())

    def validate(self) -> None:
        """ModelError where a synapse is given more than once."""
        Connections.sorted(*self.columns(), "LILConnectivity")

    def columns(self) -> tuple[AnyArray, AnyArray, Value, Value]:
        """Pre- and post-synaptic rank, weight and delay, in ms, of each synapse."""
        if not self._pre:
            return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), np.empty(0)
        pre, weights, delays = (np.concatenate(rows) for rows in (self._pre, self._weights, self._delays))
        post = np.repeat(np.array(self.post_rank, np.int32), [len(ranks) for ranks in self._pre])
        is_uniform = bool((delays == delays[0]).all())
        return pre, post, weights, float(delays[0]) if is_uniform else delays

    def _steps(self, delays: FloatArray) -> IntArray:
        return np.rint(delays / self.dt).astype(np.int64)


def _one_each(given: Any, n: int, what: str) -> FloatArray:
    values = np.asarray(given, np.float64).reshape(-1)
    if len(values) == n:
        return values
    if len(values) != 1:
        raise ModelError(f"LILConnectivity.add(): {n} pre-synaptic neurons, and {len(values)} {what}")
    return np.full(n, values[0])
