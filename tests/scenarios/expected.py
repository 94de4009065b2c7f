"""Scenarios that this back end does not pass yet, and what they need: model of PyNN -> names of scenarios.

The list is kept true by the tests: a listed scenario that passes is a failure. See README.md.
"""

NEEDS = {
    "STDPMechanism": (
        "connection_handling.test_issue652",
        "scenario3.test_scenario3",
    ),
    "SimpleStochasticSynapse": ("synapse_types.test_simple_stochastic_synapse",),
    "TsodyksMarkramSynapse": (
        "connectors.test_all_to_all_tsodyksmarkram",
        "connectors.test_fixed_number_post_with_replacement_heterogeneous_parameters",
        "connectors.test_fixed_number_pre_with_replacement_heterogeneous_parameters",
        "parameter_handling.test_issue505",
        "parameter_handling.test_set_synaptic_parameters_fully_connected",
        "parameter_handling.test_set_synaptic_parameters_multiply_connected",
        "parameter_handling.test_set_synaptic_parameters_partially_connected",
        "scenario4.test_scenario4",
    ),
}

EXPECTED = {name: f"needs {model}: comes with the rest of PyNN" for model, names in NEEDS.items() for name in names}
