"""`afa city`: one day of the small city, on a running alliance or on one of its own; the verdict is the last line."""

from __future__ import annotations

import tempfile
from pathlib import Path
from threading import Event
from typing import Annotated

import orjson
import typer
from rich.console import Console

from afa import runfile
from afa.live import View
from afa.options import Data, data_dir
from afa.output import WIDTH, note
from afa.place import Run, database
from afa.play import play, verdicts_file
from afa.registrar import acting
from afa.stopping import interruptible
from afa.supervisor import Supervisor
from afa.up import plan_of, watch
from alliance.embedded.datadir import DataDir
from alliance.errors import SetupError
from alliance.membership import barred, register, token_keys
from alliance.provision import provision
from producers.city.cast import CAST
from producers.city.honest import ALERTS
from producers.city.play import RATE, Plan

_DAY_S = 86_400
_SLOW_S = 3_600


def city(
    seed: Annotated[int, typer.Option(help="Another seed is another town.")] = 1,
    alerts: Annotated[int, typer.Option(min=0, help="How many honest alerts the day has beside its scams.")] = ALERTS,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help=f"Alliance seconds a second on a run of its own: {RATE:g}.")
    ] = None,
    data: Data = None,
) -> None:
    """Play one day of the small city and compare with the truth that only it holds.

    On the run of the data folder if there is one, else on a run of its own in a temporary folder.

    Example: afa city | tail -n 1 | jq .caught
    """
    folder = DataDir(data_dir(data))
    if folder.holder() is not None:
        if rate is not None:
            raise typer.BadParameter("a running alliance keeps its own clock", param_hint="--rate")
        print(_on(Run(data), Plan(seed, alerts)))
        return
    with tempfile.TemporaryDirectory(prefix="afa-city-") as temporary, interruptible():
        print(_alone(Path(temporary) / "data", rate or RATE, ("--seed", str(seed), "--alerts", str(alerts))))


def _on(run: Run, plan: Plan) -> str:
    """On a running alliance, whose members of the city are admitted first if they are not yet."""
    running = runfile.load(run.data)
    for process in running.processes if running else ():
        if process.name == "city" and runfile.is_alive(process):
            raise SetupError(
                f"The city already plays on {run.data.path} (process {process.pid}); watch it with "
                "`afa leads --follow`, or start the run with --no-city to play single days."
            )
    clock = run.clock
    if (takes := clock.wall_seconds(_DAY_S)) > _SLOW_S:
        note(f"By this run's clock a day takes {takes / _SLOW_S:,.1f} hours; `afa up --no-city --rate 600` is faster.")
    with acting(run) as at:
        # Not of who is suspended or revoked, whose rights would come back.
        names = {spec.member for spec in CAST} - barred(at.data, at.login)
        provision(run.admin, sorted(names), at.data.secret)
        register(at.data, at.login, CAST, token_keys(at.data), clock)
    note("The day begins …")
    with database(run.database_url) as engine:
        verdicts = list(play(run.data, clock, run.profile, engine, plan, 1, Event()))
    return orjson.dumps(verdicts[-1].as_json()).decode()


def _alone(folder: Path, rate: float, options: tuple[str, ...]) -> str:
    supervisor = Supervisor(plan_of(folder, rate, 1, city_days=1, city_options=options), note)
    watch(supervisor, View(Console(stderr=True, width=WIDTH)))
    return verdicts_file(supervisor.services.data).read_text(encoding="utf-8").splitlines()[-1]
