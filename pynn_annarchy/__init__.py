"""PyNN on a code generator and native engine of its own: ``import pyNN.annarchy as sim``."""

from typing import NoReturn

from pyNN import errors, random, space  # noqa: F401
from pyNN.network import Network  # noqa: F401
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution  # noqa: F401
from pyNN.space import Space  # noqa: F401
from pyNN.standardmodels import StandardCellType

import pynn_annarchy._alias  # noqa: F401  (makes pyNN.annarchy a name of this package)
from pynn_annarchy.connectors import (  # noqa: F401
    AllToAllConnector,
    ArrayConnector,
    CloneConnector,
    Connector,
    CSAConnector,
    DisplacementDependentProbabilityConnector,
    DistanceDependentProbabilityConnector,
    FixedNumberPostConnector,
    FixedNumberPreConnector,
    FixedProbabilityConnector,
    FixedTotalNumberConnector,
    FromFileConnector,
    FromListConnector,
    IndexBasedProbabilityConnector,
    MapConnector,
    OneToOneConnector,
    SmallWorldConnector,
)
from pynn_annarchy.control import (  # noqa: F401
    end,
    get_current_time,
    get_max_delay,
    get_min_delay,
    get_time_step,
    initialize,
    memory_footprint,
    num_processes,
    pull,
    push,
    rank,
    reset,
    run,
    run_for,
    run_until,
    setup,
    timings,
)
from pynn_annarchy.custom import Neuron, Synapse, compose, native_cell_type  # noqa: F401
from pynn_annarchy.model.declared import Parameter, Variable  # noqa: F401
from pynn_annarchy.populations import Assembly, Population, PopulationView  # noqa: F401
from pynn_annarchy.procedural_api import connect, create, record, record_gsyn, record_v, set  # noqa: F401
from pynn_annarchy.projections import Projection  # noqa: F401
from pynn_annarchy.random_numbers import NativeRNG  # noqa: F401
from pynn_annarchy.standardmodels.cells import (  # noqa: F401
    LIF,
    AdExp,
    EIF_cond_alpha_isfa_ista,
    EIF_cond_exp_isfa_ista,
    GIF_cond_exp,
    HH_cond_exp,
    IF_cond_alpha,
    IF_cond_exp,
    IF_cond_exp_gsfa_grr,
    IF_curr_alpha,
    IF_curr_delta,
    IF_curr_exp,
    IF_facets_hardware1,
    Izhikevich,
    MultiCompartmentNeuron,
    PointNeuron,
)
from pynn_annarchy.standardmodels.electrodes import (  # noqa: F401
    ACSource,
    DCSource,
    NoisyCurrentSource,
    StepCurrentSource,
)
from pynn_annarchy.standardmodels.ion_channels import (  # noqa: F401
    KdrChannel,
    NaChannel,
    PassiveLeak,
    PassiveLeakHH,
)
from pynn_annarchy.standardmodels.plasticity import (  # noqa: F401
    ClopathSTDPSynapse,
    NearestTripletSTDPSynapse,
    PresynapticCentredSTDPSynapse,
    ReducedSymmetricSTDPSynapse,
    RewardModulatedSTDPSynapse,
    SymmetricNearestSTDPSynapse,
    TripletSTDPSynapse,
    TsodyksMarkramSTDPSynapse,
    Vogels2011Synapse,
)
from pynn_annarchy.standardmodels.receptors import (  # noqa: F401
    AlphaPSR,
    BetaPSR,
    CondAlphaPostSynapticResponse,
    CondBetaPostSynapticResponse,
    CondExpPostSynapticResponse,
    CurrExpPostSynapticResponse,
    ExpPSR,
)
from pynn_annarchy.standardmodels.sources import (  # noqa: F401
    SpikeSourceArray,
    SpikeSourceGamma,
    SpikeSourceInhGamma,
    SpikeSourcePoisson,
    SpikeSourcePoissonRefractory,
)
from pynn_annarchy.standardmodels.synapses import (  # noqa: F401
    AdditivePotentiationMultiplicativeDepression,
    AdditiveWeightDependence,
    ElectricalSynapse,
    GutigWeightDependence,
    MultiplicativeWeightDependence,
    MultiQuantalSynapse,
    SimpleStochasticSynapse,
    SpikePairRule,
    StaticSynapse,
    STDPMechanism,
    StochasticTsodyksMarkramSynapse,
    TsodyksMarkramSynapse,
    Vogels2011Rule,
)

_NAMES_OF_OTHERS = {
    "native_synapse_type": "a synapse type of your own is a model of the language",
    "native_electrode_type": "a current of your own is a variable in the equations of the cell",
    "nestml": "write the equations in the language of models, and see native_cell_type",
    "morphology": "it has point neurons only, no compartments",
    "state": "the state of the simulation is simulator.state, a new one after each setup()",
}
"""Names that other back ends have besides the PyNN API, and what to do instead."""


def __getattr__(name: str) -> NoReturn:
    hint = _NAMES_OF_OTHERS.get(name)
    raise AttributeError(f"pyNN.annarchy has no '{name}'" + (f": {hint}" if hint else ""))


def list_standard_models() -> list[str]:
    """Names of the standard cell types that this back end has."""
    return sorted(
        name
        for name, value in globals().items()
        if isinstance(value, type) and issubclass(value, StandardCellType) and value is not StandardCellType
    )
