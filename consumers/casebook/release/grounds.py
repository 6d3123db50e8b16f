"""What each request of a case rests on, and what falls when a part of that is gone, at every hop.

Pure. A fall runs down the money's way, from a stop to those that followed from it, and ends at what an accepted report
names itself. What is merely absent is no fall, and never comes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Cause(StrEnum):
    """Why something is let go, in words that its member and its unit read."""

    WITHDRAWN = "the alerts that it rested on were withdrawn"
    ANNULLED = "the report that covered it was annulled"
    ALLOWED = "an account that it rested on is allow-listed"
    APPEAL = "an appeal was won against what it rested on"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `parent` is what it followed from, `reported` whether a report must cover it, `freed` whether an
    appeal against it was won."""

    request_id: UUID
    parent: UUID | None
    target: str
    reported: bool
    freed: bool = False


def fallen(
    asked: Sequence[Asked], named: AbstractSet[str], allowed: AbstractSet[str], *, withdrawn: bool
) -> dict[UUID, Cause]:
    """Those of a case's requests that have nothing left to rest on, each with why.

    `named` are the targets that reports name and police have not annulled; `withdrawn` says that no alert of the case
    stands.
    """
    known = {one.request_id: one for one in asked}
    causes = {one.request_id: _cause(one, known, named, allowed, withdrawn=withdrawn) for one in asked}
    return {request_id: cause for request_id, cause in causes.items() if cause}


def _cause(
    one: Asked, known: dict[UUID, Asked], named: AbstractSet[str], allowed: AbstractSet[str], *, withdrawn: bool
) -> Cause | None:
    if one.target in allowed:
        return Cause.ALLOWED
    if one.freed:
        return Cause.APPEAL
    # A stop that was restated for a report that came later names itself: it rests on what its case rests on.
    parent = known.get(one.parent) if one.parent and one.parent != one.request_id else None
    if stands_alone(one, parent, named):
        return None
    inherited = _cause(parent, known, named, allowed, withdrawn=withdrawn) if parent else None
    if inherited or (withdrawn and parent is None):
        return inherited or Cause.WITHDRAWN
    covered = one.target in named or (parent is not None and parent.reported)
    return Cause.ANNULLED if one.reported and not covered else None


def stands_alone(one: Asked, parent: Asked | None, named: AbstractSet[str]) -> bool:
    """Whether an onward account is named by a report itself, and needs nothing of what came before it."""
    return parent is not None and parent.target != one.target and one.target in named
