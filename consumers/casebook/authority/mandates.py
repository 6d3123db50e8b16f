"""Mandates: filed as they were signed, and believed only while the registry knows the officers that signed.

Nothing here trusts the table: each mandate's signatures are verified against the registry as it is at that moment, and
the profile says how many it wants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, datetime
from functools import lru_cache
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from alliance import authority
from alliance.authority import Signer
from alliance.errors import Refused
from alliance.keys.encoding import decode
from alliance.keys.signatures import sign_object
from alliance.profiles import Profile
from alliance.reach import EARLIEST
from alliance.registry import Registry
from consumers.casebook.model import InForce
from consumers.casebook.tables import MandateRow
from schemas.decisions import RevokeMandate
from schemas.requests import AuthorityClass, Mandate, MandateView

Filed = tuple[int | datetime | None, ...]

_TO_BEGIN = MandateRow.begun.is_(False) & MandateRow.revoked_at.is_(None)
CLOCK = select(func.min(MandateRow.valid_from)).where(_TO_BEGIN).scalar_subquery()
"""When the next one becomes valid."""
FILED = select(
    func.count().label("count"),
    *(
        func.max(moment).label(moment.key)
        for moment in (MandateRow.filed_at, MandateRow.signed_at, MandateRow.revoked_at)
    ),
).subquery("filed")
"""What changes whenever a mandate is filed, signed or revoked."""
_UNREVOKED = select(MandateRow.signatures).where(MandateRow.revoked_at.is_(None)).order_by(MandateRow.filed_at)


def add_mandate(
    db: Connection, signatures: Sequence[str], registry: Registry, profile: Profile, now: datetime
) -> Mandate:
    """File a mandate that at least one of its officers has signed; the others may sign it later.

    Raises Refused if it does not verify, if all whom it names are too few, or its id was used for another.
    """
    mandate, signers = _read(signatures, registry, profile, now)
    if wanting := authority.missing_of_mandate(profile, mandate, [*signers, *_named(mandate, registry)]):
        raise Refused(f"The mandate names too few officers to sign it: beside them it wants {wanting}.")
    signed, begins = list(signatures), mandate.valid_from
    if not EARLIEST.year <= begins.year < MAXYEAR:
        raise Refused(f"No mandate begins in the year {begins.year}; give it another `valid_from`.")
    row = {"signatures": signed, "filed_at": now, "valid_from": begins, "begun": begins <= now}
    statement = insert(MandateRow).values(mandate_id=mandate.mandate_id, **row)
    db.execute(statement.on_conflict_do_nothing())
    if db.scalar(select(MandateRow.signatures).where(MandateRow.mandate_id == mandate.mandate_id)) != signed:
        raise Refused(f"The mandate id {mandate.mandate_id} was used for another mandate; give this one a new id.")
    return mandate


def read_mandate(db: Connection, mandate_id: UUID) -> MandateView:
    """As it was filed. Raises Refused if there is none such, or it was revoked."""
    query = select(MandateRow.signatures, MandateRow.revoked_at).where(MandateRow.mandate_id == mandate_id)
    row = db.execute(query.with_for_update()).first()
    if row is None or row.revoked_at is not None:
        raise Refused(f"There is no mandate {mandate_id} in force; see `afa mandate list`.")
    return MandateView(mandate=_content(row.signatures[0]), signatures=row.signatures)


def sign_mandate(  # noqa: PLR0913, PLR0917 — what is signed, by whom, and what it is judged by
    db: Connection, mandate_id: UUID, shown: Mandate, key: Ed25519PrivateKey, kid: str, registry: Registry,
    profile: Profile, now: datetime,
) -> str | None:  # fmt: skip
    """Sign what the officer was shown; whose signature it still wants, None if nobody's.

    Raises Refused if that is not, word for word, what the others have signed, or the signature adds nothing.
    """
    view = read_mandate(db, mandate_id)
    wanted = missing(view.signatures, registry, profile, now)
    signatures = [*view.signatures, sign_object(key, kid, shown.model_dump(mode="json"))]
    still = missing(signatures, registry, profile, now)
    if wanted is None or still == wanted:
        raise Refused(f"The signature of {kid} adds nothing: the mandate wants {wanted or 'nobody else'}.")
    signed = update(MandateRow).where(MandateRow.mandate_id == mandate_id)
    db.execute(signed.values(signatures=signatures, signed_at=now))
    return still


def revoke_mandate(
    db: Connection, mandate_id: UUID, reason: str, key: Ed25519PrivateKey, kid: str, registry: Registry, now: datetime
) -> None:
    """From now on nothing is asked under it; what was asked stands. It ends for good, also when its officer has left.

    Raises Refused if there is none such in force, or no officer of its unit says so.
    """
    unit = read_mandate(db, mandate_id).mandate.unit
    try:
        said = RevokeMandate(mandate_id=mandate_id, reason=reason, at=now)
    except ValidationError as error:
        raise Refused("Say why in up to 500 characters.") from error
    jws = sign_object(key, kid, said.model_dump(mode="json"))
    signer, _ = authority.verified(jws, "revocation", registry, now)
    if signer.unit != unit:
        raise Refused(f"The mandate is an order of {unit}, which alone revokes it.")
    ended = update(MandateRow).where(MandateRow.mandate_id == mandate_id)
    db.execute(ended.values(revoked_at=now, revocation=jws))


def list_mandates(db: Connection) -> Iterator[MandateView]:
    """All that were ever filed, the oldest first."""
    for row in db.execute(select(MandateRow.signatures, MandateRow.revoked_at).order_by(MandateRow.filed_at)):
        yield MandateView(mandate=_content(row.signatures[0]), signatures=row.signatures, revoked_at=row.revoked_at)


def begin(db: Connection, now: datetime) -> bool:
    """Whether a mandate that was filed for later has become valid, so that what waits is looked at again."""
    due = _TO_BEGIN & (MandateRow.valid_from <= now)
    return db.execute(update(MandateRow).where(due).values(begun=True)).rowcount > 0


def is_believed(signatures: Sequence[str], registry: Registry, profile: Profile, now: datetime) -> bool:
    """Whether it is a lawful mandate that these officers, valid now, have signed, though perhaps not yet all."""
    try:
        _read(signatures, registry, profile, now)
    except Refused:
        return False
    return True


def is_revoked(mandate_id: UUID, signatures: Sequence[str], revocation: str, registry: Registry, now: datetime) -> bool:
    """Whether an officer of its unit, valid now, has signed that it ends."""
    try:
        signer, signed = authority.verified(revocation, "revocation", registry, now)
        said = RevokeMandate.model_validate_json(orjson.dumps(signed))
        return (said.mandate_id, signer.unit) == (mandate_id, _content(signatures[0]).unit)
    except (Refused, ValueError):
        return False


def in_force(db: Connection, registry: Registry, profile: Profile, now: datetime) -> list[InForce]:
    """Those that verify now, the oldest first."""
    held = []
    for signatures in db.scalars(_UNREVOKED):
        try:
            mandate = verified(signatures, registry, profile, now)
        except Refused:
            continue
        if mandate.valid_from <= now < mandate.valid_to:
            held.append(InForce(mandate, signatures))
    return held


def verified(signatures: Sequence[str], registry: Registry, profile: Profile, now: datetime) -> Mandate:
    """The mandate that officers of its unit signed, as many as the profile wants. Raises Refused, saying what does not
    hold."""
    mandate, signers = _read(signatures, registry, profile, now)
    if wanting := authority.missing_of_mandate(profile, mandate, signers):
        raise Refused(f"The mandate is not signed by enough officers: it wants {wanting}.")
    return mandate


def missing(signatures: Sequence[str], registry: Registry, profile: Profile, now: datetime) -> str | None:
    """Whose signature it still wants, in words; None if nobody's. Raises Refused as `verified` does."""
    mandate, signers = _read(signatures, registry, profile, now)
    return authority.missing_of_mandate(profile, mandate, signers)


def _read(
    signatures: Sequence[str], registry: Registry, profile: Profile, now: datetime
) -> tuple[Mandate, list[Signer]]:
    found = [authority.verified(jws, "mandate", registry, now) for jws in signatures or [""]]
    mandate = _mandate(orjson.dumps(found[0][1]))
    for signer, signed in found:
        if signed != found[0][1]:
            raise Refused("The officers have not signed the same mandate; let each sign the one that the first signed.")
        if mandate.unit != signer.unit or signer.officer not in mandate.officers:
            raise Refused(f"The mandate is signed by {signer.officer} of {signer.unit}, whom it does not name.")
    _lawful(mandate, profile)
    return mandate, [signer for signer, _ in found]


def _named(mandate: Mandate, registry: Registry) -> list[Signer]:
    """Those whom it names, as if they had signed."""
    unit = registry.member(mandate.unit)
    officers = unit.officers if unit else []
    return [Signer(mandate.unit, one.officer, one.rank) for one in officers if one.officer in mandate.officers]


def _lawful(mandate: Mandate, profile: Profile) -> None:
    for action in mandate.actions:
        if not authority.allows(profile, action, AuthorityClass.MANDATE):
            raise Refused(f"Under the profile {profile.name} no mandate can order a {action.value}.")
    if profile.mandate.report_required.value and not mandate.report_required:
        raise Refused(f"Under the profile {profile.name} a mandate covers reported cases only, and this one says else.")


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
