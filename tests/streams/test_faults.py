"""Nothing is lost, and nothing is invented: real workers are killed and stalled while alerts flow, then the
leads are judged.

`make chaos` runs the same at length (`--faults`).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from alliance import kafka
from alliance.kafka import KafkaLogin
from schemas.envelope import Headers
from schemas.topics import LEADS
from streams.rules import RULES_FILE
from tests import oracle
from tests.streams.days import Scene, bundles, facts, scenes
from tests.streams.idle import wait_s, wait_until_idle
from tests.streams.support import World

pytestmark = [pytest.mark.services, pytest.mark.chaos]

STALL_S = 14
"""Longer than the session of 10 s and the transaction timeout: another worker owns the partitions by then."""


def test_leads_equal_the_oracles_after_kills_stalls_and_redelivery(world: World, faults: int) -> None:
    chance = random.Random(faults)
    now = datetime.now(UTC)
    days = list(scenes(faults, max(60, faults * 30), 25, now, world))
    with ExitStack() as running:
        workers = [start(world, running) for _ in range(2)]
        sent = list(bundles(days, chance))
        pause = max(1, len(sent) // (faults + 1))
        for index, (member, topic, events) in enumerate(sent):
            value, jws = world.bundle(member, events)
            world.send_raw(member, topic, value, Headers(jws).pairs())
            if index % pause == pause - 1:
                harm(world, running, workers, chance)
        wait_until_idle(world.services.admin)
        check(world.services.admin, days)


def start(world: World, running: ExitStack, *command: str) -> subprocess.Popen[bytes]:
    module = command or ("-m", "streams")
    log = running.enter_context((world.folder / f"faulty-{time.monotonic_ns()}.log").open("wb"))
    process = subprocess.Popen([sys.executable, *module], env=world.environment(), stdout=log, stderr=subprocess.STDOUT)
    running.callback(end, process)
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait(10)


def harm(world: World, running: ExitStack, workers: list[subprocess.Popen[bytes]], chance: random.Random) -> None:
    """One fault; afterwards two workers run again."""
    victim = chance.randrange(len(workers))
    fault = chance.choice(("kill", "die between send and commit", "stall"))
    if fault == "kill":
        workers[victim].kill()
        workers[victim].wait(10)
    elif fault == "stall":
        os.kill(workers[victim].pid, signal.SIGSTOP)
        wait_s(STALL_S)
        os.kill(workers[victim].pid, signal.SIGCONT)
    else:
        script = ("-m", "tests.streams.dying_worker", str(chance.randint(1, 6)))
        workers.append(start(world, running, *script))
    workers[:] = [worker for worker in workers if worker.poll() is None]
    while len(workers) < 2:
        workers.append(start(world, running))


def check(login: KafkaLogin, days: Sequence[Scene]) -> dict[tuple[str, str], oracle.OracleLead]:
    """Every last snapshot is the oracle's, and the oracle's leads, which are returned, are all there."""
    rules = tomllib.loads(RULES_FILE.read_text())
    last = snapshots(login)
    expected: dict[tuple[str, str], oracle.OracleLead] = {}
    for scene in days:
        alerts, retractions = facts(scene)
        expected.update(oracle.leads(alerts, retractions, rules))
    tokens = {key[1:] for scene in days for alert in facts(scene)[0] for key in (n.key for n in alert.named)}
    found = {place: lead for place, lead in last.items() if place[1] in tokens and lead["level"] != "none"}
    assert found.keys() == {(role, key[1:]) for role, key in expected}
    for (role, key), lead in expected.items():
        snapshot = found[(role, key[1:])]
        assert (snapshot["level"], snapshot["stage"]) == (lead.level, lead.stage), snapshot
        assert snapshot["log_odds"] == pytest.approx(lead.log_odds, abs=1e-5) or role == "victim"
        assert {(e["member"], e["event_id"].replace("-", "")) for e in snapshot["evidence"]} == {
            (member, event.hex()) for member, event, *_ in lead.evidence
        }
    assert len(found) > len(days)
    return expected


def snapshots(login: KafkaLogin) -> dict[tuple[str, str], Any]:
    """The last committed snapshot of each subject, by role and token."""
    last: dict[tuple[str, str], Any] = {}
    for record in kafka.whole(login, LEADS.name):
        lead = orjson.loads(record.value)
        last[(lead["subject"]["role"], lead["subject"]["token"])] = lead
    return last
