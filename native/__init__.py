"""The hand-written C++: headers that generated modules include, and the sources of the engine."""

from pathlib import Path

INCLUDE = Path(__file__).parent / "include"
"""What a compiler of generated modules gets as `-I`."""
