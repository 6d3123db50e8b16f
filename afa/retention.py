"""`afa retention`: what is kept how long, and the erasing of what is past that, which is the casebook's alone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer
from sqlalchemy import Engine

from afa.judging import await_judgement
from afa.options import Data, Json
from afa.output import Column, show, when
from afa.place import Run, database
from alliance import kafka
from alliance.profiles.page import duration
from consumers.casebook.retention import runs, showing
from schemas.retention import Held, RetentionReport, RetentionView
from schemas.topics import TOPICS, Topic, member_topic

app = typer.Typer(no_args_is_help=True, help="What is kept how long: shown, and erased once it is past.")
_MAIL = member_topic("member").name.replace("member", "<member>")


@app.command("show")
def show_all(data: Data = None, json: Json = False) -> None:
    """Each table and topic: for how long it is kept, the oldest that is in it, and how much of it is past.

    Example: afa retention show --json | jq 'select(.past > 0) | [.name, .past]'
    """
    run = Run(data)
    with run.database() as db:
        tables = showing.tables(db, run.profile)
    show([[*tables, *_topics(run)]], _COLUMNS, as_json=json, empty="")


@app.command("run")
def run_now(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what a run would erase, and erase nothing.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Erase what is past, as the casebook does by itself once a day: what has no case, and cases whose time is over.

    What a case, a hold, an objection or a clock still needs stays. Of the acts on record about what is erased text and
    salt go too; `afa audit verify` counts them. A run may be interrupted at any time: the casebook goes on with it.

    Example: afa retention run --dry-run
    """
    run = Run(data)
    with database(run.database_url) as engine:
        report = _dry(run, engine) if dry_run else _done(run, engine)
    print(report.model_dump_json() if json else _told(report))


def _dry(run: Run, engine: Engine) -> RetentionReport:
    with engine.connect() as db:
        return showing.would_erase(db, run.clock.now())


def _done(run: Run, engine: Engine) -> RetentionReport:
    """Waits as long as it goes on."""
    with engine.begin() as db:
        number = runs.ask(db, run.clock.now())
    steps = 0
    while True:
        report, steps = await_judgement(engine, partial(showing.moved, number=number, steps=steps), "run")
        if report.ended_at is not None:
            return report


def _topics(run: Run) -> list[RetentionView]:
    mail = [member_topic(member.member) for member in run.registry()]
    stamps = kafka.oldest(run.admin, [topic.name for topic in (*TOPICS, *mail)])
    views = [_topic(topic.name, topic, stamps.get(topic.name)) for topic in TOPICS]
    oldest = min((stamps[topic.name] for topic in mail if topic.name in stamps), default=None)
    return [*views, _topic(_MAIL, member_topic("member"), oldest)]


def _topic(name: str, topic: Topic, stamp: float | None) -> RetentionView:
    return RetentionView(
        kind=Held.TOPIC,
        name=name,
        kept_s=topic.retention_ms // 1000 if topic.retention_ms > 0 else None,
        why=topic.kept(),
        oldest=None if stamp is None else datetime.fromtimestamp(stamp, UTC),
        past=None,
    )


def _told(report: RetentionReport) -> str:
    said = f"Run {report.run} erased" if report.run else "A run would erase"
    if not report.erased:
        return f"{said} nothing: nothing is past its time."
    lines = (f"  {table:<17} {count:>9,}" for table, count in report.erased.items())
    return "\n".join([f"{said} (of `audit` the text of so many acts):", *lines])


def _kept(view: RetentionView) -> str:
    return duration(view.kept_s) if view.kept_s else "–"


_COLUMNS = (
    Column[RetentionView]("What", 27, lambda v: f"{v.kind.value} {v.name}"),
    Column[RetentionView]("Kept", 8, _kept, "right"),
    Column[RetentionView]("Oldest", 14, lambda v: when(v.oldest)),
    Column[RetentionView]("Past", 9, lambda v: "–" if v.past is None else f"{v.past:,}", "right"),
    Column[RetentionView]("From when", 38, lambda v: v.why),
)
