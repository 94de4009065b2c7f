"""The modelling language: equation text -> checked syntax. Knows no neuron and no numerics."""
