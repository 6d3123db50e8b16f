"""One member that says very much of one thing, so that what the hub writes of it fits nowhere, or takes for ever.

A record that the broker does not take ends the worker that writes it, and each one that comes after it.
"""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from schemas.identifiers import IdentifierKind as Kind
from schemas.topics import CHANGELOG, VICTIM_REPORT
from streams import wire
from streams.core import packing
from streams.core.alert import Alert, Class, Named, Retraction, Role, Transfer
from streams.core.engine import Engine
from streams.core.partitioning import event_key, partition_of
from streams.core.rules import parse
from tests.strategies import RULES as RULES_TABLE
from tests.strategies import key
from tests.streams.bundles import bundle, let_in, report
from tests.streams.network import deliver
from tests.streams.stories import NOON
from tests.streams.support import NOW, number

RULES = parse(RULES_TABLE)
EVENT = bytes(16)


def content(index: int) -> Alert:
    """What bank-a says under one id, each time of another account."""
    named = Named(key(Kind.ACCOUNT, 100 + index), Role.SUSPECT, "account", 1, 0)
    return Alert("bank-a", EVENT, b"%08d" % index, "bank", Class.PAYEE, NOON, NOON, 0.9, (named,))


def test_one_id_with_500_contents() -> None:
    """What falls with each new content is what that one names, not all that was ever named."""
    engine = Engine(partition_of(event_key("bank-a", EVENT), 2), 2, RULES)
    engine.apply(content(index) for index in range(500))
    flush = engine.flush(0, 0)
    written = [value for signals in flush.signals.values() for value in wire.encode(signals)]
    assert sum(map(len, written)) < 100_000
    assert len(flush.changelog[event_key("bank-a", EVENT)] or b"") < 200
    assert flush.conflicts == [("bank-a", EVENT)]


@pytest.mark.parametrize(("contents", "leads"), [(1, 1), (2, 0), (20, 0)])
def test_whichever_of_them_came_first_counts_for_nothing(contents: int, leads: int) -> None:
    """A report of the same accounts, which is none by itself, makes a lead of each content that stands."""
    own = [content(index) for index in range(contents)]
    told = [msgspec.structs.replace(each, member="police-a", sector="police", cls=Class.REPORT) for each in own]
    told = [msgspec.structs.replace(each, event=each.digest * 2) for each in told]
    assert len(deliver([*own, *told], 3, RULES, seed=contents).leads()) == leads


def test_withdrawals_without_end_of_one_token() -> None:
    """Of alerts that there never were: a bank that takes back a wrong rule's, all of one terminal, does the same."""
    engine, place = Engine(0, 1, RULES), key(Kind.IP, 0)
    other = Retraction("bank-b", EVENT, False, (place,), NOON)
    ids = [hashlib.sha256(b"%d" % index).digest()[:16] for index in range(5_000)]
    engine.apply([other, *(Retraction("bank-a", event, False, (place,), NOON + 1) for event in ids)])
    assert len(engine.flush(0, 0).changelog[place] or b"") < 4_000
    kept = [(tomb.member, tomb.event) for tomb in packing.unpack(engine.store[place]).tombs]
    assert ("bank-b", EVENT) in kept
    late = msgspec.structs.replace(content(1), event=min(set(ids) - {event for _, event in kept}))
    named = Named(place, Role.SUSPECT, "ip", 1, 0)
    engine.apply([msgspec.structs.replace(late, named=(named,))] * 2)
    engine.flush(0, 0)
    assert packing.unpack(engine.store[place]).sightings == []


def test_reports_as_large_as_there_are_to_have_other_evidence_forgotten() -> None:
    """A bank tells of 64 payments in each report, and in so many that they fit in no record."""
    mule, honest = content(1).named[0], content(1)
    told = (
        msgspec.structs.replace(
            content(index), member=f"bank-{'xyz'[index % 3]}", cls=Class.REPORT, event=b"%016d" % index, named=(mule,),
            transfers=(Transfer(mule.key, key(Kind.TRANSFER_SERIAL, 1), 1, "CNY", NOON, False),) * 64,
            start=NOON + index, end=NOON + index,
        ) for index in range(96)
    )  # fmt: skip
    engine = Engine(0, 1, RULES)
    engine.apply([honest, *told])
    flush = engine.flush(0, 0)
    assert all(len(value or b"") < CHANGELOG.max_message_bytes / 2 for value in flush.changelog.values())
    [lead] = [snapshot for _, snapshot in flush.leads]
    assert len(lead["evidence"]) < 97
    assert honest.member in lead["members"]


def test_questions_without_end_to_hide_anothers() -> None:
    """A bank asks of a victim again and again, and takes that back: what another asked is there still."""
    asked = Named(key(Kind.NUMBER, 0), Role.VICTIM, "number", 1, 0)
    question = msgspec.structs.replace(content(1), member="bank-b", cls=Class.CHECK, named=(asked,))
    flood = [
        msgspec.structs.replace(question, member="bank-a", event=b"%016d" % index, end=NOON + index)
        for index in range(100)
    ]
    engine = Engine(0, 1, RULES)
    engine.apply([question, *flood])
    engine.apply(Retraction("bank-a", each.event, False, (asked.key,), NOON) for each in flood)
    engine.flush(0, 0)
    assert [s.member for s in packing.unpack(engine.store[asked.key]).sightings] == ["bank-b"]


@pytest.mark.parametrize(("holder", "good"), [(100_000, True), (260_000, False)])
def test_an_event_as_large_as_a_bundle_may_be(holder: int, good: bool) -> None:
    """The contract bounds how many holders there are, and not how a scheme may be called."""
    told = report(NOW)
    long = number("account", "1", holders=["h" * holder + ":1"])
    spoilt = {**told, "data": {**told["data"], "victim_accounts": [long]}}
    admitted = let_in(bundle(report(NOW), spoilt, topic=VICTIM_REPORT.name))
    assert len(admitted.accepted) == 1 + good
    assert [(refusal.index, "250000" in refusal.detail) for refusal in admitted.refusals] == [(1, True)] * (not good)
