"""What the alliance knows now, in memory: the last snapshot of each subject that is a lead, until it expires.

Pure. Must never hold what an answer has no use for: no member, no evidence, no other subject.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.identifiers import Identifier
from schemas.leads import SubjectRole
from schemas.risk import Level

_SWEEP = 4_096


class Subject(msgspec.Struct, frozen=True, gc=False):
    role: SubjectRole
    token: str
    holders: tuple[str, ...]


class Known(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a lead. Out of the collector's sight, which would halt the desk over a million of them."""

    subject: Subject
    level: Level
    reported: bool
    expires_at: datetime


_decode = msgspec.json.Decoder(Known).decode


class View:
    """`apply` takes the records of `leads` in their order; `find` is what is known at a time."""

    def __init__(self) -> None:
        self._known: dict[tuple[SubjectRole, str], Known] = {}
        self._sweep_at = _SWEEP

    def __len__(self) -> int:
        return len(self._known)

    def apply(self, value: bytes, now: datetime) -> None:
        """Take a snapshot in place of the one before. Raises msgspec.MsgspecError for what is none."""
        lead = _decode(value)
        key = lead.subject.role, lead.subject.token
        if lead.level is Level.NONE or lead.expires_at <= now:
            self._known.pop(key, None)
            return
        self._known[key] = lead
        if len(self._known) >= self._sweep_at:
            self._sweep(now)

    def find(self, role: SubjectRole, identifier: Identifier, now: datetime) -> Known | None:
        """The lead about the identifier, by whichever of its tokens leads are kept."""
        for token in identifier.tokens:
            known = self._known.get((role, token))
            if known is not None and known.expires_at > now:
                return known
        return None

    def _sweep(self, now: datetime) -> None:
        """Each time that the view has doubled, so that forgetting costs nothing beside learning."""
        self._known = {key: known for key, known in self._known.items() if known.expires_at > now}
        self._sweep_at = max(_SWEEP, 2 * len(self._known))
