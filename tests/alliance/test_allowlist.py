"""What is on the allow-list: only what an officer of an active police unit signed, for that key, until it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alliance.allowlist import AllowList, Filed, alike, judged
from alliance.errors import Refused
from alliance.keys.encoding import encode
from alliance.keys.signatures import sign_object
from alliance.registry import Registry
from schemas.allowlist import AllowEntry, AllowRecord, Category
from schemas.identifiers import IdentifierKind
from schemas.registry import Alliance, Member, Officer, Sector, SigningKey, Status

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEYS = {name: Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b"-")) for name in ("unit", "chen", "hub")}
CHEN = "police-ty/chen/k1"
ENTRY = AllowEntry(
    entry_id=UUID(int=1), kind=IdentifierKind.NUMBER, tokens=["e1:" + "0" * 22], category=Category.HOTLINE,
    reason="96110", unit="police-ty", officer="chen", at=NOW,
)  # fmt: skip


def signing_key(name: str, until: datetime | None = None) -> SigningKey:
    public = encode(KEYS[name].public_key().public_bytes_raw())
    return SigningKey(key_id="k1", public=public, valid_from=NOW - 9 * DAY, valid_to=until)


def registry(sector: Sector = Sector.POLICE, status: Status = Status.ACTIVE, until: datetime | None = None) -> Registry:
    """One unit with one officer, Chen."""
    chen = Officer(officer="chen", rank="captain", key=signing_key("chen", until))
    unit = Member(
        member="police-ty", name="x", sector=sector, alliance=Alliance.COMPREHENSIVE, status=status,
        keys=[signing_key("unit")], seal_key="A" * 43, officers=[chen],
    )  # fmt: skip
    return Registry([unit])


def record(entry: AllowEntry = ENTRY, key: str = "chen", kid: str = CHEN) -> bytes:
    return AllowRecord(jws=sign_object(KEYS[key], kid, entry.model_dump(mode="json"))).model_dump_json().encode()


def changed(**over: Any) -> AllowEntry:
    return ENTRY.model_copy(update=over)


def test_what_an_officer_of_police_signed_counts() -> None:
    filed = judged(ENTRY.key(), record(), registry())
    assert (filed.proven(), filed.in_force(NOW)) == (ENTRY, True)


FORGED: dict[str, tuple[bytes, Registry]] = {
    "does not verify": (record(key="hub"), registry()),
    "no officer's key": (record(key="unit", kid="police-ty/k1"), registry()),
    "no active police unit": (record(), registry(Sector.CARRIER)),
    "is no active": (record(), registry(status=Status.SUSPENDED)),
    "unknown-key": (record(), Registry()),
    "whom it does not name": (record(changed(officer="wang")), registry()),
    "was not valid": (record(changed(at=NOW - 10 * DAY)), registry()),
    "of another identifier": (record(changed(kind=IdentifierKind.ACCOUNT)), registry()),
    "no allow-list entry": (b"{}", registry()),
    "is no allow": (AllowRecord(jws=sign_object(KEYS["chen"], CHEN, {"mandate_id": 1})).model_dump_json().encode(),
                    registry()),
}  # fmt: skip


@pytest.mark.parametrize("why", FORGED)
def test_nothing_else_does(why: str) -> None:
    filed = judged(ENTRY.key(), *FORGED[why])
    assert why in (filed.refused or "")
    assert not filed.in_force(NOW)
    with pytest.raises(Refused, match=why):
        filed.proven()


def test_an_officer_who_has_left_had_the_right_to_sign_before() -> None:
    left = registry(until=NOW + DAY)
    assert judged(ENTRY.key(), record(), left).in_force(NOW + 9 * DAY)
    assert judged(ENTRY.key(), record(changed(at=NOW + DAY)), left).refused


def test_an_entry_ends_when_it_says_so() -> None:
    filed = Filed("", changed(until=NOW + DAY))
    assert (filed.in_force(NOW + DAY / 2), filed.in_force(NOW + DAY)) == (True, False)


@pytest.mark.parametrize("end", [None, record(changed(removed=True)), record(key="hub"), b"{}"])
def test_the_last_record_stands_and_each_but_a_proven_entry_ends_it(end: bytes | None) -> None:
    known = AllowList()
    for value, there in ((record(), True), (end, False), (record(), True)):
        known.apply(ENTRY.key(), value)
        assert any(filed.in_force(NOW) for filed in known.filed(registry())) is there


def filed(*entries: AllowEntry, refused: str | None = None) -> list[Filed]:
    return [Filed(each.key(), each, refused) for each in entries]


def of_epochs(entry_id: int, *epochs: str, value: str = "0") -> AllowEntry:
    return changed(entry_id=UUID(int=entry_id), tokens=[f"{epoch}:" + value * 22 for epoch in epochs])


def test_the_entries_of_one_identifier_are_found_by_whichever_token_of_whichever_epoch() -> None:
    old, both, new = of_epochs(1, "e1", "e2"), of_epochs(1, "e2", "e3"), of_epochs(2, "e3")
    other = of_epochs(3, "e1", "e2", value="1")
    known = filed(old, other, both, new)
    for each in (old, both, new, of_epochs(9, "e1"), of_epochs(9, "e3")):
        assert sorted(one.key() for one in alike(each, known)) == sorted(one.key() for one in (old, both, new))
    assert alike(other, known) == [other]
    assert not alike(of_epochs(9, "e4"), known)


def test_what_the_hub_made_up_joins_no_two_entries() -> None:
    one, other = of_epochs(1, "e1"), of_epochs(2, "e1", value="1")
    made_up = changed(entry_id=UUID(int=1), tokens=[one.tokens[0], other.tokens[0]])
    assert alike(one, [*filed(one, other), *filed(made_up, refused="the entry does not verify")]) == [one]
