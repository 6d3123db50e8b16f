"""`afa quarantine reinject`: a refused bundle back on its topic as it came, by an officer's word that is on record."""

from __future__ import annotations

import hashlib
from typing import Annotated
from uuid import UUID

import typer
from kafka.errors import KafkaError

from afa.judging import await_judgement
from afa.onlyonce import check_said_once
from afa.options import As, Data, OfficerId, Yes, confirm
from afa.output import note
from afa.place import Run, database
from afa.quarantine import Place, Quarantined, found
from alliance import kafka
from alliance.admission import LIMITS, Record, admit
from alliance.errors import Refused, Retry
from alliance.membership import load_officer, token_keys
from consumers.casebook.authority import reinjecting
from schemas.envelope import SIGNATURE_HEADER
from schemas.reinjection import Reinject
from streams.core.extract import alerts_of
from streams.inforce import refuse_over

_SEND_S = 15.0


def reinject(
    place: Place,
    reason: Annotated[str, typer.Option(help="Why, in words; its member is told, and they are kept.")],
    unit: As,
    officer: OfficerId,
    yes: Yes = False,
    data: Data = None,
) -> None:
    """Put a refused bundle back on its topic, as it came: for one whose reason is gone, such as a rule that was wrong.

    It is judged as if its member had sent it now, by the same signature; that an officer has put it back is on record,
    and its member is told. Refused is what would be refused again, and what the member has sent anew or taken back
    since. Did it say the same under another id, nobody can see it, and it would count twice: ask the member first.

    Example: afa quarantine reinject alias/2/113 --reason "the rules were wrong" --as police-ty --officer li-wenjuan
    """
    run = Run(data)
    kept = found(run.admin, place)
    member, wanted = _let_in_now(run, kept)
    check_said_once(run.admin, kept, member, wanted)
    confirm(f"Put {place} of {member} back as {officer} of {unit}?", yes)
    _sign(run, kept, member, reason, (unit, officer))
    note(f"{place} is back as {_send(run, kept, member)}, signed by {officer} of {unit}; {member} is told.")


def _let_in_now(run: Run, kept: Quarantined) -> tuple[str, set[UUID]]:
    """Whose it is, and its events that were refused and would be let in. Raises Refused if there are none."""
    if not kept.bundle:
        raise Refused("Two contents under one id were refused here: only a new id helps, which its member gives it.")
    headers = {} if kept.signature is None else {SIGNATURE_HEADER: kept.signature}
    admitted = admit(Record(kept.note.topic, kept.bundle, headers, None), run.registry(), run.clock.now(), LIMITS)
    if (by := admitted.member) is not None:
        made = [alerts_of(each.event, by.member, by.sector, each.digest) for each in admitted.accepted]
        refuse_over(admitted, made, tuple(f"{epoch}:" for epoch in token_keys(run.data).epochs))
    wanted, before = {each.event.id for each in admitted.accepted}, kept.refused()
    wanted = wanted if before is None else wanted & before
    if by is None or not wanted:
        why = "; ".join(dict.fromkeys(refusal.detail for refusal in admitted.refusals))
        raise Refused(f"What was refused of {kept.place} would be refused again: {why}")
    return by.member, wanted


def _sign(run: Run, kept: Quarantined, member: str, reason: str, signer: tuple[str, str]) -> None:
    """Returns once it is on record."""
    kid, key = load_officer(run.data, *signer)
    said = Reinject(
        topic=kept.note.topic,
        partition=kept.note.partition,
        offset=kept.note.offset,
        member=member,
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


def _send(run: Run, kept: Quarantined, member: str) -> str:
    """Where it is now. Of its headers the signature alone is the member's word."""
    assert kept.signature is not None
    headers = [(SIGNATURE_HEADER, kept.signature)]
    try:
        with kafka.producer(run.registrar()) as sender:
            sent = sender.send(kept.note.topic, kept.bundle, member.encode(), headers).get(_SEND_S)
    except KafkaError as error:
        raise Retry(f"It is on record that {kept.place} is put back, but the broker did not take it; again.") from error
    return f"{sent.topic}/{sent.partition}/{sent.offset}"
