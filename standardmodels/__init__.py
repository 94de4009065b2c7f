"""Equations and translation tables of the standard models; no logic."""
