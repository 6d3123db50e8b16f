"""What officers and members sign about a return, and what an officer enters of a court: filed, verified, acted upon.

Whoever files writes the signature alone; the casebook verifies it. What is signed bears its time, so that the same
words said again are another statement, and a copy of the first is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from alliance import authority
from alliance.errors import Refused
from alliance.keys.signatures import BadSignature, sign_object, verify_object
from consumers.casebook.authority import words
from consumers.casebook.returning import announcing, clearing, deducting, objecting
from consumers.casebook.returning.signers import Said
from consumers.casebook.tables import FiledStatement
from consumers.casebook.turn import Turn
from schemas.registry import Status
from schemas.returns import (
    WORD,
    AnnounceReturn,
    DecideObjection,
    DeductHold,
    ObjectToReturn,
    SettlePayments,
    Word,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """`return_id`: the return that the statement is about, if it is about one. `refusal`: why it was not taken."""

    return_id: UUID | None
    refusal: str | None


def file_statement(db: Connection, said: Word, key: Ed25519PrivateKey, kid: str, now: datetime) -> int:
    """Sign as `kid`, an officer or a member, and file; its number. Raises Refused if exactly this was filed before."""
    jws = sign_object(key, kid, said.model_dump(mode="json"))
    filed = insert(FiledStatement).values(jws=jws, filed_at=now).on_conflict_do_nothing()
    number: int | None = db.scalar(filed.returning(FiledStatement.number))
    if number is None:
        raise Refused("Exactly this was filed before; see `afa return list`.")
    return number


def judgement(db: Connection, number: int) -> Judged | None:
    """What became of a filed statement; None while the casebook has not looked."""
    query = select(FiledStatement.return_id, FiledStatement.refusal)
    row = db.execute(query.where(FiledStatement.number == number, FiledStatement.judged_at.is_not(None))).first()
    return None if row is None else Judged(row.return_id, row.refusal)


def judge(turn: Turn) -> None:
    """Take what was filed, in its order."""
    words.judge(turn, FiledStatement, "statement", "number", lambda row: {"return_id": _take(turn, row)})


def _take(turn: Turn, row: Any) -> UUID | None:
    said = _verified(turn, row["number"], row["jws"])
    match said.statement:
        case AnnounceReturn():
            return announcing.announce(turn, said, said.statement)
        case ObjectToReturn():
            return objecting.object_to(turn, said, said.statement)
        case DecideObjection():
            return objecting.decide(turn, said, said.statement)
        case SettlePayments():
            return clearing.clear(turn, said, said.statement)
        case DeductHold():
            deducting.deduct(turn, said, said.statement)
            return None


def _verified(turn: Turn, number: int, jws: str) -> Said:
    """Raises Refused unless an officer signed it or, where a member may object, an active member."""
    try:
        kid, signed = verify_object(jws, partial(turn.registry.key, at=turn.now))
        statement = WORD.validate_json(orjson.dumps(signed))
    except BadSignature as bad:
        raise Refused(f"The statement does not verify ({bad}).") from bad
    except ValidationError as error:
        raise Refused("What is signed says nothing about a return or a judgement.") from error
    unit, _, rest = kid.partition("/")
    if "/" in rest:
        signer, _ = authority.verified(jws, "statement", turn.registry, turn.now)
        return Said(number, statement, signer.unit, signer.officer)
    member = turn.registry.member(unit)
    if member is None or member.status is not Status.ACTIVE:
        raise Refused(f"{unit} is no active member.")
    return Said(number, statement, unit, None)
