"""Files of a network: values, parameters, and checkpoints from which the same script goes on bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pytest

import pynn_annarchy.ann as ann
from pynn_annarchy.exceptions import ModelError
from tests.unit.input_populations import INPUTS, change, network_of, recorded

RATE = ann.Neuron(
    parameters=dict(tau=10.0, B=ann.Parameter(0.0, "local")),
    equations="tau*dr/dt + r = sum(exc) + B + Uniform(-0.1, 0.1)",
)
OJA = ann.Synapse(parameters=dict(tau=100.0), equations="tau*dw/dt = pre.r*post.r - post.r^2*w : min=0.0")


def make(target, seed=3, **options):
    """Noisy rate-coded and spiking neurons, synapses that learn, delays, monitors."""
    net = ann.Network(dt=1.0, seed=seed)
    net.config(target=target, **options)
    pre, post = net.create(6, RATE, name="pre"), net.create(4, RATE, name="post")
    pre.B = ann.Uniform(0.0, 1.0)
    net.connect(pre, post, "exc", OJA, name="learning").fixed_probability(0.7, ann.Uniform(0.1, 0.5), delays=3.0)
    cells = net.create(10, ann.Izhikevich(noise=5.0), name="cells")
    stdp = net.connect(cells, cells, "exc", ann.STDP(), name="stdp")
    stdp.all_to_all(ann.Uniform(0.0, 1.0), delays=ann.Uniform(1.0, 5.0))
    net.monitor(post, "r", name="rates")
    net.monitor(cells, ["spike", "v"], period=3.0, name="spikes")
    net.monitor(net.get_projection("learning"), "w", period=10.0, name="weights")
    return net


def plain(value):
    """Arrays, those of arrays of different lengths too, as lists."""
    return [plain(item) for item in value] if isinstance(value, np.ndarray) and value.ndim else value


def everything(net):
    """All that a script can see."""
    seen = {"time": net.time, "draw": net.default_rng.random()}
    for obj in (*net.get_populations(), *net.get_projections()):
        seen.update({f"{obj.name}.{name}": obj.get(name) for name in obj.attributes})
        seen[f"{obj.name} begins with"] = {name: str(value) for name, value in obj._values.items()}
    for monitor in net.get_monitors():
        for variable in monitor.variables:
            seen[f"{monitor.name}.{variable}"] = plain(monitor.get(variable))
        seen[f"{monitor.name} times"] = monitor.times()
    return seen


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_equal(left[name], right[name], err_msg=name)


def test_what_goes_on_from_a_checkpoint_equals_an_uninterrupted_run(target, tmp_path):
    whole = make(target)
    whole.simulate(80.0)

    first = make(target)
    first.simulate(37.0)
    first.save_checkpoint(tmp_path / "folder" / "state.npz")
    first.simulate(43.0)
    second = make(target, seed=None)  # another seed: other connections, weights and noise
    second.load_checkpoint(tmp_path / "folder" / "state.npz")
    second.simulate(43.0)

    expected = everything(whole)
    assert_same(everything(first), expected)  # to take a checkpoint changes nothing
    assert_same(everything(second), expected)


@pytest.mark.parametrize("is_changed", [False, True])
@pytest.mark.parametrize("kind", INPUTS)
def test_what_populations_were_given_goes_on_from_a_checkpoint(kind, is_changed, tmp_path):
    net, pop, _ = network_of(kind)
    net.simulate(7.0)
    if is_changed:
        change(kind, pop)
    net.simulate(6.0)
    net.save_checkpoint(tmp_path / "state")
    again, same, _ = network_of(kind)

    again.load_checkpoint(tmp_path / "state")

    for name in pop._OTHERS:
        np.testing.assert_equal(getattr(same, name), getattr(pop, name))
    for each, its in ((net, pop), (again, same)):
        each.simulate(10.0)
        change(kind, its)
        each.simulate(20.0)
    np.testing.assert_equal(recorded(again), recorded(net))


def test_what_is_due_when_a_checkpoint_is_taken_happens_afterwards(target, tmp_path):
    def network():
        net = ann.Network(dt=1.0, seed=1)
        net.config(target=target)
        net.monitor(net.create(ann.SpikeSourceArray([[10.0, 12.0], [11.0]])), "spike", name="spikes")
        return net

    whole, first, second = network(), network(), network()
    whole.simulate(20.0)
    first.simulate(10.0)
    first.save_checkpoint(tmp_path / "state")
    second.load_checkpoint(tmp_path / "state")
    second.simulate(10.0)

    assert whole.get_monitor("spikes").get("spike") == {0: [10, 12], 1: [11]}
    assert second.get_monitor("spikes").get("spike") == {0: [10, 12], 1: [11]}


@pytest.mark.parametrize("ending", [".npz", ".pkl"])
@pytest.mark.parametrize("kind", INPUTS)
def test_values_of_every_kind_of_population_can_be_saved_and_read(kind, ending, tmp_path):
    net, pop, _ = network_of(kind)
    net.simulate(8.0)
    net.save(f"{tmp_path}/values{ending}")
    again, same, _ = network_of(kind)

    again.load(f"{tmp_path}/values{ending}")

    assert again.time == 8.0
    for name in pop._saved():
        np.testing.assert_array_equal(same.get(name), pop.get(name))


def test_a_monitor_that_pauses_and_data_that_were_taken_are_as_they_were(target, tmp_path):
    def script(net):
        net.simulate(11.0)
        net.get_monitor("rates").pause()
        net.get_monitor("spikes").get("v")
        net.simulate(9.0)

    def rest(net):
        net.simulate(5.0)
        net.get_monitor("rates").resume()
        net.simulate(7.0)

    whole, first, second = make(target), make(target), make(target)
    for net in (whole, first):
        script(net)
    first.save_checkpoint(tmp_path / "state")
    second.simulate(4.0)  # what it has done before is forgotten
    second.load_checkpoint(tmp_path / "state")
    for net in (whole, second):
        rest(net)

    assert_same(everything(second), everything(whole))


def test_reset_goes_back_to_the_beginning_of_the_network_that_was_saved(tmp_path):
    first = make("cpp")
    began_with = first.get_population("pre").B
    first.simulate(5.0)
    first.save_checkpoint(tmp_path / "state")
    second = make("cpp", seed=99)
    second.load_checkpoint(tmp_path / "state")
    second.reset()

    np.testing.assert_array_equal(second.get_population("pre").B, began_with)


def test_a_checkpoint_of_another_number_of_threads_is_taken_unless_the_script_asks_for_one(tmp_path):
    make("cpp", num_threads=3).save_checkpoint(tmp_path / "state")

    automatic = make("cpp")
    automatic.load_checkpoint(tmp_path / "state")
    automatic.simulate(20.0)
    plain = make("cpp")
    plain.simulate(20.0)
    assert_same(everything(automatic), everything(plain))

    with pytest.raises(ModelError, match="taken with 3 threads: ask for as many, here there are 2"):
        make("cpp", num_threads=2).load_checkpoint(tmp_path / "state")


def test_a_checkpoint_of_another_network_or_no_checkpoint_is_refused(tmp_path):
    make("cpp").save_checkpoint(tmp_path / "state")
    other = ann.Network()
    other.create(2, RATE)
    with pytest.raises(ModelError, match="of another network: it has 3 monitors, this one has 0"):
        other.load_checkpoint(tmp_path / "state")
    other.save(tmp_path / "values.npz")
    with pytest.raises(ModelError, match=r"values\.npz' is no checkpoint of a network"):
        other.load_checkpoint(tmp_path / "values.npz")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ModelError, match="text' is no checkpoint"):
        other.load_checkpoint(tmp_path / "text")


# values


@pytest.mark.parametrize("ending", ["npz", "gz", "data"])
def test_values_come_back_from_every_format(ending, tmp_path):
    first = make("cpp")
    first.simulate(20.0)
    first.save(tmp_path / f"values.{ending}")
    second = make("cpp", seed=8)
    second.load(tmp_path / f"values.{ending}")

    assert second.time == 20.0
    for obj in (*first.get_populations(), *first.get_projections()):
        twin = next(o for o in (*second.get_populations(), *second.get_projections()) if o.name == obj.name)
        for name in obj.attributes:
            np.testing.assert_equal(twin.get(name), obj.get(name), err_msg=f"{obj.name}.{name}")


def test_populations_or_projections_may_be_left_out(tmp_path):
    net = make("cpp")
    net.save(tmp_path / "populations.npz", projections=False)
    with pytest.raises(ModelError, match="holds no values of 'learning'; it has those of network, pre, post, cells"):
        net.load(tmp_path / "populations.npz")
    net.load(tmp_path / "populations.npz", projections=False)


def test_files_for_matlab_are_only_written(tmp_path):
    from scipy.io import loadmat

    net = make("cpp")
    net.save(tmp_path / "values.mat")

    assert loadmat(tmp_path / "values.mat")["pre"]["r"][0, 0].shape == (1, 6)
    with pytest.raises(ModelError, match="can be written, but not read"):
        net.load(tmp_path / "values.mat")


# parameters


def test_parameters_are_saved_as_they_are_now_and_read_back(tmp_path, capsys):
    net = make("cpp")
    net.compile()
    net.get_population("pre").tau = 25.0
    net.save_parameters(tmp_path / "parameters.json")
    content = json.loads((tmp_path / "parameters.json").read_text())
    assert content["populations"]["pre"] == {"tau": 25.0}
    assert content["projections"]["learning"] == {"tau": 100.0}

    content["network"] = {"trials": 12}
    content["populations"]["pre"] = {"tau": 5.0, "B": 2.0}
    (tmp_path / "parameters.json").write_text(json.dumps(content))
    assert net.load_parameters(tmp_path / "parameters.json", verbose=True) == {"trials": 12}
    assert net.get_population("pre").tau == 5.0 and (net.get_population("pre").B != 2.0).all()
    assert "pre: tau 25.0 -> 5.0" in capsys.readouterr().out
    net.load_parameters(tmp_path / "parameters.json", global_only=False)
    assert (net.get_population("pre").B == 2.0).all()


def test_a_parameter_that_there_is_not_is_refused(tmp_path):
    net = make("cpp")
    (tmp_path / "p.json").write_text('{"populations": {"pre": {"tua": 1.0}}}')
    with pytest.raises(ModelError, match="no parameter or variable 'tua'; did you mean 'tau'"):
        net.load_parameters(tmp_path / "p.json")
    (tmp_path / "p.json").write_text('{"pre": {}}')
    with pytest.raises(ModelError, match="must hold 'populations', 'projections' and 'network', not 'pre'"):
        net.load_parameters(tmp_path / "p.json")


def test_parameters_of_older_files_are_given_as_a_dictionary(tmp_path):
    one, two = tmp_path / "one.xml", tmp_path / "two.xml"
    one.write_text(
        "<parameters><parameter><name>tau</name><value>12.5</value></parameter>"
        "<parameter><name>n</name> <value>3</value></parameter></parameters>"
    )
    two.write_text("<p><parameter><name>label</name><value>layer 4</value></parameter></p>")

    assert ann.load_parameter(one) == {"tau": 12.5, "n": 3}
    assert ann.load_parameter([str(one), two]) == {"tau": 12.5, "n": 3, "label": "layer 4"}


@pytest.mark.parametrize(
    "text, message",
    [
        ("tau = 3", "is no XML file"),
        ("<p><parameter><name>tau</name></parameter></p>", "must hold one <name> and one <value>"),
        ("<p>" + 2 * "<parameter><name>a</name><value>1</value></parameter>" + "</p>", "'a' is given more than once"),
    ],
)
def test_older_files_of_another_form_are_refused(text, message, tmp_path):
    (tmp_path / "it.xml").write_text(text)
    with pytest.raises(ModelError, match=message):
        ann.load_parameter(tmp_path / "it.xml")
