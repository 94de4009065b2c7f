"""Targets: kernels -> something that runs."""
