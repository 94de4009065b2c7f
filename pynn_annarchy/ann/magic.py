"""The functions of ANNarchy 4: one default network, which everything belongs to that is made without a network."""

from __future__ import annotations

from typing import Any

from pynn_annarchy.ann.config import Config
from pynn_annarchy.ann.network import Network

_config = Config()
_network: Network | None = None


def default_config() -> Config:
    """Options of networks that are created from now on."""
    return _config


def default_network() -> Network:
    """The network of all that is made without one."""
    global _network
    if _network is None:
        _network = Network()
    return _network


magic_network = default_network


def setup(**options: Any) -> None:
    """Sets options of the default network and of all networks that are made from now on."""
    global _config
    _config = _config.with_options(options, "setup")
    if _network is not None:
        _network.config(**options)
