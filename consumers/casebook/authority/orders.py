"""Police orders: officers sign exactly the request that was drafted; the casebook verifies it, then it is sent.

The one who signs writes nothing but the signature; what becomes of it is the casebook's to decide. It goes out when as
many have signed, and of such ranks, as the profile wants; each signature is verified anew whenever one is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from alliance import authority, metrics
from alliance.authority import Signer
from alliance.errors import Refused
from alliance.keys.signatures import sign_object
from alliance.rulebook import asked_as
from consumers.casebook.asking import requests
from consumers.casebook.asking.routing import barred
from consumers.casebook.lifecycle import RequestEvent, request_after
from consumers.casebook.returning import payments
from consumers.casebook.rows import among, insert_rows, update_rows
from consumers.casebook.tables import FiledOrder, RequestRow
from consumers.casebook.turn import Turn
from schemas.base import seconds
from schemas.requests import ABOUT_HOLDS, Action, AuthorityClass, Request, RequestStatus


def read_draft(db: Connection, request_id: UUID) -> Request:
    """What an officer is asked to sign. Raises Refused if there is no such request, or nothing to sign on it."""
    query = select(RequestRow.status, RequestRow.member, RequestRow.unroutable, RequestRow.body)
    row = db.execute(query.where(RequestRow.request_id == request_id)).first()
    if row is None:
        raise Refused(f"There is no request {request_id}; see `afa requests`.")
    if row.member is None:
        raise Refused(f"The request {request_id} can't be ordered of anyone yet: {row.unroutable}.")
    if row.status != RequestStatus.AWAITING_AUTHORISATION:
        raise Refused(f"The request {request_id} is {row.status} and waits for nobody's signature.")
    return requests.message(row.body, row.member)


def sign_draft(db: Connection, request_id: UUID, key: Ed25519PrivateKey, kid: str, now: datetime) -> str:
    """Sign the request as it is now as the officer `kid` (`unit/officer/key`), to whom nobody has shown it."""
    return file_order(db, read_draft(db, request_id), key, kid, now)


def file_order(db: Connection, shown: Request, key: Ed25519PrivateKey, kid: str, now: datetime) -> str:
    """Sign what the officer was shown, and file the signature; the signature. If the request has become another since,
    the casebook refuses it."""
    jws = sign_object(key, kid, shown.order_text())
    insert_rows(db, FiledOrder, [{"request_id": shown.request_id, "jws": jws, "filed_at": now}])
    return jws


def read_referable(db: Connection, request_id: UUID, unit: str) -> Request:
    """What an officer signs who takes a request that nobody in the city can be asked over to the own unit, which asks
    its holder out of the city. Raises Refused if it can't be."""
    query = select(RequestRow.status, RequestRow.member, RequestRow.authority, RequestRow.body)
    row = db.execute(query.where(RequestRow.request_id == request_id)).first()
    if row is None:
        raise Refused(f"There is no request {request_id}; see `afa requests`.")
    if row.member is not None or row.status != RequestStatus.DRAFTED or row.authority != AuthorityClass.POLICE_ORDER:
        raise Refused(f"The request {request_id} is no police order that waits for a holder out of the city.")
    return requests.message(row.body, unit)


def refusal_of(db: Connection, request_id: UUID, jws: str) -> tuple[bool, str | None]:
    """Whether the casebook has judged a filed signature, and why it was refused if it was."""
    query = select(FiledOrder.judged_at, FiledOrder.refusal).where(
        FiledOrder.request_id == request_id, FiledOrder.jws == jws
    )
    row = db.execute(query.order_by(FiledOrder.number.desc()).limit(1)).first()
    return (False, None) if row is None else (row.judged_at is not None, row.refusal)


def judge(turn: Turn) -> None:
    """Verify what was filed, in its order, and hand over what holds."""
    filed = turn.db.execute(select(FiledOrder).where(FiledOrder.judged_at.is_(None)).order_by(FiledOrder.number))
    rows = list(filed.mappings())
    if not rows:
        return
    known = _known(turn, [row["request_id"] for row in rows])
    judged = []
    for row in rows:
        refusal = None
        try:
            known[row["request_id"]] = _signed(turn, known[row["request_id"]], row["jws"])
        except Refused as error:
            refusal = str(error)
        result = "refused" if refusal else "verified"
        metrics.AUTHORISED.labels(result).inc()
        turn.trail.note(f"order {result}", row["request_id"], row["jws"].encode())
        judged.append({"number": row["number"], "judged_at": turn.now, "refusal": refusal})
    signed = [one for one in known.values() if one.changed]
    update_rows(turn.db, RequestRow, "request_id", [_change(turn, one) for one in signed])
    update_rows(turn.db, FiledOrder, "number", judged)
    ready = [one.request for one in signed if one.missing is None and one.member]
    payments.enclose(turn, [request for request in ready if request.action is Action.RETURN])
    requests.hand_over(turn, ready)


@dataclass(frozen=True, slots=True)
class _Order:
    """A request with what was signed of it so far; `missing` is None once it may go out. `member`: who is asked, None
    where nobody in the city can be, so that the officers' own unit takes it over."""

    request: Request
    status: RequestStatus
    member: str | None
    missing: str | None = None
    changed: bool = False


def _signed(turn: Turn, order: _Order, jws: str) -> _Order:
    """The order with one signature more. Raises Refused unless an officer, valid now, signed exactly this request, and
    was wanted."""
    after = request_after(order.status, RequestEvent.AUTHORISE if order.member else RequestEvent.REFER)
    if after is order.status:
        raise Refused(f"The request is {order.status.value} and waits for nobody's signature.")
    asked = asked_as(order.request.action, order.request.authority.authority)
    if order.member and (why := barred(order.member, asked, turn.registry)):
        raise Refused(f"The request can't be sent: {why}.")
    signer, text = authority.verified(jws, "order", turn.registry, turn.now)
    request = order.request.model_copy(update={"to": order.member or signer.unit})
    by_officer = request.authority.authority is AuthorityClass.POLICE_ORDER
    if not by_officer and order.status is not RequestStatus.AWAITING_AUTHORISATION:
        raise Refused(f"The request is a {request.authority.authority.value}, which no officer orders.")
    if request.action in ABOUT_HOLDS and signer.unit != request.authority.unit:
        raise Refused(f"The hold was ordered by {request.authority.unit}, which alone may change or lift it.")
    if text != request.order_text():
        raise Refused("The signed order says something else than the request; read it again and sign it as it is.")
    if why := authority.too_long(turn.profile, request.action, request.duration_s):
        raise Refused(f"The law has another time for it: {why}.")
    if not by_officer:
        # A disputed request that rests on the member's own risk control: the officer lets it go, and orders nothing.
        return replace(order, status=after, missing=None, changed=True)
    standing = _standing(turn, request)
    before = [other for other, _ in standing]
    if any(other.unit != signer.unit for other in before):
        raise Refused(f"An officer of {before[0].unit} has signed, and the others must be of that unit.")
    wanted = authority.missing(turn.profile, request.action, request.amount, before)
    missing = authority.missing(turn.profile, request.action, request.amount, [*before, signer])
    if missing is not None and missing == wanted:
        raise Refused(f"The signature of {signer.officer} adds nothing: the request wants {wanted}.")
    signed = _with(turn, request, [*standing, (signer, jws)])
    return _Order(signed, order.status if missing else after, order.member, missing, changed=True)


def _standing(turn: Turn, request: Request) -> list[tuple[Signer, str]]:
    """The signatures that it has and that still count: an officer may have left since."""
    found = []
    for jws in request.authority.orders:
        with suppress(Refused):
            signer, text = authority.verified(jws, "order", turn.registry, turn.now)
            if text == request.order_text():
                found.append((signer, jws))
    return found


def _with(turn: Turn, request: Request, signatures: Sequence[tuple[Signer, str]]) -> Request:
    unit = signatures[0][0].unit
    member = turn.registry.member(unit)
    proof = {
        "authority": AuthorityClass.POLICE_ORDER, "unit": unit,
        "officers": [signer.officer for signer, _ in signatures],
        "call_back": member.call_back if member else None, "orders": [jws for _, jws in signatures],
    }  # fmt: skip
    return request.model_copy(update={"authority": request.authority.model_copy(update=proof)})


def _change(turn: Turn, order: _Order) -> dict[str, Any]:
    referred = order.status is RequestStatus.REFERRED
    return {
        "request_id": order.request.request_id,
        "member": order.member or (None if order.missing else order.request.to),
        "status": order.status.value,
        "authority": order.request.authority.authority.value,
        "proof": None if order.missing else requests.proof_of(order.request),
        "missing": order.missing,
        "final_due": turn.now + seconds(turn.profile.answer.referred_s.value) if referred else None,
        "body": order.request.model_dump_json(),
    }


def _known(turn: Turn, request_ids: Sequence[UUID]) -> dict[UUID, _Order]:
    query = select(RequestRow.request_id, RequestRow.status, RequestRow.member, RequestRow.body)
    found = turn.db.execute(query.where(among(RequestRow.request_id, request_ids)))
    return {
        row.request_id: _Order(requests.message(row.body, row.member), RequestStatus(row.status), row.member)
        for row in found
    }
