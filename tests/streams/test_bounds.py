"""What is kept of one identifier fits into a record, whatever members say of it, and at nobody's cost but theirs."""

from __future__ import annotations

import hashlib
from collections import Counter

import msgspec
import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.base import MAX_MINOR, Money
from schemas.identifiers import IdentifierKind as Kind
from schemas.leads import Lead
from schemas.topics import CHANGELOG, LEADS, SIGNALS
from streams import wire
from streams.core import bounds, packing
from streams.core.alert import Alert, Class, Named, Retraction, Role, Transfer
from streams.core.engine import DEBOUNCE_MS, Engine, Flush
from streams.core.evidence import judge, link
from streams.core.extract import MAX_HOLDER
from streams.core.rules import parse
from streams.core.sightings import of_alert
from streams.core.snapshots import suspect_lead
from streams.core.state import Link, Pairing, Sighting, State
from tests.strategies import BASE, DAY, key
from tests.strategies import RULES as RULES_TABLE

RULES = parse(RULES_TABLE)
MULE = key(Kind.ACCOUNT, 0)
ADDED = 1_000
"""What the broker adds to a record, and its key."""
HOLDER = f"{'c' * (MAX_HOLDER - 65)}:{'c' * 64}"
SECTORS = {Class.CALL: "carrier", Class.CHAT: "platform", Class.REPORT: "police"}
MOMENTS = [BASE, BASE + DAY, BASE + 60 * DAY, -(10**15), 10**16]
"""The last two lie beyond the years that can be written."""


def said(member: str, number: int, cls: Class, moment: int, transfers: int, victims: int) -> Alert:
    """An alert of the mule, which may tell of as many payments to it as the contract lets it."""
    event = hashlib.sha256(f"{member}/{number}".encode()).digest()[:16]
    names = [Named(MULE, Role.SUSPECT, "payment-account", 1, moment, (HOLDER,) * 4)]
    names += [Named(key(Kind.NUMBER, n), Role.VICTIM, "number", 1, 0) for n in range(victims)]
    paid = tuple(Transfer(MULE, key(Kind.TRANSFER_SERIAL, n), 10**15, "CNY", moment, False) for n in range(transfers))
    return Alert(member, event, event[:8], SECTORS.get(cls, "bank"), cls, moment, moment, 0.9, tuple(names), paid)


bursts = st.lists(
    st.tuples(
        st.sampled_from(["bank-a", "bank-b", "carrier-a", "x" * 40]),
        st.sampled_from([Class.PAYER, Class.PAYEE, Class.CALL, Class.CHAT, Class.REPORT]),
        st.sampled_from(MOMENTS),
        st.integers(1, 36),
        st.sampled_from([0, 1, 64]),
        st.sampled_from([0, 1]),
        st.booleans(),
    ),
    min_size=2,
    max_size=6,
)


@given(bursts)
@example([(f"bank-{letter}", Class.REPORT, BASE, 32, 64, 0, False) for letter in "abcdefgh"])
@settings(max_examples=20, deadline=None)
def test_whatever_is_said_of_an_identifier_the_broker_takes_what_is_written(
    told: list[tuple[str, Class, int, int, int, int, bool]],
) -> None:
    engine, now = Engine(0, 1, RULES), 0
    for turn, (member, cls, moment, count, transfers, victims, withdrawn) in enumerate(told):
        alerts = [said(member, turn * 100 + n, cls, moment, transfers, victims) for n in range(count)]
        engine.apply(alerts)
        if withdrawn:
            engine.apply(Retraction(a.member, a.event, True, (MULE,), moment) for a in alerts)
        now += DEBOUNCE_MS
        taken_by_the_broker(engine.flush(now, BASE))
    engine.expire(list(engine.store), BASE + 400 * DAY)
    taken_by_the_broker(engine.flush(now + DEBOUNCE_MS, BASE + 400 * DAY))


def taken_by_the_broker(flush: Flush) -> None:
    assert all(len(value or b"") + ADDED < CHANGELOG.max_message_bytes for value in flush.changelog.values())
    assert all(len(orjson.dumps(snapshot)) + ADDED < LEADS.max_message_bytes for _, snapshot in flush.leads)
    for _, snapshot in flush.leads:
        Lead.model_validate_json(orjson.dumps(snapshot))
    for signals in flush.signals.values():
        assert all(len(value) + ADDED < SIGNALS.max_message_bytes for value in wire.encode(signals))


def test_no_amount_however_great_takes_a_lead_from_its_readers() -> None:
    """A member could else hide a mule, on whom others agree, by two transfers that nobody has made."""
    engine = Engine(0, 1, RULES)
    engine.apply([said("bank-a", 1, Class.PAYER, BASE, 1, 1), said("carrier-a", 2, Class.CALL, BASE, 0, 1)])
    told = [said("bank-z", number, Class.PAYEE, BASE, 1, 0) for number in (3, 4)]
    serials = [key(Kind.TRANSFER_SERIAL, number) for number in (3, 4)]
    engine.apply(
        msgspec.structs.replace(each, transfers=(msgspec.structs.replace(each.transfers[0], serial=serial),))
        for each, serial in zip(told, serials, strict=True)
    )
    [lead] = [snapshot for name, snapshot in engine.flush(0, BASE).leads if name == MULE]
    assert Lead.model_validate_json(orjson.dumps(lead)).amount_at_risk == [Money(minor=MAX_MINOR, currency="CNY")]


def test_so_many_items_as_are_not_measured_fit_in_any_case() -> None:
    suspects = tuple(key(Kind.ACCOUNT, n) for n in range(80))
    victims = [Named(key(Kind.NUMBER, n), Role.VICTIM, "number", 1, 0) for n in range(89)]
    greatest = said("x" * 40, 1, Class.REPORT, 10**16, 64, 0)
    named = [Named(name, Role.SUSPECT, "account", 1, 0) for name in suspects[1:]]
    alert = msgspec.structs.replace(greatest, named=(*greatest.named, *named, *victims))
    sighting = of_alert(alert, alert.named[0])
    assert (len(sighting.suspects), len(sighting.victims), len(sighting.transfers)) == (80, 89, 64)
    longer = len("e1aaaaaa") - len("e1")
    assert packing.size(sighting) + (80 + 89 + 128) * longer < bounds.MAX_STATE / bounds.MEASURED


def small(member: str, number: int) -> Sighting:
    """As few bytes as a sighting can have, whose lead's item has most beside them."""
    named = Named("i:" + "t" * 22, Role.SUSPECT, "ip", 1, 0)
    return of_alert(Alert(member, b"%016d" % number, b"", "bank", Class.PAYEE, BASE, BASE, 0.9, (named,)), named)


def through(a: Sighting, b: Sighting, via: int = 0, end: int = BASE) -> Link:
    shared, called = f"i:{via:022d}", Class.CALL
    return Link(
        a.suspects[0], shared, Pairing.CALL_TRANSFER, 0, a.member, a.event,
        b.member, b.event, b.sector, called, BASE, end, b.money,
    )  # fmt: skip


def test_the_lead_of_the_largest_state_is_one_record() -> None:
    """Of many members' small items: nothing else of a lead has so many bytes for those of its state."""
    named, linked = ([small(f"m{number % 500}", number + first) for number in range(1_600)] for first in (0, 5_000))
    state = State(named, [], [through(a, b) for a, b in zip(named, reversed(linked), strict=True)])
    assert bounds.MAX_STATE * 0.95 < packing.size(state) < bounds.MAX_STATE
    lead = suspect_lead(state, "i:" + "t" * 22, RULES)
    assert lead is not None
    assert len(lead["evidence"]) == 2 * 1_600
    assert 2 * bounds.MAX_STATE < len(orjson.dumps(lead)) + ADDED < LEADS.max_message_bytes


def test_who_says_much_loses_its_own_and_takes_nothing_from_the_others() -> None:
    state = State()
    for member in ("bank-a", "carrier-a"):
        state.sightings += [small(member, number) for number in range(32)]
    flood = [said("bank-z", number, Class.REPORT, BASE + number, 64, 0) for number in range(64)]
    state.sightings += [of_alert(alert, alert.named[0]) for alert in flood]
    others = [s for s in state.sightings if s.member != "bank-z"]
    assert bounds.is_large(state)
    bounds.trim(state, MULE, RULES)
    assert not bounds.is_large(state)
    assert [s for s in state.sightings if s.member != "bank-z"] == others
    left = [s for s in state.sightings if s.member == "bank-z"]
    assert [s.end for s in left] == [BASE + number for number in range(64 - len(left), 64)]
    assert len(left) > 32


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=200))
def test_a_share_is_never_less_than_an_equal_part(totals: list[int]) -> None:
    share = bounds._share(totals, 324_000)
    assert share >= min(max(totals), 324_000 // len(totals))
    assert sum(min(total, share) for total in totals) <= 324_000


def test_of_links_those_are_kept_that_tell_something() -> None:
    """One alert of a carrier meets two payments at many phones: the best counts it, and both victims are sure."""
    first, second = small("bank-a", 1), small("bank-a", 2)
    called = small("carrier-a", 3)
    many = [through(a, called, via) for a in (first, second) for via in range(2_000)]
    state = State([first, second], [], list(many))
    before = judge(state, RULES)
    assert bounds.trim(state, first.suspects[0], RULES) == []
    assert len(state.links) == 2
    assert judge(state, RULES) == before


def test_a_third_members_links_take_the_place_of_none() -> None:
    """Of the carrier's alerts those that a bank's is linked with stay, whatever another bank's brings along."""
    honest, other = small("bank-a", 1), small("bank-z", 2)
    state = State([honest, other])
    link(state, through(honest, small("carrier-a", 1)), RULES)
    for number in range(100):
        link(state, through(other, small("carrier-a", 100 + number), end=BASE + number), RULES)
    assert Counter(known.a_member for known in state.links) == {"bank-a": 1, "bank-z": 32}
