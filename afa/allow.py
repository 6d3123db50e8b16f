"""`afa allow`: what is never the subject of a lead. An officer signs each entry and each removal; the workers believe
nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from afa import runfile
from afa.options import As, Data, Json, OfficerId, in_clear
from afa.output import Column, note, show, when
from afa.place import Run
from afa.publishing import tokenised
from afa.registrar import acting
from afa.sample import counters
from afa.sampler import SPARED
from alliance import allowvalues, kafka
from alliance.allowlist import AllowList, Filed, alike, judged
from alliance.errors import Refused, SetupError
from alliance.ids import IdSource
from alliance.keys.signatures import sign_object
from alliance.membership import load_keys, load_officer, member_dir
from schemas.allowlist import AllowEntry, AllowRecord, AllowView, Category
from schemas.identifiers import IdentifierKind
from schemas.topics import RULES

app = typer.Typer(no_args_is_help=True, help="The allow-list: identifiers that are never the subject of a lead.")
Reason = Annotated[str, typer.Option(help="Why, for whoever reads the list later.")]
_SEND_S = 15.0


@app.command("list")
def list_all(data: Data = None, json: Json = False) -> None:
    """The entries, and how many leads each has spared since the workers started. One that spared none may be idle.

    Example: afa allow list --json | jq 'select(.spared == 0)'
    """
    run = Run(data)
    if run.cluster:
        note(f"How many leads were spared, a cluster's metrics alone tell ({SPARED}); here they count as none.")
    _show(run, _on_topic(run), json)


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    kind: Annotated[IdentifierKind, typer.Argument(metavar="KIND", help="account, number, handle, …")],
    unit: As,
    officer: OfficerId,
    reason: Reason,
    value: Annotated[
        str | None,
        typer.Argument(
            metavar="VALUE", help="In clear; asked for, or read from stdin, if neither it nor --token is given."
        ),
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="Instead of a value, a token as a lead shows it: for placeholders.")
    ] = None,
    category: Annotated[Category, typer.Option(help="What it is.")] = Category.OTHER,
    days: Annotated[int | None, typer.Option(min=1, help="It ends so long from now; never, unless given.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Sign and file an entry, in the place of one of the same identifier. A lead that it has falls at once.

    Example: afa allow add number 96110 --as police-ty --officer chen-guoqiang --reason hotline
    """
    if value is not None and token is not None:
        raise typer.BadParameter("give either the value or --token", param_hint="VALUE")
    run = Run(data)
    value = in_clear(kind) if value is None and token is None else value
    now = run.clock.now()
    entry = AllowEntry(
        entry_id=IdSource(run.clock.now_ms, os.urandom).next(),
        # A presented number is a number, and one entry spares both.
        kind=IdentifierKind.NUMBER if kind is IdentifierKind.PRESENTED_NUMBER else kind,
        tokens=[token] if token else tokenised(load_keys(run.data, unit), kind.value, value or ""),
        category=category,
        reason=reason,
        unit=unit,
        officer=officer,
        at=now,
        until=now + timedelta(days=days) if days else None,
    )
    with acting(run):
        # Before it is filed: an entry whose value is nowhere ends with its epoch.
        if value is not None:
            allowvalues.keep(member_dir(run.data, unit), entry, value)
        filed = _put(run, entry, f"replaced by {entry.entry_id}")
    _show(run, [filed], json)
    note("Filed; the workers apply it as soon as they have read it.")


@app.command("renew")
def renew(unit: As, officer: OfficerId, data: Data = None, json: Json = False) -> None:
    """Sign the unit's entries anew under the present token epochs, after a rotation and before its cut-over.

    Example: afa allow renew --as police-ty --officer chen-guoqiang
    """
    run = Run(data)
    keys = load_keys(run.data, unit).tokens
    if keys is None:
        raise SetupError(f"The keys of {unit} can make no tokens; use a member's.")
    newest, folder = list(keys.epochs)[-1], member_dir(run.data, unit)
    filed = []
    with acting(run):
        for entry in lacking(run, newest):
            value = allowvalues.value_of(folder, entry.entry_id)
            if entry.unit != unit or value is None:
                who = f"{entry.entry_id} was made by {entry.unit}"
                note(f"{who} of no value that is kept here; add it anew, or remove it.")
            else:
                filed.append(_put(run, allowvalues.renewed(entry, value, keys, officer, run.clock.now()), "renewed"))
    _show(run, filed, json)


def lacking(run: Run, epoch: str) -> list[AllowEntry]:
    """The entries in force that spare nothing which members name under that epoch."""
    now = run.clock.now()
    entries = [filed.entry for filed in _on_topic(run) if filed.entry and filed.in_force(now)]
    known = {entry.entry_id for entry in entries if allowvalues.knows(entry, epoch)}
    return [entry for entry in entries if entry.entry_id not in known]


@app.command("remove")
def remove(
    entry_id: Annotated[UUID, typer.Argument(metavar="ENTRY_ID", help="As `afa allow list` shows it.")],
    unit: As,
    officer: OfficerId,
    reason: Reason,
    data: Data = None,
    json: Json = False,
) -> None:
    """Sign the end of an entry. If its identifier has a lead by what is known, that comes back at once.

    Example: afa allow remove 019a… --as police-ty --officer chen-guoqiang --reason "account was sold"
    """
    run = Run(data)
    with acting(run):
        known = _on_topic(run)
        named = [each for each in known if each.entry and each.entry.entry_id == entry_id]
        if not named:
            raise Refused(f"There is no entry {entry_id}; see `afa allow list`.")
        proven = next((each.entry for each in named if not each.refused), None)
        entries = alike(proven, known) if proven else [each.entry for each in named if each.entry]
        ended = [_end(run, entry, (unit, officer, reason)) for entry in entries]
    _show(run, ended, json)
    note("Filed; the workers apply it as soon as they have read it.")


def _put(run: Run, entry: AllowEntry, why: str) -> Filed:
    """File it in the place of all of its identifier: one that has the token of another epoch lies under another key."""
    before = [each for each in alike(entry, _on_topic(run)) if each.key() != entry.key()]
    filed = _file(run, entry)
    for each in before:
        _end(run, each, (entry.unit, entry.officer, why))
    return filed


def _end(run: Run, entry: AllowEntry, by: tuple[str, str, str]) -> Filed:
    """`by`: the unit, its officer, and why."""
    end = {**dict(zip(("unit", "officer", "reason"), by, strict=True)), "removed": True, "at": run.clock.now()}
    return _file(run, entry.model_copy(update=end))


def _file(run: Run, entry: AllowEntry) -> Filed:
    """Signed, and found to be what the workers will believe, before it is written."""
    kid, key = load_officer(run.data, entry.unit, entry.officer)
    record = AllowRecord(jws=sign_object(key, kid, entry.model_dump(mode="json"))).model_dump_json().encode()
    filed = judged(entry.key(), record, run.registry())
    filed.proven()
    with kafka.producer(run.registrar()) as sender:
        sender.send(RULES.name, record, entry.key().encode()).get(_SEND_S)
    return filed


def _show(run: Run, filed: Iterable[Filed], json: bool) -> None:
    now, spared = run.clock.now(), _spared(run)
    show([[_view(each, now, spared) for each in filed]], _COLUMNS, as_json=json, empty="Nothing is allow-listed.")


def _on_topic(run: Run) -> list[Filed]:
    """What lies on the topic, but for what police removed."""
    known = AllowList()
    for record in kafka.whole(run.registrar(), RULES.name):
        known.apply(record.key.decode(errors="replace"), record.value)
    return [filed for filed in known.filed(run.registry()) if filed.refused or not filed.proven().removed]


def _spared(run: Run) -> Mapping[str, float]:
    """Entry id → leads that it spared, as the workers that answer have counted."""
    running = runfile.load(run.data)
    return counters(running.processes).get(SPARED, {}) if running else {}


def _view(filed: Filed, now: datetime, spared: Mapping[str, float]) -> AllowView:
    count = int(spared.get(str(filed.entry.entry_id), 0)) if filed.entry else 0
    return AllowView(
        key=filed.key, entry=filed.entry, in_force=filed.in_force(now), refused=filed.refused, spared=count
    )


def _what(view: AllowView) -> str:
    return f"{view.entry.category.value} {view.entry.kind.value}" if view.entry else view.key


def _why(view: AllowView) -> str:
    return view.refused or (view.entry.reason if view.entry else "")


def _state(view: AllowView) -> str:
    if view.refused or view.entry is None:
        return "refused"
    if view.entry.removed:
        return f"removed {when(view.entry.at)}"
    if view.entry.until is None:
        return "in force"
    return f"{'until' if view.in_force else 'ended'} {when(view.entry.until)}"


_COLUMNS = (
    Column[AllowView]("Entry", 36, lambda v: str(v.entry.entry_id) if v.entry else "–"),
    Column[AllowView]("What", 14, _what),
    Column[AllowView]("Why", 17, _why),
    Column[AllowView]("State", 22, _state),
    Column[AllowView]("Spared", 6, lambda v: f"{v.spared:,}" if v.spared else "never", "right"),
)
