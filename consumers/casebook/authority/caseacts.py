"""Cases that an officer closes, merges, or hands over to a unit out of the alliance: a signed word, judged as it is
taken.

Must never end a hold or hide one: a case with a hold that has not ended is not closed, and what is transferred keeps
its holds, each to its end.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, func, insert, select

from alliance import authority
from alliance.errors import Refused
from alliance.keys.encoding import decode
from alliance.keys.signatures import sign_object
from alliance.registry import Registry
from consumers.casebook.asking import requests
from consumers.casebook.authority import words
from consumers.casebook.authority.words import Judged
from consumers.casebook.evidence import merging
from consumers.casebook.lifecycle import CASE, UNENDED, UNSENT, CaseEvent, CaseStatus
from consumers.casebook.rows import among
from consumers.casebook.tables import Case, CaseActRow, HoldRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.decisions import CaseAct, MergeCase
from schemas.requests import AuthorityClass, RequestStatus

_ACT: TypeAdapter[CaseAct] = TypeAdapter(CaseAct)
_EVENTS = {"close-case": CaseEvent.CLOSE, "transfer-case": CaseEvent.TRANSFER, "merge-case": CaseEvent.MERGE}
_UNANSWERED = (RequestStatus.SENT, RequestStatus.ACKNOWLEDGED, RequestStatus.REFERRED)


def file_case_act(db: Connection, act: CaseAct, key: Ed25519PrivateKey, kid: str, now: datetime) -> int:
    """Sign the act as the officer `kid` and file it; its number. Raises Refused if the case is not open to it."""
    _check(db, act, now)
    values = {"case_id": act.case_id, "jws": sign_object(key, kid, act.model_dump(mode="json")), "filed_at": now}
    return db.execute(insert(CaseActRow).values(values).returning(CaseActRow.number)).scalar_one()


def judgement(db: Connection, number: int) -> Judged | None:
    """What became of a filed act; None while the casebook has not looked."""
    return words.judgement(db, CaseActRow, number)


def last_word(db: Connection, case_id: UUID) -> CaseAct | None:
    """The act that was done to a case last."""
    done = (CaseActRow.case_id == case_id) & CaseActRow.judged_at.is_not(None) & CaseActRow.refusal.is_(None)
    jws = db.scalar(select(CaseActRow.jws).where(done).order_by(CaseActRow.number.desc()).limit(1))
    return None if jws is None else _ACT.validate_json(decode(jws.split(".")[1]))


def unit_of(db: Connection, registry: Registry, case_id: UUID) -> str | None:
    """Which unit has a case: that which first held something in it, or else the alliance's own."""
    first = select(HoldRow.unit).where(HoldRow.case_id == case_id, HoldRow.unit.is_not(None))
    centre = registry.police()
    return db.scalar(first.order_by(HoldRow.since).limit(1)) or (centre.member if centre else None)


def judge(turn: Turn) -> None:
    """Take what was filed, in its order."""
    words.judge(turn, CaseActRow, "case act", "case_id", lambda row: _do(turn, row["case_id"], row["jws"]))


def _do(turn: Turn, case_id: UUID, jws: str) -> None:
    """Raises Refused unless an officer of the case's own unit, valid now, signed it, and the case is open to it."""
    signer, signed = authority.verified(jws, "decision", turn.registry, turn.now)
    try:
        act = _ACT.validate_json(orjson.dumps(signed))
    except ValidationError as error:
        raise Refused("What is signed is no decision on a case.") from error
    if act.case_id != case_id:
        raise Refused("The signed decision is on another case.")
    for one in (case_id, act.into) if isinstance(act, MergeCase) else (case_id,):
        if signer.unit != (unit := unit_of(turn.db, turn.registry, one)):
            raise Refused(f"The case {one} is one of {unit}, which alone closes, merges or transfers it.")
    event = _check(turn.db, act, turn.now)
    if isinstance(act, MergeCase):
        merging.merge(turn, case_id, act.into)
        return
    cases = [case_id, *merging.merged_into(turn.db, case_id)]
    unsent = select(RequestRow.request_id).where(among(RequestRow.case_id, cases), RequestRow.status.in_(UNSENT))
    requests.cancel(turn, list(turn.db.scalars(unsent)), f"the case was {CASE[CaseStatus.OPEN][event].value}")
    requests.move_case(turn, case_id, event)


def _check(db: Connection, act: CaseAct, now: datetime) -> CaseEvent:
    event = _EVENTS[act.kind]
    status = db.scalar(select(Case.status).where(Case.case_id == act.case_id))
    if status is None:
        raise Refused(f"There is no case {act.case_id}; see `afa requests --json`.")
    if event not in CASE[CaseStatus(status)]:
        raise Refused(f"The case {act.case_id} is {status}, and can't be {CASE[CaseStatus.OPEN][event].value}.")
    if event is CaseEvent.CLOSE:
        _nothing_is_left(db, act.case_id, now)
    if isinstance(act, MergeCase):
        merging.check(db, act.case_id, act.into)
    return event


def _nothing_is_left(db: Connection, case_id: UUID, now: datetime) -> None:
    cases = [case_id, *merging.merged_into(db, case_id)]
    held = select(func.count()).where(among(HoldRow.case_id, cases), HoldRow.status.in_(UNENDED))
    if count := db.scalar(held):
        raise Refused(f"The case {case_id} has holds that have not ended ({count}); release them, or wait.")
    table, ordered = RequestRow, (AuthorityClass.POLICE_ORDER.value, AuthorityClass.MANDATE.value)
    on_its_way = (table.status == RequestStatus.DRAFTED.value) & table.member.is_not(None)
    waits = among(table.case_id, cases) & (table.status.in_(_UNANSWERED) | on_its_way)
    # A member's own measure that was not begun in time never is; an order may have been carried out unheard.
    open_still = (table.void_after > now) & (table.authority != AuthorityClass.ADVISORY.value)
    if count := db.scalar(select(func.count()).where(waits, table.authority.in_(ordered) | open_still)):
        raise Refused(f"The case {case_id} has requests that may yet be carried out ({count}); wait for their answers.")
