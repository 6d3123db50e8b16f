"""Which two alerts that share an identifier are evidence for each other: the table of windows, one function a line.

Times in ms. `docs/correlation.md` ("Pairs") is the text that this is the code of.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.core.alert import Class, Role
from streams.core.rules import Rules
from streams.core.state import VICTIM_RELATIONS, Link, Pairing, Sighting

DEVICE = "d"
UNPAIRED = (Role.VICTIM, Role.ASKED)
"""What is a pair with its own kind alone, or with nothing."""
ADDRESSES = "il"
"""Namespace letters of ips and terminals."""


def gap(a: Sighting, b: Sighting) -> int:
    """Time between two spans; 0 where they overlap."""
    return max(0, b.start - a.end, a.start - b.end)


def relate(key: str, a: Sighting, b: Sighting, rules: Rules) -> Pairing | None:
    """The relation of two sightings of `key`, or None where they are no pair."""
    if a.member == b.member:
        return None
    if a.role is Role.SUSPECT and b.role is Role.SUSPECT:
        return Pairing.SAME_SUSPECT if gap(a, b) <= rules.windows.suspect_s * 1000 else None
    if a.role is Role.VICTIM and b.role is Role.VICTIM:
        return _victim(a, b, rules) if a.cls <= b.cls else _victim(b, a, rules)
    if a.role in UNPAIRED or b.role in UNPAIRED:
        return None
    if key[0] == DEVICE:
        return Pairing.SAME_DEVICE if gap(a, b) <= rules.windows.device_s * 1000 else None
    if key[0] in ADDRESSES:
        return Pairing.SAME_IP if gap(a, b) <= rules.windows.ip_s * 1000 else None
    return None


def _victim(a: Sighting, b: Sighting, rules: Rules) -> Pairing | None:
    """`a` has the lower class: transfer before call before chat before report before check."""
    if b.cls is Class.CHECK:
        return _asked(b, a, rules)
    if b.cls is Class.REPORT:
        told = _reported(b, a, rules) or (a.cls is Class.REPORT and _reported(a, b, rules))
        return Pairing.REPORT if told else None
    if a.cls is Class.PAYER and b.cls is Class.CALL:
        return _call_transfer(b, a, rules)
    if a.cls is Class.PAYER and b.cls is Class.CHAT:
        return Pairing.CHAT_TRANSFER if _follows(a, b, rules.windows.chat_transfer_s, rules) else None
    if a.cls is Class.CALL and b.cls is Class.CHAT:
        return Pairing.CALL_CHAT if gap(a, b) <= rules.windows.call_chat_s * 1000 else None
    return None


def _asked(check: Sighting, other: Sighting, rules: Rules) -> Pairing | None:
    """A check stands for the transfer that it precedes."""
    if other.cls is Class.CALL:
        return _call_transfer(other, check, rules)
    if other.cls is Class.CHAT and _follows(check, other, rules.windows.chat_transfer_s, rules):
        return Pairing.CHAT_TRANSFER
    return None


def _call_transfer(call: Sighting, transfer: Sighting, rules: Rules) -> Pairing | None:
    if _follows(transfer, call, rules.windows.call_transfer_near_s, rules):
        return Pairing.CALL_TRANSFER_NEAR
    if _follows(transfer, call, rules.windows.call_transfer_s, rules):
        return Pairing.CALL_TRANSFER
    return None


def _follows(later: Sighting, earlier: Sighting, window_s: int, rules: Rules) -> bool:
    """Begun while `earlier` lasted, or within the window after; the clocks may differ by the skew."""
    return earlier.start - rules.windows.clock_skew_s * 1000 <= later.start <= earlier.end + window_s * 1000


def _reported(report: Sighting, other: Sighting, rules: Rules) -> bool:
    windows = rules.windows
    return (
        other.end >= report.start - windows.report_s * 1000 and other.start <= report.end + windows.clock_skew_s * 1000
    )


def links(key: str, a: Sighting, b: Sighting, rules: Rules) -> Iterator[Link]:
    """What two sightings of `key` mean for the suspects that either names: a check suspects nobody, and corroborates
    no suspicion, however many of a courier's customers pay somebody soon after."""
    if Class.CHECK in (a.cls, b.cls):
        return
    relation = relate(key, a, b, rules)
    if relation is None:
        return
    apart = gap(a, b)
    yield from _towards(key, a, b, relation, apart)
    yield from _towards(key, b, a, relation, apart)


def _towards(key: str, a: Sighting, b: Sighting, relation: Pairing, apart: int) -> Iterator[Link]:
    """Links for the suspects of `a`. Where `b` names the suspect too, only a shared victim adds to what is known."""
    corroborates = relation in VICTIM_RELATIONS
    for suspect in a.suspects:
        if corroborates or suspect not in b.suspects:
            yield Link(
                suspect, key, relation, apart, a.member, a.event,
                b.member, b.event, b.sector, b.cls, b.start, b.end, b.money,
            )  # fmt: skip
