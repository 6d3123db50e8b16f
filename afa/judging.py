"""Waiting until the casebook has looked at what was filed. It alone decides; a command only tells what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine

from alliance.errors import Retry

_WITHIN_S = 15.0
_GLANCE_S = 0.1
T = TypeVar("T")


def await_judgement(
    engine: Engine,
    look: Callable[[Connection], T | None],
    what: str,
    lacking: str = "is filed, but not judged",
    within_s: float = _WITHIN_S,
) -> T:
    """What `look` finds once it finds anything. Raises Retry, naming `what`, if nobody looks."""
    deadline = time.monotonic() + within_s
    while True:
        with engine.connect() as db:
            if (judged := look(db)) is not None:
                return judged
        if time.monotonic() > deadline:
            raise Retry(f"The {what} {lacking} after {within_s:.0f} s; see `afa status`.")
        # Another process decides, and tells nobody when.
        time.sleep(_GLANCE_S)
