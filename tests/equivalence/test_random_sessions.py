"""Whatever a script does, and in whatever order, the data are the same on every target and number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from pyNN.parameters import Sequence
from pyNN.random import NumpyRNG, RandomDistribution

import pynn_annarchy as sim
from pynn_annarchy.exceptions import ModelError

LARGEST_WEIGHT = {
    "IF_curr_exp": 0.8,
    "IF_curr_alpha": 0.8,
    "IF_curr_delta": 3.0,
    "IF_cond_exp": 0.03,
    "IF_cond_alpha": 0.03,
}
LONGEST_DELAY = 20  # steps
CHANGES = (
    "add_cells", "add_source", "connect", "connect", "learn", "learn", "set_weights", "set_weights", "set_delays",
    "set_delays", "set_synapses", "set_synapses", "set_variables",
    "set_parameters", "set_states", "set_sources", "set_sources", "record", "record", "inject", "change_current",
    "read", "clear", "reset",
)  # fmt: skip


def plastic(weight, delay, session, largest):
    """STDP by any rule, which keeps the weight's sign."""
    low, high = (-largest, 0.0) if weight < 0 else (0.0, largest)
    rules = [
        lambda: sim.SpikePairRule(tau_plus=15.0, tau_minus=session.uniform(5, 30), A_plus=0.1, A_minus=0.12),
        lambda: sim.Vogels2011Rule(tau=20.0, eta=0.05 * largest, rho=20.0),
    ]
    dependences = [
        sim.AdditiveWeightDependence,
        sim.MultiplicativeWeightDependence,
        sim.AdditivePotentiationMultiplicativeDepression,
        sim.GutigWeightDependence,
    ]
    if weight < 0:  # the others are relative to a largest weight above zero
        rules, dependences = rules[:1], dependences[1:2]
    return sim.STDPMechanism(
        session.choose(rules)(),
        session.choose(dependences)(w_min=low, w_max=high),
        dendritic_delay_fraction=session.choose([0.0, 0.3, 0.5, 1.0]),
        weight=weight,
        delay=delay,
    )


def tsodyks_markram(weight, delay, session, _):
    tau_facil = session.choose([0.0, 40.0])
    return sim.TsodyksMarkramSynapse(weight=weight, delay=delay, U=0.4, tau_rec=50.0, tau_facil=tau_facil)


def simple_stochastic(weight, delay, session, _):
    return sim.SimpleStochasticSynapse(weight=weight, delay=delay, p=session.uniform(0, 1))


def stochastic(weight, delay, session, _):
    tau_facil = session.choose([0.0, 40.0])
    return sim.StochasticTsodyksMarkramSynapse(weight=weight, delay=delay, U=0.4, tau_rec=20.0, tau_facil=tau_facil)


def multi_quantal(weight, delay, session, _):
    n = session.choose([1, 8])
    return sim.MultiQuantalSynapse(weight=weight, delay=delay, n=n, U=0.4, tau_rec=20.0, tau_facil=10.0)


class Session:
    """A script that does random things; equal seeds do equal things, whatever carries them out."""

    def __init__(self, seed, **options):
        self.random = np.random.RandomState(seed)
        self.dt = self.choose([0.1, 0.25, 0.5])
        sim.setup(timestep=self.dt, max_delay=LONGEST_DELAY * self.dt, seed=seed, **options)
        self.cells, self.sources, self.projections, self.currents, self.data = [], [], [], [], []
        for operation in ("add_cells", "add_source", "add_source", "connect", "learn"):
            getattr(self, operation)()

    def choose(self, items):
        return items[self.random.randint(len(items))]

    def uniform(self, low, high, n=None):
        return self.random.uniform(low, high, n)

    def part_of(self, population):
        """The population or a view of it."""
        if population.size < 3 or self.random.rand() < 0.5:
            return population
        chosen = self.random.choice(population.size, self.random.randint(1, population.size), replace=False)
        return population[np.sort(chosen)]

    def trains(self, n):
        start = max(0.0, sim.get_current_time() - 5.0)
        return [Sequence(np.sort(start + np.round(self.uniform(0, 30, self.random.randint(12)), 1))) for _ in range(n)]

    # what a script does

    def add_cells(self):
        n = self.choose([1, 3, 17, 40])
        parameters = {"i_offset": self.choose([0.0, 0.5, 0.9])}
        if self.random.rand() < 0.4:
            parameters["tau_m"] = self.uniform(10, 20, n)
        if self.random.rand() < 0.3:
            parameters["tau_refrac"] = self.uniform(0, 4, n)
        population = sim.Population(n, getattr(sim, self.choose(list(LARGEST_WEIGHT)))(**parameters))
        population.record("spikes")
        self.cells.append(population)

    def add_source(self):
        n = self.choose([1, 5, 20])
        if self.random.rand() < 0.5:
            model = sim.SpikeSourcePoisson(rate=self.choose([20.0, 300.0, 15000.0]), start=self.choose([0.0, 5.0]))
        else:
            model = sim.SpikeSourceArray(spike_times=self.trains(n))
        self.sources.append(sim.Population(n, model))
        self.sources[-1].record("spikes")

    def connect(self):
        self.project(lambda weight, delay, *_: sim.StaticSynapse(weight=weight, delay=delay))

    def learn(self):
        """Projects by synapses that store things or change."""
        self.project(
            self.choose([plastic, plastic, plastic, tsodyks_markram, simple_stochastic, stochastic, multi_quantal])
        )

    def project(self, make):
        pre, post = self.part_of(self.choose(self.cells + self.sources)), self.part_of(self.choose(self.cells))
        receptor = self.choose(["excitatory", "inhibitory"])
        model = type(post.celltype).__name__
        sign = -1.0 if receptor == "inhibitory" and "curr" in model else 1.0
        rng = NumpyRNG(int(self.random.randint(1000)))
        connector = self.choose([
            sim.AllToAllConnector(allow_self_connections=False),
            sim.OneToOneConnector(),
            sim.FixedProbabilityConnector(self.choose([0.0, 0.3]), rng=rng),
            sim.FixedTotalNumberConnector(self.choose([0, 50]), rng=rng),
            sim.FixedNumberPreConnector(self.choose([0, 3]), rng=rng, with_replacement=True),
        ])  # fmt: skip
        delay = RandomDistribution("uniform", low=self.dt, high=LONGEST_DELAY * self.dt, rng=rng)
        synapse = make(
            sign * 0.3 * LARGEST_WEIGHT[model], self.choose([delay, self.dt, 7 * self.dt]), self, LARGEST_WEIGHT[model]
        )
        if isinstance(synapse, sim.TsodyksMarkramSynapse) and model == "IF_curr_delta":
            return  # has no time constant that this could follow
        projection = sim.Projection(pre, post, connector, synapse, receptor_type=receptor)
        self.projections.append((projection, sign * LARGEST_WEIGHT[model]))

    def set_weights(self):
        projection, largest = self.choose(self.projections)
        projection.set(weight=largest * self.choose([0.5, self.uniform(0, 1, len(projection))]))

    def set_delays(self):
        projection, _ = self.choose(self.projections)
        steps = self.random.randint(1, LONGEST_DELAY, len(projection))
        try:
            projection.set(delay=self.dt * self.choose([3, steps]))
        except ModelError as error:
            assert "delays of synapses that learn" in str(error)
            self.data.append("refused")

    def set_synapses(self):
        """A parameter of synapses other than weight and delay, one value or one for each pair of cells."""
        projection, _ = self.choose(self.projections)
        fixed = ("weight", "delay", "dendritic_delay_fraction")
        names = [name for name in projection.synapse_type.get_parameter_names() if name not in fixed]
        if names and len(projection):
            name = self.choose(names)
            value = projection.get(name, "list", with_address=False)[0]
            factor = self.choose([1.0, 0.9, self.uniform(0.7, 1.0, projection.shape)])
            projection.set(**{name: np.int64(value * factor) if name == "n" else value * factor})

    def set_variables(self):
        projection, largest = self.choose(self.projections)
        if projection.synaptic_variables and len(projection):
            name = self.choose(projection.synaptic_variables)
            most = largest if name == "weight" else 1.0
            value = most * self.choose([0.5, self.uniform(0, 1, projection.shape)])
            projection.initialize(**{name: np.rint(value) if name == "a" else value})

    def set_parameters(self):
        part = self.part_of(self.choose(self.cells))
        part.set(
            **self.choose([{"tau_m": 15.0}, {"i_offset": self.uniform(0, 1, part.size)}, {"cm": 0.7, "v_reset": -70.0}])
        )

    def set_states(self):
        part = self.part_of(self.choose(self.cells))
        part.initialize(v=self.uniform(-70, -60, part.size))

    def set_sources(self):
        part = self.part_of(self.choose(self.sources))
        if isinstance(part.celltype, sim.SpikeSourceArray):
            part.set(spike_times=self.trains(part.size))
        else:
            part.set(rate=self.choose([0.0, 50.0, 30000.0]))

    def record(self):
        population = self.choose(self.cells)
        variable = self.choose([name for name in population.celltype.recordable if name != "spikes"])
        is_first = all(recorded.name == "spikes" for recorded in population.recorder.recorded)
        interval = self.choose([None, 3 * self.dt]) if is_first else None
        self.part_of(population).record(variable, sampling_interval=interval)

    def inject(self):
        window = {"start": self.uniform(0, 30), "stop": self.uniform(10, 60)}
        make = self.choose(
            [
                lambda: sim.DCSource(amplitude=self.uniform(0, 1), **window),
                lambda: sim.ACSource(amplitude=self.uniform(0, 1), frequency=self.uniform(1, 300), **window),
                lambda: sim.NoisyCurrentSource(mean=0.3, stdev=0.5, dt=self.dt * self.choose([1, 7]), **window),
                lambda: sim.StepCurrentSource(times=[2.0, self.uniform(3, 30)], amplitudes=[self.uniform(0, 1), 0.1]),
            ]
        )
        source = make()
        for _ in range(self.choose([1, 1, 2])):
            self.part_of(self.choose(self.cells)).inject(source)
        source.record()
        self.currents.append(source)

    def change_current(self):
        if self.currents:
            source = self.choose(self.currents)
            changes = {"amplitude": 0.3, "mean": 0.3, "stop": sim.get_current_time() + 5.0, "amplitudes": [0.2, -0.1]}
            name = self.choose([name for name in changes if source.has_parameter(name)])
            source.set_parameters(**{name: changes[name]})

    def run(self):
        sim.run(self.dt * self.choose([1, 1, 3, 10, 40]))

    def read(self, clear=False):
        for population in self.cells + self.sources:
            for segment in population.get_data(clear=clear).segments:
                self.data += [(float(train.t_stop), train.magnitude.tolist()) for train in segment.spiketrains]
                for signal in segment.analogsignals:
                    self.data.append((signal.name, float(signal.t_start), signal.magnitude.tolist()))

        self.data += [source.get_data().magnitude.tolist() for source in self.currents]
        for projection, _ in self.projections:
            self.data.append(projection.get(["weight", "delay", *projection.synaptic_variables], "list"))

    def clear(self):
        self.read(clear=True)

    def reset(self):
        sim.reset()


def data_of(seed, **options):
    session = Session(seed, **options)
    for change in session.random.choice(CHANGES, 20):
        getattr(session, change)()
        session.run()
    session.read()
    return session.data


@pytest.mark.parametrize("seed", range(12))
def test_any_sequence_of_changes_gives_the_same_data(seed, target):
    expected = data_of(seed, target="reference", threads=1)
    for threads in (1, 2, 5) if target == "cpp" else (3,):
        assert data_of(seed, target=target, threads=threads) == expected
