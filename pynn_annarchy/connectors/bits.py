"""NumPy's bit generators behind PyNN's: for native code that draws what ``RandomState`` would draw."""

from __future__ import annotations

import numpy as np
from pyNN.random import NumpyRNG


def bit_generator(rng: NumpyRNG) -> np.random.BitGenerator:
    """A copy of what the generator draws its bits from."""
    state = rng.rng.get_state(legacy=False)
    generator = getattr(np.random, state["bit_generator"])()
    generator.state = state
    return generator


def advance(rng: NumpyRNG, generator: np.random.BitGenerator) -> None:
    """Brings the generator to where its copy is."""
    state = rng.rng.get_state(legacy=False)
    rng.rng.set_state({**state, "state": generator.state["state"]})
