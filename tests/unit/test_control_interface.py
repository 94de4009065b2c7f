"""The older and wider parts of PyNN's interface: procedural functions, deprecated names, files, Network, SONATA."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pyNN import errors
from pyNN.core import IndexBasedExpression
from pyNN.network import Network
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.recording import files
from pyNN.space import Grid2D, Line, RandomStructure, Sphere

import pynn_annarchy as sim


@pytest.fixture(autouse=True)
def simulation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sim.setup(timestep=0.1)


def cells(n=4, label=None):
    return sim.Population(n, sim.IF_cond_exp(), label=label)


def projection(pre=None, post=None, connector=None):
    weight = RandomDistribution("uniform", (0.001, 0.01), rng=NumpyRNG(2))
    return sim.Projection(
        pre or cells(4),
        post or cells(3),
        connector or sim.FixedProbabilityConnector(0.6, rng=NumpyRNG(1)),
        sim.StaticSynapse(weight=weight, delay="0.2 + 0.1*d"),
    )


# procedural


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_procedural_interface_builds_records_and_writes():
    source = sim.create(sim.SpikeSourceArray(spike_times=[1.0]), n=3)
    target = sim.create(sim.IF_cond_exp, {"tau_m": 12.0}, n=2)
    sim.connect(source, target, weight=0.1, delay=0.3)
    sim.connect(source[0], target[1], weight=0.1, receptor_type="inhibitory")
    sim.set(target, cm=0.5)
    sim.initialize(target, v=-66.0)
    sim.record("spikes", target, "spikes.pkl")
    sim.record("v", target[0], "v.pkl", sampling_interval=0.1, annotations={"what": "one cell"})
    sim.record_v(target[1:], "view.pkl")
    sim.record_gsyn(target, "gsyn.pkl")
    sim.run(2.0)
    sim.end()
    read = {name: unpickled(f"{name}.pkl").segments[0] for name in ("spikes", "v", "view", "gsyn")}
    assert read["v"].analogsignals[0].shape == (21, 1)
    assert read["v"].analogsignals[0].magnitude[0, 0] == -66.0
    assert {signal.name for signal in read["gsyn"].analogsignals} == {"gsyn_exc", "gsyn_inh"}
    assert target.get(["tau_m", "cm"]) == [12.0, 0.5]


def unpickled(path):
    with open(path, "rb") as file:
        return pickle.load(file)


# deprecated names


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_deprecated_names_of_projections_work():
    prj = projection()
    n = len(prj)
    prj.setWeights(0.5)
    assert prj.getWeights() == [0.5] * n
    prj.setSynapseDynamics("weight", 0.25)
    assert prj.getSynapseDynamics("weight") == [0.25] * n
    prj.setDelays(0.7)
    assert prj.getDelays() == [0.7] * n
    some = RandomDistribution("uniform", (0.1, 0.2), rng=NumpyRNG(3))
    for randomize in (prj.randomizeWeights, lambda values: prj.randomizeSynapseDynamics("weight", values)):
        prj.set(weight=0.0)
        randomize(some)
        weights = np.array(prj.getWeights())
        assert ((weights >= 0.1) & (weights < 0.2)).all()
    counts, edges = prj.weightHistogram(min=0.1, max=0.2, nbins=4)
    assert counts.sum() == n
    np.testing.assert_allclose(edges, [0.1, 0.125, 0.15, 0.175, 0.2])
    prj.randomizeDelays(RandomDistribution("uniform", (1.0, 2.0), rng=NumpyRNG(3)))
    assert min(prj.getDelays()) >= 1.0
    prj.printWeights("w.txt")
    prj.printDelays("d.txt", format="array")
    prj.saveConnections("c.txt")
    assert np.loadtxt("d.txt").shape == (4, 3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_deprecated_names_of_populations_work():
    for make in (lambda: cells(2), lambda: cells(4)[1:3], lambda: sim.Assembly(cells(2))):
        sim.setup(timestep=0.1)
        group = make()
        if not isinstance(group, sim.Assembly):
            group.tset("tau_m", [11.0, 12.0])
            assert_array_equal(group.get("tau_m"), [11.0, 12.0])
        group.rset("cm", RandomDistribution("uniform", (0.5, 0.6), rng=NumpyRNG(1)))
        assert (np.abs(np.asarray(group.get("cm")) - 0.55) <= 0.05).all()
        group.record_v("v.pkl")
        group.record_gsyn("g.pkl")
        group.record("spikes")
        sim.run(1.0)
        assert len(group.getSpikes().segments[0].spiketrains) == 2
        assert group.get_v().segments[0].filter(name="v")[0].shape[1] == 2
        assert len(group.get_gsyn().segments[0].analogsignals) == 2
        group.printSpikes("spikes.pkl")
        group.print_v("v.pkl")
        assert group.mean_spike_count() == 0.0


# connections


class FromIndices(IndexBasedExpression):
    def __call__(self, i, j):
        return 0.1 * i + 0.01 * j


def test_weights_may_be_expressions_of_distance_or_index():
    prj = projection()
    prj.set(weight=FromIndices())
    assert all(w == 0.1 * i + 0.01 * j for i, j, w in prj.get("weight", "list"))
    prj.set(weight="0.001 + 0.1*d")
    assert all(w == 0.001 + 0.1 * abs(i - j) for i, j, w in prj.get("weight", "list"))
    prj.set(weight=np.float32(0.5), delay=(0.3,) * len(prj))
    assert set(prj.get(["weight", "delay"], "list", with_address=False)) == {(0.5, 0.3)}


def test_all_forms_of_get_agree():
    prj = projection()
    weights, delays = prj.get(["weight", "delay"], "array")
    for i, j, weight, delay in prj.get(("weight", "delay"), "list"):
        assert (weights[i, j], delays[i, j]) == (weight, delay)
    assert np.isfinite(weights).sum() == len(prj) == prj.size(gather=False)
    assert_array_equal(prj.get("weight", "array", gather="all"), weights)
    assert prj.get("weight", "list", gather=False) == prj.get("weight", "list")
    assert [connection.as_tuple("weight", "delay") for connection in prj] == prj.get(
        ["weight", "delay"], "list", with_address=False
    )
    assert repr(prj[1:3][0]) == f"<connection 1 of '{prj.label}', from {prj[1].presynaptic_index} to 1>"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("wieght", "list"), errors.NonExistentParameterError, "wieght .*delay, weight"),
        (("weight", "matrix"), ValueError, "'list' or 'array', not 'matrix'"),
        (("weight", "array", True, True, "mean"), ValueError, "multiple_synapses"),
    ],
)
def test_a_wrong_question_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        projection().get(*arguments)


FILES = {
    "text": (files.StandardTextFile, "w", "r"),
    "pickle": (files.PickleFile, "wb", "rb"),
    "numpy": (files.NumpyBinaryFile, "wb", "rb"),
    "hdf5": (getattr(files, "HDF5ArrayFile", None), "w", "r"),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("n", [1, 3])
def test_connections_are_saved_in_every_format_and_read_back(kind, n):
    file, write, read = FILES[kind]
    if file is None:
        pytest.skip("PyNN's HDF5 files need tables, which is not installed")
    saved = projection(cells(n), cells(n), sim.OneToOneConnector())
    for names in ("all", "connections", ["weight", "delay"], ["delay"], "weight"):
        saved.save(names, file("connections", write))
        source = file("connections", read)
        restored = sim.Projection(saved.pre, saved.post, sim.FromFileConnector(source))
        source.close()
        columns = ["weight", "delay"] if names in ("all", "connections") else names
        assert restored.get(columns, "list") == saved.get(columns, "list")


def test_matrices_are_saved_with_zeros_where_there_is_no_connection():
    prj = projection()
    prj.save("weight", "weights.txt", format="array")
    assert_array_equal(np.loadtxt("weights.txt"), np.nan_to_num(prj.get("weight", "array")))
    prj.save(["weight", "delay"], files.NumpyBinaryFile("both", "wb"), format="array")
    both = files.NumpyBinaryFile("both", "rb")
    assert both.read().shape == (2, 4, 3)
    assert both.get_metadata() == {"columns": ["weight", "delay"]}


def test_a_file_whose_rows_do_not_fit_its_header_is_refused():
    with open("connections.txt", "w") as file:
        file.write('# columns = ["i", "j", "weight"]\n0 0 0.1 1.0\n')
    with pytest.raises(errors.ConnectionError, match=r"'connections.txt' has rows of 4 numbers, for i, j, weight"):
        sim.Projection(cells(), cells(), sim.FromFileConnector("connections.txt"))


# populations


def test_positions_come_from_structures_and_can_be_set(tmp_path):
    square, line = sim.Population((3, 3), sim.IF_curr_exp()), cells(3)
    assert isinstance(square.structure, Grid2D)
    assert square[4].position.tolist() == [1.0, 1.0, 0.0]
    assert isinstance(sim.Population((2, 3, 4), sim.IF_curr_exp()).position_generator(0), np.ndarray)
    assert square.nearest((1.2, 0.9, 0.0)) == square[4]
    line.structure = Line(dx=2.0)
    assert line[1:].positions.T.tolist() == [[2.0, 0.0, 0.0], [4.0, 0.0, 0.0]]
    line[0].position = (7.0, 8.0, 9.0)
    assert line.positions[:, 0].tolist() == [7.0, 8.0, 9.0]
    line.positions = np.zeros((3, 3))
    assert (square + line).positions.shape == (3, 12)
    for group in (square, line[:2], square + line):
        group.save_positions("positions.txt")
        assert np.loadtxt("positions.txt").shape == (group.size, 4)
    random = sim.Population(5, sim.IF_curr_exp(), structure=RandomStructure(Sphere(10.0), rng=NumpyRNG(3)))
    assert_array_equal(random.positions, random.positions)


def test_views_of_views_know_their_cells():
    population = cells(10)
    view = population[1:8]
    inner = view[[0, 2]]
    assert inner.grandparent is population
    assert inner.index_in_grandparent([0, 1]).tolist() == [1, 3]
    assert view == population[1:8] and view in {population[1:8]}
    assert view != population[1:7]
    assert population.sample(3, rng=NumpyRNG(1)).size == view.sample(3, rng=NumpyRNG(1)).size == 3
    assert inner.can_record("v") and inner.injectable and inner.conductance_based
    assert population[3].as_view().size == 1
    assert [int(cell) for cell in population[np.arange(10) % 5 == 0]] == [population[0], population[5]]
    with pytest.raises(IndexError):
        population[10]


def test_assemblies_hold_views_and_find_their_populations():
    first, second = cells(4, "first"), cells(3, "second")
    both = sim.Assembly(first[1:3], second, label="both")
    assert both.size == len(both) == 5
    assert both.get_population("second") is second
    assert both[[0, 4]].size == 2
    both += cells(2)
    both.initialize(v=-61.0)
    both.set(tau_m=13.0)
    assert first.get("tau_m").tolist() == [20.0, 13.0, 13.0, 20.0]
    assert both.get("tau_m") == 13.0
    both.inject(sim.DCSource(amplitude=0.1))
    both.record("v")
    sim.run(1.0)
    assert both.get_data().segments[0].analogsignals[0].shape == (11, 7)


CONNECTORS = {
    "AllToAllConnector": (),
    "OneToOneConnector": (),
    "FixedProbabilityConnector": (0.1,),
    "FixedNumberPreConnector": (2,),
    "FixedNumberPostConnector": (2,),
    "FixedTotalNumberConnector": (3,),
    "DistanceDependentProbabilityConnector": ("d < 2",),
    "IndexBasedProbabilityConnector": (FromIndices(),),
    "DisplacementDependentProbabilityConnector": (lambda d: d[0] < 1,),
    "FromListConnector": ([(0, 0)],),
    "FromFileConnector": ("connections.txt",),
    "ArrayConnector": (np.ones((2, 2), bool),),
}


def test_everything_describes_itself():
    prj = projection()
    things = [prj, prj.pre, prj.pre[1:], prj.pre + prj.post, prj.pre.celltype, prj.synapse_type, prj.pre.structure]
    things += [getattr(sim, name)(*arguments) for name, arguments in CONNECTORS.items()]
    things += [sim.CloneConnector(prj), sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))]
    for thing in things:
        assert isinstance(thing.describe(), str)
        assert isinstance(thing.describe(template=None), dict)
    assert prj.describe("$label of $size", engine="string") == f"{prj.label} of {len(prj)}"


def test_templates_may_be_those_of_jinja():
    pytest.importorskip("jinja2", reason="PyNN's engine for these templates is not installed")
    assert cells(3, "few").describe("{{label}}: {{size}} cells", engine="jinja2") == "few: 3 cells"


# networks


def test_a_network_holds_finds_and_records_its_parts():
    first, second = cells(4, "first"), cells(3, "second")
    source = sim.Population(2, sim.SpikeSourcePoisson(rate=100.0), label="source")
    joined = projection(source, first, sim.AllToAllConnector())
    view = first[0:2]
    both = sim.Assembly(first, second, label="both")
    network = Network(first, second, source, joined, view, both)
    assert network.sim.__name__ == "pynn_annarchy"
    assert (network.count_neurons(), network.count_connections()) == (9, 8)
    for part in (first, view, both, joined):
        assert network.get_component(part.label) is part
    assert network.filter([sim.SpikeSourcePoisson]).size == 2
    assert network.filter("all").size == 7
    network.record("spikes")
    network.record("v", include_spike_source=False)
    sim.run(5.0)
    (block,) = network.get_data()
    assert len(block.segments[0].spiketrains) == block.segments[0].analogsignals[0].shape[1] == 7


def test_a_network_goes_to_sonata_and_back():
    pytest.importorskip("h5py", reason="PyNN's SONATA files need h5py, which is not installed")
    from pyNN.serialization import asciify, export_to_sonata, import_from_sonata

    cm = RandomDistribution("normal", (0.5, 0.05), rng=NumpyRNG(5))
    first = sim.Population(10, sim.IF_cond_exp(tau_m=lambda i: 10.0 + 0.1 * i, cm=cm), label="first")
    second = sim.Population(20, sim.IF_curr_alpha(v_rest=-64.0), label="second")
    joined = projection(first, second)
    export_to_sonata(Network(first, second, joined), "exported", overwrite=True)
    imported = import_from_sonata("exported/circuit_config.json", sim)
    for population in (first, second):
        copy = imported.get_component(population.label)
        for name in population.celltype.default_parameters:
            assert_array_equal(copy.get(name), population.get(name))
    copy = imported.get_component(asciify(joined.label).decode() + "-0")
    for name in ("weight", "delay"):
        assert_array_equal(copy.get(name, "array"), joined.get(name, "array"))


def test_every_listed_standard_model_is_a_class_of_the_module():
    models = sim.list_standard_models()
    assert {"IF_cond_exp", "SpikeSourcePoisson"} <= set(models)
    assert "MultiCompartmentNeuron" not in models
    assert all(isinstance(getattr(sim, name), type) for name in models)
