"""The edges of every window, to the millisecond."""

from __future__ import annotations

import pytest

from schemas.identifiers import IdentifierKind as Kind
from schemas.leads import Relation
from streams.core.alert import Alert, Class, Named, Role
from tests.strategies import DAY, HOUR, MINUTE, key
from tests.streams.stories import (
    CALLER,
    HANDLE,
    NOON,
    OF_PAYEE,
    PAYEE,
    PHONE,
    SECOND_PAYEE,
    alert,
    call,
    judged,
    report,
    ruled,
    suspect,
    transfer,
    victim,
    weights,
)

VISIBLE = ruled(weights={"prior": 0.0}, windows={"evidence_s": 400 * DAY // 1000})
SIM = key(Kind.SIM, 0)


@pytest.mark.parametrize(
    ("start", "end", "weight"),
    [
        (10 * MINUTE, 20 * MINUTE, 2.5),  # begun after the transfer, by no more than clocks may differ
        (10 * MINUTE + 1, 20 * MINUTE, None),
        (-3 * HOUR, -2 * HOUR, 2.5),
        (-3 * HOUR, -2 * HOUR - 1, 1.8),
        (-25 * HOUR, -24 * HOUR, 1.8),
        (-25 * HOUR, -24 * HOUR - 1, None),
    ],
)
def test_transfer_follows_the_call(start: int, end: int, weight: float | None) -> None:
    found = judged(call(NOON + start, NOON + end), transfer(NOON))
    if weight is None:
        assert not found
        return
    # 2.4 named, second sector 1.0, −4.6
    assert found[OF_PAYEE].log_odds == pytest.approx(weight - 1.2)
    assert weights(found[OF_PAYEE])["carrier-a"] == ("call-transfer", weight)


def chat(start: int, end: int) -> Alert:
    return alert(Class.CHAT, "platform-a", 1, (NOON + start, NOON + end), suspect(HANDLE), victim(PHONE))


def told(start: int, end: int, *named: Named) -> Alert:
    return report(NOON + start, NOON + end, *named, victim(PHONE))


def customer(member: str, payee: str, conduit: str, kind: Kind, time: int) -> Alert:
    shared = Named(conduit, Role.CONDUIT, kind.value, 1, 0)
    return alert(Class.PAYEE, member, 1, (NOON + time, NOON + time), suspect(payee), shared)


def through(kind: Kind, time: int) -> list[Alert]:
    """Two banks' customers at one device, ip or terminal, so long apart."""
    conduit = key(kind, 0)
    return [customer("bank-a", PAYEE, conduit, kind, 0), customer("bank-b", SECOND_PAYEE, conduit, kind, time)]


def number_of_two(start: int, end: int) -> list[Alert]:
    """Two carriers know one number, one of them also its sim."""
    first = alert(Class.CALL, "carrier-b", 1, (NOON, NOON + HOUR), suspect(CALLER), suspect(SIM))
    return [first, call(NOON + start, NOON + end)]


EDGES: list[tuple[Relation, list[Alert], list[Alert]]] = [
    (
        Relation.CHAT_TRANSFER,
        [chat(-91 * DAY, -90 * DAY), transfer(NOON)],
        [chat(-91 * DAY, -90 * DAY - 1), transfer(NOON)],
    ),
    (
        Relation.CHAT_TRANSFER,
        [chat(10 * MINUTE, HOUR), transfer(NOON)],
        [chat(10 * MINUTE + 1, HOUR), transfer(NOON)],
    ),
    (
        Relation.CALL_CHAT,
        [chat(0, HOUR), call(NOON + HOUR + 30 * DAY, NOON + 40 * DAY)],
        [chat(0, HOUR), call(NOON + HOUR + 30 * DAY + 1, NOON + 40 * DAY)],
    ),
    (
        Relation.CALL_CHAT,
        [chat(0, HOUR), call(NOON - 40 * DAY, NOON - 30 * DAY)],
        [chat(0, HOUR), call(NOON - 40 * DAY, NOON - 30 * DAY - 1)],
    ),
    (
        Relation.REPORT,
        [told(0, DAY), call(NOON - 91 * DAY, NOON - 90 * DAY)],
        [told(0, DAY), call(NOON - 91 * DAY, NOON - 90 * DAY - 1)],
    ),
    (
        Relation.REPORT,
        [told(0, DAY), call(NOON + DAY + 10 * MINUTE, NOON + 2 * DAY)],
        [told(0, DAY), call(NOON + DAY + 10 * MINUTE + 1, NOON + 2 * DAY)],
    ),
    (
        Relation.REPORT,  # of two reports, the earlier one from either side
        [told(0, DAY, suspect(PAYEE)), report(NOON + 91 * DAY, NOON + 92 * DAY, victim(PHONE), member="bank-a")],
        [told(0, DAY, suspect(PAYEE)), report(NOON + 91 * DAY + 1, NOON + 92 * DAY, victim(PHONE), member="bank-a")],
    ),
    (
        Relation.SAME_SUSPECT,
        number_of_two(90 * DAY + HOUR, 91 * DAY),
        number_of_two(90 * DAY + HOUR + 1, 91 * DAY),
    ),
    (Relation.SAME_SUSPECT, number_of_two(-91 * DAY, -90 * DAY), number_of_two(-91 * DAY, -90 * DAY - 1)),
    (Relation.SAME_DEVICE, through(Kind.DEVICE, 30 * DAY), through(Kind.DEVICE, 30 * DAY + 1)),
    (Relation.SAME_IP, through(Kind.IP, -DAY), through(Kind.IP, -DAY - 1)),
    (Relation.SAME_IP, through(Kind.TERMINAL, DAY), through(Kind.TERMINAL, DAY + 1)),
]
"""A relation, two alerts just near enough, and the two when one is a millisecond further."""


@pytest.mark.parametrize(("relation", "near", "far"), EDGES)
def test_edge(relation: Relation, near: list[Alert], far: list[Alert]) -> None:
    assert relation.value in relations(near)
    assert relation.value not in relations(far)


def relations(alerts: list[Alert]) -> set[str]:
    return {relation for lead in judged(*alerts, rules=VISIBLE).values() for _, _, relation, _ in lead.evidence}


def test_two_of_a_class_are_no_pair() -> None:
    second = alert(Class.CALL, "carrier-b", 1, (NOON, NOON), suspect(SIM), victim(PHONE))
    assert not relations([call(NOON, NOON), second])


def test_kinds_that_join_nobody() -> None:
    """A sim as conduit, and a number that is a suspect here and a victim there."""
    assert not relations(through(Kind.SIM, 0))
    assert not relations([call(NOON, NOON), transfer(NOON, phone=CALLER)])
