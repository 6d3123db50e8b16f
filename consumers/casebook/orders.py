"""Police orders: an officer signs exactly the request that was drafted; the casebook verifies it, then it is sent.

The one who signs writes nothing but the signature; what becomes of it is the casebook's to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from alliance import metrics
from alliance.errors import Refused
from alliance.keys.signatures import BadSignature, sign_object, verify_object
from alliance.officers import officer_of
from consumers.casebook import requests
from consumers.casebook.lifecycle import RequestEvent, request_after
from consumers.casebook.rows import among, insert_rows, update_rows
from consumers.casebook.tables import FiledOrder, RequestRow
from consumers.casebook.turn import Turn
from schemas.requests import ABOUT_HOLDS, AuthorityClass, Request, RequestStatus


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
    """Sign the request as the officer `kid` (`unit/officer/key`) and file the signature; the signature."""
    jws = sign_object(key, kid, read_draft(db, request_id).order_text())
    insert_rows(db, FiledOrder, [{"request_id": request_id, "jws": jws, "filed_at": now}])
    return jws


def refer_draft(db: Connection, request_id: UUID, key: Ed25519PrivateKey, kid: str, now: datetime) -> str:
    """Take a request that nobody in the city can be asked over to the officer's own unit, which asks its holder out of
    the city; the signature, over the request as to that unit. Raises Refused if it can't be."""
    query = select(RequestRow.status, RequestRow.member, RequestRow.authority, RequestRow.body)
    row = db.execute(query.where(RequestRow.request_id == request_id)).first()
    if row is None:
        raise Refused(f"There is no request {request_id}; see `afa requests`.")
    if row.member is not None or row.status != RequestStatus.DRAFTED or row.authority != AuthorityClass.POLICE_ORDER:
        raise Refused(f"The request {request_id} is no police order that waits for a holder out of the city.")
    jws = sign_object(key, kid, requests.message(row.body, kid.partition("/")[0]).order_text())
    insert_rows(db, FiledOrder, [{"request_id": request_id, "jws": jws, "filed_at": now}])
    return jws


def refusal_of(db: Connection, request_id: UUID, jws: str) -> tuple[bool, str | None]:
    """Whether the casebook has judged a filed signature, and why it was refused if it was."""
    query = select(FiledOrder.judged_at, FiledOrder.refusal).where(
        FiledOrder.request_id == request_id, FiledOrder.jws == jws
    )
    row = db.execute(query.order_by(FiledOrder.number.desc()).limit(1)).first()
    return (False, None) if row is None else (row.judged_at is not None, row.refusal)


def are_filed(db: Connection) -> bool:
    """Whether a signature waits to be judged."""
    return db.scalar(select(FiledOrder.number).where(FiledOrder.judged_at.is_(None)).limit(1)) is not None


def judge(turn: Turn) -> None:
    """Verify what was filed, in its order, and hand over what holds."""
    filed = turn.db.execute(select(FiledOrder).where(FiledOrder.judged_at.is_(None)).order_by(FiledOrder.number))
    rows = list(filed.mappings())
    if not rows:
        return
    known = _known(turn, [row["request_id"] for row in rows])
    judged, changed, orders = [], {}, []
    for row in rows:
        refusal = None
        try:
            ordered = _ordered(turn, known[row["request_id"]], row["jws"])
        except Refused as error:
            refusal = str(error)
        else:
            if ordered.request_id in changed:
                refusal = "Another officer's signature on this request came first."
            else:
                referred = known[row["request_id"]].member is None
                changed[ordered.request_id] = _change(ordered, referred=referred)
                orders += [] if referred else [ordered]
        result = "refused" if refusal else "verified"
        metrics.AUTHORISED.labels(result).inc()
        turn.trail.note(f"order {result}", row["request_id"], row["jws"].encode())
        judged.append({"number": row["number"], "judged_at": turn.now, "refusal": refusal})
    update_rows(turn.db, RequestRow, "request_id", list(changed.values()))
    update_rows(turn.db, FiledOrder, "number", judged)
    requests.hand_over(turn, orders)


def _ordered(turn: Turn, row: Any, jws: str) -> Request:
    """The request with its order. Raises Refused unless an officer, valid now, signed exactly this request."""
    before = RequestStatus(row.status)
    # Where no member can be asked, the officer's own unit takes it over.
    if request_after(before, RequestEvent.AUTHORISE if row.member else RequestEvent.REFER) is before:
        raise Refused(f"The request is {before.value} and waits for nobody's signature.")
    try:
        kid, signed = verify_object(jws, partial(turn.registry.key, at=turn.now))
    except BadSignature as bad:
        raise Refused(f"The order does not verify ({bad}).") from bad
    unit, officer = officer_of(kid, turn.registry)
    request = requests.message(row.body, row.member or unit)
    if request.authority.authority is not AuthorityClass.POLICE_ORDER:
        raise Refused(f"The request is a {request.authority.authority.value}, which no officer orders.")
    if request.action in ABOUT_HOLDS and unit != request.authority.unit:
        raise Refused(f"The hold was ordered by {request.authority.unit}, which alone may change or lift it.")
    if signed != request.order_text():
        raise Refused("The signed order says something else than the request; read it again and sign it as it is.")
    member = turn.registry.member(unit)
    proof = {
        "authority": AuthorityClass.POLICE_ORDER, "unit": unit, "officers": [officer],
        "call_back": member.call_back if member else None, "order": jws,
    }  # fmt: skip
    return request.model_copy(update={"authority": request.authority.model_copy(update=proof)})


def _change(request: Request, *, referred: bool) -> dict[str, Any]:
    return {
        "request_id": request.request_id,
        "member": request.to,
        "status": (RequestStatus.REFERRED if referred else RequestStatus.DRAFTED).value,
        "authority": AuthorityClass.POLICE_ORDER.value,
        "proof": request.authority.order,
        "body": request.model_dump_json(),
    }


def _known(turn: Turn, request_ids: Sequence[UUID]) -> dict[UUID, Any]:
    query = select(RequestRow.request_id, RequestRow.status, RequestRow.member, RequestRow.body)
    found = turn.db.execute(query.where(among(RequestRow.request_id, request_ids)))
    return {row.request_id: row for row in found}
