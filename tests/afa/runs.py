"""`afa` as a user runs it: a process of its own on a data folder of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

AFA = [sys.executable, "-c", "from afa.cli import main; main()"]
_UP_S = 90.0


def afa(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    """One command, done."""
    return subprocess.run(
        [*AFA, *arguments, "--data", str(data)], capture_output=True, text=True, timeout=120, check=False
    )


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
