"""What is done to the chain while alerts flow. Each fault leaves everything running again, or about to."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.chain.cast import ROUTES
from tests.chain.processes import Processes
from tests.streams.idle import wait_s
from tests.streams.test_faults import STALL_S

Fault = Callable[[Processes, random.Random], None]
WORKERS = ("streams", "streams-2")
PUBLISHER = "publisher"
DYING_WORKER = "tests.streams.dying_worker"
DYING = "tests.consumers.dying"
DYING_S = 30
"""Longer than the session of the killed worker, whose partitions the dying one waits for."""


def kill_worker(chain: Processes, chance: random.Random) -> None:
    _again(chain, chance.choice(WORKERS))


def die_between_send_and_commit(chain: Processes, chance: random.Random) -> None:
    """The successor of a killed worker, which finds work waiting, dies at it too."""
    name = chance.choice(WORKERS)
    _again(chain, name, DYING_WORKER, str(chance.randint(1, 3)))
    chain.wait_for_death(name, DYING_S)


def stall_worker(chain: Processes, chance: random.Random) -> None:
    chain.stall(chance.choice(WORKERS), STALL_S)


def kill_casebook(chain: Processes, chance: random.Random) -> None:
    """At any moment, and its successor before it commits what it has read; the first turn has read nothing."""
    _again(chain, "casebook", DYING, "casebook", str(chance.randint(2, 4)))


def kill_dispatch(chain: Processes, chance: random.Random) -> None:
    """At any moment, and its successor between sending and noting."""
    _again(chain, "dispatch", DYING, "dispatch", str(chance.randint(1, 3)))


def kill_member(chain: Processes, chance: random.Random) -> None:
    _again(chain, chance.choice(sorted(ROUTES)))


def kill_publisher(chain: Processes, chance: random.Random) -> None:
    _again(chain, PUBLISHER)


def kill_broker(chain: Processes, chance: random.Random) -> None:
    """On the same ports and data afterwards; whatever can't live without it meanwhile ends and is started again."""
    kafka = chain.run.services.kafka
    kafka.kill()
    wait_s(chance.uniform(0, 2))
    kafka.start()


FAULTS: tuple[Fault, ...] = (
    kill_worker,
    die_between_send_and_commit,
    stall_worker,
    kill_casebook,
    kill_dispatch,
    kill_member,
    kill_publisher,
    kill_broker,
)


def some(count: int, chance: random.Random) -> list[Fault]:
    """Each kind equally often, as far as `count` allows, in a random order."""
    faults = [FAULTS[number % len(FAULTS)] for number in range(count)]
    chance.shuffle(faults)
    return faults


def _again(chain: Processes, name: str, module: str = "", *arguments: str) -> None:
    chain.kill(name)
    chain.start(name, module, *arguments)
