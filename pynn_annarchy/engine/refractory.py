"""The refractory period of cells, read and set whatever their model calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynn_annarchy.engine.arrays import IntArray, Reading, Value, as_type
from pynn_annarchy.exceptions import ModelError
from pynn_annarchy.language.syntax import Name
from pynn_annarchy.language.visit import identifiers
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.refractory import with_refractory

if TYPE_CHECKING:
    from pynn_annarchy.engine.cells import Cells


def period(cells: Cells) -> Reading:
    """What the period of a spike would be now, in ms; 0 where the model has none."""
    return as_type(_present(cells), "float")


def set_period(cells: Cells, value: Any, index: IntArray | None) -> None:
    """Sets the parameter or the variable that is the period; gives the model such a parameter where there is none.

    Raises:
        ModelError: the cells do not spike, or no period has that value.
    """
    refractory = cells.model.refractory
    name = refractory.identifier if isinstance(refractory, Name) else ""
    if name in cells.parameters:
        cells.set(name, value, index)
    elif name:
        cells.set_state(name, value, index)
    else:
        present = _present(cells)
        if not cells.spec.spike.strip() or cells.spec.repeats:
            raise ModelError(f"'{cells.label}' ({cells.spec.name}) has no 'spike' condition and never rests")
        spec = with_refractory(cells.spec)
        cells.take_spec(spec, {spec.refractory: present})
        cells.set(spec.refractory, value, index)


def _present(cells: Cells) -> Value:
    refractory = cells.model.refractory
    if refractory is None:
        return 0.0
    read = identifiers(refractory) - cells.parameters.keys() - {"dt", "pi"}
    states: dict[str, Any] = {name: cells.state(name) for name in read}
    return evaluate(refractory, {**cells.parameters, **states, "dt": cells.network.dt})
