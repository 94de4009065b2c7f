"""What ANNarchy has and this package has not yet says so by name."""

from __future__ import annotations

import pytest

import pynn_annarchy.ann as ann


@pytest.mark.parametrize(
    "name", ["BoldMonitor", "balloon_RN", "Convolution", "Pooling", "Logger", "ImagePopulation", "Pruning"]
)
def test_names_that_come_later_say_so(name):
    with pytest.raises(NotImplementedError, match=f"'{name}' of ANNarchy comes later; until then,"):
        getattr(ann, name)


def test_other_names_are_unknown():
    with pytest.raises(AttributeError, match="has no attribute 'Bold'"):
        ann.Bold  # noqa: B018


def test_extensions_can_be_imported_and_refuse_by_name():
    from pynn_annarchy.ann.extensions import convolution
    from pynn_annarchy.ann.extensions.hybrid import Rate2SpikePopulation

    assert Rate2SpikePopulation is ann.Rate2SpikePopulation
    with pytest.raises(NotImplementedError, match="'Copy' of ANNarchy comes later"):
        convolution.Copy  # noqa: B018
    with pytest.raises(NotImplementedError, match="'BoldMonitor' of ANNarchy"):
        from pynn_annarchy.ann.extensions.bold import BoldMonitor  # noqa: F401
    with pytest.raises(AttributeError, match="no attribute 'copy'"):
        convolution.copy  # noqa: B018


@pytest.mark.parametrize("name", ["start_pruning", "stop_pruning", "start_creating", "stop_creating"])
def test_structural_plasticity_comes_later(name):
    net = ann.Network()
    population = net.create(2, ann.LeakyIntegrator)
    projection = net.connect(population, population, "exc").all_to_all(1.0)

    with pytest.raises(
        NotImplementedError, match=f"'{name}' of ANNarchy comes later; until then, synapses can be made"
    ):
        getattr(projection, name)()
    with pytest.raises(NotImplementedError, match="'create_synapse' of ANNarchy comes later"):
        projection.dendrite(1).create_synapse(1, w=0.1)
    with pytest.raises(NotImplementedError, match="'prune_synapses' of ANNarchy comes later"):
        projection.dendrite(1).prune_synapses([0])
    with pytest.raises(NotImplementedError, match=r"'update_launch_config' of ANNarchy .* networks run on processors"):
        projection.update_launch_config(nb_blocks=2)


def test_monitors_of_the_bold_signal_come_later():
    net = ann.Network()
    with pytest.raises(NotImplementedError, match="'BoldMonitor' of ANNarchy comes later"):
        net.boldmonitor(populations=net.create(1, ann.LeakyIntegrator))
