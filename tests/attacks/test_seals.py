"""A sealed value that is moved to another alert, or handed to another: whom it is for opens it in its own event alone.

The hub can't look into seals, so that it is the recipient who finds this; a changed seal is part of a changed bundle.
"""

from __future__ import annotations

from uuid import UUID

import orjson
import pytest

from alliance.admission import Record
from alliance.keys.encoding import encode
from alliance.keys.seals import EVENT_INFO, BadSeal, unseal
from alliance.keys.store import MemberKeys
from producers.sealing import make_seals
from producers.tokenise import Tokenised
from schemas.envelope import Seal
from schemas.reasons import Reason
from tests.streams.bundles import KEYS, REGISTRY, let_in, signed, transfer

CLEAR = "6222020502013348871"


def alert() -> tuple[UUID, Seal]:
    """An event's id and what is sealed in it for police."""
    event_id = UUID(transfer()["id"])
    found = Tokenised("account", CLEAR, ["e1:" + "a" * 22], [], {})
    [seal] = make_seals([found], {"name": "张伟"}, "bank-a", REGISTRY, event_id)
    return event_id, seal


def opened(seal: Seal, event_id: UUID, by: MemberKeys) -> bytes:
    return unseal(by.sealing, seal.blob, EVENT_INFO, event_id.bytes)


def test_the_seal_opens_where_it_was_made() -> None:
    event_id, seal = alert()
    assert CLEAR.encode() in opened(seal, event_id, KEYS["police-a"])


def test_a_seal_swapped_between_two_alerts() -> None:
    """Else a member could have one victim's name shown with another's account."""
    (one, first), (other, second) = alert(), alert()
    for seal, event_id in ((first, other), (second, one)):
        with pytest.raises(BadSeal):
            opened(seal, event_id, KEYS["police-a"])


def test_a_seal_opened_by_another_member() -> None:
    event_id, seal = alert()
    for member in ("bank-a", "bank-b", "carrier-a"):
        with pytest.raises(BadSeal):
            opened(seal, event_id, KEYS[member])


def test_a_seal_opened_for_another_use() -> None:
    event_id, seal = alert()
    with pytest.raises(BadSeal):
        unseal(KEYS["police-a"].sealing, seal.blob, b"afa-token-key-v1", event_id.bytes)


def test_a_seal_swapped_on_its_way_in_a_bundle() -> None:
    """Seals are no part of an event's fingerprint, but of the signed bytes."""
    (_, first), (_, second) = alert(), alert()
    event = transfer() | {"seals": [first.model_dump()]}
    record = signed(orjson.dumps([event]))
    assert len(let_in(record).accepted) == 1
    swapped = record.value.replace(first.blob.encode(), second.blob.encode())
    assert swapped != record.value
    admitted = let_in(Record(record.topic, swapped, record.headers, record.key))
    assert [refusal.reason for refusal in admitted.refusals] == [Reason.BAD_SIGNATURE]


def test_a_seal_that_is_none() -> None:
    event_id, seal = alert()
    forged = Seal(to=seal.to, blob=encode(bytes(200)))
    with pytest.raises(BadSeal):
        opened(forged, event_id, KEYS["police-a"])
