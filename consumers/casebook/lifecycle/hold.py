"""The life of a hold: the state of an account at its holder, from an executed stop to one of four ends.

Pure. A line that police have suspended at its carrier is held in the same way, and lives from `active` through
`release-proposed` to its end alone. Sources: the rules on urgent stop-payment and quick freeze (48 h, repeated once,
then a freeze with paper), the rules on the return of frozen funds (2016), the Anti-Telecom and Online Fraud Law, art.
20 (timely unfreeze and return).
"""

from __future__ import annotations

from enum import StrEnum

from schemas.requests import HoldStatus

H = HoldStatus


class HoldEvent(StrEnum):
    """What can happen to a hold, each with the rule that lets it."""

    ACTIVATE = "activate"
    """Its turn in the queue has come: earlier orders are first, and what they let go is held for this one (轮候). Its
    time counts from now, since a stop lasts from its execution."""
    EXTEND = "extend"
    """A stop of 48 h may be repeated once."""
    REDUCE = "reduce"
    """To less money, by the unit that ordered it: no more is held than the case needs. It never raises the amount."""
    FREEZE = "freeze"
    """After the stop comes a freeze with paper. A stop may cover the whole account, a freeze covers an amount: this is
    where it is reduced."""
    RENEW = "renew"
    """A freeze may be renewed, with paper again."""
    PROPOSE_RELEASE = "propose-release"
    """Its grounds fell, or an appeal was won: the unit that ordered it lifts it, and must lift it at once."""
    KEEP_QUEUED = "keep-queued"
    """Its unit declines the release, and it goes on to its end as what it was; one event for each status that it may
    have had, of which the database allows the one."""
    KEEP_ACTIVE = "keep-active"
    KEEP_REDUCED = "keep-reduced"
    KEEP_EXTENDED = "keep-extended"
    KEEP_FROZEN = "keep-frozen"
    KEEP_RENEWED = "keep-renewed"
    KEEP_PART_RETURNED = "keep-part-returned"
    RELEASE = "release"
    """The holder has let go, by the word of the unit that ordered it or of a mandate that says so in advance."""
    RETURN_PART = "return-part"
    """After the notice and its objections some victims have their money; the rest stays frozen."""
    RETURN = "return"
    """The same, and nothing is left."""
    EXPIRE = "expire"
    """Its time is over: no hold outlives it for want of attention."""
    DEDUCT = "deduct"
    """A court takes what is held; its judgement goes before any order of ours."""


X = HoldEvent
KEEPS = {
    H.QUEUED: X.KEEP_QUEUED,
    H.ACTIVE: X.KEEP_ACTIVE,
    H.REDUCED: X.KEEP_REDUCED,
    H.EXTENDED: X.KEEP_EXTENDED,
    H.FROZEN: X.KEEP_FROZEN,
    H.RENEWED: X.KEEP_RENEWED,
    H.PART_RETURNED: X.KEEP_PART_RETURNED,
}
"""How what was proposed for release goes on, by what it was before."""
_KEPT = {event: status for status, event in KEEPS.items()}
_ENDS = {X.RELEASE: H.RELEASED, X.EXPIRE: H.EXPIRED}
_IN_FORCE = {X.PROPOSE_RELEASE: H.RELEASE_PROPOSED, X.DEDUCT: H.DEDUCTED, **_ENDS}
_FROZEN = {X.RETURN_PART: H.PART_RETURNED, X.RETURN: H.RETURNED, **_IN_FORCE}

HOLD: dict[HoldStatus, dict[HoldEvent, HoldStatus]] = {
    # Nothing is held yet: there is nothing to reduce, to freeze or to return.
    H.QUEUED: {X.ACTIVATE: H.ACTIVE, X.PROPOSE_RELEASE: H.RELEASE_PROPOSED, **_ENDS},
    H.ACTIVE: {X.EXTEND: H.EXTENDED, X.REDUCE: H.REDUCED, X.FREEZE: H.FROZEN, **_IN_FORCE},
    H.REDUCED: {X.EXTEND: H.EXTENDED, X.REDUCE: H.REDUCED, X.FREEZE: H.FROZEN, **_IN_FORCE},
    # From here on a reduction keeps the status, which says what the law still allows: a stop is extended once at most,
    # and only what is frozen can be renewed or returned.
    H.EXTENDED: {X.REDUCE: H.EXTENDED, X.FREEZE: H.FROZEN, **_IN_FORCE},
    H.FROZEN: {X.REDUCE: H.FROZEN, X.RENEW: H.RENEWED, **_FROZEN},
    H.RENEWED: {X.REDUCE: H.RENEWED, X.RENEW: H.RENEWED, **_FROZEN},
    H.PART_RETURNED: {X.REDUCE: H.PART_RETURNED, X.RENEW: H.PART_RETURNED, **_FROZEN},
    # What has lost its reason is not prolonged. Its turn in the queue may still come before its unit has decided.
    H.RELEASE_PROPOSED: {
        X.ACTIVATE: H.RELEASE_PROPOSED,
        X.REDUCE: H.RELEASE_PROPOSED,
        X.DEDUCT: H.DEDUCTED,
        **_KEPT,
        **_ENDS,
    },
    H.RELEASED: {},
    H.RETURNED: {},
    H.EXPIRED: {},
    H.DEDUCTED: {},
}

HOLD_BEGINNINGS = frozenset({H.QUEUED, H.ACTIVE})
HOLD_ENDS = frozenset(status for status, moves in HOLD.items() if not moves)
UNENDED = frozenset(HOLD) - HOLD_ENDS
IN_FORCE = UNENDED - {H.QUEUED}
"""The account is held."""
ON_PAPER = frozenset({H.FROZEN, H.RENEWED, H.PART_RETURNED})
"""Held by a freeze, no longer by a stop."""
PROLONGS = frozenset({X.ACTIVATE, X.EXTEND, X.FREEZE, X.RENEW})
"""What sets the end anew; nothing else moves it."""


def hold_after(status: HoldStatus, event: HoldEvent) -> HoldStatus:
    """The hold's next status; the same one where the table lists nothing."""
    return HOLD[status].get(event, status)
