"""Installed as `pyNN.annarchy`: another name of `pynn_annarchy`, submodules included."""

import sys

import pynn_annarchy

sys.modules[__name__] = pynn_annarchy
