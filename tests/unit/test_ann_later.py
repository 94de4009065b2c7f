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


def test_monitors_of_the_bold_signal_come_later():
    net = ann.Network()
    with pytest.raises(NotImplementedError, match="'BoldMonitor' of ANNarchy comes later"):
        net.boldmonitor(populations=net.create(1, ann.LeakyIntegrator))
