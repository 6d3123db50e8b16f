"""Nothing is lost and nothing is done twice, from a member's `publish` to the hold on an account, whatever dies.

Every process of the chain is killed, workers between send and commit too and one stalled past its session, and so is
the broker, while alerts flow. `make chaos` runs it at length (`--faults`).
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine

from afa.programs import Place, Program, hub
from afa.supervisor import Supervisor
from alliance import profiles
from alliance.keys.signatures import sign_object
from alliance.membership import load_officer, read_registry, token_keys
from consumers.casebook.authority.mandates import add_mandate
from consumers.casebook.database import connect
from schemas.requests import Caps
from tests.chain import faults as harm
from tests.chain import judge
from tests.chain.books import open_books
from tests.chain.cast import OFFICER, POLICE, ROUTES
from tests.chain.day import ClearScene, Told, benign, in_some_order, scenes
from tests.chain.processes import Processes
from tests.chain.publisher import END
from tests.chain.quiet import leads_read, wait_until_quiet
from tests.consumers import facts
from tests.streams.idle import wait_s
from tests.streams.test_faults import check

pytestmark = [pytest.mark.services, pytest.mark.chaos, pytest.mark.timeout(3600)]

ALERTS_A_FAULT, SCENES_A_FAULT, ALERTS_A_SCENE = 500, 8, 25
LONG = 50
SHORT_S, LONG_S = 6, 15
"""How long at most a fault waits for leads to flow, in a short test and a long one: some hit a chain that recovers."""
QUIET_S = 300


def test_nothing_is_lost_and_nothing_done_twice_whatever_dies(run: Supervisor, tmp_path: Path, faults: int) -> None:
    chance, count = random.Random(faults), max(faults, len(harm.FAULTS))
    data, engine = run.services.data, connect(run.services.database_url)
    days = list(scenes(count, count * SCENES_A_FAULT, ALERTS_A_SCENE, datetime.now(UTC), token_keys(data)))
    told = whole_day(days, count, chance)
    open_books(data, read_registry(run.services.admin), days, datetime.now(UTC))
    file_mandate(run, engine)
    feed, noted = tmp_path / "feed", tmp_path / "noted"
    feed.touch()
    chain = Processes(run, programs(run, feed, noted))
    try:
        shares = divided(told, count + 1)
        for fault in harm.some(count, chance):
            publish(feed, next(shares))
            moment(chain, engine, chance.uniform(0, LONG_S if faults >= LONG else SHORT_S))
            wait_s(chance.uniform(0, 1))
            fault(chain, chance)
        publish(feed, [*next(shares)], END)
        wait_until_quiet(chain, engine, QUIET_S)
        judge.no_alert_is_lost(run.services.admin, told, [UUID(line) for line in noted.read_text().split()])
        expected = check(run.services.admin, days)
        with engine.connect() as db:
            judge.leads_are_the_oracles(db, expected)
            judge.requests_are_asked_once(db, run.services.admin)
            judge.books_agree(db, data)
    finally:
        chain.stop()
        engine.dispose()
    assert len(told) >= count * ALERTS_A_FAULT
    assert any(chain.own_deaths[name, -signal.SIGKILL] for name in harm.WORKERS), chain.own_deaths


def whole_day(days: list[ClearScene], count: int, chance: random.Random) -> list[Told]:
    others = count * ALERTS_A_FAULT - sum(len(scene.told) for scene in days)
    return list(in_some_order(days, benign(others, chance, datetime.now(UTC)), chance))


def programs(run: Supervisor, feed: Path, noted: Path) -> list[Program]:
    """The hub with two workers, the members who answer, and the process in which they publish."""
    data = run.services.data
    place = Place(data, run.services.bootstrap, run.services.database_url)
    answering = [Program(name, "producers.reference", {}, ("--as", name, "--data", str(data.path))) for name in ROUTES]
    told = (str(data.path), str(feed), str(noted))
    return [*hub(place, 2), *answering, Program(harm.PUBLISHER, "tests.chain.publisher", {}, told, ends=True)]


def file_mandate(run: Supervisor, engine: Engine) -> None:
    """Police let reported accounts be stopped, so that there are holds."""
    now = datetime.now(UTC)
    caps = Caps(currency="CNY", per_hold=10**8 - 1, per_account=10**10, per_day=10**12)
    until = now + timedelta(days=1)
    mandate = facts.mandate(POLICE, OFFICER, caps=caps, valid_from=now - timedelta(hours=1), valid_to=until)
    kid, key = load_officer(run.services.data, POLICE, OFFICER)
    jws = sign_object(key, kid, mandate.model_dump(mode="json"))
    with engine.begin() as db:
        add_mandate(db, [jws], read_registry(run.services.admin), profiles.load("cn"), now)


def divided(told: list[Told], parts: int) -> Iterator[list[Told]]:
    size = -(-len(told) // parts)
    return iter([told[start : start + size] for start in range(0, len(told), size)])


def publish(feed: Path, share: list[Told], end: bytes = b"") -> None:
    with feed.open("ab") as file:
        file.write(b"".join(one.line + b"\n" for one in share) + end)


def moment(chain: Processes, engine: Engine, patience_s: float) -> None:
    """Until leads flow, or patience is over."""

    def read() -> int:
        with engine.connect() as db:
            return leads_read(db)

    before = read()
    chain.until(lambda: read() > before, patience_s)
