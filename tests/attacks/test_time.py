"""Time travel: a key that is not valid at the alliance time of the reading, and event times of another day.

A signature tells nothing of when it was made, so that the reader's clock alone decides, and no event's own time.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid1, uuid4

import orjson
import pytest

from alliance.admission import LIMITS, Admitted, Record, admit
from alliance.keys.signatures import sign
from alliance.keys.store import generate
from alliance.registry import Registry
from schemas.envelope import Headers
from schemas.reasons import Reason
from schemas.registry import Sector, SigningKey
from tests.streams.bundles import Event, bundle, let_in, transfer
from tests.streams.support import IDS, NOW, member_record

KEYS = generate("bank-a", key_id="now")
FORMER, NEXT = generate("bank-a", key_id="former"), generate("bank-a", key_id="next")
HOUR = timedelta(hours=1)


def registry() -> Registry:
    """A bank with a key of the present, one that ended an hour ago and one that begins in an hour."""
    former = SigningKey(
        key_id="former", public=FORMER.public.signing, valid_from=NOW - timedelta(days=400), valid_to=NOW - HOUR
    )
    coming = SigningKey(key_id="next", public=NEXT.public.signing, valid_from=NOW + HOUR)
    record = member_record(KEYS, Sector.BANK)
    return Registry([record.model_copy(update={"keys": [*record.keys, former, coming]})])


def sent(by: str, shift: timedelta, read: timedelta = timedelta(0)) -> Admitted:
    """A bundle under the key of that name, of an event at NOW + `shift`, read at NOW + `read`."""
    keys = {"former": FORMER, "now": KEYS, "next": NEXT}[by]
    value = orjson.dumps([transfer() | {"time": (NOW + shift).isoformat()}])
    jws = sign(keys.signing, keys.kid, value)
    record = Record("suspicious-account", value, dict(Headers(jws).pairs()), b"bank-a")
    return admit(record, registry(), NOW + read, LIMITS)


@pytest.mark.parametrize("key", ["former", "next"])
@pytest.mark.parametrize("hours", [-2, 0], ids=["an event of then", "an event of now"])
def test_signed_with_a_key_that_is_not_valid_now(key: str, hours: int) -> None:
    """A stolen key of the past does not come back by events that are dated back."""
    admitted = sent(key, hours * HOUR)
    assert admitted.accepted == []
    assert [refusal.reason for refusal in admitted.refusals] == [Reason.UNKNOWN_KEY]


@pytest.mark.parametrize(("key", "hours"), [("former", -2), ("now", 0), ("next", 2)])
def test_each_key_counts_in_its_own_time(key: str, hours: int) -> None:
    assert sent(key, hours * HOUR, read=hours * HOUR).refusals == []


@pytest.mark.parametrize(
    ("shift", "reason"),
    [
        (timedelta(seconds=301), Reason.FUTURE),
        (timedelta(days=3650), Reason.FUTURE),
        (timedelta(days=-7, seconds=-1), Reason.TOO_OLD),
        (timedelta(days=-3650), Reason.TOO_OLD),
    ],
    ids=str,
)
def test_an_event_of_the_future_or_of_long_ago(shift: timedelta, reason: Reason) -> None:
    admitted = sent("now", shift)
    assert admitted.accepted == []
    assert [refusal.reason for refusal in admitted.refusals] == [reason]


def with_id(value: UUID) -> Event:
    return transfer() | {"id": str(value)}


@pytest.mark.parametrize(
    "value",
    [uuid4(), uuid1(), UUID(int=0), UUID(int=(1 << 128) - 1), UUID(int=IDS.next().int & ~(0b11 << 62))],
    ids=["random", "of a clock", "nil", "max", "of another variant"],
)
def test_an_id_that_is_no_uuid_of_version_7(value: UUID) -> None:
    """Only these are made by one source in rising order, so that two contents under one id are no chance."""
    good = transfer()
    admitted = let_in(bundle(with_id(value), good))
    assert [(refusal.index, refusal.reason) for refusal in admitted.refusals] == [(0, Reason.INVALID_FIELD)]
    assert "UUIDv7" in admitted.refusals[0].detail
    assert [str(accepted.event.id) for accepted in admitted.accepted] == [good["id"]]
