"""The fuzzing of the intake in its short form, and that its oracle and its mutants are worth something."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.admission import Record
from schemas.envelope import SIGNATURE_HEADER
from schemas.reasons import Reason
from tests.attacks.choices import Choices
from tests.attacks.jws import signature
from tests.attacks.mutants import EVENTS, MEMBERS, TOPIC_NAMES, judge, record_of
from tests.attacks.outcomes import outcomes, table
from tests.attacks.verdict import SENDERS, verdict
from tests.streams.bundles import let_in
from tests.streams.support import NOW


@given(st.binary(max_size=96))
def test_intake_lets_in_what_the_oracle_does_and_nothing_else(data: bytes) -> None:
    judge(data)


def test_the_same_with_bytes_of_chance() -> None:
    """Hypothesis prefers the small; here all choices are alike, and each reason for a refusal is met that it can be."""
    chance = random.Random(1)
    met: set[Reason] = set()
    accepted = 0
    for _ in range(1_500):
        admitted = judge(chance.randbytes(chance.choice((8, 24, 64))))
        met |= {refusal.reason for refusal in admitted.refusals}
        accepted += len(admitted.accepted)
    assert accepted > 300
    assert met >= {Reason.BAD_SIGNATURE, Reason.SUSPENDED_MEMBER, Reason.WRONG_SOURCE, Reason.WRONG_SECTOR}
    assert met >= {Reason.WRONG_TOPIC, Reason.MALFORMED, Reason.NOT_FINITE, Reason.UNKNOWN_FIELD, Reason.WRONG_VERSION}
    assert met >= {Reason.INVALID_FIELD, Reason.NOT_YOURS, Reason.UNSIGNED, Reason.UNKNOWN_KEY, Reason.UNKNOWN_MEMBER}
    assert met >= {Reason.FUTURE, Reason.TOO_OLD}


def test_no_bytes_at_all_are_a_good_bundle_and_what_is_signed_by_another_is_none() -> None:
    assert judge(b"").refusals == []
    record = record_of(b"")
    assert verdict(record.topic, record.value, b"", MEMBERS, NOW) == []
    assert let_in(record).accepted


def test_the_table_tells_what_became_of_the_inputs_and_what_was_never_met() -> None:
    record = record_of(b"")
    unsigned = let_in(Record(record.topic, record.value, {}, record.key))
    met = Counter([*outcomes(judge(b"")), *outcomes(unsigned)])
    assert set(met) == {"accepted alias", "refused bundle unsigned"}
    told = table(2, met)
    assert "         1  accepted alias\n" in told
    missing = told.rsplit(": ", 1)[1].split(", ")
    assert set(missing) == {reason.value for reason in Reason} - {"unsigned", "conflict"}


def test_the_oracle_refuses_what_the_models_let_through_and_the_released_schema_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = record_of(b"")
    good = orjson.loads(record.value)[0]
    known, value = MEMBERS["bank-a"], orjson.dumps([{**good, "odd": 1}, {**good, "data": {**good["data"], "odd": 1}}])
    jws = signature(0, Choices(b""), "bank-a", value) or b""
    lenient = SimpleNamespace(validate_json=lambda _: None)
    monkeypatch.setattr("tests.attacks.verdict._EVENT", lenient)
    assert verdict(record.topic, value, jws, {"bank-a": known}, NOW) == [False, False]
    assert verdict(record.topic, record.value, record.headers[SIGNATURE_HEADER] or b"", MEMBERS, NOW) == [True]


def test_the_oracle_knows_each_kind_and_topic() -> None:
    kinds = {Choices(bytes([0, index])).one(EVENTS) for index in range(len(EVENTS))}
    assert len(kinds) == len(EVENTS) > 20
    assert {topic for topic, _ in SENDERS.values()} < set(TOPIC_NAMES)
