"""PyNN's examples that take the name of a simulator, and whose result ours is compared with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A run of one of PyNN's example scripts.

    Attributes:
        script: its name, without suffix.
        arguments: after the back end's name.
        peer: the back end that the recorded result comes from; '' if there is none to record.
        random: patterns of the results that differ from seed to seed, see `run_example`; compared by their means.
        trials: runs with different seeds, of which the means are taken: so many that a standard error is below 2 %.
        peer_trials: the same for the peer.
        whole: whether whole populations are recorded where the script records samples of cells, whose rates vary.
        library: that the script imports besides PyNN.
    """

    script: str
    arguments: tuple[str, ...] = ()
    peer: str = "nest"
    random: tuple[str, ...] = ()
    trials: int = 1
    peer_trials: int = 1
    whole: bool = False
    library: str = ""

    @property
    def name(self) -> str:
        return "_".join((self.script, *self.arguments))


EXAMPLES = (
    Example("HH_cond_exp2"),
    Example("Izhikevich"),
    Example("StepCurrentSource"),
    Example("VAbenchmarks", ("CUBA",)),
    Example("VAbenchmarks", ("COBA",), random=("*",)),
    Example("brunel", random=("*.population*",), trials=16, peer_trials=40, whole=True),
    Example("cell_type_demonstration"),
    Example("connections"),
    Example("current_injection", random=("*.v:3", "*.v.mean"), trials=10, peer_trials=10),
    Example("distrib_example", peer="", library="mpi4py"),
    Example("gif_neuron", random=("*:[23]", "*.mean"), trials=40, peer_trials=40),
    Example("inhomogeneous_network"),
    Example("monolith_vs_composed"),
    Example("multi_synapse"),
    Example("multiquantal_synapses", random=("*.population*",)),
    Example("nineml_neuron", peer="", library="nineml"),
    Example("parameter_changes"),
    Example("random_numbers", random=("*.population*", "*.projection0*"), trials=20, peer_trials=20),
    Example("simpleRandomNetwork"),
    Example("simpleRandomNetwork_csa", peer="", library="csa"),
    Example("simple_STDP"),
    Example("small_network"),
    Example("specific_network"),
    Example("stdp_network", random=("*.projection[01]*",), trials=20, peer_trials=20),
    # NEURON's weights of dynamic synapses are what the last spike sent: only the number of connections is compared.
    Example("stochastic_deterministic_comparison", peer="neuron", random=("*.population[24]*", "*.projection*")),
    Example("stochastic_synapses", random=("*.population2*",), trials=200, peer_trials=300),
    Example(
        "stochastic_tsodyksmarkram",
        peer="neuron",
        random=("*.population[24]*", "*.projection*"),
        trials=150,
        peer_trials=300,
    ),
    Example("synaptic_input"),
    Example("tsodyksmarkram"),
    Example("update_spike_source_array", random=("*",)),
    Example("varying_poisson", random=("*",), trials=4, peer_trials=4),
)
