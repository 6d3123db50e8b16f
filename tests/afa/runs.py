"""`afa` as a user runs it: a process of its own on a data folder of its own.

What is run once and ends is forked from a process that has imported everything: two thirds of a command are imports.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

AFA = [sys.executable, "-c", "from afa.cli import main; main()"]
_UP_S = 90.0


def afa(*arguments: str, data: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """One command, done."""
    command = [*arguments, "--data", str(data)]
    with TemporaryDirectory() as folder:
        given, out, err = (Path(folder) / name for name in ("stdin", "stdout", "stderr"))
        given.write_text(stdin)
        files = {"stdin": str(given), "stdout": str(out), "stderr": str(err)}
        asked = {"arguments": command, "environment": dict(os.environ), **files}
        forks = _forks()
        assert forks.stdin and forks.stdout
        forks.stdin.write(json.dumps(asked) + "\n")
        forks.stdin.flush()
        code = int(forks.stdout.readline())
        return subprocess.CompletedProcess(command, code, out.read_text(), err.read_text())


@cache
def _forks() -> subprocess.Popen[str]:
    """It ends when this process does, which closes what it reads."""
    command = [sys.executable, "-c", "from tests.afa.forks import serve; serve()"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def result(*arguments: str, data: Path) -> str:
    """What a command that must succeed printed on stdout."""
    done = afa(*arguments, data=data)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ended_within(process: subprocess.Popen[str], seconds: float) -> bool:
    """Waits no longer than until it ends."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.poll() is not None


class Up:
    """An `afa up` that is up."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data = data
        command = [*AFA, "up", "--no-city", "--data", str(data), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + _UP_S
        while not (self.data / "run.json").exists():
            assert time.monotonic() < deadline, "not up in time"
            assert not ended_within(self.process, 0.1), self.process.communicate()

    def pids(self) -> dict[str, int]:
        run: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return {process["name"]: process["pid"] for process in run["processes"]}

    def family(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code and what it said on stderr."""
        self.process.send_signal(how)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


@contextmanager
def up(data: Path, *arguments: str) -> Iterator[Up]:
    run = Up(data, *arguments)
    try:
        run.wait_until_up()
        yield run
    finally:
        run.process.kill()
        run.process.communicate()


def still_alive(family: list[psutil.Process], timeout_s: float = 20.0) -> list[psutil.Process]:
    """Who has not ended; a zombie is no process any more."""
    _, alive = psutil.wait_procs(family, timeout=timeout_s)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
