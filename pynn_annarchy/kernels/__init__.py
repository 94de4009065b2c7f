"""Kernels: what one cell or one synapse does, typed and independent of the target."""
