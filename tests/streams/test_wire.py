"""Records of signals: whatever is in them, the broker takes each, and together they say what was said."""

from __future__ import annotations

from itertools import chain
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.registry import Sector
from schemas.topics import SIGNALS, VICTIM_REPORT, WITHDRAWAL
from streams import wire
from streams.core.alert import Alert, Class, Named, Retraction, Role
from streams.core.extract import alerts_of, retraction_of
from streams.core.partitioning import Signal
from tests.streams.bundles import bundle, event, let_in, report
from tests.streams.support import NOW

ROOM = SIGNALS.max_message_bytes - 10_000
"""Without what the broker adds to a record."""


def of_size(size: int) -> Alert:
    named = Named("a" + "e1:" + "t" * 22, Role.SUSPECT, "account", 1, 0, ("h" * size,))
    return Alert("bank-a", bytes(16), bytes(8), "bank", Class.PAYEE, 0, 0, 0.5, (named,))


@given(
    st.lists(st.sampled_from([1, 500, 3_000, 100_000, 399_000, 400_000, 1_000_000]), max_size=30), st.integers(1, 60)
)
def test_each_record_is_bounded_and_all_say_the_same_in_the_same_order(sizes: list[int], times: int) -> None:
    signals: list[Signal] = [of_size(size) for size in [*sizes, *[1] * (times * 10)]]
    values = list(wire.encode(signals))
    parts = [list(wire.decode(value)) for value in values]
    assert list(chain.from_iterable(parts)) == signals
    assert all(len(value) <= wire.MAX_BYTES or len(part) == 1 for value, part in zip(values, parts, strict=True))
    assert all(0 < len(part) <= wire.MAX_SIGNALS for part in parts)


def identifier(kind: str, number: int, **over: Any) -> dict[str, Any]:
    tokens = [f"{epoch}:{number:022d}" for epoch in ("e1aaaaaa", "e2aaaaaa")]
    return {"kind": kind, "tokens": tokens, "holders": ["cnaps:" + "1" * 64] * 4, "as_of": NOW.isoformat(), **over}


def greatest_report(first: int) -> dict[str, Any]:
    """With all that the contract lets it name."""
    money = {"minor": 10**15, "currency": "CNY"}
    transfers = [
        {"payer": identifier("payment-account", n), "payee": identifier("payment-account", n + 1),
         "serial": identifier("transfer-serial", n), "amount": money, "time": NOW.isoformat()}
        for n in range(first, first + 128, 2)
    ]  # fmt: skip
    accounts = [identifier("payment-account", n) for n in range(first + 200, first + 216)]
    phones = [{"identifier": identifier("number", n), "role": "registered"} for n in range(first + 300, first + 308)]
    more = {"victim_accounts": accounts, "victim_phones": phones, "victim": identifier("person", first)}
    told = report(NOW)
    return {**told, "data": {**told["data"], "transfers": transfers, "contacts": accounts, **more}}


def test_a_backlog_of_the_greatest_reports_is_one_that_the_broker_takes() -> None:
    signals: list[Signal] = []
    for number in range(30):
        admitted = let_in(bundle(greatest_report(number * 1_000), topic=VICTIM_REPORT.name))
        assert admitted.refusals == []
        for one in admitted.accepted:
            signals += alerts_of(one.event, "bank-a", Sector.BANK, one.digest)
    assert len(signals) == 60
    assert all(len(value) < ROOM for value in wire.encode(signals))


def test_a_backlog_of_the_greatest_withdrawals_is_one_that_the_broker_takes() -> None:
    named = [identifier("account", number) for number in range(256)]
    data = {"kind": "withdrawal", "reason": "x", "identifiers": named, "event_id": event("bank-a", {"kind": "x"})["id"]}
    [one] = let_in(bundle(event("bank-a", data), topic=WITHDRAWAL.name)).accepted
    gone = retraction_of(one.event, "bank-a", False)
    assert isinstance(gone, Retraction)
    assert len(gone.keys) == 512
    assert all(len(value) < ROOM for value in wire.encode([gone] * 500))
