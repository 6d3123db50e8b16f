"""`afa up`: the whole alliance on one machine, until Ctrl-C."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from afa import live, news, stopping
from afa.live import View
from afa.news import News
from afa.options import Data, data_dir
from afa.output import note
from afa.place import database
from afa.play import verdicts_file
from afa.programs import Place, Program, city, hub, vault
from afa.sampler import Sampler
from afa.stopping import interruptible
from afa.supervisor import Plan, Supervisor
from alliance import profiles
from alliance.embedded.datadir import DataDir
from alliance.errors import SetupError
from alliance.settings import Settings
from consumers.casebook.database import migrate
from producers.city.cast import CAST
from producers.city.play import RATE

_TICK_S = 0.5
_SHARE = 5
"""At most one part in so many of the time goes into looking."""


def up(
    data: Data = None,
    no_city: Annotated[
        bool, typer.Option("--no-city", help="Only the alliance: no simulated members, no city.")
    ] = False,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help=f"Alliance seconds a second; {RATE:g} with the city, else 1.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=16, help="How many stream workers share the work.")] = 1,
) -> None:
    """Start Kafka, PostgreSQL, the stream, the casebook and a small city, and show them live; Ctrl-C stops all.

    A second start on the same folder continues on its data.

    Example: afa up --data ./data --no-city
    """
    if data is None and (at := Settings().kafka_bootstrap):
        raise SetupError(
            f"AFA_KAFKA_BOOTSTRAP names the cluster {at}; for a run on this machine name a folder by --data."
        )
    chosen = rate or (1.0 if no_city else RATE)
    try:
        with interruptible():
            watch(Supervisor(plan_of(data, chosen, workers, city_days=None if no_city else 0), note))
    except KeyboardInterrupt:
        note("Stopped.")


def plan_of(data: Data, rate: float, workers: int, city_days: int | None, city_options: tuple[str, ...] = ()) -> Plan:
    """A run's plan; `city_days` is None without the city, 0 for one that never ends."""
    settings = Settings()
    profile = profiles.load(settings.profile)

    def programs(place: Place) -> list[Program]:
        own = [*hub(place, workers), vault(place)]
        return own if city_days is None else [*own, city(place, city_days, city_options)]

    return Plan(
        data_dir=data_dir(data),
        cache_dir=settings.cache_dir,
        heap_mb=settings.kafka_heap_mb,
        rate=rate,
        members=() if city_days is None else CAST,
        migrate=_migrate,
        programs=programs,
        profile=profile.name,
        partitions=settings.partitions,
    )


def watch(run: Supervisor, view: View | None = None) -> None:
    """Until the city, if it has an end, has come to it; else until something dies or somebody stops us."""
    with run, view or View(live.console()) as shown, database(run.services.database_url) as engine:
        assert run.clock is not None
        sampler = Sampler(engine, run.processes, run.clock, run.up_since)
        verdicts = _new_lines(run.services.data)
        first = sampler.take()
        told = News(first)
        shown.update(first)
        while not run.is_over():
            stopping.check()
            run.check()
            began = time.monotonic()
            try:
                sample = sampler.take()
            except DBAPIError:
                # If the database is gone, the next check says so.
                time.sleep(_TICK_S)
                continue
            for sentence in [*told.of(sample), *(news.of_day(json.loads(line)) for line in next(verdicts))]:
                shown.say(sentence)
            shown.update(sample)
            time.sleep(max(_TICK_S, _SHARE * (time.monotonic() - began)))


def _new_lines(data: DataDir) -> Iterator[list[str]]:
    """What the city has put on record since the last time; first, and now, where it stands."""
    path = verdicts_file(data)
    path.touch()
    with path.open(encoding="utf-8") as record:
        record.seek(0, 2)
        while True:
            yield [line for line in record.readlines() if line.endswith("\n")]


def _migrate(url: str) -> None:
    with database(url) as engine:
        migrate(engine)
