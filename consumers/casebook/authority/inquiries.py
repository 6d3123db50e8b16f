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
from sqlalchemy import ColumnElement, Connection, exists, insert, select

from alliance import authority
from alliance.errors import Refused
from alliance.keys.signatures import sign_object
from alliance.registry import Registry
from consumers.casebook.asking import requests
from consumers.casebook.authority import words
from consumers.casebook.authority.caseacts import unit_of
from consumers.casebook.authority.words import Judged
from consumers.casebook.evidence.merging import merged_into
from consumers.casebook.rows import among, insert_rows, update_rows
from consumers.casebook.tables import InquiryRow, Outbox, RequestRow
from consumers.casebook.turn import Turn
from consumers.casebook.views import caseviews
from schemas.inquiries import INQUIRY, Reseal, Reveal, Search
from schemas.registry import Sector, Status
from schemas.requests import RequestStatus

_WAITING: ColumnElement[bool] = InquiryRow.judged_at.is_(None) & (
    InquiryRow.case_id.is_not(None) | InquiryRow.tokens.is_not(None)
)
_UNSENT: ColumnElement[bool] = InquiryRow.letter.is_not(None) & InquiryRow.sent_at.is_(None)
WAITS = exists().where(_WAITING | _UNSENT)
"""Whether a question waits to be judged, which a search does once the vault has read it; or a letter to be sent."""

Said = Reveal | Reseal | Search


@dataclass(frozen=True, slots=True)
class Asked:
    """A filed question, and under which act and subject it is on record once it is accepted."""

    number: int
    jws: str
    case_id: UUID | None
    member: str | None
    tokens: Sequence[str]
    judged_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> Asked:
        return cls(row.number, row.jws, row.case_id, row.member, row.tokens or (), row.judged_at)

    @property
    def act(self) -> str:
        if self.member:
            return "reseal"
        return "reveal" if self.case_id else "search"

    def subject(self, said: Said | None) -> str:
        """Case and token, with request and member if it goes to one; or the tokens of what is sought."""
        about = [str(self.case_id)] if self.case_id else list(self.tokens)
        if isinstance(said, Reveal | Reseal):
            about.append(said.token)
        if isinstance(said, Reseal):
            about += [str(said.request_id), said.to]
        return "/".join(about) or f"inquiry/{self.number}"


def file_inquiry(db: Connection, said: Said, key: Ed25519PrivateKey, kid: str, now: datetime) -> int:
    """Sign it as the officer `kid` and file it; its number. Raises Refused if the case does not have the token."""
    if not isinstance(said, Search):
        _is_shown(db, said)
    case_id, member = _filed_under(said)
    jws = sign_object(key, kid, said.model_dump(mode="json"))
    values = {"case_id": case_id, "member": member, "jws": jws, "filed_at": now}
    return db.execute(insert(InquiryRow).values(values).returning(InquiryRow.number)).scalar_one()


def judgement(db: Connection, number: int) -> Judged | None:
    """What became of a filed question; None while the casebook has not looked."""
    return words.judgement(db, InquiryRow, number)


def answered(db: Connection, number: int) -> tuple[str, str] | None:
    """What the vault has sealed to who asked, and the question that it is bound to; None while there is nothing."""
    query = select(InquiryRow.answer, InquiryRow.jws).where(InquiryRow.number == number)
    row = db.execute(query.where(InquiryRow.answer.is_not(None))).first()
    return None if row is None or row.answer is None else (row.answer, row.jws)


def judge(turn: Turn) -> None:
    """Take what was filed, in its order, and put it on record, accepted or refused; send what the vault has sealed."""
    judged = [
        {"number": asked.number, "judged_at": turn.now, "refusal": _judge(turn, asked)} for asked in _waiting(turn)
    ]
    update_rows(turn.db, InquiryRow, "number", judged)
    _send(turn)


def verified(db: Connection, registry: Registry, asked: Asked, now: datetime) -> Said:
    """What was asked. Raises Refused unless an officer of the police, valid now, signed it and may know the answer."""
    signer, said = read(registry, asked, now)
    if isinstance(said, Search):
        if not asked.tokens:
            raise Refused("The vault can't read what is sought; give an identifier of the kind that you name.")
        return said
    if signer.unit != (unit := unit_of(db, registry, said.case_id)):
        raise Refused(f"The case {said.case_id} is one of {unit}, whose officers alone may have it revealed.")
    _is_shown(db, said)
    if isinstance(said, Reseal):
        _is_asked(db, registry, said)
    return said


def read(registry: Registry, asked: Asked, now: datetime) -> tuple[authority.Signer, Said]:
    """Who signed, and what. Raises Refused unless it is an officer of the police, valid now, who asks just this."""
    signer, signed = authority.verified(asked.jws, "question", registry, now)
    try:
        said = INQUIRY.validate_json(orjson.dumps(signed))
    except ValidationError as error:
        raise Refused("What is signed is no question to the vault.") from error
    if (asked.case_id, asked.member) != _filed_under(said):
        raise Refused("The signed question is on another case or member than it was filed for.")
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


def _filed_under(said: Said) -> tuple[UUID | None, str | None]:
    """The case, and the member to be told."""
    if isinstance(said, Search):
        return None, None
    return said.case_id, said.to if isinstance(said, Reseal) else None


def _send(turn: Turn) -> None:
    """What the vault has sealed for members goes out behind the requests that it is about."""
    rows = turn.db.execute(select(*InquiryRow.__table__.c).where(_UNSENT).order_by(InquiryRow.number)).all()
    letters = [{"member": row.member, "key": str(row.case_id), "value": row.letter} for row in rows]
    insert_rows(turn.db, Outbox, letters)
    for row in rows:
        turn.trail.note("reseal sent", f"{row.case_id}/{row.member}", row.letter.encode())
    update_rows(turn.db, InquiryRow, "number", [{"number": row.number, "sent_at": turn.now} for row in rows])


def _is_asked(db: Connection, registry: Registry, said: Reseal) -> None:
    """Only whom a request was sent to gets its target, and of the target alone."""
    query = select(RequestRow.member, RequestRow.status, RequestRow.body, RequestRow.sent_at)
    mine = among(RequestRow.case_id, [said.case_id, *merged_into(db, said.case_id)])
    row = db.execute(query.where(RequestRow.request_id == said.request_id, mine)).first()
    if row is None or row.member != said.to or row.sent_at is None or row.status == RequestStatus.CANCELLED:
        raise Refused(f"{said.to} is not asked by the request {said.request_id} of this case; see `afa requests`.")
    if said.token not in requests.message(row.body, row.member).target.tokens:
        raise Refused(f"The target of the request {said.request_id} is another than {said.token}.")
    holder = registry.member(said.to)
    if holder is None or holder.status is not Status.ACTIVE or holder.sector is Sector.POLICE:
        raise Refused(f"{said.to} is no active member to which anything is sealed.")


def _is_shown(db: Connection, said: Reveal | Reseal) -> None:
    view = caseviews.case(db, said.case_id)
    if view is None:
        raise Refused(f"There is no case {said.case_id}; see `afa requests --json`.")
    if said.token not in caseviews.tokens_in(view):
        raise Refused(f"The case {said.case_id} does not have the identifier {said.token}; see `afa case show --json`.")
