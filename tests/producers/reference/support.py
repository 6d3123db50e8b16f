"""A bank with accounts, an officer with a key, and requests as the casebook would send them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alliance import profiles
from alliance.keys.encoding import encode
from alliance.keys.signatures import sign_object
from alliance.keys.tokens import TokenKeys
from alliance.profiles import Profile
from alliance.registry import Registry
from producers.reference.bank import Bank
from producers.reference.decision import Decided
from producers.reference.entries import AccountRef, Entry, Moved, Opened, Way
from producers.reference.handler import handle
from producers.reference.index import TokenIndex
from schemas.identifiers import Identifier, IdentifierKind
from schemas.names import AccountName
from schemas.registry import Alliance, Member, Officer, Sector, SigningKey
from schemas.requests import Action, Authority, AuthorityClass, Caps, Mandate, Request

NOW = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
TOKENS = TokenKeys({"e1": bytes(range(32))})
INDEX = TokenIndex(TOKENS)
CN = profiles.load("cn")
PAPER = "ab" * 32
BANK, POLICE, CHEN, LI, STRANGER = "bank-a", "police-ty", "chen", "li", "wang"
POLICE_2, ZHAO = "police-jz", "zhao"
MULE, VICTIM = "6217000000018067", "6217000000000780"
THEIRS = AccountRef("cnaps:104161000014", VICTIM)
SERIAL = "T00000012"
PERSON, PHONE = "11010519491231002X", "13912345679"
NAME = "张伟"
"""The mule's."""
KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b"-"))
    for name in (BANK, CHEN, LI, ZHAO, STRANGER)
}
CASE, MANDATE, REPORT = UUID(int=1), UUID(int=2), UUID(int=3)


def signing_key(name: str) -> SigningKey:
    public = encode(KEYS[name].public_key().public_bytes_raw())
    return SigningKey(key_id="k1", public=public, valid_from=NOW - timedelta(days=9))


def registry() -> Registry:
    """A bank, a police unit with a head and an inspector, another with an inspector. What STRANGER signs is none's."""

    def member(name: str, sector: Sector, **more: Any) -> Member:
        keys = [signing_key(BANK)]
        return Member(
            member=name, name=name, sector=sector, alliance=Alliance.COMPREHENSIVE, keys=keys, seal_key="A" * 43, **more
        )

    def officer(name: str, rank: str = "inspector") -> Officer:
        return Officer(officer=name, rank=rank, key=signing_key(name))

    return Registry(
        [
            member(BANK, Sector.BANK),
            member(POLICE, Sector.POLICE, officers=[officer(CHEN, "county-head"), officer(LI)]),
            member(POLICE_2, Sector.POLICE, officers=[officer(ZHAO)]),
        ]
    )


def bank(entries: Iterable[Entry] = (), keys: TokenKeys = TOKENS, route: str = "cnaps:102161000012") -> Bank:
    """A mule's account to which 5,000 yuan of a victim's came an hour ago."""
    made = Bank(BANK, route, keys)
    stolen = Moved(SERIAL, Way.IN, MULE, 500_000, NOW - timedelta(hours=1), other=THEIRS)
    opened = Opened(MULE, IdentifierKind.ACCOUNT, PERSON, (PHONE,), 0, NOW - timedelta(days=30), NAME)
    for entry in (opened, stolen, *entries):
        made.apply(entry)
    return made


def account(number: str) -> Identifier:
    made = INDEX.identifier(IdentifierKind.ACCOUNT, number)
    assert made is not None
    return made


def yuan(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "CNY"}


def request(number: int = 1, action: Action = Action.STOP, **over: Any) -> Request:
    """A request about the mule's account, without any authority yet."""
    fields: dict[str, Any] = {
        "request_id": UUID(int=1000 + number),
        "case_id": CASE,
        "lead_id": None,
        "to": BANK,
        "action": action,
        "authority": Authority(authority=AuthorityClass.MEMBER_REQUEST),
        "target": account(MULE),
        "amount": yuan(500_000),
        "match": {
            "payer": account(VICTIM),
            "amount": yuan(500_000),
            "time": NOW - timedelta(minutes=70),
            "tolerance_s": 3600,
        },
        "duration_s": 48 * 3600,
        "void_after": NOW + timedelta(hours=2),
        "issued_at": NOW,
    }
    return Request.model_validate({**fields, **over}, strict=False)


def ordered(asked: Request, signer: str = CHEN, kid: str = f"{POLICE}/{CHEN}/k1") -> Request:
    """With a police order over exactly what it says."""
    jws = sign_object(KEYS[signer], kid, asked.order_text())
    authority = Authority(authority=AuthorityClass.POLICE_ORDER, unit=POLICE, officers=[CHEN], orders=[jws])
    return asked.model_copy(update={"authority": authority})


def signed_by(asked: Request, *officers: str, unit: str = POLICE, paper: str | None = None) -> Request:
    """With an order of these officers of the unit, over exactly what it says."""
    authority = Authority(
        authority=AuthorityClass.POLICE_ORDER, unit=unit, officers=list(officers), document_hash=paper
    )
    named = asked.model_copy(update={"authority": authority})
    orders = [sign_object(KEYS[one], f"{unit}/{one}/k1", named.order_text()) for one in officers]
    return named.model_copy(update={"authority": named.authority.model_copy(update={"orders": orders})})


def mandate(**over: Any) -> Mandate:
    fields: dict[str, Any] = {
        "mandate_id": MANDATE,
        "unit": POLICE,
        "officers": [CHEN],
        "actions": [Action.STOP],
        "min_level": "high",
        "max_hop": 2,
        "caps": Caps(currency="CNY", per_hold=600_000, per_account=700_000, per_day=900_000),
        "duration_s": 48 * 3600,
        "release_at_once": True,
        "legal_basis": "art. 20",
        "valid_from": NOW - timedelta(days=1),
        "valid_to": NOW + timedelta(days=1),
    }
    return Mandate.model_validate({**fields, **over})


def mandated(asked: Request, under: Mandate | None = None, signer: str = CHEN, **over: Any) -> Request:
    """With a mandate, resting on a report."""
    jws = sign_object(KEYS[signer], f"{POLICE}/{CHEN}/k1", (under or mandate()).model_dump(mode="json"))
    fields = {"authority": AuthorityClass.MANDATE, "unit": POLICE, "mandate": [jws], "covered_by": REPORT, **over}
    return asked.model_copy(update={"authority": Authority(**fields)})


def done(
    stub: Bank, asked: Request, now: datetime = NOW, profile: Profile = CN, name: AccountName | str | None = NAME
) -> Decided:
    """Decided and entered into the books. The name came ahead of it, as of the target's, unless told otherwise."""
    if name is not None:
        said = AccountName(tokens=asked.target.tokens, name=name) if isinstance(name, str) else name
        for told in stub.named(asked.request_id, said, now):
            stub.apply(told)
    decision = handle(asked, stub, registry(), profile, now)
    for entry in decision.entries:
        stub.apply(entry)
    return decision
