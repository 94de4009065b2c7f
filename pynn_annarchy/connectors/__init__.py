"""PyNN's connectors, with whole blocks of columns made at a time.

A connector describes its connections as *blocks* (`blocks.py`): consecutive post-synaptic columns, the pre-synaptic
indices of each in the order in which PyNN's own algorithm makes them. Everything is drawn from the same generators, in
the same order, as in ``pyNN.connectors``; consecutive draws of a ``RandomState`` join into one, so a block costs one
call. The synapses' parameters are evaluated for a block too (`values.py`), and both go to the projection as arrays.

Which copy of a generator is drawn from is part of PyNN's algorithm: the connectors by probability and all parameters of
synapses draw from copies, hence leave the user's generator as it was; the other connectors advance it.
"""

from pyNN.connectors import Connector  # noqa: F401

from pynn_annarchy.connectors.base import MapConnector  # noqa: F401
from pynn_annarchy.connectors.fixed_number import (  # noqa: F401
    FixedNumberPostConnector,
    FixedNumberPreConnector,
    FixedTotalNumberConnector,
)
from pynn_annarchy.connectors.lists import CSAConnector, FromFileConnector, FromListConnector  # noqa: F401
from pynn_annarchy.connectors.maps import (  # noqa: F401
    AllToAllConnector,
    ArrayConnector,
    CloneConnector,
    DisplacementDependentProbabilityConnector,
    DistanceDependentProbabilityConnector,
    FixedProbabilityConnector,
    IndexBasedProbabilityConnector,
    OneToOneConnector,
)
from pynn_annarchy.connectors.small_world import SmallWorldConnector  # noqa: F401
