"""Whether an act on a hold may be drafted: the table of its life, and the bounds that the act itself must have.

Pure. Sources: a stop is followed by a freeze with paper, which names an amount and a time; no act on a hold raises it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from alliance.authority import allows
from alliance.errors import Refused
from alliance.profiles import Profile
from consumers.casebook.lifecycle import HOLD, HoldEvent
from schemas.base import Money, Text
from schemas.requests import Action, AuthorityClass, HoldStatus

_EVENTS = {
    Action.EXTEND: HoldEvent.EXTEND,
    Action.REDUCE: HoldEvent.REDUCE,
    Action.FREEZE: HoldEvent.FREEZE,
    Action.RENEW: HoldEvent.RENEW,
    Action.RELEASE: HoldEvent.RELEASE,
}
_ON_PAPER = frozenset({Action.FREEZE, Action.RENEW})
_TEXT: TypeAdapter[str] = TypeAdapter(Text)


@dataclass(frozen=True, slots=True)
class HoldAct:
    """`amount` is what a reduced or frozen hold keeps, `duration_s` how long a freeze lasts from its execution, `paper`
    the SHA-256 of the document that it stands on, in hexadecimal."""

    hold_id: UUID
    action: Action
    reason: str
    amount: Money | None = None
    duration_s: int | None = None
    paper: str | None = None


class Hold(Protocol):
    """What of a hold decides."""

    @property
    def status(self) -> str: ...
    @property
    def minor(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def line(self) -> bool: ...


def check(act: HoldAct, hold: Hold | None) -> None:
    """Raises Refused with the first thing that stands against it."""
    if hold is None:
        raise Refused(f"There is no hold {act.hold_id}; see `afa holds`.")
    if hold.line and act.action is not Action.RELEASE:
        raise Refused(
            f"The hold {act.hold_id} is of a line and no money: it is lifted, or suspended anew, and no more."
        )
    if act.action not in _EVENTS or _EVENTS[act.action] not in HOLD[HoldStatus(hold.status)]:
        raise Refused(f"The hold {act.hold_id} is {hold.status}, and {act.action.value} is not open to it.")
    for fault in (*_amount(act, hold), *_time(act), *_reason(act)):
        raise Refused(fault)


def within_the_law(act: HoldAct, profile: Profile, renewed: int) -> None:
    """Raises Refused where the profile has no such act, or bounds it tighter. `renewed`: how often the freeze was."""
    if not allows(profile, act.action, AuthorityClass.POLICE_ORDER):
        raise Refused(f"Under the profile {profile.name} no officer can order this act: {act.action.value}.")
    freeze = profile.freeze
    if act.action not in _ON_PAPER or freeze is None:
        return
    if act.duration_s is not None and act.duration_s > freeze.duration_s.value:
        raise Refused(
            f"Under the profile {profile.name} a freeze lasts {freeze.duration_s.value // 86400} days at most."
        )
    if act.action is Action.RENEW and renewed >= freeze.renewals.value:
        raise Refused(f"Under the profile {profile.name} a freeze is renewed {freeze.renewals.value} times at most.")


def _amount(act: HoldAct, hold: Hold) -> Iterator[str]:
    amount, held = act.amount, f"{hold.minor} {hold.currency}, in minor units"
    if amount is None:
        if act.action is Action.REDUCE:
            yield f"Say what the reduced hold is to keep, of {held}."
    elif act.action not in (Action.REDUCE, Action.FREEZE):
        yield f"A {act.action.value} has no amount."
    elif amount.currency != hold.currency or not 0 < amount.minor <= hold.minor:
        yield f"The amount must lie within what is held: {held}."
    elif act.action is Action.REDUCE and amount.minor == hold.minor:
        yield f"That reduces nothing: held are {held}."


def _time(act: HoldAct) -> Iterator[str]:
    if act.action not in _ON_PAPER:
        if act.duration_s is not None or act.paper is not None:
            yield f"A {act.action.value} has no duration and no paper."
    elif act.duration_s is None or act.duration_s <= 0:
        yield f"Say for how long the {act.action.value} lasts."
    elif act.paper is None or not re.fullmatch(r"[0-9a-f]{64}", act.paper):
        yield "Say on which paper: the SHA-256 of the document, in hexadecimal."


def _reason(act: HoldAct) -> Iterator[str]:
    try:
        _TEXT.validate_python(act.reason)
    except ValidationError:
        yield "Say why in up to 500 characters."
