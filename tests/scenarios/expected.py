"""Scenarios that this back end does not pass yet, and what they need: model of PyNN -> names of scenarios.

The list is kept true by the tests: a listed scenario that passes is a failure. See README.md.
"""

NEEDS = {
    "EIF_cond_alpha_isfa_ista": ("cell_types.test_EIF_cond_alpha_isfa_ista",),
    "EIF_cond_exp_isfa_ista": (
        "recording.test_record_vm_and_gsyn_from_assembly",
        "scenario4.test_scenario4",
    ),
    "HH_cond_exp": ("cell_types.test_HH_cond_exp",),
    "PointNeuron": ("cell_types.test_composed_neuron_model_homogeneous_receptors",),
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
    ),
}

EXPECTED = {name: f"needs {model}: comes with the rest of PyNN" for model, names in NEEDS.items() for name in names}
