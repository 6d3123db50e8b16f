"""The rulebook on a real broker: another one is in force at a worker that runs, and a forged one is not."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from afa.runfile import Process
from afa.sample import counters
from alliance import kafka
from alliance.rulebook import standard
from schemas.registry import Sector, Status
from schemas.rulebook import RULEBOOK_KEY, Rulebook
from schemas.topics import MEMBERS
from tests.streams.support import World, free_port, member_record, unique
from tests.streams.test_worker import call

pytestmark = pytest.mark.services
REFUSED, ACCEPTED, DISBELIEVED = (
    "afa_intake_quarantined_total", "afa_intake_events_accepted_total", "afa_registry_refused_total",
)  # fmt: skip


class Intake:
    """A worker, seen by what it counts."""

    def __init__(self, world: World, port: int, pid: int) -> None:
        self.world = world
        self._processes = [Process(name="streams", pid=pid, metrics_port=port)]

    def count(self, name: str, label: str = "") -> int:
        return int(counters(self._processes).get(name, {}).get(label, 0))

    def let_in(self) -> int:
        return self.count(ACCEPTED, "suspicious-number")

    def turned_away(self) -> int:
        return self.count(REFUSED, "wrong-sector")

    def until_one_more(self, count: Callable[[], int]) -> None:
        """Send calls until one of them is counted so."""
        before = count()

        def sent() -> bool:
            self.world.send("carrier-a", self.world.event("carrier-a", call(unique("caller"), unique("victim"))))
            return count() > before

        kafka.until(sent, "no call was counted so", 40)


def without_carriers() -> Rulebook:
    raw = standard().model_dump(mode="json")
    raw["send"]["suspicious-number"] = ["carrier@police-telecom"]
    return Rulebook.model_validate_json(orjson.dumps(raw))


def test_another_rulebook_is_in_force_at_once_and_a_forged_one_is_not(world: World) -> None:
    port = free_port()
    with world.worker(AFA_METRICS_PORT=str(port)) as process:
        intake = Intake(world, port, process.pid)
        try:
            intake.until_one_more(intake.let_in)
            world.register(without_carriers())
            intake.until_one_more(intake.turned_away)

            known, suspended = (
                intake.count(DISBELIEVED),
                member_record(world.keys["carrier-a"], Sector.CARRIER, status=Status.SUSPENDED),
            )
            for key, forged in ((RULEBOOK_KEY, standard()), (suspended.member, suspended)):
                world.producer.send(MEMBERS.name, forged.model_dump_json().encode(), key.encode()).get(10)
            kafka.until(lambda: intake.count(DISBELIEVED) == known + 2, "the forged records are not counted", 40)
            let_in = intake.let_in()
            intake.until_one_more(intake.turned_away)
            assert intake.let_in() == let_in
            assert intake.count(REFUSED, "suspended-member") == 0
        finally:
            world.register(standard(), member_record(world.keys["carrier-a"], Sector.CARRIER))
        intake.until_one_more(intake.let_in)
