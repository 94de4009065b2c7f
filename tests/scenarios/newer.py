"""What PyNN's master tests and the released source distribution does not yet: the same behaviour, tests of our own.

The values expected come from theory, or from a converged solution by another simulator as PyNN's tests quote it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LIF = {"v_rest": -65.0, "v_reset": -65.0, "v_thresh": -50.0, "tau_m": 20.0, "cm": 1.0, "tau_refrac": 5.0}
"""ms, mV, nF."""


def SpikeSourceArray_delivers_spike_times(sim: Any) -> None:
    given = [10.0, 25.0, 40.0, 55.0]
    sim.setup(timestep=0.1)
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=given))
    sources.record("spikes")
    sim.run(70.0)
    trains = _spikes(sources)
    assert len(trains) == 2
    for train in trains:
        assert np.array_equal(train, given)


def IF_curr_delta_voltage_step(sim: Any) -> None:
    """The potential steps by the weight, and no leak falls into the same step."""
    v = _response(sim, sim.IF_curr_delta(**{**LIF, "v_thresh": -40.0}), weight=5.0, timestep=0.1)
    assert abs(v.max() - LIF["v_rest"] - 5.0) < 1e-12
    assert np.argmax(v) == 210


def IF_curr_delta_fires_and_resets(sim: Any) -> None:
    """Two of four steps of 8 mV cross a threshold 15 mV away; a cell that is not connected stays silent."""
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0, 11.0, 12.0, 13.0]))
    cells = sim.Population(2, sim.IF_curr_delta(**LIF), initial_values={"v": -65.0})
    synapse = sim.StaticSynapse(weight=8.0, delay=1.0)
    sim.Projection(source, cells[0:1], sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record("spikes")
    sim.run(60.0)
    wired, silent = _spikes(cells)
    assert np.array_equal(wired, [12.0]) and len(silent) == 0


def interval_under_a_constant_current(sim: Any) -> None:
    """IF_curr_exp and IF_cond_exp: tau_refrac + tau_m log((v_inf - v_reset) / (v_inf - v_thresh))."""
    v_inf = -65.0 + 1.0 * 20.0 / 1.0
    expected = 5.0 + 20.0 * np.log((v_inf + 65.0) / (v_inf + 50.0))
    for cell in (sim.IF_curr_exp, sim.IF_cond_exp):
        sim.setup(timestep=0.025)
        cells = sim.Population(1, cell(i_offset=1.0, **LIF), initial_values={"v": -65.0})
        cells.record("spikes")
        sim.run(500.0)
        (spikes,) = _spikes(cells)
        assert len(spikes) >= 10
        assert abs(np.diff(spikes) - expected).max() <= 0.025 + 1e-9  # the next step after each crossing


def IF_curr_exp_epsp(sim: Any) -> None:
    """Peak of the difference of two exponentials."""
    tau_m, tau_syn, weight = 20.0, 5.0, 0.5
    v = _response(sim, sim.IF_curr_exp(tau_syn_E=tau_syn, **LIF), weight, timestep=0.025)
    t = np.log(tau_m / tau_syn) / (1.0 / tau_syn - 1.0 / tau_m)
    expected = weight * tau_m * tau_syn / (tau_m - tau_syn) * (np.exp(-t / tau_m) - np.exp(-t / tau_syn))
    assert abs(v.max() + 65.0 - expected) < 1e-4  # the peak lies between two samples


def IF_curr_alpha_epsp(sim: Any) -> None:
    """Peak of the response of an RC membrane to an alpha-shaped current."""
    tau_m, tau_syn, weight = 20.0, 2.0, 0.2
    v = _response(sim, sim.IF_curr_alpha(tau_syn_E=tau_syn, **LIF), weight, timestep=0.025)
    t, k = np.arange(0.0, 100.0, 0.001), 1.0 / tau_m - 1.0 / tau_syn
    expected = weight * np.e / tau_syn * np.exp(-t / tau_m) * (np.exp(k * t) * (k * t - 1.0) + 1.0) / k**2
    assert abs(v.max() + 65.0 - expected.max()) < 1e-4


def IF_cond_alpha_epsp(sim: Any) -> None:
    """At rest before the input, one peak after that of the conductance, then decay."""
    v = _response(sim, sim.IF_cond_alpha(tau_syn_E=2.0, e_rev_E=0.0, **LIF), weight=0.05, timestep=0.025)
    arrival, peak = round(21.0 / 0.025), int(np.argmax(v))
    assert np.array_equal(v[: arrival + 1], np.full(arrival + 1, -65.0))
    assert v[peak] > -64.5 and 23.0 < peak * 0.025 < 41.0
    assert (np.diff(v[arrival + 1 : peak + 1]) > 0.0).all() and (np.diff(v[peak:]) < 0.0).all()


def currents_that_differ_in_every_cell(sim: Any) -> None:
    sim.setup(timestep=0.025)
    cells = sim.Population(3, sim.IF_cond_exp(i_offset=[0.5, 1.0, 1.5], **LIF), initial_values={"v": -65.0})
    cells.record("spikes")
    sim.run(500.0)
    silent, slow, fast = (len(train) for train in _spikes(cells))
    assert silent == 0 and 0 < slow < fast


def EIF_cond_alpha_isfa_ista_spike_times(sim: Any) -> None:
    """The eight spikes of a converged solution, within 1 %."""
    sim.setup(timestep=0.01, min_delay=0.1, max_delay=4.0)
    cells = sim.Population(1, sim.EIF_cond_alpha_isfa_ista(i_offset=1.0, tau_refrac=2.0, v_spike=-40.0))
    cells.initialize(v=-65.0, w=0.0)
    cells.record("spikes")
    sim.run(200.0)
    (spikes,) = _spikes(cells)
    expected = np.array([10.015, 25.515, 43.168, 63.41, 86.649, 113.112, 142.663, 174.76])
    assert len(spikes) == 8
    assert (np.abs(spikes / expected - 1.0) < 0.01).all()


def EIF_cond_exp_isfa_ista_adapts(sim: Any) -> None:
    """Each interval is longer than the one before, the last at least half as long again as the first."""
    cell = sim.EIF_cond_exp_isfa_ista(i_offset=1.0, tau_refrac=2.0, v_spike=-40.0)
    intervals = _intervals(sim, cell, {"v": -70.6, "w": 0.0}, duration=200.0)
    assert len(intervals) >= 5
    assert (np.diff(intervals) > 0.0).all() and intervals[-1] > 1.5 * intervals[0]


def Izhikevich_spikes_regularly(sim: Any) -> None:
    cell = sim.Izhikevich(a=0.02, b=0.2, c=-65.0, d=8.0, i_offset=0.01)
    intervals = _intervals(sim, cell, {"v": -70.0, "u": -14.0}, duration=300.0)
    assert 5 <= len(intervals) <= 9
    assert abs(intervals[-1] - intervals[-2]) < 0.1 and 40.0 < intervals[-1] < 50.0


def IF_cond_exp_gsfa_grr_adapts(sim: Any) -> None:
    """Intervals lengthen at first and settle."""
    cell = sim.IF_cond_exp_gsfa_grr(
        v_rest=-65.0, v_reset=-65.0, v_thresh=-57.0, tau_m=10.0, cm=0.25, tau_refrac=2.0, i_offset=1.0,
        tau_sfa=100.0, q_sfa=15.0, e_rev_sfa=-75.0, tau_rr=2.0, q_rr=3000.0, e_rev_rr=-75.0,
    )  # fmt: skip
    intervals = _intervals(sim, cell, {"v": -65.0}, duration=400.0)
    assert len(intervals) >= 7
    assert intervals[3] > intervals[0] and intervals[-1] > 2.0 * intervals[0]
    assert abs(intervals[-1] - intervals[-2]) < 0.1


def mc_recording_at_locations(sim: Any) -> None:
    """A current into the soma of the first of two cells makes it fire; soma, dendrite and gates are recorded."""
    cells = _two_compartments(sim, 2)
    sim.DCSource(amplitude=0.5, start=20.0, stop=180.0).inject_into(cells[0:1], location="soma")
    cells.record("spikes")
    cells.record("v", locations=("soma", "dendrite"))
    cells.record("na.m", locations="soma")
    sim.run(200.0)
    segment = cells.get_data().segments[0]
    fires, silent = segment.filter(name="soma.v")[0].magnitude.max(axis=0)
    assert fires > 0.0 > silent
    assert segment.filter(name="dendrite.v")[0].shape[1] == 2
    assert 0.0 <= segment.filter(name="soma.na.m")[0].magnitude.max() <= 1.0


def mc_subthreshold_dc(sim: Any) -> None:
    """A small current depolarises without a spike."""
    cells = _two_compartments(sim, 1)
    sim.DCSource(amplitude=0.04, start=50.0, stop=150.0).inject_into(cells, location="soma")
    cells.record("v", locations=("soma",))
    sim.run(200.0)
    v = cells.get_data().segments[0].filter(name="soma.v")[0].magnitude
    assert -60.0 < v.max() < -40.0


SCENARIOS = (
    SpikeSourceArray_delivers_spike_times,
    IF_curr_delta_voltage_step,
    IF_curr_delta_fires_and_resets,
    interval_under_a_constant_current,
    IF_curr_exp_epsp,
    IF_curr_alpha_epsp,
    IF_cond_alpha_epsp,
    currents_that_differ_in_every_cell,
    EIF_cond_alpha_isfa_ista_spike_times,
    EIF_cond_exp_isfa_ista_adapts,
    Izhikevich_spikes_regularly,
    IF_cond_exp_gsfa_grr_adapts,
    mc_recording_at_locations,
    mc_subthreshold_dc,
)


def _spikes(population: Any) -> list[np.ndarray]:
    return [train.magnitude for train in population.get_data().segments[0].spiketrains]


def _response(sim: Any, cell: Any, weight: float, timestep: float) -> np.ndarray:
    """v of a cell at rest that gets one spike at 21 ms, over 100 ms."""
    sim.setup(timestep=timestep)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[20.0]))
    cells = sim.Population(1, cell, initial_values={"v": LIF["v_rest"]})
    synapse = sim.StaticSynapse(weight=weight, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record("v")
    sim.run(100.0)
    return cells.get_data().segments[0].filter(name="v")[0].magnitude[:, 0]


def _intervals(sim: Any, cell: Any, initial: dict[str, float], duration: float) -> np.ndarray:
    """Between the spikes of one cell, in ms, at a time step of 0.01 ms."""
    sim.setup(timestep=0.01, min_delay=0.1)
    cells = sim.Population(1, cell, initial_values=initial)
    cells.record("spikes")
    sim.run(duration)
    return np.diff(_spikes(cells)[0])


def _two_compartments(sim: Any, size: int) -> Any:
    """A soma with the channels of the squid axon and a passive dendrite."""
    base = sim.MultiCompartmentNeuron
    from neuroml import Morphology, Point3DWithDiam, Segment
    from pyNN.morphology import NeuroMLMorphology
    from pyNN.parameters import IonicSpecies

    sim.setup(timestep=0.025)
    ends = [Point3DWithDiam(x=x, y=0, z=0, diameter=d) for x, d in ((18.8, 18.8), (0, 18.8), (0, 2), (-500, 2))]
    soma = Segment(proximal=ends[0], distal=ends[1], name="soma", id=0)
    dendrite = Segment(proximal=ends[2], distal=ends[3], name="dendrite", parent=soma, id=1)
    cell = type("TwoCompartments", (base,), {})
    cell.ion_channels = {"pas": sim.PassiveLeak, "na": sim.NaChannel, "kdr": sim.KdrChannel}
    ions = {"na": 50.0, "k": -77.0}
    everywhere, soma_only = sim.morphology.uniform("all", 0.0003), sim.morphology.uniform
    cell_type = cell(
        morphology=NeuroMLMorphology(Morphology(segments=(soma, dendrite))),
        cm=1.0,
        Ra=500.0,
        ionic_species={name: IonicSpecies(name, reversal_potential=e) for name, e in ions.items()},
        pas={"conductance_density": everywhere, "e_rev": -54.3},
        na={"conductance_density": soma_only("soma", 0.120)},
        kdr={"conductance_density": soma_only("soma", 0.036)},
    )
    return sim.Population(size, cell_type, initial_values={"v": -60.0})
