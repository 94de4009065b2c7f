"""Passes: kernel -> kernel."""
