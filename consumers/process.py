"""What the consumers' processes share: logs on stderr, and one sentence instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from alliance import logs
from alliance.errors import AfaError


def guarded(name: str, run: Callable[[], None]) -> int:
    """The exit code of a process that does `run`."""
    logs.to_stderr()
    try:
        run()
    except AfaError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0
