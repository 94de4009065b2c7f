"""Models for the tests of the solvers, and an interpreter of their updates that is as plain as can be."""

from __future__ import annotations

from pynn_annarchy.language.parse import parse_equations
from pynn_annarchy.language.syntax import DifferentialEquation, Number
from pynn_annarchy.model.checked import Model, Variable
from pynn_annarchy.model.evaluate import evaluate
from pynn_annarchy.model.spec import InputSpec, ModelSpec, ParameterSpec
from pynn_annarchy.solvers.propagators import prepare

MEMBRANE = "dv/dt = (v_rest - v)/tau_m + {current}/cm : unless_refractory"

CURR_EXP = "\n".join(
    [
        MEMBRANE.format(current="(isyn_exc + isyn_inh + i_offset + i_inj)"),
        "disyn_exc/dt = -isyn_exc/tau_syn_E",
        "disyn_inh/dt = -isyn_inh/tau_syn_I",
    ]
)

CURR_ALPHA = "\n".join(
    [
        MEMBRANE.format(current="(isyn_exc + i_offset + i_inj)"),
        "disyn_exc/dt = x_exc - isyn_exc/tau_syn_E",
        "dx_exc/dt = -x_exc/tau_syn_E",
    ]
)

COND_EXP = "\n".join(
    [
        MEMBRANE.format(current="(gsyn_exc*(e_rev_E - v) + gsyn_inh*(e_rev_I - v) + i_offset + i_inj)"),
        "dgsyn_exc/dt = -gsyn_exc/tau_syn_E",
        "dgsyn_inh/dt = -gsyn_inh/tau_syn_I",
    ]
)

ADAPTIVE = "\n".join([MEMBRANE.format(current="(i_offset + i_inj - w)"), "dw/dt = (a*(v - v_rest) - w)/tau_w"])

PARAMETERS = {
    "v_rest": -65.0,
    "tau_m": 20.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 10.0,
    "cm": 0.2,
    "i_offset": 0.1,
    "e_rev_E": 0.0,
    "e_rev_I": -80.0,
    "a": 0.004,
    "tau_w": 144.0,
}


def model(equations: str, parameters=PARAMETERS, inputs=("i_inj",)) -> Model:
    """A cell type with these equations; every variable starts at zero."""
    parsed = parse_equations(equations)
    variables = tuple(
        Variable(
            equation.variable if isinstance(equation, DifferentialEquation) else equation.target,
            init=Number(0.0),
            minimum=None,
            maximum=None,
            method=equation.flags.method,
            unless_refractory=equation.flags.unless_refractory,
        )
        for equation in parsed
    )
    spec = ModelSpec(
        "Cell",
        parameters=tuple(ParameterSpec(name, default) for name, default in parameters.items()),
        equations=equations,
        inputs=tuple(InputSpec(name) for name in inputs),
    )
    return Model(spec, variables, parsed, (), None, None, Number(1), (), None, ())


def run(updates, start, duration, dt, parameters=PARAMETERS, given=None, refractory=False):
    """The state after ``duration`` (in ms), from the state ``start`` at t = 0."""
    constants = {**parameters, **prepare(updates, parameters, dt), **(given or {}), "dt": dt}
    state = dict(start)
    held = {v.name for v in updates.model.variables if v.unless_refractory} if refractory else set()
    for step in range(round(duration / dt)):
        values = {**constants, **state, "t": step * dt, "is_refractory": float(refractory)}
        for statement in updates.statements:
            if statement.target not in held:
                values[statement.target] = evaluate(statement.value, values)
        state = {name: values[name] for name in state}
    return state
