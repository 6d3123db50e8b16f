"""Signals of a run: the first Ctrl-C, SIGTERM or closed terminal ends it in order, the next ones change nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


_told = Event()


@contextmanager
def interruptible() -> Iterator[None]:
    """Within the block the first of these signals raises KeyboardInterrupt, wherever the run is."""
    _told.clear()
    former = {number: signal.signal(number, _first) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def check() -> None:
    """Raise it again if it was lost: Python drops what is raised in a finaliser, and a signal may come there."""
    if _told.is_set():
        raise KeyboardInterrupt


def _first(number: int, frame: FrameType | None) -> None:
    for each in _SIGNALS:
        # A second Ctrl-C must not leave the stopping half done.
        signal.signal(each, signal.SIG_IGN)
    _told.set()
    raise KeyboardInterrupt
