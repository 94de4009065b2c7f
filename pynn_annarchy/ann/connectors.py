"""How projections are connected: the methods of a projection that make its synapses, and lists of synapses to fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pynn_annarchy.ann import files
from pynn_annarchy.ann.attributes import checked
from pynn_annarchy.ann.distributions import RandomDistribution
from pynn_annarchy.ann.lil import LILConnectivity
from pynn_annarchy.ann.patterns import (
    Connections,
    Pairs,
    all_pairs,
    chosen,
    different,
    fixed_number,
    profile_pairs,
    random_pairs,
)
from pynn_annarchy.engine.arrays import AnyArray, FloatArray, IntArray, Value
from pynn_annarchy.exceptions import ModelError, warn

if TYPE_CHECKING:
    from pynn_annarchy.ann.network import Network
    from pynn_annarchy.ann.population import Population
    from pynn_annarchy.ann.views import PopulationView

STORAGE_FORMATS = (
    *("lil", "csr", "csr_vector", "csr_scalar", "dense", "bsr", "coo", "ell", "ellr", "sell", "hyb", "dia"),
    *("auto", "default"),
)
STORAGE_ORDERS = ("post_to_pre", "pre_to_post", "auto")

CONNECTIVITY = "connectivity"
"""What files call connections that are saved without a projection."""

Self = TypeVar("Self", bound="Connectors")
Given = float | RandomDistribution


class Connectors:
    """The methods of a projection that make its synapses.

    Weights and delays are numbers or random distributions; delays are in ms, and 0 means one time step.
    ``storage_format`` and ``storage_order`` are accepted for scripts that name them: how synapses are stored follows
    from the connectivity, and results do not depend on it. All methods return the projection.
    """

    network: Network
    pre: Population | PopulationView
    post: Population | PopulationView
    connector_name: str
    connector_description: str

    def _connect(self, make: Callable[[], Connections], name: str, description: str) -> None:
        """Makes the synapses, and remembers how for `reset(synapses=True)`."""
        raise NotImplementedError

    @property
    def _label(self) -> str:
        raise NotImplementedError

    @property
    def _rng(self) -> np.random.Generator:
        """What random connections are drawn from."""
        return self.network.default_rng

    # patterns

    def all_to_all(
        self: Self,
        weights: Given,
        delays: Given = 0.0,
        allow_self_connections: bool = False,
        force_multiple_weights: bool = False,
        storage_format: str | None = None,
        storage_order: str | None = None,
    ) -> Self:
        """Connects all neurons with all others; with themselves, too, where they are allowed to."""
        self._check_storage(storage_format, storage_order)

        def pairs() -> Pairs:
            everything = all_pairs(self.pre.size, self.post.size)
            if allow_self_connections or not self._is_recurrent:
                return everything
            return different(everything, self.pre.ranks, self.post.ranks)

        self._connect_pairs(pairs, weights, delays, force_multiple_weights, "All-to-All")
        return self

    def one_to_one(
        self: Self,
        weights: Given = 1.0,
        delays: Given = 0.0,
        force_multiple_weights: bool = False,
        storage_format: str | None = None,
        storage_order: str | None = None,
    ) -> Self:
        """Connects the first neuron with the first, the second with the second, ..."""
        self._check_storage(storage_format, storage_order)
        n = min(self.pre.size, self.post.size)
        if self.pre.size != self.post.size:
            warn(
                f"{self._label}: one_to_one() between {self.pre.size} and {self.post.size} neurons connects the first "
                f"{n} of them"
            )
        positions = np.arange(n, dtype=np.int32)
        self._connect_pairs(lambda: Pairs(positions, positions), weights, delays, force_multiple_weights, "One-to-One")
        return self

    def fixed_probability(
        self: Self,
        probability: float,
        weights: Given,
        delays: Given = 0.0,
        allow_self_connections: bool = False,
        force_multiple_weights: bool = False,
        storage_format: str | None = None,
        storage_order: str | None = None,
    ) -> Self:
        """Connects each pair of neurons with a probability."""
        self._check_storage(storage_format, storage_order)
        if not 0.0 <= probability <= 1.0:
            raise ModelError(f"{self._label}: a probability lies between 0 and 1, and cannot be {probability!r}")

        def pairs() -> Pairs:
            found = random_pairs(self.pre.size, self.post.size, probability, self._rng)
            if allow_self_connections or not self._is_recurrent:
                return found
            return different(found, self.pre.ranks, self.post.ranks)

        name = f"Random, probability {probability}"
        self._connect_pairs(pairs, weights, delays, force_multiple_weights, "Random", name)
        return self

    def fixed_number_pre(
        self: Self,
        number: int,
        weights: Given,
        delays: Given = 0.0,
        allow_self_connections: bool = False,
        force_multiple_weights: bool = False,
        storage_format: str | None = None,
        storage_order: str | None = None,
    ) -> Self:
        """Connects each post-synaptic neuron with a number of pre-synaptic ones, chosen at random."""
        self._check_storage(storage_format, storage_order)

        def pairs() -> Pairs:
            itself = self._itself(self.post, self.pre, allow_self_connections)
            pre = self._fixed_number(self.pre.size, number, itself)
            return Pairs(pre.reshape(-1), np.repeat(np.arange(len(pre), dtype=np.int32), number))

        name = f"Random Convergent {number} -> 1"
        self._connect_pairs(pairs, weights, delays, force_multiple_weights, "Random Convergent", name)
        return self

    def fixed_number_post(
        self: Self,
        number: int,
        weights: Given = 1.0,
        delays: Given = 0.0,
        allow_self_connections: bool = False,
        force_multiple_weights: bool = False,
        storage_format: str | None = None,
        storage_order: str | None = None,
    ) -> Self:
        """Connects each pre-synaptic neuron with a number of post-synaptic ones, chosen at random."""
        self._check_storage(storage_format, storage_order)

        def pairs() -> Pairs:
            itself = self._itself(self.pre, self.post, allow_self_connections)
            post = self._fixed_number(self.post.size, number, itself)
            pre, flat = np.repeat(np.arange(len(post), dtype=np.int32), number), post.reshape(-1)
            order = np.argsort(flat, kind="stable")
            return Pairs(pre[order], flat[order])

        name = f"Random Divergent 1 -> {number}"
        self._connect_pairs(pairs, weights, delays, force_multiple_weights, "Random Divergent", name)
        return self

    def gaussian(
        self: Self,
        amp: float,
        sigma: float,
        delays: Given = 0.0,
        limit: float = 0.01,
        allow_self_connections: bool = False,
        storage_format: str | None = None,
    ) -> Self:
        """Weights fall with the distance as ``amp * exp(-distance^2 / (2 sigma^2))``.

        Distances are those of normalized coordinates: each population extends from 0 to 1 along each dimension.

        Args:
            limit: part of `amp` below which there is no synapse.
        """

        def profile(squared: FloatArray) -> FloatArray:
            return amp * np.exp(-squared / (2.0 * sigma**2))

        self._check_storage(storage_format, None)
        self._check_widths(sigma)
        text = f"Gaussian, amplitude {amp}, sigma {sigma}"
        self._connect_profile(profile, limit * abs(amp), delays, allow_self_connections, "Gaussian", text)
        return self

    def dog(
        self: Self,
        amp_pos: float,
        sigma_pos: float,
        amp_neg: float,
        sigma_neg: float,
        delays: Given = 0.0,
        limit: float = 0.01,
        allow_self_connections: bool = False,
        storage_format: str | None = None,
    ) -> Self:
        """Weights are the difference of two Gaussians of the distance, see `gaussian`.

        Args:
            limit: part of ``abs(amp_pos - amp_neg)`` below which, in size, there is no synapse.
        """

        def profile(squared: FloatArray) -> FloatArray:
            positive = amp_pos * np.exp(-squared / (2.0 * sigma_pos**2))
            return positive - amp_neg * np.exp(-squared / (2.0 * sigma_neg**2))

        self._check_storage(storage_format, None)
        self._check_widths(sigma_pos, sigma_neg)
        text = f"Difference-of-Gaussian, {amp_pos}, {sigma_pos}, {amp_neg}, {sigma_neg}"
        largest = limit * abs(amp_pos - amp_neg)
        self._connect_profile(profile, largest, delays, allow_self_connections, "Difference-of-Gaussian", text)
        return self

    # given connections

    def from_matrix(
        self: Self,
        weights: Any,
        delays: Any = 0.0,
        pre_post: bool = False,
        storage_format: str | None = None,
        storage_order: str | None = None,
    ) -> Self:
        """Connects by a matrix of weights, post-synaptic neurons first, with None where there is no synapse.

        Args:
            delays: a number, a distribution, or a matrix.
            pre_post: the matrices have the pre-synaptic neurons first.
        """
        self._check_storage(storage_format, storage_order)
        shape = (self.post.size, self.pre.size)
        given = _matrix(weights, shape, pre_post, f"weights of {self._label}")
        given_delays = delays
        if isinstance(delays, list | tuple | np.ndarray) and np.ndim(delays) > 0:
            given_delays = _matrix(delays, shape, pre_post, f"delays of {self._label}")

        def make() -> Connections:
            pairs, exists = all_pairs(*shape[::-1]), slice(None)
            if given.dtype == object:
                exists = np.not_equal(given, None).astype(bool).reshape(-1)
                pairs = chosen(pairs, exists)
            is_matrix = isinstance(given_delays, np.ndarray)
            here = given_delays.reshape(-1)[exists] if is_matrix else given_delays
            return self._connections_of(pairs, given.reshape(-1)[exists], here)

        self._connect(make, "Connectivity matrix", "Connectivity matrix")
        return self

    def from_sparse(
        self: Self,
        weights: Any,
        delays: Any = 0.0,
        storage_format: str | None = None,
        storage_order: str | None = None,
    ) -> Self:
        """Connects by a sparse matrix of SciPy, pre-synaptic neurons first.

        Args:
            delays: a number, a distribution, or a sparse matrix with the same entries.
        """
        self._check_storage(storage_format, storage_order)
        given = self._sparse(weights, "weights")
        given_delays = self._sparse(delays, "delays") if hasattr(delays, "tocoo") else delays

        def make() -> Connections:
            here = given_delays
            if isinstance(here, _Sparse):
                if not (np.array_equal(here.pre, given.pre) and np.array_equal(here.post, given.post)):
                    raise ModelError(
                        f"{self._label}: from_sparse() needs a delay for each weight and for no other pair"
                    )
                here = here.values
            return self._connections_of(Pairs(given.pre, given.post), given.values, here)

        self._connect(make, "Sparse connectivity matrix", "Sparse connectivity matrix")
        return self

    def from_matrix_market(
        self: Self, filename: str, storage_format: str | None = None, storage_order: str | None = None
    ) -> Self:
        """Connects by a matrix of weights in a file in the Matrix Market format, post-synaptic neurons first.

        Raises:
            ModelError: SciPy, which reads such files, is not there.
        """
        matrix = _scipy("io", "from_matrix_market()").mmread(filename)
        if isinstance(matrix, np.ndarray):
            return self.from_matrix(matrix, 0.0, False, storage_format, storage_order)
        return self.from_sparse(matrix.T, 0.0, storage_format, storage_order)

    def from_file(
        self: Self,
        filename: str,
        pickle_encoding: str | None = None,
        storage_format: str | None = None,
        storage_order: str | None = None,
    ) -> Self:
        """Connects as the projection was whose `save_connectivity` wrote the file."""
        self._check_storage(storage_format, storage_order)
        data = files.load(filename, pickle_encoding).get(CONNECTIVITY)
        if data is None:
            raise ModelError(f"{self._label}: '{filename}' was not written by save_connectivity()")
        pre, post = (np.asarray(data[side], np.int32).reshape(-1) for side in ("pre", "post"))
        weights, delays = (number_or_array(data[name]) for name in ("w", "delay"))
        self._connect(lambda: self._of_ranks(pre, post, weights, delays), "From File", f"From file {filename}")
        return self

    def from_function(
        self: Self,
        method: Callable[..., LILConnectivity],
        storage_format: str | None = None,
        storage_order: str | None = None,
        **args: Any,
    ) -> Self:
        """Connects as a function says: ``method(pre, post, dt, **args)`` returns a `LILConnectivity`."""
        self._check_storage(storage_format, storage_order)

        def make() -> Connections:
            lists = method(self.pre, self.post, self.network.dt, **args)
            if not isinstance(lists, LILConnectivity):
                raise ModelError(
                    f"{self._label}: {method.__name__}() must return a LILConnectivity, and returned {lists!r}"
                )
            return self._of_ranks(*lists.columns())

        self._connect(make, "User-defined", f"Created by the method {method.__name__}")
        return self

    connect_all_to_all = all_to_all
    connect_one_to_one = one_to_one
    connect_fixed_probability = fixed_probability
    connect_fixed_number_pre = fixed_number_pre
    connect_fixed_number_post = fixed_number_post
    connect_gaussian = gaussian
    connect_dog = dog
    connect_from_matrix = from_matrix
    connect_from_sparse = from_sparse
    connect_from_matrix_market = from_matrix_market
    connect_from_file = from_file
    connect_with_func = connect_from_function = from_function

    # what the methods share

    @property
    def _is_recurrent(self) -> bool:
        """Whether both sides belong to one population."""
        return whole(self.pre) is whole(self.post)

    def _itself(self, rows: Any, choices: Any, allow: bool) -> IntArray:
        """For each neuron of one side its position on the other, -1 where it may be chosen or is not there."""
        if allow or not self._is_recurrent:
            return np.full(rows.size, -1)
        position = np.full(whole(choices).size, -1)
        position[choices.ranks] = np.arange(choices.size)
        return position[rows.ranks]

    def _fixed_number(self, n_from: int, number: int, itself: IntArray) -> Any:
        if not isinstance(number, int | np.integer) or number < 1:
            raise ModelError(f"{self._label}: the number of neurons must be a positive whole number, got {number!r}")
        try:
            return fixed_number(n_from, int(number), len(itself), itself, self._rng)
        except ModelError as error:
            raise ModelError(f"{self._label}: {error}") from error

    def _connect_pairs(
        self,
        pairs: Callable[[], Pairs],
        weights: Given,
        delays: Given,
        force_multiple_weights: bool,
        name: str,
        text: str | None = None,
    ) -> None:
        for what, given in (("weights", weights), ("delays", delays)):
            self._check_one(what, given)

        def make() -> Connections:
            found = pairs()
            given = np.full(len(found), float(weights)) if force_multiple_weights and _is_number(weights) else weights
            return self._connections_of(found, given, delays)

        self._connect(make, name, f"{text or name}, weights {weights}, delays {delays}")

    def _check_one(self, what: str, given: Any) -> None:
        """ModelError where neither a number nor a distribution is given."""
        if isinstance(given, list | tuple | np.ndarray) and np.ndim(given) > 0:
            raise ModelError(
                f"{what} of {self._label} are a number or a distribution here; from_matrix() and from_sparse() take "
                "one for each synapse"
            )
        checked(given, f"{what} of {self._label}", "float", ())

    def _check_widths(self, *sigmas: float) -> None:
        for sigma in sigmas:
            if not sigma > 0.0:
                raise ModelError(f"{self._label}: the width sigma must be greater than zero, got {sigma!r}")

    def _connect_profile(
        self,
        profile: Callable[[FloatArray], FloatArray],
        limit: float,
        delays: Given,
        allow_self_connections: bool,
        name: str,
        text: str,
    ) -> None:
        self._check_one("delays", delays)

        def make() -> Connections:
            pre, post = (whole(side)._grid.normalized()[side.ranks] for side in (self.pre, self.post))
            if pre.shape[1] != post.shape[1]:
                raise ModelError(
                    f"{self._label}: {name} weights depend on distances, and need populations of equally many "
                    f"dimensions; there are {pre.shape[1]} and {post.shape[1]}"
                )
            pairs, weights = profile_pairs(pre, post, profile, limit)
            if not allow_self_connections and self._is_recurrent:
                keep = self.pre.ranks[pairs.pre] != self.post.ranks[pairs.post]
                pairs, weights = chosen(pairs, keep), weights[keep]
            return self._connections_of(pairs, weights, delays)

        self._connect(make, name, f"{text}, delays {delays}")

    def _connections_of(self, pairs: Pairs, weights: Any, delays: Any) -> Connections:
        """Connections from positions on the two sides."""
        pre, post = (
            positions if side is whole(side) else side.ranks.astype(np.int32)[positions]
            for side, positions in ((self.pre, pairs.pre), (self.post, pairs.post))
        )
        return self._sorted(pre, post, weights, delays)

    def _of_ranks(self, pre: AnyArray, post: AnyArray, weights: Any, delays: Any) -> Connections:
        """Connections from ranks in the populations.

        Raises:
            ModelError: a rank outside of the sides.
        """
        for ranks, side, what in ((pre, self.pre, "pre"), (post, self.post, "post")):
            outside = ranks[~np.isin(ranks, side.ranks)]
            if len(outside):
                raise ModelError(f"{self._label}: its {what}-synaptic side has no neuron of rank {outside[0]}")
        return self._sorted(pre, post, weights, delays)

    def _sorted(self, pre: AnyArray, post: AnyArray, weights: Any, delays: Any) -> Connections:
        rng, n = self._rng, len(pre)
        values = [
            given.drawn_with(rng, n).astype(np.float64)
            if isinstance(given, RandomDistribution)
            else checked(given, f"{what} of {self._label}", "float", [(n,)])
            for what, given in (("weights", weights), ("delays", delays))
        ]
        if np.min(values[1], initial=0.0) < 0:
            raise ModelError(f"{self._label}: delays must not be negative, got {np.min(values[1])} ms")
        return Connections.sorted(pre, post, *values, self._label)  # type: ignore[arg-type]

    def _sparse(self, matrix: Any, what: str) -> _Sparse:
        if not hasattr(matrix, "tocoo"):
            raise ModelError(
                f"{self._label}: from_sparse() takes a sparse matrix of SciPy, not {type(matrix).__name__}"
            )
        if matrix.shape != (self.pre.size, self.post.size):
            raise ModelError(
                f"{self._label}: the sparse matrix of {what} has the shape {matrix.shape}, and needs "
                f"({self.pre.size}, {self.post.size}): pre-synaptic neurons first"
            )
        coo = matrix.tocsc().tocoo()
        order = np.lexsort((coo.row, coo.col))
        pre, post = coo.row[order].astype(np.int32), coo.col[order].astype(np.int32)
        return _Sparse(pre, post, np.asarray(coo.data, np.float64)[order])

    def _check_storage(self, storage_format: str | None, storage_order: str | None) -> None:
        for what, given, known in (
            ("storage_format", storage_format, STORAGE_FORMATS),
            ("storage_order", storage_order, STORAGE_ORDERS),
        ):
            if given is not None and given not in known:
                raise ModelError(f"{self._label}: there is no {what} '{given}'; there are {', '.join(known)}")


class _Detached(Connectors):
    """Connectors without a projection."""

    def __init__(self, pre: Any, post: Any, rng: np.random.Generator | None) -> None:
        self.pre, self.post, self._own_rng = pre, post, rng
        self.made: Connections | None = None

    @property
    def _rng(self) -> np.random.Generator:
        return self.pre.network.default_rng if self._own_rng is None else self._own_rng

    @property
    def _label(self) -> str:
        return f"synapses from '{self.pre.name}' to '{self.post.name}'"

    def _connect(self, make: Callable[[], Connections], name: str, description: str) -> None:
        self.made = make()


def made_by(
    pre: Any, post: Any, rng: np.random.Generator | None, connect: Callable[[Connectors], object]
) -> Connections:
    """What a connector makes between two populations or views; without a generator it draws from the network's."""
    detached = _Detached(pre, post, rng)
    connect(detached)
    assert detached.made is not None
    return detached.made


@dataclass(frozen=True, slots=True, eq=False)
class _Sparse:
    """Entries of a sparse matrix, sorted by column."""

    pre: Any
    post: Any
    values: FloatArray


def sparse_random_matrix(pre: Any, post: Any, proba: float, weights: Given) -> Any:
    """A sparse matrix for `from_sparse`, with an entry for each pair with a probability.

    Args:
        pre, post: populations or views; the matrix has a row for each pre-synaptic neuron.
        proba: the probability.
        weights: of the entries.
    """
    sparse, rng = _scipy("sparse", "sparse_random_matrix()"), pre.network.default_rng
    pairs = random_pairs(post.size, pre.size, proba, rng)
    values = _values(weights, len(pairs), rng, "weights of a sparse matrix")
    return sparse.coo_matrix((values, (pairs.post, pairs.pre)), (pre.size, post.size)).tolil()


def sparse_delays_from_weights(weights: Any, delays: Given) -> Any:
    """A sparse matrix of delays, in ms, with the same entries as one of weights."""
    coo = weights.tocoo()
    values = delays.get_values(coo.nnz) if isinstance(delays, RandomDistribution) else np.full(coo.nnz, float(delays))
    return _scipy("sparse", "sparse_delays_from_weights()").coo_matrix((values, (coo.row, coo.col)), coo.shape).tolil()


def _values(given: Given, n: int, rng: np.random.Generator, what: str) -> FloatArray:
    if isinstance(given, RandomDistribution):
        return given.drawn_with(rng, n)
    return np.full(n, checked(given, what, "float", ()))


def whole(side: Any) -> Any:
    """The population that a side of a projection belongs to."""
    return getattr(side, "population", side)


def _is_number(value: Any) -> bool:
    return not isinstance(value, RandomDistribution)


def _matrix(given: Any, shape: tuple[int, int], pre_post: bool, what: str) -> AnyArray:
    """A matrix with the post-synaptic neurons first."""
    try:
        matrix = np.array(given)
    except ValueError as error:
        raise ModelError(f"{what} must be a matrix; the rows that are given have different lengths") from error
    expected = shape[::-1] if pre_post else shape
    if matrix.shape != expected:
        first = "pre" if pre_post else "post"
        raise ModelError(f"{what} have the shape {matrix.shape}, and need {expected}: {first}-synaptic neurons first")
    return matrix.T if pre_post else matrix


def number_or_array(value: Any) -> Value:
    array = np.asarray(value, np.float64)
    return float(array) if array.ndim == 0 else array


def _scipy(part: str, what: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"scipy.{part}")
    except ImportError as error:
        raise ModelError(f"{what} needs SciPy: install it, e.g. with 'pip install scipy'") from error
