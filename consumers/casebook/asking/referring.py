"""Holders out of the city: an officer's unit takes a request over, asks there, and an officer enters what was heard.

An entered answer is taken as a member's is, from the unit that took the request over; an officer's signature stands
for it, and nothing else is believed. What a holder did when its order was void already, as a member would not have, is
no answer to the order; but for what lets go, as money that was paid is not to be paid again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from alliance.admission import LIMITS
from alliance.errors import Refused
from alliance.keys.signatures import BadSignature, sign_object, verify_object
from alliance.officers import officer_of
from alliance.reach import EARLIEST
from consumers.casebook.inbound import Admitted, Bundle
from consumers.casebook.rows import among, insert_rows, update_rows
from consumers.casebook.tables import FiledAnswer, RequestRow, ReturnPaymentRow
from consumers.casebook.turn import Turn
from schemas.answers import Answer, AnswerStatus
from schemas.base import seconds
from schemas.envelope import Event, source_of
from schemas.reasons import Reason
from schemas.receipts import Refusal
from schemas.requests import FREEING, RequestStatus
from schemas.topics import ANSWERS


def file_answer(db: Connection, event: Event, key: Ed25519PrivateKey, kid: str, now: datetime) -> None:
    """Sign an answer as the officer `kid` and file it; the event's time is when its holder did it, its id is new.

    Raises Refused unless the request was referred to the officer's unit and is not answered yet, what was done was
    done in time, and the payments that it names are the request's.
    """
    assert isinstance(event.data, Answer)
    row, unit = _asked(db, event.data.request_id), kid.partition("/")[0]
    if row is None or row.member != unit or row.status != RequestStatus.REFERRED:
        named = event.data.request_id
        raise Refused(f"The request {named} is not one that {unit} took over and awaits an answer to.")
    _in_time(db, event, now)
    _of_its_list(db, event)
    values = {
        "event_id": event.id, "request_id": event.data.request_id, "filed_at": now,
        "jws": sign_object(key, kid, event.model_dump(mode="json")),
    }  # fmt: skip
    insert_rows(db, FiledAnswer, [values])


def judgement(db: Connection, event_id: UUID) -> tuple[bool, str | None]:
    """Whether the casebook has judged an answer, and why it was refused if it was."""
    query = select(FiledAnswer.judged_at, FiledAnswer.refusal).where(FiledAnswer.event_id == event_id)
    row = db.execute(query).first()
    return (False, None) if row is None else (row.judged_at is not None, row.refusal)


def heard(turn: Turn) -> list[Bundle]:
    """What was filed since, in its order, as members' answers come: one that does not verify with its refusal."""
    query = select(FiledAnswer).where(FiledAnswer.judged_at.is_(None)).order_by(FiledAnswer.number)
    return [_bundle(turn, row) for row in turn.db.execute(query).mappings()]


def judge(turn: Turn, bundles: Sequence[Bundle]) -> None:
    """Note what became of them."""
    rows = [
        {"number": bundle.offset, "judged_at": turn.now, "refusal": "; ".join(map(_said, bundle.refusals)) or None}
        for bundle in bundles
    ]
    for row in rows:
        turn.trail.note("answer refused" if row["refusal"] else "answer of an officer", row["number"])
    update_rows(turn.db, FiledAnswer, "number", rows)


def _asked(db: Connection, request_id: UUID) -> Any:
    columns = (RequestRow.status, RequestRow.member, RequestRow.action, RequestRow.void_after)
    return db.execute(select(*columns).where(RequestRow.request_id == request_id)).first()


def _in_time(db: Connection, event: Event, now: datetime) -> None:
    """Raises Refused if it was done when the order was void. What lets a holder go is heard whenever it was done; but
    nobody has heard what is still to come."""
    assert isinstance(event.data, Answer)
    if not EARLIEST <= event.time <= now + seconds(LIMITS.max_future_s):
        raise Refused(f"Nobody can have done it at {event.time.isoformat(timespec='seconds')}; say when it was done.")
    row = _asked(db, event.data.request_id)
    if row is None:
        return
    done = event.data.status in (AnswerStatus.EXECUTED, AnswerStatus.PARTIAL) and row.action not in FREEING
    if done and event.time >= row.void_after:
        until = row.void_after.isoformat(timespec="seconds")
        raise Refused(f"The order was void from {until} on; enter that it failed, and have it ordered anew.")


def _of_its_list(db: Connection, event: Event) -> None:
    """Raises Refused if it names a payment that is not the request's: the one that was meant would be paid again."""
    assert isinstance(event.data, Answer)
    row, named = ReturnPaymentRow, event.data.paid
    mine = select(row.payment_id).where(row.request_id == event.data.request_id, among(row.payment_id, named))
    if named and (unknown := set(named) - set(db.scalars(mine))):
        raise Refused(
            f"The request {event.data.request_id} has no payment {min(unknown)}; see `afa return list --json`."
        )


def _bundle(turn: Turn, row: Any) -> Bundle:
    reason = Reason.BAD_SIGNATURE
    try:
        unit, event = _verified(turn, row["jws"])
        reason = Reason.TOO_OLD
        _in_time(turn.db, event, turn.now)
        reason = Reason.INVALID_FIELD
        _of_its_list(turn.db, event)
    except Refused as error:
        refusal = Refusal(event_id=row["event_id"], reason=reason, detail=str(error)[:500])
        return Bundle(ANSWERS.name, 0, row["number"], None, [], [refusal])
    admitted = Admitted(unit, True, event, hashlib.sha256(row["jws"].encode()).digest()[:16])
    return Bundle(ANSWERS.name, 0, row["number"], None, [admitted], [])


def _verified(turn: Turn, jws: str) -> tuple[str, Event]:
    try:
        kid, signed = verify_object(jws, partial(turn.registry.key, at=turn.now))
        unit, _ = officer_of(kid, turn.registry)
        event = Event.model_validate_json(orjson.dumps(signed))
    except (BadSignature, ValueError) as bad:
        raise Refused(f"The answer does not verify ({bad}).") from bad
    if event.source != source_of(unit) or not isinstance(event.data, Answer):
        raise Refused(f"The answer is not one of {unit}.")
    return unit, event


def _said(refusal: Refusal) -> str:
    return refusal.detail or refusal.reason.value
