"""Runs the commands of `afa` in processes of their own, forked from this one, which has imported everything and put the
commands together once.

It reads one line of JSON a command, and writes one line with its exit code.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import typer.rich_utils  # noqa: F401  which typer itself imports only as it prints
from typer.main import get_command

from afa.cli import app
from afa.errors import quiet_libraries

TIMEOUT_S = 120


def become(asked: dict[str, Any]) -> None:
    """The process that a user's shell would have started."""
    signal.alarm(TIMEOUT_S)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["afa", *asked["arguments"]]
    for number, name in enumerate((asked["stdin"], asked["stdout"], asked["stderr"])):
        with Path(name).open("rb" if number == 0 else "wb") as file:
            os.dup2(file.fileno(), number)


def serve() -> None:
    command = get_command(app)
    # Else a child's collections, and that at its end, touch and so copy all that it shares with this process.
    gc.freeze()
    for line in iter(sys.stdin.buffer.readline, b""):
        child = os.fork()
        if not child:
            become(json.loads(line))
            quiet_libraries()
            command()
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
