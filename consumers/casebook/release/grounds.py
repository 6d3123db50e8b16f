"""What each request of a case rests on, and what falls when a part of that is gone, at every hop.

Pure. A fall runs down the money's way, from a stop to those that followed from it, and ends at what an accepted report
names itself, and where other victims' money came too. What is merely absent is no fall, and never comes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    DISPUTE = "the suspicion that it rested on was found wrong"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `parent` is what it followed from, `reported` whether a report must cover it, `freed` why
    police decided to let go of it, if they did."""

    request_id: UUID
    parent: UUID | None
    target: str
    reported: bool
    freed: Cause | None = None


def fallen(
    asked: Sequence[Asked],
    named: AbstractSet[str],
    allowed: AbstractSet[str],
    *,
    withdrawn: bool,
    fed: Mapping[UUID, Cause | None] | None = None,
) -> dict[UUID, Cause]:
    """Those of a case's requests that have nothing left to rest on, each with why.

    `named` are the targets that reports name and police have not annulled; `withdrawn` says that no alert of the case
    stands. `fed`: onward stops whose money could be traced, with why nothing of it stands, or None where some does.
    """
    known = {one.request_id: one for one in asked}
    causes = {one.request_id: _cause(one, known, named, allowed, fed or {}, withdrawn=withdrawn) for one in asked}
    return {request_id: cause for request_id, cause in causes.items() if cause}


def _cause(
    one: Asked,
    known: dict[UUID, Asked],
    named: AbstractSet[str],
    allowed: AbstractSet[str],
    fed: Mapping[UUID, Cause | None],
    *,
    withdrawn: bool,
) -> Cause | None:
    if one.target in allowed:
        return Cause.ALLOWED
    if one.freed:
        return one.freed
    parent = _parent(one, known)
    if stands_alone(one, parent, named):
        return None
    inherited = _cause(parent, known, named, allowed, fed, withdrawn=withdrawn) if parent else None
    if one.request_id in fed and parent is not None and not (inherited and parent.target == one.target):
        return fed[one.request_id] and (inherited or fed[one.request_id])
    if inherited or (withdrawn and parent is None):
        return inherited or Cause.WITHDRAWN
    covered = one.target in named or (parent is not None and parent.reported)
    return Cause.ANNULLED if one.reported and not covered else None


def by_itself(one: Asked, known: Mapping[UUID, Asked], allowed: AbstractSet[str]) -> bool:
    """Whether what fell did so for its own account's sake, and not because of what it followed from."""
    parent = _parent(one, known)
    if one.target in allowed or one.freed or parent is None:
        return True
    return parent.target == one.target and by_itself(parent, known, allowed)


def _parent(one: Asked, known: Mapping[UUID, Asked]) -> Asked | None:
    """A stop that was restated for a report that came later names itself: it rests on what its case rests on."""
    return known.get(one.parent) if one.parent and one.parent != one.request_id else None


def stands_alone(one: Asked, parent: Asked | None, named: AbstractSet[str]) -> bool:
    """Whether an onward account is named by a report itself, and needs nothing of what came before it."""
    return parent is not None and parent.target != one.target and one.target in named
