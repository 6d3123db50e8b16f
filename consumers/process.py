"""What the consumers' processes share: logs on stderr, and one sentence instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

import structlog

from alliance.errors import AfaError


def guarded(name: str, run: Callable[[], None]) -> int:
    """The exit code of a process that does `run`."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    try:
        run()
    except AfaError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0
