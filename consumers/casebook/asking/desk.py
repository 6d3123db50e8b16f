"""What the police desk can call in a day: a call beyond that is drafted and shown with the reason, and not sent. Pure.

It goes out as soon as the desk has room, the gravest first. Must never drop a call, nor let one wait for a lower of the
same turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from consumers.casebook.model import RANK, Draft
from schemas.requests import Action

FULL = "the desk has as many calls as it can make in a day"


def within(drafts: Sequence[Draft], left: int) -> list[Draft]:
    """The drafts in their order; of the calls among them the `left` of the highest level keep their route."""
    calls = sorted((draft for draft in drafts if is_call(draft)), key=lambda draft: -RANK[draft.level])
    beyond = {draft.request_id for draft in calls[max(left, 0) :]}
    return [replace(d, to=None, unroutable=FULL) if d.request_id in beyond else d for d in drafts]


def is_call(draft: Draft) -> bool:
    """A call that somebody could be asked to make."""
    return draft.action is Action.CALL and draft.to is not None
