"""A service as a child process: started so that it can't outlive us, watched, and stopped in order.

It must never receive the terminal's Ctrl-C itself (own session), and never put a secret on a command line or leave what
it says to others.
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
from typing import IO

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
        with open(log, "ab", opener=_private) as out:
            self._process = _spawn(command, death_signal, prefix, out, subprocess.STDOUT)

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


def complaint_of(name: str, command: Sequence[str], timeout_s: float) -> str:
    """Run a command whose output tells secrets, and is kept nowhere. Why it failed, or nothing if it did not."""
    process = _spawn(command, signal.SIGKILL, (), subprocess.DEVNULL, subprocess.PIPE)
    try:
        _, said = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise ServiceDied(f"{name} was not done within {timeout_s:.0f} s; start again.") from None
    if process.returncode == 0:
        return ""
    return last_words(said.decode(errors="replace")) or _how(process.returncode)


def last_line(log: Path) -> str:
    """The last words in a log, for an error message."""
    return last_words(log.read_text(errors="replace")) if log.exists() else ""


def last_words(said: str) -> str:
    """The last line that is not empty, and not what Java or PostgreSQL add below one."""
    lines = [line for line in said.splitlines() if line.strip()]
    whole = [line for line in lines if not line[0].isspace()] or lines
    return whole[-1].strip() if whole else ""


def _spawn(
    command: Sequence[str],
    death_signal: signal.Signals,
    prefix: Sequence[str],
    out: int | IO[bytes],
    err: int,
) -> subprocess.Popen[bytes]:
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(int(death_signal))]
    return _SPAWNER.submit(
        subprocess.Popen,
        [*prefix, *launcher, *command],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        env=_ENVIRONMENT,
        start_new_session=True,
    ).result()


def _private(path: str, flags: int) -> int:
    """Also a log that was there, and open to others."""
    opened = os.open(path, flags, 0o600)
    os.fchmod(opened, 0o600)
    return opened


def _how(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"code {returncode}"
