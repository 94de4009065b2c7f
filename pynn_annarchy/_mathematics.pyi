"""The functions and distributions of the model language on NumPy arrays: the very C++ that generated code includes."""

from numpy import float64
from numpy.typing import ArrayLike, NDArray

#: Number of arguments of each function.
FUNCTIONS: dict[str, int]
#: Number of parameters of each distribution.
DISTRIBUTIONS: dict[str, int]

def apply(name: str, *arguments: ArrayLike) -> NDArray[float64]: ...
def draw(
    distribution: str,
    arguments: tuple[ArrayLike, ...],
    seed_key: int,
    object_index: int,
    elements: ArrayLike,
    trial: int = 0,
    batch: int = 0,
    step: int = 0,
    event: int = 0,
    draw: int = 0,
) -> NDArray[float64]: ...
def hash_seed(seed: int) -> int: ...
def trial_batch(trial: int, batch: int) -> int: ...
def philox(
    key0: int,
    key1: int,
    element: int = 0,
    trial_batch: int = 0,
    step: int = 0,
    event: int = 0,
    draw: int = 0,
) -> tuple[int, int, int, int]: ...
