"""How a process says what it does: lines on stderr, and of a fault where it happened.

Must never show what variables held: of the vault's they are what it opens, of anybody's keys and passwords.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import structlog


def to_stderr() -> None:
    """Call once, before the first line."""
    *before, _ = structlog.get_config()["processors"]
    structlog.configure(processors=[*before, console()], logger_factory=structlog.PrintLoggerFactory(sys.stderr))


def console() -> structlog.dev.ConsoleRenderer:
    """The one that structlog has unless told otherwise shows the variables of each frame."""
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)


def fault(error: BaseException) -> dict[str, str]:
    """An error without its message, which may quote what it was about: its kind, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "at": " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames[::-1]),
    }
