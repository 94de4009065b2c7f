"""Membranes and what they do when they reach threshold; ``i_syn`` stands for the current of all receptors."""

from __future__ import annotations

from pynn_annarchy.model.spec import InputSpec, ModelSpec, ParameterSpec

LIF = ModelSpec(
    name="LIF",
    parameters=(
        ParameterSpec("v_rest", -65.0, "mV"),
        ParameterSpec("cm", 1.0, "nF", positive=True),
        ParameterSpec("tau_m", 20.0, "ms", positive=True),
        ParameterSpec("tau_refrac", 0.1, "ms", not_negative=True),
        ParameterSpec("i_offset", 0.0, "nA"),
        ParameterSpec("v_reset", -65.0, "mV"),
        ParameterSpec("v_thresh", -50.0, "mV"),
    ),
    equations="dv/dt = (v_rest - v)/tau_m + (i_syn + i_offset + i_inj)/cm : init=-65.0, unless_refractory",
    spike="v >= v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
    inputs=(InputSpec("i_inj", "nA"),),
    units=(("v", "mV"),),
    description="Leaky integrate-and-fire membrane with a fixed threshold.",
)
