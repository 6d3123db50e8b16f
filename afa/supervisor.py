"""Brings the whole alliance up on one machine, watches it, and takes it down in order.

Nothing it starts may outlive it, and nothing that dies may go unnoticed: if one process ends that should have gone on,
all are stopped.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from afa import runfile
from afa.programs import Place, Program, clock_file
from afa.runfile import Process, RunFile
from alliance import profiles
from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock, load_or_create, wall_seconds_now
from alliance.embedded.child import Child
from alliance.embedded.services import EmbeddedServices
from alliance.membership import MemberSpec, barred, members_of, register, token_keys
from alliance.provision import provision
from alliance.registrar import alone
from alliance.rulebook import keeping
from schemas.topics import PARTITIONS

_PROCESSES_STOP_S = 3.0
_KILLED_AT_LEAST_S = 0.2

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run consists of, beside the services: who is admitted, how fast time goes, which processes run and by
    which law."""

    data_dir: Path
    cache_dir: Path
    heap_mb: int
    rate: float
    members: Sequence[MemberSpec]
    migrate: Callable[[str], None]
    programs: Callable[[Place], list[Program]]
    profile: str = profiles.DEFAULT
    partitions: int = PARTITIONS


class Supervisor:
    """`with Supervisor(plan, say) as run:` has everything up; at the end of the block everything is down."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self.services = EmbeddedServices(plan.data_dir, plan.cache_dir, plan.heap_mb)
        self.processes: list[Process] = []
        self.up_since = 0.0
        self.clock: AllianceClock | None = None
        self._plan = plan
        self._say = say
        self._children: list[tuple[Program, Child]] = []

    def start(self) -> Supervisor:
        """SetupError or ServiceDied say in one sentence what is wrong; then nothing is left running."""
        self._say("Kafka and PostgreSQL start …")
        self.services.start()
        try:
            self.up_since = wall_seconds_now()
            self._prepare()
            self._start_processes()
        except BaseException:
            self.stop()
            raise
        return self

    def check(self) -> None:
        """Raise ServiceDied if a service or a process has ended that should have gone on."""
        self.services.check()
        for program, child in self._children:
            if not child.alive and not (program.ends and child.wait(0) == 0):
                # It may have ended because its database or broker did, and that is what a person must know.
                self.services.check()
                child.check()

    def is_over(self) -> bool:
        """Whether a process that ends by itself has done so: there is nothing more to wait for."""
        return any(program.ends and not child.alive for program, child in self._children)

    def stop(self) -> None:
        """The members first, the database last: each finds what it writes to still there."""
        deadline = time.monotonic() + _PROCESSES_STOP_S
        for _, child in reversed(self._children):
            child.stop(signal.SIGTERM, max(deadline - time.monotonic(), _KILLED_AT_LEAST_S))
        self._children.clear()
        runfile.forget(self.services.data)
        self.services.stop()

    def __enter__(self) -> Supervisor:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self._say("Stopping …")
        self.stop()

    def _prepare(self) -> None:
        """The clock, what is declared on the broker, the members, the database's tables. All of it may be there."""
        self._say("Topics, rights and members are checked …")
        data, admin = self.services.data, self.services.admin
        self.clock = load_or_create(clock_file(data), self._plan.rate)
        names = {*members_of(data), *(spec.member for spec in self._plan.members)} - barred(data, admin)
        for drift in provision(admin, sorted(names), data.secret, self._plan.partitions).drift:
            self._say(f"Note: {drift}")
        registrar = login_of("registrar", admin, data.secret)
        with alone(data):
            keeping.provide(data, registrar)
            if self._plan.members:
                register(data, registrar, self._plan.members, token_keys(data), self.clock)
        self._plan.migrate(self.services.database_url)

    def _start_processes(self) -> None:
        services = self.services
        place = Place(services.data, services.bootstrap, services.database_url, self._plan.profile)
        for program in self._plan.programs(place):
            log = services.data.log_file(program.name)
            child = Child(program.name, program.command(), log, death_signal=signal.SIGKILL)
            self._children.append((program, child))
        self.processes = [Process(name="kafka", pid=services.kafka.pid or 0)]
        self.processes.append(Process(name="postgres", pid=services.postgres.pid or 0))
        for program, child in self._children:
            self.processes.append(Process(name=program.name, pid=child.pid, metrics_port=program.metrics_port))
        told = RunFile(pid=os.getpid(), up_since=self.up_since, processes=self.processes, profile=self._plan.profile)
        told.save(services.data)
