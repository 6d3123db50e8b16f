"""A service as a child process: started so that it can't outlive us, watched, and stopped in order.

It must never receive the terminal's Ctrl-C itself (own session), and never put a secret on a command line.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alliance.errors import ServiceDied

_LAUNCHER = Path(__file__).with_name("_launch.py")
# Inherited variables (JAVA_TOOL_OPTIONS, PGPORT, …) must not change what a service does.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
# The kernel's parent-death signal follows the *thread* that forked; this one lives as long as the process.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
_TICK_S = 0.05


class Child:
    """One child process, with its output in `log`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        death_signal: signal.Signals,
        prefix: Sequence[str] = (),
    ) -> None:
        """`death_signal` is what the child gets if we are killed; `prefix` is a program that changes user."""
        self.name = name
        self.log = log
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(int(death_signal))]
        argv = [*prefix, *launcher, *command]
        with log.open("ab") as out:
            self._process = _SPAWNER.submit(
                subprocess.Popen,
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=_ENVIRONMENT,
                start_new_session=True,
            ).result()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def check(self) -> None:
        """Raise ServiceDied, with the last line it wrote, unless it still runs."""
        if not self.alive:
            raise ServiceDied(
                f"{self.name} ended unexpectedly ({_how(self._process.returncode)}); its last words: "
                f"{last_line(self.log)!r}; see {self.log}, then start again."
            )

    def wait_for(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait until `ready()`; ServiceDied if the child ends or the time is over before that."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ServiceDied(f"{self.name} did not answer within {timeout_s:.0f} s; see {self.log}.")
            try:
                self._process.wait(_TICK_S)
            except subprocess.TimeoutExpired:
                continue

    def wait(self, timeout_s: float) -> int:
        """Wait for a command that ends by itself; its exit code."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServiceDied(f"{self.name} was not done within {timeout_s:.0f} s; see {self.log}.") from None

    def stop(self, how: signal.Signals, timeout_s: float) -> None:
        """Ask it to end by `how`; past `timeout_s` kill it."""
        if not self.alive:
            return
        os.kill(self.pid, how)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it and whatever it started, at once."""
        if self.alive:
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def last_line(log: Path) -> str:
    """The last line of a log that is not empty, for an error message."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] if log.exists() else []
    return lines[-1].strip() if lines else ""


def _how(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"code {returncode}"
