"""Time travel: a key that is not valid at the alliance time of the reading, and event times of another day.

A signature tells nothing of when it was made, so that the reader's clock alone decides, and no event's own time.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid1, uuid4

import msgspec
import orjson
import pytest

from alliance.admission import LIMITS, Admitted, Record, admit
from alliance.keys.signatures import sign
from alliance.keys.store import generate
from alliance.registry import Registry
from schemas.envelope import Headers
from schemas.reasons import Reason
from schemas.registry import Sector, SigningKey
from schemas.topics import BY_KIND, VICTIM_REPORT
from streams.core.engine import Engine
from streams.core.rules import parse
from tests.strategies import RULES
from tests.streams.bundles import Event, bundle, event, let_in, report, transfer
from tests.streams.stories import NOON, PAYEE
from tests.streams.stories import call as call_of
from tests.streams.stories import transfer as transfer_of
from tests.streams.support import IDS, NOW, member_record, number

KEYS = generate("bank-a", key_id="now")
FORMER, NEXT = generate("bank-a", key_id="former"), generate("bank-a", key_id="next")
HOUR = timedelta(hours=1)


def call(lasted: int) -> Event:
    data = {"kind": "suspicious-number", "number": number("number", "+8613903519999"), "risk": 1.0}
    return event("carrier-a", {**data, "duration_s": lasted})


def chat(last_seen: str) -> Event:
    data = {"kind": "suspicious-handle", "handle": number("handle", "x"), "platform": "chat", "signal": "chat"}
    return event("platform-a", {**data, "score": 1.0, "last_seen": last_seen})


def sent_by(one: Event) -> Record:
    member = one["source"].rsplit("/", 1)[1]
    return bundle(one, member=member, topic=BY_KIND[one["data"]["kind"]].name)


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


DAY_S = 86_400
ENDS: dict[str, tuple[str, Event]] = {
    "a call of 125 days": ("data.duration_s", call(125 * DAY_S)),
    "a call of 30 years": ("data.duration_s", call(10**9)),
    "a call that goes on for another 301 s": ("data.duration_s", call(301)),
    "a chat of next year": ("data.last_seen", chat((NOW + timedelta(days=400)).isoformat())),
    "a chat of year 9999": ("data.last_seen", chat("9999-12-31T23:59:59-12:00")),
}


@pytest.mark.parametrize(("field", "far"), ENDS.values(), ids=ENDS)
def test_an_end_in_the_far_future_to_have_other_evidence_forgotten(field: str, far: Event) -> None:
    """What is older than 90 days before the latest end is left out: were it let in, all that others know would be."""
    admitted = let_in(sent_by(far))
    assert admitted.accepted == []
    assert [refusal.reason for refusal in admitted.refusals] == [Reason.FUTURE]
    assert field in admitted.refusals[0].detail


@pytest.mark.parametrize(
    "good", [call(300), call(0), chat((NOW + timedelta(minutes=5)).isoformat())], ids=["a call", "a moment", "a chat"]
)
def test_what_ends_as_the_clocks_may_differ_is_let_in(good: Event) -> None:
    assert let_in(sent_by(good)).refusals == []


def test_a_holder_known_since_a_time_to_come() -> None:
    """Who holds the account is asked to stop the money: the newest word counts, and nobody's for good."""
    false, true = (
        msgspec.structs.replace(
            paid, member=member, event=bytes([number] * 16), start=NOON + number, end=NOON + number,
            named=(msgspec.structs.replace(paid.named[0], as_of=since, holders=(holder,)), *paid.named[1:]),
        )
        for number, (member, since, holder) in enumerate(
            [("bank-z", 253_402_300_799_000, "cnaps:false"), ("bank-a", NOON, "cnaps:true")]
        )
        for paid in [transfer_of(NOON)]
    )  # fmt: skip
    engine = Engine(0, 1, parse(RULES))
    engine.apply([false, true, call_of(NOON, NOON)])
    lead = dict(engine.flush(0, 0).leads)[PAYEE]
    assert lead["subject"]["holders"] == ["cnaps:true", "cnaps:false"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+12:00", "1969-12-31T23:59:59Z"])
def test_a_report_from_before_the_years_that_can_be_written(time: str) -> None:
    """A report is never too old, and one whose year is 0 in UTC could be shown nowhere."""
    admitted = let_in(bundle(report(NOW) | {"time": time}, topic=VICTIM_REPORT.name))
    assert [refusal.reason for refusal in admitted.refusals] == [Reason.INVALID_FIELD]
    assert "before 1970" in admitted.refusals[0].detail


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
