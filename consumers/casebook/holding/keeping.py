"""A unit declines a proposed release: an officer's signed word, on which the hold goes on to its end as it was.

Whoever files writes the signature alone; the casebook verifies it. Must never make a hold longer or greater.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, exists, insert, select

from alliance import authority
from alliance.errors import Refused
from alliance.keys.signatures import sign_object
from consumers.casebook.authority import words
from consumers.casebook.authority.words import Judged
from consumers.casebook.holding import holds
from consumers.casebook.lifecycle import KEEPS
from consumers.casebook.tables import HoldDecision, HoldRow
from consumers.casebook.turn import Turn
from schemas.decisions import KeepHold
from schemas.requests import HoldStatus


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a unit decides on: why the release is proposed, and by when; until when the hold goes on if it is kept.
    Past `decide_by` it is empty: then the hold goes its own way, and may still be kept."""

    unit: str | None
    cause: str
    until: datetime
    decide_by: datetime | None


def read_proposal(db: Connection, hold_id: UUID) -> Proposal:
    """Raises Refused if no release of the hold is proposed."""
    hold = _proposed(db, hold_id)
    return Proposal(hold.unit, hold.cause or "", hold.until, hold.decide_by)


def file_keep(
    db: Connection, hold_id: UUID, shown: Proposal, reason: str, key: Ed25519PrivateKey, kid: str, now: datetime
) -> int:
    """Sign, as the officer `kid`, that the hold is kept against what was shown, and file it; its number. Raises Refused
    if no release of it is proposed."""
    _proposed(db, hold_id)
    try:
        said = KeepHold(hold_id=hold_id, proposed_for=shown.cause, until=shown.until, reason=reason)
    except ValidationError as error:
        raise Refused("Say why in up to 500 characters.") from error
    values = {"hold_id": hold_id, "jws": sign_object(key, kid, said.model_dump(mode="json")), "filed_at": now}
    return db.execute(insert(HoldDecision).values(values).returning(HoldDecision.number)).scalar_one()


def judgement(db: Connection, number: int) -> Judged | None:
    """What became of a filed decision; None while the casebook has not looked."""
    return words.judgement(db, HoldDecision, number)


def judge(turn: Turn) -> None:
    """Take what was filed, in its order."""
    _judge(turn)


def judge_in_time(turn: Turn) -> None:
    """Take what was filed before its hold goes its own way, which it may be about to do."""
    in_time = exists().where(HoldRow.hold_id == HoldDecision.hold_id, HoldRow.decide_by > HoldDecision.filed_at)
    _judge(turn, in_time)


def _judge(turn: Turn, *only: ColumnElement[bool]) -> None:
    words.judge(turn, HoldDecision, "keep", "hold_id", lambda row: _keep(turn, row["hold_id"], row["jws"]), *only)


def _keep(turn: Turn, hold_id: UUID, jws: str) -> None:
    """Raises Refused unless an officer of the hold's own unit, valid now, signed exactly this."""
    hold = _proposed(turn.db, hold_id)
    signer, signed = authority.verified(jws, "decision", turn.registry, turn.now)
    try:
        said = KeepHold.model_validate_json(orjson.dumps(signed))
    except ValidationError as error:
        raise Refused("What is signed is no decision on a hold.") from error
    if signer.unit != hold.unit:
        raise Refused(f"The hold was ordered by {hold.unit}, which alone decides on its release.")
    if (said.hold_id, said.proposed_for, said.until) != (hold_id, hold.cause or "", hold.until):
        raise Refused("The signed decision is on another proposal; read this one and sign it as it is.")
    after = KEEPS[HoldStatus(hold.proposed_from)]
    holds.move(turn, after, HoldRow.hold_id == hold_id, {"kept_at": turn.now})


def _proposed(db: Connection, hold_id: UUID) -> Any:
    hold = db.execute(select(*HoldRow.__table__.c).where(HoldRow.hold_id == hold_id)).first()
    if hold is None:
        raise Refused(f"There is no hold {hold_id}; see `afa holds`.")
    if hold.status != HoldStatus.RELEASE_PROPOSED:
        raise Refused(f"The hold {hold_id} is {hold.status}, and its release is not proposed.")
    return hold
