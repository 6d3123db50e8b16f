"""The chain as the `audit` topic has it, which the database's owner can't write.

Pure. Keeps 64 bytes an entry, so that the database can be read past it once. Must never drop what contradicts itself.
"""

from __future__ import annotations

from itertools import pairwise

from consumers.auditor.chain import DIGEST, Entry, link
from schemas.audit import AuditFault, Where, Wrong


class Copy:
    """`entries`: number → hash and body, as first told; `end`: the highest number."""

    def __init__(self) -> None:
        self.entries: dict[int, bytes] = {}
        self.faults: list[AuditFault] = []
        self.end = 0

    def take(self, entry: Entry) -> None:
        """The next entry on the topic. One that comes again as it was is no fault: it is written at least once."""
        number, body = entry.number, entry.body
        known = self.entries.get(number)
        if known is not None:
            if known != entry.hash + body:
                self._fault(Wrong.EDITED, number, "it stands there twice, with two contents")
            return
        before = self.entries.get(number - 1)
        if number < self.end:
            self._fault(Wrong.REORDERED, number, f"it stands behind entry {self.end}")
        if entry.hash != link(number, entry.previous, body):
            self._fault(Wrong.EDITED, number, "its hash is not that of its content")
        elif before is not None and before[:DIGEST] != entry.previous:
            self._fault(Wrong.BROKEN, number, f"it does not follow entry {number - 1} as that stands there")
        self.entries[number] = entry.hash + body
        self.end = max(self.end, number)

    def gaps(self) -> list[AuditFault]:
        """Entries that the topic lacks before its newest."""
        if len(self.entries) == self.end:
            return []
        numbers = [0, *sorted(self.entries)]
        holes = [(before + 1, after - 1) for before, after in pairwise(numbers) if after - before > 1]
        return [fault(Wrong.DELETED, Where.TOPIC, first, last, "the topic lacks it") for first, last in holes]

    def _fault(self, what: Wrong, number: int, detail: str) -> None:
        self.faults.append(fault(what, Where.TOPIC, number, number, detail))


def fault(what: Wrong, where: Where, first: int, last: int, detail: str) -> AuditFault:
    """Of one entry, or of several in a row."""
    return AuditFault(what=what, where=where, number=max(first, 0), last=last if last != first else None, detail=detail)
