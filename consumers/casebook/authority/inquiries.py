"""What officers ask of the police's vault: judged here, so that it is on record before anything is shown.

The vault answers what was accepted and no more, and asks the same of it once more. Must never see a clear identifier:
what is sought comes as the tokens that the vault made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, insert, select

from alliance import authority
from alliance.errors import Refused
from alliance.keys.signatures import sign_object
from alliance.registry import Registry
from consumers.casebook.authority.caseacts import unit_of
from consumers.casebook.holding.holdacts import Judged
from consumers.casebook.rows import update_rows
from consumers.casebook.tables import InquiryRow
from consumers.casebook.turn import Turn
from consumers.casebook.views import caseviews
from schemas.inquiries import INQUIRY, Reveal, Search

_WAITING: ColumnElement[bool] = InquiryRow.judged_at.is_(None) & (
    InquiryRow.case_id.is_not(None) | InquiryRow.tokens.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A filed question, and under which act and subject it is on record once it is accepted."""

    number: int
    jws: str
    case_id: UUID | None
    tokens: Sequence[str]
    judged_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> Asked:
        return cls(row.number, row.jws, row.case_id, row.tokens or (), row.judged_at)

    @property
    def act(self) -> str:
        return "reveal" if self.case_id else "search"

    def subject(self, said: Reveal | Search | None) -> str:
        """What it is about: case and token, or the tokens of what is sought."""
        named = [said.token] if isinstance(said, Reveal) else self.tokens
        return "/".join([*([str(self.case_id)] if self.case_id else []), *named]) or f"inquiry/{self.number}"


def file_inquiry(db: Connection, said: Reveal | Search, key: Ed25519PrivateKey, kid: str, now: datetime) -> int:
    """Sign it as the officer `kid` and file it; its number. Raises Refused if the case does not have the token."""
    if isinstance(said, Reveal):
        _is_shown(db, said)
    case_id = said.case_id if isinstance(said, Reveal) else None
    values = {"case_id": case_id, "jws": sign_object(key, kid, said.model_dump(mode="json")), "filed_at": now}
    return db.execute(insert(InquiryRow).values(values).returning(InquiryRow.number)).scalar_one()


def judgement(db: Connection, number: int) -> Judged | None:
    """What became of a filed question; None while the casebook has not looked."""
    query = select(InquiryRow.refusal).where(InquiryRow.number == number, InquiryRow.judged_at.is_not(None))
    row = db.execute(query).first()
    return None if row is None else Judged(None, row.refusal)


def answered(db: Connection, number: int) -> tuple[str, str] | None:
    """What the vault has sealed to who asked, and the question that it is bound to; None while there is nothing."""
    query = select(InquiryRow.answer, InquiryRow.jws).where(InquiryRow.number == number)
    row = db.execute(query.where(InquiryRow.answer.is_not(None))).first()
    return None if row is None or row.answer is None else (row.answer, row.jws)


def are_filed(db: Connection) -> bool:
    """Whether a question waits to be judged; a search does not before the vault has read it."""
    return db.scalar(select(InquiryRow.number).where(_WAITING).limit(1)) is not None


def judge(turn: Turn) -> None:
    """Take what was filed, in its order, and put it on record, accepted or refused."""
    judged = [
        {"number": asked.number, "judged_at": turn.now, "refusal": _judge(turn, asked)} for asked in _waiting(turn)
    ]
    update_rows(turn.db, InquiryRow, "number", judged)


def verified(db: Connection, registry: Registry, asked: Asked, now: datetime) -> Reveal | Search:
    """What was asked. Raises Refused unless an officer of the police, valid now, signed it and may know the answer."""
    signer, said = read(registry, asked, now)
    if isinstance(said, Search):
        if not asked.tokens:
            raise Refused("The vault can't read what is sought; give an identifier of the kind that you name.")
        return said
    if signer.unit != (unit := unit_of(db, registry, said.case_id)):
        raise Refused(f"The case {said.case_id} is one of {unit}, whose officers alone may have it revealed.")
    _is_shown(db, said)
    return said


def read(registry: Registry, asked: Asked, now: datetime) -> tuple[authority.Signer, Reveal | Search]:
    """Who signed, and what. Raises Refused unless it is an officer of the police, valid now, who asks just this."""
    signer, signed = authority.verified(asked.jws, "question", registry, now)
    try:
        said = INQUIRY.validate_json(orjson.dumps(signed))
    except ValidationError as error:
        raise Refused("What is signed is no question to the vault.") from error
    if asked.case_id != (said.case_id if isinstance(said, Reveal) else None):
        raise Refused("The signed question is on another case.")
    return signer, said


def _waiting(turn: Turn) -> Iterator[Asked]:
    rows = turn.db.execute(select(*InquiryRow.__table__.c).where(_WAITING).order_by(InquiryRow.number)).all()
    return map(Asked.of, rows)


def _judge(turn: Turn, asked: Asked) -> str | None:
    said, refusal = None, None
    try:
        said = verified(turn.db, turn.registry, asked, turn.now)
    except Refused as error:
        refusal = str(error)
    act = f"{asked.act} refused" if refusal else asked.act
    turn.trail.note(act, asked.subject(said), asked.jws.encode())
    return refusal


def _is_shown(db: Connection, said: Reveal) -> None:
    view = caseviews.case(db, said.case_id)
    if view is None:
        raise Refused(f"There is no case {said.case_id}; see `afa requests --json`.")
    if said.token not in caseviews.tokens_in(view):
        raise Refused(f"The case {said.case_id} does not have the identifier {said.token}; see `afa case show --json`.")
