"""What nobody here can handle ends the process: nothing of it is acknowledged, the supervisor says so, and a new worker
begins where this one was. Must never end one that is being stopped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger()


@contextmanager
def ends_the_process(stage: str) -> Iterator[None]:
    """Around all that a task or an agent does: Faust would take up an agent anew behind the event that it failed at."""
    try:
        yield
    except Exception:
        log.critical("the worker ends, nothing of this is acknowledged", stage=stage, exc_info=True)
        os._exit(1)
