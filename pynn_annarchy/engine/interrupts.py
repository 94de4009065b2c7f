"""Ctrl-C at a convenient time: between two pieces of work, never inside one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deferred() -> Iterator[None]:
    """Makes Ctrl-C wait for the end of the block; then what it was to do (raise KeyboardInterrupt, by default) is done.

    Python would raise it between any two instructions, also between one that moves the engine on and the one that takes
    note of it. In threads other than the main one, and where Python does not handle SIGINT, there is nothing to do.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    pressed: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *call: pressed.append(call))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if pressed:
            handler(*pressed[0])
