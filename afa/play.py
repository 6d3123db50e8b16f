"""`python -m afa.play`: the small city as a process of a run, with the officer who signs what the casebook drafts.

It plays members and police, so it is told what the hub is not: where the members' keys are.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from uuid import UUID

import orjson
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from afa.errors import quiet_libraries
from alliance import clock, profiles
from alliance.clock import AllianceClock
from alliance.embedded.datadir import DataDir
from alliance.errors import AfaError, Stop
from alliance.ids import IdSource
from alliance.membership import load_member, proven_registry
from alliance.profiles import Profile
from alliance.registrar import registrar_public
from alliance.serving import serve_metrics
from alliance.settings import Settings
from consumers.casebook.authority.mandates import add_mandate, list_mandates
from consumers.casebook.authority.orders import sign_draft
from consumers.casebook.database import connect
from consumers.casebook.views import listings
from producers.city.cast import POLICE, SECOND
from producers.city.honest import ALERTS
from producers.city.officer import DutyOfficer, mandate
from producers.city.play import City, Plan
from producers.city.truth import Verdict


class Station:
    """The city's police at the casebook: their standing mandate, and officers of whom each signs a draft once."""

    def __init__(self, data: DataDir, ticking: AllianceClock, profile: Profile, engine: Engine) -> None:
        self._data, self._clock, self._profile, self._engine = data, ticking, profile, engine
        self._second = DutyOfficer.on_duty(data, SECOND)
        self._signed: set[tuple[UUID, str]] = set()

    def give_mandate(self) -> None:
        """File one, unless one of this unit is in force already."""
        now = self._clock.now()
        with self._engine.begin() as db:
            for view in list_mandates(db):
                if view.mandate.unit == POLICE and view.revoked_at is None and view.mandate.valid_to > now:
                    return
            registry = proven_registry(load_member(self._data, POLICE)[1], registrar_public(self._data))
            mandate_id = IdSource(self._clock.now_ms, os.urandom).next()
            signatures = mandate([DutyOfficer.on_duty(self._data), self._second], mandate_id, now)
            add_mandate(db, signatures, registry, self._profile, now)

    def authorise(self, officer: DutyOfficer) -> int:
        """Sign what waits on the desk; how many that were. What the officer signed and still waits is the second's."""
        with self._engine.begin() as db:
            desk = listings.desk(db)
            asked = [(view, self._second if officer.officer in view.officers else officer) for view in desk]
            waiting = {(view.request_id, who.officer): who for view, who in asked}
            new = [(key, who) for key, who in waiting.items() if key not in self._signed]
            for (request_id, _), who in new:
                sign_draft(db, request_id, who.key, who.kid, self._clock.now())
        self._signed.update(key for key, _ in new)
        return len(new)


def play(
    data: DataDir, ticking: AllianceClock, profile: Profile, engine: Engine, plan: Plan, days: int, stopping: Event
) -> Iterator[Verdict]:
    """Days of the city on a running alliance; what each came to is also put on record in the data folder."""
    station = Station(data, ticking, profile, engine)
    station.give_mandate()
    for verdict in City(data, ticking, profile, authorise=station.authorise, plan=plan).run(stopping, days):
        with verdicts_file(data).open("ab") as record:
            record.write(orjson.dumps(verdict.as_json()) + b"\n")
        yield verdict


def verdicts_file(data: DataDir) -> Path:
    """One line of JSON for each day that was played."""
    return data.path / "verdicts.jsonl"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m afa.play", description="Play the small city in a run.")
    parser.add_argument("--days", type=int, default=1, help="0 plays until stopped")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alerts", type=int, default=ALERTS)
    chosen = parser.parse_args()
    quiet_libraries()
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        _run(Settings(), Plan(chosen.seed, chosen.alerts), chosen.days, stopping)
    except AfaError as error:
        print(f"city: {error}", file=sys.stderr)
        return 1
    return 0


def _run(settings: Settings, plan: Plan, days: int, stopping: Event) -> None:
    serve_metrics(settings)
    engine = connect(settings.database())
    try:
        data, ticking = DataDir(settings.data_dir), clock.load(settings.clock_file)
        profile = profiles.load(settings.profile)
        for verdict in play(data, ticking, profile, engine, plan, days, stopping):
            print(orjson.dumps(verdict.as_json()).decode(), flush=True)
    except DBAPIError as error:
        raise Stop(f"the database is gone ({str(error.orig).splitlines()[0]})") from error
    finally:
        engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
