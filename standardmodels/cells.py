"""PyNN's point neurons over the equations of `specs`, in PyNN's names and units throughout."""

from __future__ import annotations

from pyNN.random import RandomDistribution
from pyNN.standardmodels import build_translations, cells

from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.standardmodels import bodies, specs
from pynn_annarchy.standardmodels.composed import PointNeuron  # noqa: F401
from pynn_annarchy.standardmodels.elements import ElementParameters
from pynn_annarchy.standardmodels.later import needs_compartments


def _parameters_of(spec: ModelSpec) -> dict[str, dict[str, object]]:
    """The model's parameters are PyNN's, names and units."""
    return build_translations(*((name, name) for name in spec.defaults()))


class IF_curr_exp(cells.IF_curr_exp):
    __doc__ = cells.IF_curr_exp.__doc__
    spec = specs.IF_CURR_EXP
    translations = _parameters_of(spec)
    recordable = ["spikes", "v", "isyn_exc", "isyn_inh"]


class IF_curr_alpha(cells.IF_curr_alpha):
    __doc__ = cells.IF_curr_alpha.__doc__
    spec = specs.IF_CURR_ALPHA
    translations = _parameters_of(spec)
    recordable = ["spikes", "v", "isyn_exc", "isyn_inh"]


class IF_curr_delta(cells.IF_curr_delta):
    __doc__ = cells.IF_curr_delta.__doc__
    spec = specs.IF_CURR_DELTA
    translations = _parameters_of(spec)


class IF_cond_exp(cells.IF_cond_exp):
    __doc__ = cells.IF_cond_exp.__doc__
    spec = specs.IF_COND_EXP
    translations = _parameters_of(spec)


class IF_cond_alpha(cells.IF_cond_alpha):
    __doc__ = cells.IF_cond_alpha.__doc__
    spec = specs.IF_COND_ALPHA
    translations = _parameters_of(spec)


class IF_cond_exp_gsfa_grr(cells.IF_cond_exp_gsfa_grr):
    __doc__ = cells.IF_cond_exp_gsfa_grr.__doc__
    spec = specs.IF_COND_EXP_GSFA_GRR
    translations = _parameters_of(spec)


class IF_facets_hardware1(cells.IF_facets_hardware1):
    __doc__ = cells.IF_facets_hardware1.__doc__
    spec = specs.IF_FACETS_HARDWARE1
    translations = _parameters_of(spec)


class HH_cond_exp(cells.HH_cond_exp):
    __doc__ = cells.HH_cond_exp.__doc__
    spec = specs.HH_COND_EXP
    translations = _parameters_of(spec)
    recordable = ["spikes", "v", "gsyn_exc", "gsyn_inh", "m", "h", "n"]
    receptor_types = ("excitatory", "inhibitory")


class EIF_cond_exp_isfa_ista(cells.EIF_cond_exp_isfa_ista):
    __doc__ = cells.EIF_cond_exp_isfa_ista.__doc__
    spec = specs.EIF_COND_EXP_ISFA_ISTA
    translations = _parameters_of(spec)


class EIF_cond_alpha_isfa_ista(cells.EIF_cond_alpha_isfa_ista):
    __doc__ = cells.EIF_cond_alpha_isfa_ista.__doc__
    spec = specs.EIF_COND_ALPHA_ISFA_ISTA
    translations = _parameters_of(spec)


class Izhikevich(cells.Izhikevich):
    __doc__ = cells.Izhikevich.__doc__
    spec = specs.IZHIKEVICH
    translations = _parameters_of(spec)


class GIF_cond_exp(ElementParameters, cells.GIF_cond_exp):
    __doc__ = cells.GIF_cond_exp.__doc__
    groups = (("tau_eta", "a_eta"), ("tau_gamma", "a_gamma"))
    translations = build_translations(*((name, name) for name in cells.GIF_cond_exp.default_parameters))

    @property
    def default_initial_values(self) -> dict[str, object]:
        """The threshold starts at its base line, unless that is drawn at random."""
        base_line = self.parameter_space["v_t_star"].base_value
        known = {} if isinstance(base_line, RandomDistribution) else {"v_t": base_line}
        return {**cells.GIF_cond_exp.default_initial_values, **known}

    @property
    def spec(self) -> ModelSpec:
        """The equations for as many elements as the parameters have."""
        return specs.gif_cond_exp(*self.n_elements)


class LIF(cells.LIF):
    __doc__ = cells.LIF.__doc__
    body = bodies.LIF
    translations = _parameters_of(body)


class AdExp(cells.AdExp):
    __doc__ = cells.AdExp.__doc__
    body = bodies.ADEXP
    translations = _parameters_of(body)


MultiCompartmentNeuron = needs_compartments("MultiCompartmentNeuron")
