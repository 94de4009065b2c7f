"""Scenarios and examples of PyNN that this back end does not pass, with reasons.

The list is kept true by the tests: what is listed and passes is a failure. `python -m tests.scenarios.expected` prints
the table of README.md.
"""

MULTI_COMPARTMENT = "needs multi-compartment cells, which this back end does not have"

EXPECTED = {
    "newer.mc_recording_at_locations": MULTI_COMPARTMENT,
    "newer.mc_subthreshold_dc": MULTI_COMPARTMENT,
    "nineml_neuron": "fails on every back end: it is written for an old version of the nineml library",
    "scenario5.test_scenario5": MULTI_COMPARTMENT,
    "simpleRandomNetwork_csa": "fails on every back end: it gives NumpyRNG.next() an argument that PyNN has no more",
}


def table() -> str:
    """For README.md."""
    rows = ["| scenario or example | reason |", "|---|---|"]
    return "\n".join([*rows, *(f"| {name} | {reason} |" for name, reason in sorted(EXPECTED.items()))])


if __name__ == "__main__":
    print(table())
