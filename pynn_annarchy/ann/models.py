"""Models as users of the ANNarchy interface write them: Neuron, Synapse, Parameter, Variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pynn_annarchy.ann.constants import Constant, constants
from pynn_annarchy.ann.user_functions import user_functions
from pynn_annarchy.model.declare import declare_neuron, declare_synapse
from pynn_annarchy.model.declared import Declared, Parameter, Surroundings, Variable
from pynn_annarchy.model.spec import Order

__all__ = ["Neuron", "Parameter", "Synapse", "Variable"]


class _Type:
    """What Neuron and Synapse have in common: the user's texts, and what they declare."""

    _declare: Callable[..., Declared]

    def __init__(self, texts: dict[str, Any], name: str | None) -> None:
        self._texts = texts
        self.name = name or type(self).__name__
        self.description = texts["description"] or ""
        self._known: tuple[object, Declared] | None = None

    def declared(self, of_network: Mapping[str, Constant] | None = None) -> Declared:
        """The model, checked.

        Args:
            of_network: constants that one network alone knows.

        Raises:
            EquationError: a text is wrong; with a caret under the place.
            ModelError: anything else is wrong.
        """
        values = {name: constant.value for name, constant in constants(of_network).items()}
        around = Surroundings(values, user_functions())
        key = tuple(values.items()), around.functions
        if self._known is None or self._known[0] != key:
            declare = type(self)._declare
            self._known = key, declare(**self._texts, name=self.name, order=Order.ANNARCHY, around=around)
        return self._known[1]

    def share_constants(self, owner: Any, of_network: Mapping[str, Constant] | None = None) -> None:
        """Lets a population or projection have the constants that the model mentions, and follow them."""
        known = constants(of_network)
        for name in self.declared(of_network).constants:
            known[name].used_by(owner)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.description}>" if self.description else f"<{self.name}>"


class Neuron(_Type):
    """A neuron type by its equations, spiking where there is a ``spike`` condition, else rate-coded.

    Args:
        parameters: ``"tau = 10.0 : population; B = 0.0"`` (one value each for neuron unless flagged), or a dictionary
            (one value for all unless ``Parameter(..., locality='local')``).
        equations: text, a Variable, or a list of both.
        spike: condition of a spike.
        axon_spike, axon_reset: condition of a second kind of spike, of which only ``pre_axon_spike`` of synapses hears,
            and statements for neurons that have one. It is looked at after the reset and has nothing to do with
            refractoriness; a neuron whose ``spike`` condition (still) holds has none.
        reset: statements for neurons that spike.
        refractory: ms, or an expression of parameters and variables.
        functions: functions of this type, ``f(x) = ...`` one a line.
        extra_values: numbers that the texts may mention by name.
    """

    _declare = staticmethod(declare_neuron)

    def __init__(
        self,
        parameters: Any = "",
        equations: Any = "",
        spike: str | None = None,
        axon_spike: str | None = None,
        reset: Any = None,
        axon_reset: Any = None,
        refractory: Any = None,
        functions: Any = None,
        name: str = "",
        description: str = "",
        extra_values: Mapping[str, Any] | None = None,
    ) -> None:
        texts = {
            "parameters": parameters,
            "equations": equations,
            "spike": spike,
            "axon_spike": axon_spike,
            "reset": reset,
            "axon_reset": axon_reset,
            "refractory": refractory,
            "functions": functions,
            "description": description,
            "extra_values": extra_values,
        }
        super().__init__(texts, name)

    @property
    def type(self) -> str:
        """'spike' or 'rate'."""
        return "spike" if self._texts["spike"] else "rate"


class Synapse(_Type):
    """A synapse type by its equations, spiking where there is a ``pre_spike`` or ``post_spike``.

    Args:
        parameters, equations, functions, extra_values: as of a Neuron; localities are 'local', 'semiglobal' (or
            'postsynaptic') and 'global' (or 'projection').
        psp: what a synapse transmits all the time; ``w*pre.r`` for a rate-coded one.
        operation: what becomes of the psp of all synapses of a neuron: 'sum', 'max', 'min' or 'mean'.
        pre_spike, post_spike: statements at spikes; ``g_target += w`` where neither they nor a psp transmit.
        pre_axon_spike: statements at axonal spikes; not together with ``post_spike``.
        pruning, creating: conditions of structural plasticity.
    """

    _declare = staticmethod(declare_synapse)

    def __init__(
        self,
        parameters: Any = "",
        equations: Any = "",
        psp: str | None = None,
        operation: str = "sum",
        pre_spike: Any = None,
        post_spike: Any = None,
        pre_axon_spike: Any = None,
        functions: Any = None,
        pruning: Any = None,
        creating: Any = None,
        name: str | None = None,
        description: str | None = None,
        extra_values: Mapping[str, Any] | None = None,
    ) -> None:
        texts = {
            "parameters": parameters,
            "equations": equations,
            "psp": psp,
            "operation": operation,
            "pre_spike": pre_spike,
            "post_spike": post_spike,
            "pre_axon_spike": pre_axon_spike,
            "functions": functions,
            "pruning": pruning,
            "creating": creating,
            "description": description,
            "extra_values": extra_values,
        }
        super().__init__(texts, name)

    @property
    def type(self) -> str:
        """'spike' or 'rate'."""
        return "spike" if any(self._texts[where] for where in ("pre_spike", "post_spike", "pre_axon_spike")) else "rate"
