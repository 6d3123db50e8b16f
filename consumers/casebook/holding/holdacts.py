"""What an officer wants done about a hold: filed, judged by the table, drafted as a request for an officer to sign.

Whoever files writes nothing that a member would see; the casebook drafts, and drafts nothing that the table of a hold
does not allow, that raises it, or that would outlive it unsigned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Select, func, insert, select

from alliance.errors import Refused
from consumers.casebook.asking import requests
from consumers.casebook.asking.drafting import Act, draft, is_exhausted
from consumers.casebook.asking.routing import permitted, to_keeper
from consumers.casebook.authority import cover
from consumers.casebook.evidence.cases import read_cases
from consumers.casebook.holding.holdrules import HoldAct, check, within_the_law
from consumers.casebook.ids import HOLDER
from consumers.casebook.lifecycle import FRUITLESS, REQUEST_ENDS
from consumers.casebook.model import Case, Draft, Law
from consumers.casebook.money import following
from consumers.casebook.rows import update_rows
from consumers.casebook.tables import HoldActRow, HoldRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.requests import Action, RequestStatus

_BEYOND = "no more than {} {}, in minor units, of it can be traced to victims"
_UNTRACED = (
    "Nothing of what the hold {} keeps can be traced to a victim; name what the paper says is to be kept (--amount)."
)
_EXHAUSTED = "Under the profile {} an account is stopped {} times in a case at most, and an extension is one of them."


@dataclass(frozen=True, slots=True)
class Judged:
    """Either is set: the request that waits for a signature, or why none was drafted."""

    request_id: UUID | None
    refusal: str | None


def file_act(db: Connection, act: HoldAct, now: datetime) -> int:
    """File the act for the casebook to draft; its number. Raises Refused if it can't be."""
    check(act, db.execute(_hold(act.hold_id)).first())
    values = {
        "hold_id": act.hold_id, "action": act.action.value, "reason": act.reason, "filed_at": now, "paper": act.paper,
        "minor": act.amount.minor if act.amount else None, "currency": act.amount.currency if act.amount else None,
        "duration_s": act.duration_s,
    }  # fmt: skip
    return db.execute(insert(HoldActRow).values(values).returning(HoldActRow.number)).scalar_one()


def judgement(db: Connection, number: int) -> Judged | None:
    """What became of a filed act; None while the casebook has not looked."""
    query = select(HoldActRow.request_id, HoldActRow.refusal)
    row = db.execute(query.where(HoldActRow.number == number, HoldActRow.judged_at.is_not(None))).first()
    return None if row is None else Judged(row.request_id, row.refusal)


def judge(turn: Turn) -> None:
    """Draft what was filed, in its order, for an officer of the hold's unit to sign, or to take over where its holder
    is out of the city."""
    waiting = select(HoldActRow).where(HoldActRow.judged_at.is_(None)).order_by(HoldActRow.number)
    for row in turn.db.execute(waiting).mappings().all():
        request_id, refusal = None, None
        try:
            made = _draft(turn, _act(row))
        except Refused as error:
            refusal = str(error)
        else:
            request_id = made.request_id
            requests.put(turn, [made])
        judged = {"number": row["number"], "judged_at": turn.now, "request_id": request_id, "refusal": refusal}
        update_rows(turn.db, HoldActRow, "number", [judged])


def _draft(turn: Turn, act: HoldAct) -> Draft:
    hold = turn.db.execute(_hold(act.hold_id)).first()
    check(act, hold)
    assert hold is not None
    within_the_law(act, turn.profile, _renewed(turn, hold.hold_id))
    act, beside = _reduced(turn, act, hold)
    case, law = read_cases(turn, [hold.case_id])[hold.case_id], turn.law()
    authority = cover.by_officer(None, law).model_copy(update={"document_hash": act.paper})
    if hold.unit is not None:
        authority = authority.model_copy(update={"unit": hold.unit})
    asked = _asked(act, hold, case, law, beside)
    if act.action is Action.EXTEND and is_exhausted(case, asked, law):
        raise Refused(_EXHAUSTED.format(law.profile.name, law.profile.stop.most.value))
    waits = RequestStatus.AWAITING_AUTHORISATION if asked.route.to else RequestStatus.DRAFTED
    made = draft(case, asked, law, authority, waits)
    return replace(made, void_after=min(made.void_after, hold.until))


def _renewed(turn: Turn, hold_id: UUID) -> int:
    """How often its freeze was renewed, or may yet be by what is under way."""
    row = HoldActRow
    query = select(func.count()).join(RequestRow, RequestRow.request_id == row.request_id)
    mine = (row.hold_id == hold_id) & (row.action == Action.RENEW.value) & RequestRow.status.not_in(FRUITLESS)
    return turn.db.scalar(query.select_from(row).where(mine)) or 0


def _reduced(turn: Turn, act: HoldAct, hold: Any) -> tuple[HoldAct, Sequence[str]]:
    """A freeze that names no amount keeps the victims' money alone, where the profile says so; with what its signers
    read of one that names more."""
    if act.action is not Action.FREEZE or not turn.profile.reduce_at_freeze.value:
        return act, ()
    minor = following.tainted(turn, hold.case_id, hold.target)
    if act.amount is not None:
        beyond = minor is None or act.amount.minor > minor
        return act, [_BEYOND.format(minor or 0, hold.currency)] if beyond else ()
    if not minor:
        raise Refused(_UNTRACED.format(hold.hold_id))
    return replace(act, amount=Money(minor=min(minor, hold.minor), currency=hold.currency)), ()


def _asked(act: HoldAct, hold: Any, case: Case, law: Law, beside: Sequence[str]) -> Act:
    """The act at its next attempt. Raises Refused while the one before is under way, or nobody can be asked."""
    route = permitted(to_keeper(hold.member, law.registry), act.action, law.registry)
    if route.is_closed:
        raise Refused(f"Nobody can be asked about the hold {act.hold_id}: {route.unroutable}.")
    wanted = (act.action, hold.target, HOLDER)
    same = [known for known in case.known if (known.action, known.target, known.asked) == wanted]
    if any(known.status not in REQUEST_ENDS for known in same):
        raise Refused(f"A {act.action.value} of the account is under way in this case; wait for its answer.")
    return Act(
        act.action,
        Identifier.model_validate_json(orjson.dumps(hold.identifier)),
        route,
        amount=_amount(act, hold),
        attempt=1 + max((known.attempt for known in same), default=0),
        reasons=(act.reason, *beside),
        parent=hold.request_id,
        hold_id=hold.hold_id,
        duration_s=act.duration_s,
    )


def _amount(act: HoldAct, hold: Any) -> Money | None:
    """A stop that is repeated is of what it holds, and wants as many signatures as a stop of that."""
    return Money(minor=hold.minor, currency=hold.currency) if act.action is Action.EXTEND else act.amount


def _hold(hold_id: UUID) -> Select[Any]:
    return select(*HoldRow.__table__.c).where(HoldRow.hold_id == hold_id)


def _act(row: Any) -> HoldAct:
    amount = Money(minor=row["minor"], currency=row["currency"]) if row["minor"] is not None else None
    action = Action(row["action"])
    return HoldAct(row["hold_id"], action, row["reason"], amount, row["duration_s"], row["paper"])
