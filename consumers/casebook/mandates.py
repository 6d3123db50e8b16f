"""Mandates: filed as they were signed, and believed only while the registry knows the officer that signed.

Nothing here trusts the table: each mandate's signature is verified against the registry as it is at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache, partial
from uuid import UUID

import orjson
from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from alliance.errors import Refused
from alliance.keys.encoding import decode
from alliance.keys.signatures import BadSignature, verify_object
from alliance.officers import officer_of
from alliance.registry import Registry
from consumers.casebook.model import InForce
from consumers.casebook.tables import MandateRow
from schemas.requests import Mandate, MandateView

Filed = tuple[int, datetime | None, datetime | None] | None


def add_mandate(db: Connection, jws: str, registry: Registry, now: datetime) -> Mandate:
    """File a signed mandate. Raises Refused if it does not verify, or its id was used for another."""
    mandate = verified(jws, registry, now)
    row = {"jws": jws, "filed_at": now, "valid_from": mandate.valid_from, "begun": mandate.valid_from <= now}
    statement = insert(MandateRow).values(mandate_id=mandate.mandate_id, **row)
    db.execute(statement.on_conflict_do_nothing())
    if db.scalar(select(MandateRow.jws).where(MandateRow.mandate_id == mandate.mandate_id)) != jws:
        raise Refused(f"The mandate id {mandate.mandate_id} was used for another mandate; give this one a new id.")
    return mandate


def revoke_mandate(db: Connection, mandate_id: UUID, now: datetime) -> None:
    """From now on nothing is asked under it; what was asked stands. Raises Refused if there is none such."""
    unrevoked = (MandateRow.mandate_id == mandate_id) & MandateRow.revoked_at.is_(None)
    if db.execute(update(MandateRow).where(unrevoked).values(revoked_at=now)).rowcount == 0:
        raise Refused(f"There is no mandate {mandate_id} in force; see `afa mandate list`.")


def list_mandates(db: Connection) -> Iterator[MandateView]:
    """All that were ever filed, the oldest first."""
    for row in db.execute(select(MandateRow.jws, MandateRow.revoked_at).order_by(MandateRow.filed_at)):
        yield MandateView(mandate=_content(row.jws), jws=row.jws, revoked_at=row.revoked_at)


def newest(db: Connection) -> Filed:
    """What changes whenever a mandate is filed or revoked."""
    query = select(func.count(), func.max(MandateRow.filed_at), func.max(MandateRow.revoked_at))
    count, filed_at, revoked_at = db.execute(query).one()
    return count, filed_at, revoked_at


def begin(db: Connection, now: datetime) -> bool:
    """Whether a mandate that was filed for later has become valid, so that what waits is looked at again."""
    due = _to_begin() & (MandateRow.valid_from <= now)
    return db.execute(update(MandateRow).where(due).values(begun=True)).rowcount > 0


def next_begin(db: Connection) -> datetime | None:
    """When the next one becomes valid."""
    return db.scalar(select(func.min(MandateRow.valid_from)).where(_to_begin()))


def _to_begin() -> ColumnElement[bool]:
    return MandateRow.begun.is_(False) & MandateRow.revoked_at.is_(None)


def in_force(db: Connection, registry: Registry, now: datetime) -> list[InForce]:
    """Those that verify now, the oldest first."""
    query = select(MandateRow.jws).where(MandateRow.revoked_at.is_(None)).order_by(MandateRow.filed_at)
    held = []
    for jws in db.scalars(query):
        try:
            mandate = verified(jws, registry, now)
        except Refused:
            continue
        if mandate.valid_from <= now < mandate.valid_to:
            held.append(InForce(mandate, jws))
    return held


def verified(jws: str, registry: Registry, now: datetime) -> Mandate:
    """The mandate that an officer of its unit signed. Raises Refused, saying what does not hold."""
    try:
        kid, signed = verify_object(jws, partial(registry.key, at=now))
    except BadSignature as bad:
        raise Refused(f"The mandate does not verify ({bad}).") from bad
    unit, officer = officer_of(kid, registry)
    mandate = _mandate(orjson.dumps(signed))
    if mandate.unit != unit or officer not in mandate.officers:
        raise Refused(f"The mandate is signed by {officer} of {unit}, whom it does not name.")
    return mandate


@lru_cache(maxsize=256)
def _mandate(signed: bytes) -> Mandate:
    try:
        return Mandate.model_validate_json(signed)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refused(f"What is signed is no mandate: {place}: {first['msg']}.") from error


def _content(jws: str) -> Mandate:
    """What a filed mandate says, whether or not its officer's key still counts."""
    return _mandate(decode(jws.split(".")[1]))
