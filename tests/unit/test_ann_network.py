"""The network of the ANNarchy interface: what it is made of, and its way through time."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import EquationError, ModelError

COUNTER = ann.Neuron(equations="r = r + 1.0")
LEAKY = ann.Neuron(parameters=dict(tau=10.0, B=ann.Parameter(0.0, locality="local")), equations="tau*dr/dt + r = B")
FOLLOWER = ann.Neuron(equations="r = sum(exc)")


@pytest.fixture(autouse=True)
def fresh():
    """Nothing of another test is known."""
    ann.clear()
    yield
    ann.clear()


@pytest.fixture
def network(target):
    net = ann.Network(dt=1.0, seed=11)
    net.config(target=target)
    return net


# construction


def test_a_subclass_needs_no_super_init_and_takes_dt_and_seed_without_naming_them():
    class Simple(ann.Network):
        def __init__(self, n):
            self.population = self.create(n, COUNTER)

    net = Simple(n=3, dt=0.5, seed=4)

    assert (net.population.size, net.dt, net.seed) == (3, 0.5, 4)


def test_a_subclass_may_also_hand_dt_on_or_name_it_itself():
    class HandsOn(ann.Network):
        def __init__(self):
            super().__init__(dt=0.25, seed=5)

    class Names(ann.Network):
        def __init__(self, n, dt=0.125):
            self.n = n

    assert (HandsOn().dt, HandsOn().seed) == (0.25, 5)
    assert (Names(1).dt, Names(1, dt=2.0).dt, Names(1, 0.5).dt) == (0.125, 2.0, 0.5)


def test_a_seed_also_seeds_the_generators_of_numpy():
    draws = []
    for _ in range(2):
        net = ann.Network(seed=42)
        draws.append((np.random.random(), net.default_rng.random()))

    assert draws[0] == draws[1]


def test_without_a_seed_every_network_has_its_own():
    assert ann.Network().seed != ann.Network().seed


def test_a_network_that_nobody_holds_is_gone():
    import weakref

    net = ann.Network()
    net.create(2, COUNTER)
    net.simulate(3.0)
    gone = weakref.ref(net)
    del net
    gc.collect()

    assert gone() is None


# options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dt": 0.0}, "dt must be a positive number of ms, not 0.0"),
        ({"method": "euler"}, "method must be one of explicit, implicit"),
        ({"num_threads": 0}, "num_threads must be 'auto' or a positive whole number, not 0"),
        ({"dtype": "int32"}, "dtype must be float32 or float64"),
        ({"nthreads": 2}, r"config\(\) has no option 'nthreads'; did you mean 'num_threads'\?"),
        ({"use_seed_seq": True}, "nothing to choose here: every random number has its own place .* leave it out"),
        ({"sparse_matrix_format": "csr"}, "chosen from the connectivity"),
        ({"structural_plasticity": True}, "it comes later"),
        ({"seed": -1}, "a seed must be a whole number"),
        ({"visible_cores": [9999]}, "this process has no core 9999"),
        ({"paradigm": "opencl"}, "paradigm must be 'openmp' or 'cuda', not 'opencl'"),
        ({"device": -1}, "device must be its number, or one of emulated, emulated-reverse"),
    ],
)
def test_options_without_meaning_or_with_wrong_values_are_refused_with_a_sentence(options, message):
    with pytest.raises(ModelError, match=message):
        ann.Network().config(**options)


def test_options_that_ask_for_what_is_so_anyhow_are_accepted():
    net, plain = ann.Network(), ann.Network()

    net.config(paradigm="openmp", structural_plasticity=False, sparse_matrix_format="auto", num_threads=None)

    assert net._config == plain._config


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ([{"paradigm": "cuda"}], ("cuda", 0)),
        ([{"target": "cuda", "device": "emulated"}], ("cuda", "emulated")),
        ([{"paradigm": "cuda", "device": 1}, {"dt": 0.1}], ("cuda", 1)),
        ([{"paradigm": "cuda"}, {"paradigm": "openmp"}], ("auto", 0)),
        ([{"paradigm": "cuda"}, {"target": "cpp"}], ("cpp", 0)),
        ([{"target": "reference"}, {"paradigm": "openmp"}], ("reference", 0)),
    ],
)
def test_the_paradigm_chooses_the_target(options, chosen):
    net = ann.Network()
    for some in options:
        net.config(**some)

    found = net._config.on_this_machine().engine_options()

    assert (found.target, found.device) == chosen


def test_cuda_config_names_the_device():
    config = ann.Network()._config.with_options({"paradigm": "cuda"}).with_device({"device": 2})

    assert config.engine_options().device == 2


def test_dt_cannot_change_once_the_network_is_built(network):
    network.create(1, COUNTER)
    network.compile()

    network.config(dt=1.0)
    with pytest.raises(ModelError, match="dt cannot be changed any more"):
        network.config(dt=0.1)


def test_setup_sets_the_options_of_networks_that_are_made_later():
    ann.setup(dt=0.25, num_threads=2)

    assert ann.Network().dt == 0.25 and ann.dt() == 0.25


def test_the_default_method_is_that_of_the_configuration(network):
    network.config(method="exponential")
    population = network.create(1, LEAKY)
    population.B = 1.0
    network.simulate(1.0)

    assert population.r[0] == pytest.approx(1.0 - np.exp(-0.1), rel=1e-14)


def test_equations_without_a_method_are_explicit(network):
    population = network.create(1, LEAKY)
    population.B = 1.0
    network.simulate(1.0)

    assert population.r[0] == pytest.approx(0.1, rel=1e-14)


def test_single_precision(network):
    network.config(dtype=ann.float32)
    population = network.create(1, LEAKY)
    population.B = 1.0
    network.simulate(1.0)

    assert population.r[0] == np.float32(population.r[0]) == pytest.approx(0.1, rel=1e-6)


@pytest.mark.compiler
def test_generated_code_lies_where_compile_is_told(tmp_path):
    net = ann.Network()
    net.create(1, COUNTER)
    net.compile(directory=str(tmp_path / "code"), compiler_flags="-O2")

    assert list((tmp_path / "code").glob("*.so")) and list((tmp_path / "code").glob("*.cpp"))


@pytest.mark.compiler
def test_clean_compiles_anew(tmp_path, monkeypatch):
    from pynn_annarchy.targets.toolchain import Toolchain

    compiled = []
    original = Toolchain.compile
    monkeypatch.setattr(Toolchain, "compile", lambda self, *args: (compiled.append(args[-1]), original(self, *args)))
    for clean in (False, False, True):
        net = ann.Network()
        net.create(1, COUNTER)
        net.compile(directory=str(tmp_path), clean=clean)
        net.simulate(2.0)

    assert len(compiled) == 2


def test_arguments_of_compile_without_meaning_are_refused():
    net = ann.Network()
    with pytest.raises(ModelError, match="generated models are complete"):
        net.compile(extra_libs="-lgsl")
    with pytest.raises(ModelError, match=r"cuda_config=\.\.\.\) must be a dictionary like {'device': 0}"):
        net.compile(cuda_config={"devices": 2})


# names


def test_objects_are_found_by_name_and_named_in_the_order_of_creation():
    net = ann.Network()
    first, second = net.create(2, FOLLOWER), net.create(2, FOLLOWER, name="second")
    projection = net.connect("pop0", "second", "exc")

    assert net.get_populations() == [first, second]
    assert net.get_population("pop0") is first and net.get_projection("proj0") is projection
    with pytest.raises(ModelError, match="no population named 'third' in this network; it has 'pop0', 'second'"):
        net.get_population("third")
    with pytest.raises(ModelError, match="there is already a population named 'second'"):
        net.create(2, FOLLOWER, name="second")


def test_projections_are_found_by_their_sides_given_as_objects_or_names():
    net = ann.Network()
    a, b = net.create(4, FOLLOWER, name="a"), net.create(4, FOLLOWER, name="b")
    there, back = net.connect(a, b, "exc"), net.connect(b[:2], a, "exc")

    assert net.get_projections() == [there, back]
    assert net.get_projections(post="b") == net.get_projections(post=b) == [there]
    assert net.get_projections(pre=b, target="exc") == [back]
    assert net.get_projections(pre=b, post=b, suppress_error=True) == []
    with pytest.raises(ModelError, match="no projection is like that"):
        net.get_projections(target="inh")


def test_objects_made_without_a_network_belong_to_the_default_one_until_a_network_takes_them():
    population = ann.Population(3, COUNTER)
    assert ann.populations() == [population]

    net = ann.Network()
    net.create(population)

    assert ann.populations() == [] and net.get_populations() == [population] and population.network is net


# time


def test_objects_keep_the_names_that_they_were_given_unless_they_get_others_with_their_network():
    net = ann.Network()
    given = ann.SpikeSourceArray([1.0], name="given")
    assert net.create(given) is given and given.name == "given"
    assert net.create(ann.InputArray(2, name="before"), name="after").name == "after"
    assert net.create(ann.InputArray(2)).name == "pop2"
    current = ann.CurrentInjection(net.get_population("after"), net.create(2, ann.Izhikevich), "exc")
    assert net.connect(current, name="current") is net.get_projection("current")
    current.connect_current()
    net.compile()
    with pytest.raises(ModelError, match="'given' has been built, and keeps its name and its network"):
        net.create(given, name="late")


def test_time_steps_and_what_is_added_after_compilation(network):
    first = network.create(2, COUNTER)
    network.compile()
    network.simulate(5.0)
    second = network.create(2, COUNTER)
    projection = network.connect(first, network.create(2, FOLLOWER, name="follower"), "exc").one_to_one(weights=2.0)
    network.simulate(3.0)
    network.step()

    assert (network.current_step, network.time) == (9, 9.0)
    assert (first.r == 9.0).all() and (second.r == 4.0).all() and projection.nb_synapses == 2
    assert (network.get_population("follower").r == 16.0).all()  # the rates of the step before


def test_a_duration_that_is_no_multiple_of_the_step_is_told(network):
    network.create(1, COUNTER)
    with pytest.warns(UserWarning, match="2.4 ms is no multiple of the time step 1.0 ms: running for 2 ms instead"):
        network.simulate(2.4)
    with pytest.raises(ModelError, match=r"not negative, not -1\.0"):
        network.simulate(-1.0)


def test_durations_count_in_ms_at_any_step(target):
    net = ann.Network(dt=0.1)
    net.config(target=target)
    population = net.create(1, COUNTER, stop_condition="r >= 30.0")

    assert net.simulate_until(100.0, population) == 3.0 and net.time == 3.0
    assert net.simulate_until(0.5, population) == 0.1


@pytest.mark.parametrize(
    ("condition", "steps"),
    [
        ("r > 4.5", 5),
        ("r > 4.5 : any", 5),
        ("r > 4.5 : all", 8),
        ("(r > 4.5) and (B < 0)", 8),
        ("mean(r) > 4.0", 6),
        ("max(r) - min(r) >= 3.0 and t >= 7", 7),
        ("r > 1000", 20),
    ],
)
def test_a_run_ends_when_the_condition_of_its_population_holds(network, condition, steps):
    neuron = ann.Neuron(parameters=dict(B=ann.Parameter(0.0, "local")), equations="r = t + 1.0 + B")
    population = network.create(2, neuron, stop_condition=condition)
    population.B = [0.0, -3.0]

    assert network.simulate_until(20.0, populations=population) == steps
    assert network.current_step == steps


def test_conditions_of_several_populations_are_joined_by_and_or_or(network):
    late = network.create(1, COUNTER, stop_condition="r >= 6", name="late")
    early = network.create(1, COUNTER, stop_condition="r >= 2")

    assert network.simulate_until(10.0, [late, early], operator="or") == 2.0
    assert network.simulate_until(10.0, population=["late", early]) == 4.0
    with pytest.raises(ModelError, match="operator must be 'and' or 'or', not 'xor'"):
        network.simulate_until(10.0, [late, early], operator="xor")
    with pytest.raises(ModelError, match="population 'calm' has no stop condition"):
        network.simulate_until(1.0, network.create(1, COUNTER, name="calm"))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("rr > 1.0", r"'rr' is not defined \(did you mean 'r'\?\)\n  rr > 1.0\n  \^\^"),
        ("r + 1.0", "a number is used as a condition"),
        ("r > 1.0 : some", "'some' is no flag here"),
        ("r > Uniform(0, 1)", "a stop condition cannot draw random numbers"),
        ("mean(x) > 1", r"'mean' is of a variable, and 'x' is none \(variables are r\)"),
    ],
)
def test_a_wrong_condition_is_refused_at_once_with_a_caret(condition, message):
    with pytest.raises(EquationError, match=message):
        ann.Network().create(2, COUNTER, stop_condition=condition)


# reset


def test_reset_gives_neurons_their_values_of_the_beginning_and_leaves_synapses_alone(network):
    population = network.create(2, LEAKY)
    population.r = 1.0
    oja = ann.Synapse(equations="dw/dt = 0.1*pre.r*post.r")
    projection = network.connect(population, network.create(1, FOLLOWER), "exc", oja).all_to_all(weights=0.5)
    monitor = network.monitor(population, "r")
    network.simulate(4.0)
    population.B = 3.0
    learned = projection.w
    assert learned != [[0.5, 0.5]]

    network.reset()

    assert network.time == 0.0 and (population.r == 1.0).all() and (population.B == 0.0).all()
    assert projection.w == learned
    network.simulate(2.0)
    np.testing.assert_allclose(monitor.get("r")[:, 0], [0.9, 0.81], rtol=1e-14)


def test_reset_repeats_the_noise_unless_told_not_to(network):
    population = network.create(3, ann.Neuron(equations="r = Uniform(0, 1)"))
    drawn = []
    for reseed in (True, True, False):
        network.reset(reseed_rng=reseed)
        network.simulate(2.0)
        drawn.append(population.r.tolist())

    assert drawn[0] == drawn[1] != drawn[2]


def test_the_clock_can_be_set(network):
    population = network.create(1, ann.Neuron(equations="r = t"))
    network.simulate(5.0)
    network.time = 100.0
    network.simulate(2.0)
    assert (network.current_step, population.r[0]) == (102, 101.0)

    network.current_step = 0
    network.step()
    assert population.r[0] == 0.0


def test_a_delay_before_the_clock_was_set_shows_the_present(network):
    source = network.create(1, COUNTER)
    follower = network.create(1, FOLLOWER)
    network.connect(source, follower, "exc").one_to_one(weights=1.0, delays=3.0)
    network.simulate(10.0)
    network.time = 50.0
    seen = []
    for _ in range(4):
        network.step()
        seen.append(follower.r[0])

    assert seen == [10.0, 10.0, 10.0, 11.0]


# memory


def test_the_memory_of_each_object_is_told(network, capsys):
    network.create(100, COUNTER, name="hundred")

    assert network.memory_footprint()["hundred"] >= 100 * 8
    assert "hundred: " in capsys.readouterr().out


def test_a_cleared_network_is_empty():
    net = ann.Network()
    population = net.create(2, COUNTER)
    net.simulate(3.0)
    net.clear()

    assert net.get_populations() == [] and net.current_step == 0
    assert (population.r == 3.0).all()


@pytest.mark.parametrize("ending", ["npz", "data", "gz"])
def test_times_since_spikes_that_never_came_are_saved_and_loaded(tmp_path, ending):
    def built():
        net = ann.Network(dt=1.0)
        neuron = ann.Neuron(
            parameters="I = 0.0", equations="v += I + 0*g_exc; age = t - t_last", spike="v > 1", reset="v = 0"
        )
        cells = net.create(2, neuron, name="cells")
        cells.I = [0.0, 0.4]
        rule = ann.Synapse(equations="lag = t_post - t_pre", pre_spike="g_target += w")
        return net, cells, net.connect(cells, cells, "exc", rule).all_to_all(1.0)

    net, cells, projection = built()
    net.simulate(9.0)
    net.save(str(tmp_path / f"state.{ending}"))
    other, its_cells, its_projection = built()
    other.compile()
    other.load(str(tmp_path / f"state.{ending}"))

    assert its_cells.age.tolist() == cells.age.tolist() == [np.inf, 3.0]
    assert its_cells.t_last.tolist() == [-np.inf, 8.0]
    assert its_projection.lag == projection.lag == [[-np.inf], [np.inf]]
