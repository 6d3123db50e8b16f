"""`afa status` and `afa down`: what runs on a data folder, and ending it from another terminal."""

from __future__ import annotations

import os
import signal
import sys
import time

from kafka import TopicPartition
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from afa import runfile
from afa.lag import lags
from afa.options import Data, Json, data_dir
from afa.output import WIDTH, amounts, note
from afa.place import Run, cluster, database
from afa.sampler import Sampler
from alliance.embedded.datadir import DataDir
from alliance.errors import SetupError
from consumers.casebook import deadletters
from consumers.casebook.tables import ConsumerOffset
from schemas.base import Money

_STOP_S = 20.0
_GLANCE_S = 0.1
_CASEBOOK = "casebook"
_OFFSETS = select(ConsumerOffset.topic, ConsumerOffset.partition, ConsumerOffset.next)
"""The casebook keeps its offsets with what it made of the records."""


class ProcessStatus(BaseModel):
    """One process of the run; one that is not alive has ended as it should (the city, after its day)."""

    name: str
    pid: int
    alive: bool


class StatusView(BaseModel):
    """What `afa status --json` prints."""

    data: str
    pid: int
    uptime_s: float
    alliance_time: str
    rate: float
    processes: list[ProcessStatus]
    lag: dict[str, dict[str, int]]
    """Consumer group → topic → records that it has not done yet."""
    counts: dict[str, dict[str, int]]
    """Alerts, quarantined events and risk-checks of this run; leads, requests, answers of all time."""
    holds: int
    """In force now."""
    held: list[Money]
    spared: int
    """Leads that the allow-list spared since the workers started; `afa allow list` shows them by entry."""
    saturated: int
    """Identifiers, among those met since then, through which no pair counts (docs/correlation.md)."""
    disbelieved: int
    """Records of the registry that the registrar has not signed, by each process that met it (docs/security.md)."""
    set_aside: int
    """Records at which the casebook failed: it tries them again whenever it starts (docs/architecture.md)."""


def status(data: Data = None, json: Json = False) -> None:
    """What runs on this machine, how far behind each consumer group is, and what there is of each thing.

    Example: afa status --json | jq .lag
    """
    run = Run(data)
    if run.cluster:
        raise SetupError(
            f"`afa status` tells of a run of `afa up`; of what is at {run.cluster.kafka_bootstrap} Prometheus tells, "
            "and `docker compose ps` where it was started."
        )
    view = _look(run)
    if json:
        print(view.model_dump_json())
    else:
        _draw(view)


def down(data: Data = None) -> None:
    """Stop the run on the data folder, in order, and wait until it has stopped. A cluster stops where it was started.

    Example: afa down --data ./data
    """
    if (told := cluster(data)) is not None:
        note(f"Nothing of this machine is to be stopped; what is at {told.kafka_bootstrap} stops where it was started.")
        return
    folder = DataDir(data_dir(data))
    holder = folder.holder()
    if holder is None:
        note(f"Nothing runs on the data folder {folder.path}.")
        return
    os.kill(holder, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_S
    while folder.holder() == holder:
        if time.monotonic() > deadline:
            raise SetupError(
                f"Process {holder} still holds {folder.path} after {_STOP_S:.0f} s; see {folder.log}, or end it with "
                f"`kill -9 {holder}`: nothing that was acknowledged is lost."
            )
        time.sleep(_GLANCE_S)
    note(f"Stopped what ran on {folder.path} (process {holder}).")


def _look(run: Run) -> StatusView:
    running = runfile.load(run.data)
    if running is None:
        raise SetupError(f"The run on {run.data.path} (process {run.data.holder()}) is still starting; ask again soon.")
    clock = run.clock
    with database(run.database_url) as engine:
        with engine.connect() as db:
            own = {_CASEBOOK: {TopicPartition(row.topic, row.partition): row.next for row in db.execute(_OFFSETS)}}
            set_aside = deadletters.count(db)
        sample = Sampler(engine, running.processes, clock, running.up_since).take()
    return StatusView(
        data=str(run.data.path),
        pid=running.pid,
        uptime_s=round(sample.up_s, 1),
        alliance_time=sample.now.isoformat(timespec="seconds"),
        rate=clock.rate,
        processes=[ProcessStatus(name=p.name, pid=p.pid, alive=runfile.is_alive(p)) for p in running.processes],
        lag=lags(run.admin, own),
        counts={name: dict(parts) for name, parts in sample.counts().items()},
        holds=sample.holds,
        held=list(sample.held),
        spared=sample.spared,
        saturated=sample.saturated,
        disbelieved=sample.disbelieved,
        set_aside=set_aside,
    )


def _draw(view: StatusView) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(f"{view.data}, process {view.pid}, up {view.uptime_s:,.0f} s, {view.alliance_time} alliance time")
    processes = _table("Process", "Pid", "State")
    for process in view.processes:
        processes.add_row(process.name, str(process.pid), "runs" if process.alive else "has ended")
    counts = _table("Count", "Total", "Of which")
    for name, parts in view.counts.items():
        listed = ", ".join(f"{part} {count:,}" for part, count in parts.items() if part)
        counts.add_row(name, f"{sum(parts.values()):,}", listed)
    counts.add_row("holds active", f"{view.holds:,}", amounts(view.held))
    counts.add_row("leads spared", f"{view.spared:,}", "")
    counts.add_row("saturated", f"{view.saturated:,}", "")
    counts.add_row("registry not believed", f"{view.disbelieved:,}", "")
    counts.add_row("records set aside", f"{view.set_aside:,}", "see casebook.log" if view.set_aside else "")
    lag = _table("Group", "Topic", "Lag")
    for group, topics in view.lag.items():
        for topic, records in topics.items():
            lag.add_row(group, topic, f"{records:,}")
    for table in (processes, counts, lag):
        console.print()
        console.print(table)


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        table.add_column(title, justify="right" if title in ("Pid", "Total", "Lag") else "left")
    return table
