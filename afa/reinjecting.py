"""`afa quarantine reinject`: a refused bundle back on its topic as it came, by an officer's word that is on record."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated
from uuid import UUID

import typer
from kafka.errors import KafkaError

from afa.judging import await_judgement
from afa.options import As, Data, OfficerId
from afa.output import note
from afa.place import Run, database
from afa.quarantine import Place, Quarantined, found
from alliance import kafka
from alliance.admission import LIMITS, Admitted, Record, admit
from alliance.errors import Refused, Retry
from alliance.membership import load_officer
from consumers.casebook.authority import reinjecting
from schemas.reinjection import Reinject

_SEND_S = 15.0
Judge = Callable[[Record], Admitted]
"""What intake would do with a record now."""


def reinject(
    place: Place,
    reason: Annotated[str, typer.Option(help="Why, in words; they are kept with the signature.")],
    unit: As,
    officer: OfficerId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Sign without asking once more.")] = False,
    data: Data = None,
) -> None:
    """Put a refused bundle back on its topic, as it came: for one whose reason is gone, such as a rule that was wrong.

    It is judged as if its member had sent it now, by the same signature; that an officer has put it back is on record.
    Nothing is put back that would be refused again, or that its member has sent anew.

    Example: afa quarantine reinject alias/2/113 --reason "the rules were wrong" --as police-ty --officer li-na
    """
    run = Run(data)
    kept = found(run.admin, place)
    judge = partial(admit, registry=run.registry(), now=run.clock.now(), limits=LIMITS)
    member, wanted = _let_in_now(kept, judge)
    if where := next(_said_elsewhere(run, place, member, wanted, judge), None):
        raise Refused(f"{member} has sent this again, at {where}; put back as well, the two could conflict.")
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Put {place} of {member} back as {officer} of {unit}?", abort=True, err=True)
    _sign(run, kept, reason, unit, officer)
    note(f"{place} is back as {_send(run, kept)}, signed by {officer} of {unit}.")
    note(f"Should it be refused anew, {member} gets a receipt as ever.")


def _let_in_now(kept: Quarantined, judge: Judge) -> tuple[str, set[UUID]]:
    """Whose it is, and its events that were refused and would be let in. Raises Refused if there are none."""
    if not kept.bundle:
        raise Refused(
            "Two contents under one id were refused here, and neither counts: only a new id helps, which its member "
            "gives it."
        )
    admitted = judge(Record(kept.note.topic, kept.bundle, dict(kept.headers), kept.key))
    wanted = {each.event.id for each in admitted.accepted}
    if all(refusal.index is not None for refusal in kept.note.refusals):
        wanted &= {refusal.event_id for refusal in kept.note.refusals}
    if admitted.member is None or not wanted:
        why = "; ".join(dict.fromkeys(refusal.detail for refusal in admitted.refusals))
        raise Refused(f"What was refused of {kept.place} would be refused again: {why}")
    return admitted.member.member, wanted


def _said_elsewhere(run: Run, place: str, member: str, wanted: set[UUID], judge: Judge) -> Iterator[str]:
    """Where else on the topic the member says something under one of these ids."""
    ids = [str(each).encode() for each in wanted]
    for record in kafka.whole(run.admin, place.partition("/")[0]):
        elsewhere = f"{record.topic}/{record.partition}/{record.offset}"
        # Of most records the bytes say already that it is not meant.
        if elsewhere == place or not any(each in (record.value or b"") for each in ids):
            continue
        other = judge(Record(record.topic, record.value, dict(record.headers), record.key))
        by = other.member.member if other.member else None
        if by == member and wanted & {each.event.id for each in other.accepted}:
            yield elsewhere


def _sign(run: Run, kept: Quarantined, reason: str, unit: str, officer: str) -> None:
    """Returns once it is on record."""
    kid, key = load_officer(run.data, unit, officer)
    said = Reinject(
        topic=kept.note.topic,
        partition=kept.note.partition,
        offset=kept.note.offset,
        bundle=hashlib.sha256(kept.bundle).hexdigest(),
        reason=reason,
        at=run.clock.now(),
    )
    with database(run.database_url) as engine:
        with engine.begin() as db:
            number = reinjecting.file_reinjection(db, said, key, kid, run.clock.now())
        judged = await_judgement(engine, lambda db: reinjecting.judgement(db, number), "word")
    if judged.refusal:
        raise Refused(f"The casebook refuses it: {judged.refusal}")


def _send(run: Run, kept: Quarantined) -> str:
    """Where it is now."""
    try:
        with kafka.producer(run.registrar()) as sender:
            sent = sender.send(kept.note.topic, kept.bundle, kept.key, list(kept.headers)).get(_SEND_S)
    except KafkaError as error:
        raise Retry(f"It is on record that {kept.place} is put back, but the broker did not take it; again.") from error
    return f"{sent.topic}/{sent.partition}/{sent.offset}"
