"""Holds the database's chain against itself, against the copy on the topic, and against what the auditor signed.

Pure. Whoever can write one of the three alone can't make it agree with the other two. The database comes last: read
first, it would lack what came meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from consumers.auditor.chain import DIGEST, START, Act, Entry, link
from consumers.auditor.copy import Copy, fault
from consumers.auditor.differences import differences
from schemas.audit import AuditFault, AuditReport, Checkpoint, Where, Wrong

Stored = tuple[Entry, Sequence[Act | None]]
"""An entry of the database and its acts; None for one whose text was erased."""


def verify(copy: Copy, signed: Iterable[Checkpoint], stored: Iterable[Stored]) -> AuditReport:
    """All faults. `signed`: what was proven to be the auditor's. `stored` comes by number."""
    checkpoints: dict[int, set[bytes]] = {}
    for checkpoint in signed:
        checkpoints.setdefault(checkpoint.number, set()).add(bytes.fromhex(checkpoint.hash))
    told = len(copy.entries)
    topic = {number: copy.entries[number][:DIGEST] for number in checkpoints if number in copy.entries}
    faults = [*copy.faults, *copy.gaps(), *_disowned(Where.TOPIC, topic, checkpoints)]
    database = _Database(copy, checkpoints)
    for entry, acts in stored:
        database.take(entry, acts)
    faults += [*database.faults, *database.differing(), *_disowned(Where.DATABASE, database.signed, checkpoints)]
    return AuditReport(
        entries=database.entries,
        acts=database.acts,
        erased=database.erased,
        told=told,
        checkpoints=sum(map(len, checkpoints.values())),
        signed_to=max(checkpoints, default=0),
        faults=_once(faults),
    )


@dataclass(slots=True)
class _Database:
    """The database's chain on its way past the copy, which keeps at the end only what was not met."""

    copy: Copy
    checkpoints: Mapping[int, set[bytes]]
    faults: list[AuditFault] = field(default_factory=list)
    signed: dict[int, bytes] = field(default_factory=dict)
    entries: int = 0
    acts: int = 0
    erased: int = 0
    _number: int = 0
    _hash: bytes = START
    _here: dict[int, bytes] = field(default_factory=dict)
    _there: dict[int, bytes] = field(default_factory=dict)
    _untold: dict[int, bytes] = field(default_factory=dict)

    def take(self, entry: Entry, acts: Sequence[Act | None]) -> None:
        number, body = entry.number, entry.body
        self.entries += 1
        self._texts(entry, acts)
        if number < 1:
            self._note(Wrong.INSERTED, number, f"entry {number} stands before the first")
            return
        if number > self._number + 1:
            self._note(Wrong.DELETED, self._number + 1, "the database lacks it", last=number - 1)
        elif entry.previous != self._hash:
            self._note(Wrong.BROKEN, number, f"it does not follow entry {number - 1} as that stands there")
        if entry.hash != link(number, entry.previous, body):
            self._note(Wrong.EDITED, number, "its hash is not that of its content")
        self._number, self._hash = number, entry.hash
        self._compare(number, body)
        if number in self.checkpoints:
            self.signed[number] = entry.hash

    def differing(self) -> list[AuditFault]:
        """What the topic and the database have at the same numbers, and not alike."""
        original = self._there | {number: known[DIGEST:] for number, known in self.copy.entries.items()}
        known = set(original.values())
        pushed = {number: body for number, body in self._untold.items() if body in known}
        found = differences(original, self._here | pushed)
        return [
            *_each(Wrong.EDITED, found.edited, "the topic has it with another content"),
            *_each(Wrong.DELETED, found.deleted, "the topic has it, the database has not"),
            *_each(Wrong.INSERTED, found.inserted, "the topic has no such entry"),
            *(_fault(Wrong.REORDERED, number, f"it stands as entry {now} there") for number, now in found.moved),
        ]

    def _compare(self, number: int, body: bytes) -> None:
        known = self.copy.entries.pop(number, None)
        if number > self.copy.end:
            self._untold[number] = body
        elif known is not None and known[DIGEST:] != body:
            self._here[number], self._there[number] = body, known[DIGEST:]

    def _texts(self, entry: Entry, acts: Sequence[Act | None]) -> None:
        self.acts += len(acts)
        if len(acts) * DIGEST != len(entry.digests):
            self._note(Wrong.EDITED, entry.number, "it has more or fewer acts than it covers")
            return
        for place, act in enumerate(acts):
            if act is None:
                self.erased += 1
            elif act.digest != entry.digests[place * DIGEST : (place + 1) * DIGEST]:
                self._note(Wrong.EDITED, entry.number, f"its act {place + 1} is not the one that it covers")

    def _note(self, what: Wrong, number: int, detail: str, last: int | None = None) -> None:
        self.faults.append(_fault(what, number, detail, last))


def _fault(what: Wrong, number: int, detail: str, last: int | None = None) -> AuditFault:
    return fault(what, Where.DATABASE, number, number if last is None else last, detail)


def _each(what: Wrong, numbers: Sequence[int], detail: str) -> Iterator[AuditFault]:
    """One fault for each row of numbers without a hole, which are sorted."""
    first = 0
    for place, number in enumerate(numbers):
        if place + 1 == len(numbers) or numbers[place + 1] != number + 1:
            yield _fault(what, numbers[first], detail, number)
            first = place + 1


def _once(faults: Iterable[AuditFault]) -> list[AuditFault]:
    """Where two comparisons find the same, the first says it."""
    return list({(fault.what, fault.where, fault.number): fault for fault in reversed(list(faults))}.values())[::-1]


def _disowned(where: Where, hashes: Mapping[int, bytes], signed: Mapping[int, set[bytes]]) -> list[AuditFault]:
    """The first checkpoint with which the chain disagrees; behind it all must."""
    held = 0
    for number, wanted in sorted(signed.items()):
        if wanted != {hashes.get(number)}:
            why = "the auditor signed another chain" if number in hashes else f"the auditor signed entry {number}"
            there = "than stands there" if number in hashes else "which is not there"
            return [fault(Wrong.REWRITTEN, where, held + 1, number, f"{why} {there}")]
        held = number
    return []
