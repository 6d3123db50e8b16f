"""All processes of the chain by name: started again whenever one has ended, for whatever reason."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from afa.programs import Program
from afa.supervisor import Supervisor
from alliance.embedded.child import Child
from tests.streams.idle import wait_s

LOOK_S = 0.1


class Processes:
    """`keep_up` must be called often: it restarts what has ended, and lets go on what was stalled long enough."""

    def __init__(self, run: Supervisor, programs: list[Program]) -> None:
        self.run = run
        self.programs = {program.name: program for program in programs}
        self.own_deaths: Counter[tuple[str, int]] = Counter()
        """How often which process ended by itself with which code."""
        self._children: dict[str, Child] = {}
        self._stalled: dict[str, float] = {}
        for name in self.programs:
            self.start(name)

    def start(self, name: str, module: str = "", *arguments: str) -> None:
        """As `module` with these arguments where it is to die in a way of its own."""
        program = self.programs[name]
        if module:
            program = replace(program, module=module, arguments=arguments)
        log = self.run.services.data.log_file(name)
        self._children[name] = Child(name, program.command(), log, death_signal=signal.SIGKILL)

    def kill(self, name: str) -> None:
        self._stalled.pop(name, None)
        self._children[name].kill()

    def stall(self, name: str, seconds: float) -> None:
        """SIGSTOP until so many seconds have passed."""
        os.kill(self._children[name].pid, signal.SIGSTOP)
        self._stalled[name] = time.monotonic() + seconds

    def wait_for_death(self, name: str, timeout_s: float) -> None:
        """Until the process that has the name now is no more; if it lives on, so be it."""
        child = self._children[name]
        self.until(lambda: not child.alive, timeout_s)

    def is_done(self, name: str) -> bool:
        """Whether a process that ends by itself has ended well."""
        child = self._children[name]
        return not child.alive and child.wait(0) == 0

    def pid(self, name: str) -> int:
        return self._children[name].pid

    def keep_up(self) -> None:
        for name in [name for name, until in self._stalled.items() if time.monotonic() > until]:
            del self._stalled[name]
            os.kill(self._children[name].pid, signal.SIGCONT)
        for name, child in list(self._children.items()):
            if not child.alive and not (self.programs[name].ends and child.wait(0) == 0):
                self.own_deaths[name, child.wait(0)] += 1
                self.start(name)

    def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Keep up until it holds, or the time is over; whether it came to hold."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.keep_up()
            wait_s(LOOK_S)
        return True

    def stop(self) -> None:
        for child in self._children.values():
            child.kill()
