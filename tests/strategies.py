"""Hypothesis strategies for small worlds of alerts: few members, few identifiers, times on the edges of the windows, so
that most examples hold several pairs.

Must never draw what members could not send: roles follow the table of docs/correlation.md.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

import streams
from schemas.identifiers import IdentifierKind as Kind
from streams.core.alert import Alert, Class, Named, Onward, Retraction, Role, Transfer
from streams.core.keys import key_of

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BASE = 1_664_582_400_000
"""2022-10-01T00:00Z"""
RULES: dict[str, Any] = tomllib.loads((Path(streams.__file__).parent / "rules.toml").read_text())
ALL_CAPS = {"hub_suspects": 3, "sightings": 5, "evidence_per_member": 2, "withdrawn_per_member": 0, "checks": 2}

SECTORS = {
    "bank-a": "bank",
    "bank-b": "bank",
    "pay-a": "payment",
    "carrier-a": "carrier",
    "carrier-b": "carrier",
    "platform-a": "platform",
    "police-a": "police",
}
SENDERS = {
    Class.PAYER: ["bank-a", "bank-b", "pay-a"],
    Class.PAYEE: ["bank-a", "bank-b", "pay-a"],
    Class.CALL: ["carrier-a", "carrier-b"],
    Class.CHAT: ["platform-a", "pay-a"],
    Class.REPORT: ["police-a", "bank-a"],
    Class.CHECK: ["bank-a", "bank-b", "pay-a"],
}
MONEY_KINDS = [Kind.ACCOUNT, Kind.CARD, Kind.PAYMENT_ACCOUNT, Kind.WALLET]
NAMES: dict[Class, list[tuple[Role, list[Kind], int, int]]] = {
    Class.PAYER: [
        (Role.SUSPECT, MONEY_KINDS, 0, 1),
        (Role.SUSPECT, [Kind.PERSON], 0, 1),
        (Role.VICTIM, [Kind.ACCOUNT], 1, 1),
        (Role.VICTIM, [Kind.NUMBER], 0, 2),
        (Role.VICTIM, [Kind.PERSON], 0, 1),
        (Role.CONDUIT, [Kind.DEVICE, Kind.IP, Kind.TERMINAL], 0, 2),
    ],
    Class.PAYEE: [
        (Role.SUSPECT, MONEY_KINDS, 1, 1),
        (Role.SUSPECT, [Kind.NUMBER, Kind.PERSON], 0, 2),
        (Role.CONDUIT, [Kind.DEVICE, Kind.IP, Kind.TERMINAL], 0, 2),
    ],
    Class.CALL: [
        (Role.SUSPECT, [Kind.NUMBER, Kind.PRESENTED_NUMBER, Kind.SIM, Kind.DEVICE, Kind.TRUNK], 1, 2),
        (Role.VICTIM, [Kind.NUMBER], 0, 1),
    ],
    Class.CHAT: [
        (Role.SUSPECT, [Kind.HANDLE, Kind.URL, Kind.APP, Kind.NUMBER, Kind.PAYMENT_ACCOUNT], 1, 2),
        (Role.VICTIM, [Kind.NUMBER], 0, 1),
        (Role.CONDUIT, [Kind.DEVICE, Kind.IP], 0, 2),
    ],
    Class.REPORT: [
        (Role.SUSPECT, MONEY_KINDS, 0, 3),
        (Role.SUSPECT, [Kind.NUMBER, Kind.HANDLE, Kind.URL, Kind.APP], 0, 2),
        (Role.VICTIM, [Kind.NUMBER], 0, 2),
        (Role.VICTIM, [Kind.ACCOUNT, Kind.PERSON], 0, 2),
    ],
    Class.CHECK: [
        (Role.VICTIM, [Kind.ACCOUNT, Kind.NUMBER], 1, 2),
        (Role.ASKED, MONEY_KINDS, 1, 1),
    ],
}
"""Role, kinds, and how many identifiers of them an alert names, by the table of docs/correlation.md."""
SPANS = {
    Class.PAYER: [0],
    Class.PAYEE: [0],
    Class.CALL: [0, MINUTE, 2 * HOUR, 25 * HOUR],
    Class.CHAT: [0, HOUR, 30 * DAY, 90 * DAY],
    Class.REPORT: [0, HOUR, DAY, 40 * DAY],
    Class.CHECK: [0],
}
EDGES = sorted({seconds * 1000 for seconds in RULES["windows"].values()})
NEAR = [0, 1, MINUTE, 20 * MINUTE, 2 * HOUR, DAY]
FAR = [*(edge + off for edge in EDGES for off in (-1, 0, 1)), 120 * DAY]
STEPS = st.sampled_from(NEAR) | st.sampled_from(FAR)


@dataclass(frozen=True)
class World:
    """Arrivals, with their repetitions, in no order that means anything."""

    alerts: tuple[Alert, ...]
    retractions: tuple[Retraction, ...]
    rules: dict[str, Any]


@dataclass(frozen=True)
class Cast:
    """How many identifiers of a kind are suspects, and how many victims or conduits; one of each kind is both."""

    suspects: int
    others: int

    def keys(self, role: Role, kinds: Sequence[Kind]) -> list[tuple[Kind, str]]:
        named = role in (Role.SUSPECT, Role.ASKED)
        first, count = (0, self.suspects) if named else (self.suspects - 1, self.others)
        return [(kind, key(kind, number)) for kind in kinds for number in range(first, first + count)]


def key(kind: Kind, number: int) -> str:
    """The state key of the identifier so numbered; a presented number is the number of the same number."""
    real = Kind.NUMBER if kind == Kind.PRESENTED_NUMBER else kind
    digest = hashlib.sha256(f"{real}/{number}".encode()).digest()[:16]
    return key_of(kind, "e1:" + base64.urlsafe_b64encode(digest).decode().rstrip("="))


def sealed(alert: Alert) -> Alert:
    """The alert with the digest of its content."""
    content = msgspec.msgpack.encode(msgspec.structs.replace(alert, digest=b""))
    return msgspec.structs.replace(alert, digest=hashlib.sha256(content).digest()[:8])


@st.composite
def worlds(draw: st.DrawFn, conflicts: bool = False) -> World:
    """Worlds in which no cap of the rules is crossed; with `conflicts`, some ids have two contents."""
    alerts = draw(casts_of_alerts(Cast(2, 2), 3, 10))
    if conflicts:
        alerts += [other_content(alert) for alert in draw(st.lists(st.sampled_from(alerts), max_size=2))]
    return World(repeated(draw, alerts), tuple(draw(retractions(alerts))), draw(rules()))


@st.composite
def capped_worlds(draw: st.DrawFn, caps: Sequence[str] = tuple(ALL_CAPS)) -> World:
    """Worlds about few victims, in which the named caps, lowered by the rules' override, are often crossed."""
    cast = draw(st.sampled_from([Cast(8, 1), Cast(1, 1)]))
    alerts = draw(casts_of_alerts(cast, 6, 14))
    return World(repeated(draw, alerts), tuple(draw(retractions(alerts))), lowered(draw, caps))


@st.composite
def worlds_of_questions(draw: st.DrawFn) -> World:
    """Worlds in which banks ask about one payee within days, some more often than the cap has it; none is withdrawn."""
    classes = [Class.CALL, Class.PAYEE, *(4 * [Class.CHECK])]
    asked = draw(casts_of_alerts(Cast(1, 1), 6, 12, classes, st.sampled_from(NEAR)))
    return World(repeated(draw, asked), (), lowered(draw, ["checks"]))


def lowered(draw: st.DrawFn, caps: Sequence[str]) -> dict[str, Any]:
    """Rules with these caps so low that few alerts cross them."""
    chosen = draw(rules())
    return chosen | {"caps": chosen["caps"] | {cap: ALL_CAPS[cap] for cap in caps}}


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """The rules as they are, or with a prior by which every suspect with evidence of two members is a lead."""
    chosen = copy.deepcopy(RULES)
    chosen["weights"]["prior"] = draw(st.sampled_from([RULES["weights"]["prior"], 0.0]))
    return chosen


@st.composite
def casts_of_alerts(
    draw: st.DrawFn, cast: Cast, at_least: int, at_most: int,
    classes: Sequence[Class] = tuple(Class), steps: st.SearchStrategy[int] = STEPS,
) -> list[Alert]:  # fmt: skip
    """Alerts of unique ids; members number their events alike, so that an event id alone says nothing."""
    moments = [BASE + draw(st.sampled_from([0, 60, 120])) * DAY]
    sent: dict[str, int] = {}
    alerts: list[Alert] = []
    for _ in range(draw(st.integers(at_least, at_most))):
        cls = draw(st.sampled_from(classes))
        member = draw(st.sampled_from(SENDERS[cls]))
        sent[member] = sent.get(member, 0) + 1
        event = hashlib.sha256(b"%d" % sent[member]).digest()[:16]
        start, end = draw(spans(cls, moments, steps))
        moments += [start, end]
        alerts.append(draw(contents(cls, member, event, (start, end), cast)))
    return alerts


@st.composite
def spans(draw: st.DrawFn, cls: Class, moments: list[int], steps: st.SearchStrategy[int]) -> tuple[int, int]:
    """A span one of whose ends lies some step, mostly an edge of a window, from an earlier one's."""
    length = draw(st.sampled_from(SPANS[cls]))
    step = draw(steps)
    moment = draw(st.sampled_from(moments)) + draw(st.sampled_from([step, -step]))
    start = moment - length if draw(st.booleans()) else moment
    start = min(max(start, BASE), BASE + 120 * DAY)
    return start, start + length


@st.composite
def contents(draw: st.DrawFn, cls: Class, member: str, event: bytes, span: tuple[int, int], cast: Cast) -> Alert:
    named: dict[str, Named] = {}
    for role, kinds, at_least, at_most in NAMES[cls]:
        for kind, name in draw(picks(cast.keys(role, kinds), at_least, at_most)):
            named.setdefault(name, draw(names(name, role, kind, span[0])))
    paid = (Role.SUSPECT, Role.ASKED, *([Role.VICTIM] if cls == Class.CHECK else []))
    payees = [n.key for n in named.values() if n.role in paid and n.kind in MONEY_KINDS]
    onward = draw(st.sampled_from(Onward)) if cls == Class.PAYEE else Onward.NONE
    told = draw(transfers(cls, span, payees)) if payees and onward == Onward.NONE and cls != Class.CHAT else []
    score = 1.0 if cls == Class.REPORT else 0.0 if cls == Class.CHECK else draw(st.integers(0, 100)) / 100
    return sealed(
        Alert(member, event, b"", SECTORS[member], cls, *span, score, tuple(named.values()), tuple(told), onward)
    )


def picks(choices: list[tuple[Kind, str]], at_least: int, at_most: int) -> st.SearchStrategy[list[tuple[Kind, str]]]:
    return st.lists(st.sampled_from(choices), min_size=at_least, max_size=at_most, unique_by=lambda choice: choice[1])


@st.composite
def names(draw: st.DrawFn, name: str, role: Role, kind: Kind, at: int) -> Named:
    as_of = draw(st.sampled_from([0, at - DAY]))
    holders = draw(st.sampled_from([(), ("cnaps:102161000012",), ("carrier:cmcc-ty", "cnaps:103161000020")]))
    return Named(name, role, kind.value, draw(st.integers(0, 2)), as_of, holders)


@st.composite
def transfers(draw: st.DrawFn, cls: Class, span: tuple[int, int], payees: list[str]) -> list[Transfer]:
    """A bank speaks of one, at the alert's time; a victim of several, about the incident's time."""
    serials = ["", *(key(Kind.TRANSFER_SERIAL, number) for number in range(2))]
    told = []
    for _ in range(draw(st.integers(0, 3)) if cls == Class.REPORT else 1):
        when = draw(st.sampled_from([span[0], span[1], span[0] + DAY])) if cls == Class.REPORT else span[0]
        told.append(
            Transfer(
                draw(st.sampled_from(payees)),
                "" if cls == Class.CHECK else draw(st.sampled_from(serials)),
                draw(st.sampled_from([5_000_00, 8_000_00])),
                draw(st.sampled_from(["CNY", "CNY", "USD"])),
                when,
                cls == Class.CHECK or (cls != Class.REPORT and draw(st.booleans())),
            )
        )
    return told


@st.composite
def retractions(draw: st.DrawFn, alerts: list[Alert]) -> list[Retraction]:
    """By the member, by police, and by a member whose event it is not; with all of the event's keys or some."""
    made = []
    for alert in draw(st.lists(st.sampled_from(alerts), max_size=3)):
        member = draw(st.sampled_from([alert.member, alert.member, alert.member, "bank-b"]))
        keys = tuple(named.key for named in alert.named)
        repeated_keys = draw(st.sampled_from([keys, keys[: len(keys) // 2]]))
        made.append(Retraction(member, alert.event, draw(st.booleans()), repeated_keys, alert.end + HOUR))
    return made


def repeated(draw: st.DrawFn, alerts: list[Alert]) -> tuple[Alert, ...]:
    """The alerts, some of which arrive again."""
    return (*alerts, *draw(st.lists(st.sampled_from(alerts), max_size=2)))


def other_content(alert: Alert) -> Alert:
    """The same id, a millisecond later."""
    return sealed(msgspec.structs.replace(alert, start=alert.start + 1, end=alert.end + 1))
