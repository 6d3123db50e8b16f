"""`afa audit`: what was done, and whether the record of it is what it was. Reading takes no right but to read.

At a cluster the auditor asks as itself, by the settings; what it signs with is in its own key file alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from afa.options import As, Data, Json
from afa.output import Column, show, when
from afa.place import Run
from afa.programs import auditor_key
from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.errors import SetupError
from alliance.kafka import KafkaLogin
from consumers.auditor import checkpoints, listing, reading
from consumers.auditor.reading import Evidence, Tick
from consumers.auditor.service import Auditor
from consumers.auditor.verifying import verify as judge
from schemas.audit import AuditAct, AuditCheckpoint, AuditFault, AuditReport, AuditView
from schemas.receipts import TO_MEMBER
from schemas.topics import AUDIT, member_topic

app = typer.Typer(no_args_is_help=True, help="The record of every act with effect: list it, verify it, sign it.")
Kept = Annotated[
    list[Path] | None,
    typer.Option("--checkpoints", metavar="FILE", help="What a member kept, of `afa audit kept`; may be repeated."),
]
_SHOWN = 5
_STEP = 1_000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the record is. `key`: the auditor's key file, which only the auditor has."""

    run: Run
    login: KafkaLogin
    key: Path


@app.command("list")
def list_entries(
    about: Annotated[str | None, typer.Option(metavar="ID", help="Only acts about this case, request, hold, …")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many entries, the newest.")] = 20,
    data: Data = None,
    json: Json = False,
) -> None:
    """The newest entries, oldest first; one entry is one transaction of the casebook, with all acts in it.

    Example: afa audit list --about 019a3d52-7c00-7000-8000-000000000001
    """
    with reading.read_only(Run(data).database_url) as db:
        found = listing.newest(db, limit, about)
    show([found], _COLUMNS, as_json=json, empty="Nothing of this is on record.")


@app.command()
def verify(
    kept: Kept = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The auditor's public key (key.pub).")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Find any entry that was edited, deleted, inserted or reordered, in database or topic; the exit code is 1 then.

    The database is held against itself, the topic `audit`, and the checkpoints that the auditor signed: those on the
    topic, and those that members kept.

    Example: afa audit verify --checkpoints kept-by-bank-icbc.jsonl
    """
    place = _place(data)
    evidence = Evidence(checkpoints.public_at(key or checkpoints.public_file(place.key)))
    for file in kept or ():
        evidence.take_lines(file.name, file.read_text(encoding="utf-8").splitlines())
    with _progress() as progress, reading.read_only(place.run.database_url) as db:
        total = reading.count(db)
        records = (record.value for record in kafka.whole(place.login, AUDIT.name))
        evidence.take_topic(records, _ticking(progress, "the topic", total))
        report = judge(evidence.copy, evidence.signed, reading.stored(db, _ticking(progress, "the database", total)))
    report = report.model_copy(update={"faults": [*evidence.faults, *report.faults]})
    print(report.model_dump_json() if json else _told(report))
    if report.faults:
        raise typer.Exit(1)


@app.command()
def checkpoint(data: Data = None, json: Json = False) -> None:
    """As the auditor: sign where the chain is now and send that to every member, beside what is signed regularly.

    Takes the auditor's own key file. What does not follow from the topic is not signed.

    Example: afa audit checkpoint
    """
    place = _place(data)
    if not place.key.exists():
        raise SetupError(f"{place.key}: there is no auditor's key here; run this where the auditor runs.")
    keys, run = checkpoints.keys_at(place.key), place.run
    kept = checkpoints.signed_file(place.key)
    signed = Auditor(run.database_url, place.login, keys, run.trusted, run.clock.now, kept).checkpoint()
    print(signed.model_dump_json() if json else f"Signed up to entry {signed.number:,}, {signed.hash}.")


@app.command()
def kept(member: As, data: Data = None) -> None:
    """As a member: the checkpoints in your mail, one JSON object a line, to be kept where the hub can't reach them.

    Example: afa audit kept --as bank-icbc > kept-by-bank-icbc.jsonl
    """
    _, login = Run(data).member(member)
    for record in kafka.whole(login, member_topic(member).name):
        try:
            letter = TO_MEMBER.validate_json(record.value or b"")
        except ValidationError:
            # A kind that this version does not know is passed over, as in all mail.
            continue
        if isinstance(letter, AuditCheckpoint):
            print(letter.model_dump_json())


def _place(data: Path | None) -> _Place:
    run = Run(data)
    if run.cluster:
        return _Place(run, run.admin, run.cluster.auditor_key_file)
    return _Place(run, login_of("auditor", run.admin, run.data.secret), auditor_key(run.data))


@contextmanager
def _progress() -> Iterator[Progress]:
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as shown:
        yield shown


def _ticking(progress: Progress, what: str, total: int) -> Tick:
    """Counts; the bar moves every so often, since to draw is dear."""
    task = progress.add_task(f"Reading {what}", total=total)
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if done % _STEP == 0:
            progress.update(task, completed=done)

    return tick


def _told(report: AuditReport) -> str:
    erased = f", {report.erased:,} of them erased" if report.erased else ""
    of = f"{report.checkpoints:,} {'checkpoint' if report.checkpoints == 1 else 'checkpoints'}"
    signed = f"; {of}, up to entry {report.signed_to:,}" if report.checkpoints else ""
    counts = f"{report.entries:,} entries with {report.acts:,} acts{erased}; {report.told:,} on the topic{signed}."
    if not report.checkpoints:
        counts += " No checkpoint was found: nothing proves the topic itself."
    verdict = "The record is whole." if not report.faults else "The record was altered:"
    return "\n".join([counts, verdict, *map(_sentence, report.faults)])


def _sentence(fault: AuditFault) -> str:
    which = f"entry {fault.number}" if fault.last is None else f"entries {fault.number} to {fault.last}"
    return f"  {fault.where.value}: {which if fault.number else 'no entry'} {fault.what.value}: {fault.detail}"


def _line(act: AuditAct) -> str:
    return f"{act.act} {act.subject}" if act.act else "(erased)"


def _acts(view: AuditView) -> str:
    rest = len(view.acts) - _SHOWN
    return "\n".join([*map(_line, view.acts[:_SHOWN]), *([f"and {rest} more; see --json"] if rest > 0 else [])])


_COLUMNS = (
    Column[AuditView]("Entry", 9, lambda v: f"{v.number:,}", "right"),
    Column[AuditView]("Time", 14, lambda v: when(v.at)),
    Column[AuditView]("Acts", 74, _acts),
)
