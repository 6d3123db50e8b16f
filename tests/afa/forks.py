"""Runs the commands of `afa` in processes of their own, forked from this one, which has imported everything once.

It reads one line of JSON a command, and writes one line with its exit code.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from afa.cli import main

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
    for line in iter(sys.stdin.buffer.readline, b""):
        child = os.fork()
        if not child:
            become(json.loads(line))
            main()
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
