import numpy as np
from numpy.typing import NDArray

def distances(
    pre: NDArray[np.float64],
    post: NDArray[np.float64],
    periods: NDArray[np.float64],
    first: int,
    width: int,
    out: NDArray[np.float64],
) -> None: ...
def choose(
    generator: np.random.BitGenerator, limits: NDArray[np.float64], n_pre: int, width: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]: ...
def choose_without_replacement(
    generator: np.random.BitGenerator, n: int, without_own: bool, numbers: NDArray[np.int64]
) -> NDArray[np.int32]: ...
