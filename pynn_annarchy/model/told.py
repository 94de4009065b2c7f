"""Where in a model an error happened, in the modeller's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pynn_annarchy.exceptions import EquationError
from pynn_annarchy.model.spec import ModelSpec


@contextmanager
def told(spec: ModelSpec, where: str = "") -> Iterator[None]:
    """Add ``in cell type 'MyNeuron', variable 'v'`` to an error of the language that does not say it yet."""
    try:
        yield
    except EquationError as error:
        if error.context:
            raise
        place = f"in {spec.kind.value} type '{spec.name}'"
        raise error.within(f"{place}, {where}" if where else place) from None
