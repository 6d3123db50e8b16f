"""What bad input gets, line by line: the reason code, and that the good events beside it come through."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alliance.admission import Record, admit
from alliance.keys.encoding import encode
from alliance.keys.signatures import sign
from schemas.envelope import MAX_BYTES, MAX_EVENTS, SIGNATURE_HEADER, VERSION, event_type
from schemas.reasons import REMEDY, WHOLE_BUNDLE, Reason
from schemas.topics import ALIAS, BY_KIND, SUSPICIOUS_ACCOUNT, SUSPICIOUS_NUMBER, VICTIM_REPORT, WITHDRAWAL
from tests.attacks.verdict import SENDERS
from tests.streams.bundles import (
    KEYS,
    OFFICER,
    REGISTRY,
    ROOT,
    RULES,
    SECTORS,
    STRANGER,
    Event,
    bundle,
    event,
    let_in,
    report,
    signed,
    transfer,
    withdrawal,
)
from tests.streams.support import NOW, number


def with_jws(jws: str) -> Callable[[bytes], Record]:
    return lambda value: Record(SUSPICIOUS_ACCOUNT.name, value, {SIGNATURE_HEADER: jws.encode()}, b"bank-a")


def by(private: Ed25519PrivateKey, kid: str) -> Callable[[bytes], Record]:
    return lambda value: with_jws(sign(private, kid, value))(value)


def with_algorithm(name: str) -> Callable[[bytes], Record]:
    header = encode(json.dumps({"alg": name, "b64": False, "crit": ["b64"], "kid": KEYS["bank-a"].kid}).encode())
    own = KEYS["bank-a"].signing
    return lambda value: with_jws(f"{header}..{encode(own.sign(header.encode() + b'.' + value))}")(value)


def replaced(record: Record, value: bytes) -> Record:
    """Other bytes under the signature of the old ones."""
    return Record(record.topic, value, record.headers, record.key)


def flipped(value: bytes) -> Record:
    changed = bytearray(value)
    changed[len(value) // 2] ^= 1
    return replaced(signed(value), bytes(changed))


def spliced(old: bytes, new: bytes) -> Callable[[bytes], Record]:
    """A bundle that says `new` where a good one says `old`, signed as it is."""

    def make(value: bytes) -> Record:
        assert old in value
        return signed(value.replace(old, new, 1))

    return make


def deep(value: bytes) -> Record:
    return signed(value.replace(b'"Taiyuan"', b"[" * 10_000 + b"]" * 10_000, 1))


WHOLE: list[tuple[str, Callable[[bytes], Record], Reason]] = [
    ("no signature", lambda v: Record("suspicious-account", v, {}, b"bank-a"), Reason.UNSIGNED),
    ("an empty signature", with_jws(""), Reason.UNSIGNED),
    ("one bit flipped", flipped, Reason.BAD_SIGNATURE),
    ("signed by a stranger", by(STRANGER.signing, KEYS["bank-a"].kid), Reason.BAD_SIGNATURE),
    ("signed for other bytes", lambda v: replaced(signed(v + b" "), v), Reason.BAD_SIGNATURE),
    ("the kid of another member", by(KEYS["bank-a"].signing, KEYS["bank-b"].kid), Reason.BAD_SIGNATURE),
    ("algorithm none", with_algorithm("none"), Reason.BAD_SIGNATURE),
    ("algorithm HS256", with_algorithm("HS256"), Reason.BAD_SIGNATURE),
    ("no JWS at all", with_jws("yes, it is me"), Reason.BAD_SIGNATURE),
    ("an unknown member", by(STRANGER.signing, STRANGER.kid), Reason.UNKNOWN_MEMBER),
    ("a key that was never registered", by(KEYS["bank-a"].signing, "bank-a/k2"), Reason.UNKNOWN_KEY),
    ("a key that is past", by(KEYS["bank-a"].signing, "bank-a/old"), Reason.UNKNOWN_KEY),
    ("an officer's key", by(OFFICER.signing, "police-a/wang/k1"), Reason.UNKNOWN_KEY),
    ("a suspended member", by(KEYS["bank-out"].signing, KEYS["bank-out"].kid), Reason.SUSPENDED_MEMBER),
    ("a revoked member", by(KEYS["bank-gone"].signing, KEYS["bank-gone"].kid), Reason.SUSPENDED_MEMBER),
    ("no bytes", lambda v: signed(b""), Reason.MALFORMED),
    ("half a bundle", lambda v: signed(v[: len(v) // 2]), Reason.MALFORMED),
    ("no array", lambda v: signed(v[1:-1]), Reason.MALFORMED),
    ("no event", lambda v: signed(b"[]"), Reason.MALFORMED),
    ("not UTF-8", spliced(b"Taiyuan", b"\xff"), Reason.MALFORMED),
    ("half a surrogate pair", spliced(b"Taiyuan", rb"\ud83d"), Reason.MALFORMED),
    ("a raw NUL", spliced(b"Taiyuan", b"\0"), Reason.MALFORMED),
    ("nested 10,000 deep", deep, Reason.MALFORMED),
    ("a key twice", spliced(b'"minor":100', b'"minor":100,"minor":9'), Reason.DUPLICATE_KEY),
    ("NaN", spliced(b'"score":0.5', b'"score":NaN'), Reason.NOT_FINITE),
    ("Infinity", spliced(b'"score":0.5', b'"score":-Infinity'), Reason.NOT_FINITE),
    ("a number beyond a double", spliced(b'"score":0.5', b'"score":1e999'), Reason.NOT_FINITE),
    ("a byte more than 1 MB", lambda v: signed(v + b" " * (MAX_BYTES + 1 - len(v))), Reason.OVERSIZED),
    ("501 events", lambda v: signed(b"[" + b",".join([b"{}"] * (MAX_EVENTS + 1)) + b"]"), Reason.TOO_MANY_EVENTS),
]  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), [w[1:] for w in WHOLE], ids=[w[0] for w in WHOLE])
def test_a_bundle_that_can_not_be_trusted_or_read_is_refused_whole(
    make: Callable[[bytes], Record], reason: Reason
) -> None:
    admitted = let_in(make(orjson.dumps([transfer(), transfer()])))
    assert admitted.accepted == []
    assert [(refusal.index, refusal.event_id, refusal.reason) for refusal in admitted.refusals] == [
        (None, None, reason)
    ]
    assert REMEDY[reason] in admitted.refusals[0].detail


def past(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def ahead(seconds: int) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


ONE: list[tuple[str, Callable[[Event], object], Reason]] = [
    ("another member's source", lambda e: e.update(source="/members/bank-b"), Reason.WRONG_SOURCE),
    ("a source that is no member's", lambda e: e.update(source="bank-a"), Reason.INVALID_FIELD),
    ("a kind that its sector may not send", lambda e: e.update(call()), Reason.WRONG_SECTOR),
    ("a kind on another kind's topic", lambda e: e.update(report(NOW)), Reason.WRONG_TOPIC),
    ("another version", lambda e: e.update(type=f"afa.suspicious-account.v{VERSION + 1}"), Reason.WRONG_VERSION),
    ("CloudEvents 0.3", lambda e: e.update(specversion="0.3"), Reason.WRONG_VERSION),
    ("no CloudEvents version", lambda e: e.pop("specversion"), Reason.WRONG_VERSION),
    ("a kind of no contract", lambda e: e.update(type=event_type("rumour")), Reason.INVALID_FIELD),
    ("a type that names another kind", lambda e: e.update(type=event_type("alias")), Reason.INVALID_FIELD),
    ("an unknown field", lambda e: e["data"].update(mood="bad"), Reason.UNKNOWN_FIELD),
    ("an unknown field of the envelope", lambda e: e.update(subject="x"), Reason.UNKNOWN_FIELD),
    ("a clear value beside the tokens", lambda e: account(e).update(value="6222"), Reason.UNKNOWN_FIELD),
    ("a clear value for a token", lambda e: account(e).update(tokens=["6222020502013348871"]), Reason.INVALID_FIELD),
    ("a kind of identifier unheard of", lambda e: account(e).update(kind="name"), Reason.INVALID_FIELD),
    ("negative money", lambda e: e["data"]["amount"].update(minor=-1), Reason.INVALID_FIELD),
    ("a fraction of a fen", lambda e: e["data"]["amount"].update(minor=0.5), Reason.INVALID_FIELD),
    ("money with a decimal point", lambda e: e["data"]["amount"].update(minor=100.0), Reason.INVALID_FIELD),
    ("money as text", lambda e: e["data"]["amount"].update(minor="100"), Reason.INVALID_FIELD),
    ("more money than there is", lambda e: e["data"]["amount"].update(minor=10**15 + 1), Reason.INVALID_FIELD),
    ("a probability above one", lambda e: e["data"].update(score=1.01), Reason.INVALID_FIELD),
    ("a required field missing", lambda e: e["data"].pop("customer"), Reason.INVALID_FIELD),
    ("null for a required field", lambda e: e["data"].update(amount=None), Reason.INVALID_FIELD),
    ("truth as a number", lambda e: e["data"]["amount"].update(minor=True), Reason.INVALID_FIELD),
    ("no id", lambda e: e.pop("id"), Reason.INVALID_FIELD),
    ("an id that is none", lambda e: e.update(id="42"), Reason.INVALID_FIELD),
    ("a time without offset", lambda e: e.update(time="2026-11-20T10:00:00"), Reason.INVALID_FIELD),
    ("a time as a number", lambda e: e.update(time=int(NOW.timestamp())), Reason.INVALID_FIELD),
    ("five minutes and a second ahead", lambda e: e.update(time=ahead(301)), Reason.FUTURE),
    ("the end of time", lambda e: e.update(time="9999-12-31T23:59:59-12:00"), Reason.FUTURE),
    ("older than seven days", lambda e: e.update(time=past(7.001)), Reason.TOO_OLD),
    ("the beginning of time", lambda e: e.update(time="0001-01-01T00:00:00+12:00"), Reason.TOO_OLD),
]  # fmt: skip


def account(spoilt: Event) -> dict[str, Any]:
    found: dict[str, Any] = spoilt["data"]["customer"]["account"]
    return found


def call(member: str = "bank-a", **over: Any) -> Event:
    data = {"kind": "suspicious-number", "callee": number("number", "+8613903517782"), "risk": 0.5}
    return event(member, {**data, **over})


@pytest.mark.parametrize(("spoil", "reason"), [o[1:] for o in ONE], ids=[o[0] for o in ONE])
def test_a_bad_event_is_refused_alone(spoil: Callable[[Event], object], reason: Reason) -> None:
    first, bad, last = transfer(), transfer(), transfer()
    spoil(bad)
    admitted = let_in(bundle(first, bad, last))
    assert [str(accepted.event.id) for accepted in admitted.accepted] == [first["id"], last["id"]]
    assert [(refusal.index, refusal.reason) for refusal in admitted.refusals] == [(1, reason)]
    assert REMEDY[reason] in admitted.refusals[0].detail
    assert admitted.refusals[0].event_id == _uuid(bad.get("id"))


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text and len(text) == 36 else None


@pytest.mark.parametrize("junk", [1, "event", None, [], True], ids=repr)
def test_what_is_no_object_is_refused_alone(junk: Any) -> None:
    good = transfer()
    admitted = let_in(signed(orjson.dumps([junk, good])))
    assert [str(accepted.event.id) for accepted in admitted.accepted] == [good["id"]]
    assert [(refusal.index, refusal.reason) for refusal in admitted.refusals] == [(0, Reason.MALFORMED)]


def test_the_reasons_of_whole_bundles_are_those_that_the_contract_lists() -> None:
    assert {reason for _, _, reason in WHOLE} == WHOLE_BUNDLE
    alone = {reason for _, _, reason in ONE} | {Reason.NOT_YOURS, Reason.CONFLICT}
    assert alone == set(Reason) - WHOLE_BUNDLE


GOOD: list[tuple[str, Callable[[], Record]]] = [
    ("500 events", lambda: bundle(*(transfer() for _ in range(MAX_EVENTS)))),
    ("exactly 1 MB", lambda: signed((one := orjson.dumps([transfer()])) + b" " * (MAX_BYTES - len(one)))),
    ("five minutes ahead", lambda: bundle(transfer() | {"time": ahead(300)})),
    ("seven days old", lambda: bundle(transfer() | {"time": past(7)})),
    ("a victim report of last year", lambda: bundle(report(NOW - timedelta(days=400)), topic=VICTIM_REPORT.name)),
    ("a call that ends five minutes ahead", lambda: bundle(call("carrier-a", duration_s=300), member="carrier-a",
        topic=SUSPICIOUS_NUMBER.name)),
    ("another offset", lambda: bundle(transfer() | {"time": NOW.astimezone().isoformat()})),
    ("no money at all", lambda: bundle(transfer(amount={"minor": 0, "currency": "CNY"}))),
    ("a presented number that can not exist", lambda: bundle(event("carrier-a", {
        "kind": "suspicious-number", "presented": number("presented-number", "00019610"), "presented_possible": False,
        "callee": number("number", "+8613903517782"), "risk": 0.5}), member="carrier-a", topic=SUSPICIOUS_NUMBER.name)),
    ("two epochs of tokens", lambda: bundle(transfer(customer={"account": {
        "kind": "account", "tokens": ["e1:" + "a" * 22, "e2:" + "b" * 22]}}))),
    ("blanks and escapes", lambda: signed(json.dumps([transfer(place="太原")], indent=3).encode())),
    ("a withdrawal of one's own", lambda: bundle(withdrawal("bank-a", None), topic=WITHDRAWAL.name)),
    ("a withdrawal that names oneself", lambda: bundle(withdrawal("bank-a", "bank-a"), topic=WITHDRAWAL.name)),
    ("a withdrawal of a bank's report by police", lambda: signed(
        orjson.dumps([withdrawal("police-a", "bank-a")]), "police-a", WITHDRAWAL.name)),
]  # fmt: skip


@pytest.mark.parametrize("make", [g[1] for g in GOOD], ids=[g[0] for g in GOOD])
def test_what_lies_just_within_the_bounds_is_let_in(make: Callable[[], Record]) -> None:
    record = make()
    admitted = let_in(record)
    assert admitted.refusals == []
    assert len(admitted.accepted) == len(orjson.loads(record.value))


def test_only_police_withdraw_what_is_another_members() -> None:
    foreign, own = withdrawal("bank-a", "bank-b"), withdrawal("bank-a", None)
    admitted = let_in(bundle(foreign, own, topic=WITHDRAWAL.name))
    assert [refusal.reason for refusal in admitted.refusals] == [Reason.NOT_YOURS]
    assert [str(accepted.event.id) for accepted in admitted.accepted] == [own["id"]]


@pytest.mark.parametrize("member", ["bank-a", "carrier-a", "platform-a", "school-a", "police-a"])
@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_a_sector_sends_what_it_may(member: str, kind: str) -> None:
    sample = orjson.loads((ROOT / "schemas" / "examples" / f"{kind}.json").read_bytes())
    sample.update(source=f"/members/{member}", time=NOW.isoformat())
    sample["data"] = {name: value for name, value in sample["data"].items() if name not in ("duration_s", "last_seen")}
    admitted = let_in(bundle(sample, member=member, topic=BY_KIND[kind].name))
    expected = [] if SECTORS[member] in SENDERS[kind][1] else [Reason.WRONG_SECTOR]
    assert [refusal.reason for refusal in admitted.refusals] == expected


def test_many_refusals_do_not_hide_the_good() -> None:
    events = [transfer(score=2.0) if i % 2 else transfer() for i in range(200)]
    admitted = let_in(bundle(*events))
    assert [refusal.index for refusal in admitted.refusals] == list(range(1, 200, 2))
    assert [str(a.event.id) for a in admitted.accepted] == [e["id"] for e in events[::2]]


def test_who_signed_is_told_and_else_whom_the_record_names() -> None:
    value = orjson.dumps([transfer()])
    proven, claimed = let_in(signed(value)), let_in(Record("suspicious-account", value, {}, b"bank-b"))
    unknown = let_in(Record("suspicious-account", value, {}, b"\xff\xfe"))
    nobody = let_in(Record("suspicious-account", value, {}, None))
    assert [a.member and a.member.member for a in (proven, claimed, unknown, nobody)] == [
        "bank-a",
        "bank-b",
        None,
        None,
    ]


def test_the_digest_is_of_the_content_and_not_of_the_seals_or_the_order_of_keys() -> None:
    one = transfer()
    sealed = one | {"seals": [{"to": "police", "blob": "abcd"}]}
    turned = {key: one[key] for key in reversed(one)}
    other = one | {"data": {**one["data"], "score": 0.51}}
    digests = [let_in(bundle(e)).accepted[0].digest for e in (one, sealed, turned, other)]
    assert digests[0] == digests[1] == digests[2] != digests[3]


def test_an_alias_is_only_let_in_with_two_identifiers() -> None:
    one = event("bank-a", {"kind": "alias", "identifiers": [number("card", "6227003812345678")]})
    admitted = let_in(bundle(one, topic=ALIAS.name))
    assert [refusal.reason for refusal in admitted.refusals] == [Reason.INVALID_FIELD]


def test_the_clock_is_the_one_that_is_given() -> None:
    record = bundle(transfer())
    later = datetime(2040, 1, 1, tzinfo=UTC)
    assert admit(record, REGISTRY, later, RULES).refusals[0].reason is Reason.TOO_OLD
