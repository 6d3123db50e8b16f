"""What the law of the place asks of those who authorise: by what class, how many officers, and of which ranks.

Pure. The hub and each member ask the same here, each of the registry and the profile that it has itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from alliance.errors import Refused
from alliance.keys.signatures import BadSignature, verify_object
from alliance.officers import officer_of
from alliance.profiles import Profile
from alliance.profiles.model import AuthorityRule
from alliance.registry import Registry
from schemas.base import Money
from schemas.requests import Action, AuthorityClass, Mandate


@dataclass(frozen=True, slots=True)
class Signer:
    """A police officer whose signature was verified."""

    unit: str
    officer: str
    rank: str


def allows(profile: Profile, action: Action, kind: AuthorityClass) -> bool:
    """Whether this class may authorise the action at the place."""
    rule = profile.authority.get(action)
    return rule is not None and kind in rule.by.value


def too_long(profile: Profile, action: Action, duration_s: int | None) -> str | None:
    """Why what is ordered may not last so long at the place, in words; None if it may. A stop, which one
    officer orders, would be a freeze by its length alone."""
    if action in (Action.STOP, Action.EXTEND):
        most = profile.stop.duration_s.value
    elif action in (Action.FREEZE, Action.RENEW) and profile.freeze is not None:
        most = profile.freeze.duration_s.value
    elif action is Action.SUSPEND:
        most = profile.suspend.duration_s.value
    else:
        return None
    if duration_s is None:
        # Of a hold of money its holder knows an end; a line would be cut off until somebody thinks of it.
        return "nobody has said for how long the line is suspended" if action is Action.SUSPEND else None
    return f"a {action.value} lasts {most} s at most, and this one {duration_s} s" if duration_s > most else None


def verified(jws: str, what: str, registry: Registry, now: datetime) -> tuple[Signer, dict[str, Any]]:
    """Who signed, and what. Raises Refused unless it is an officer, of active police, whose key is valid now."""
    try:
        kid, signed = verify_object(jws, partial(registry.key, at=now))
    except BadSignature as bad:
        raise Refused(f"The {what} does not verify ({bad}).") from bad
    unit, name = officer_of(kid, registry)
    member = registry.member(unit)
    assert member is not None
    rank = next(officer.rank for officer in member.officers if officer.officer == name)
    return Signer(unit, name, rank), signed


def missing(profile: Profile, action: Action, amount: Money | None, signers: Sequence[Signer]) -> str | None:
    """Whose signature the action still wants, in words; None if nobody's. What adds nothing changes no word of it."""
    rule = profile.authority.get(action)
    return "nobody may order it here" if rule is None else _missing(rule, amount, signers)


def missing_of_mandate(profile: Profile, mandate: Mandate, signers: Sequence[Signer]) -> str | None:
    """The same of a mandate: signed as the greatest of what it allows would have to be."""
    # A cap may be above any amount that a message can have.
    greatest = Money.model_construct(minor=mandate.caps.per_hold, currency=mandate.caps.currency)
    return next((why for action in mandate.actions if (why := missing(profile, action, greatest, signers))), None)


def _missing(rule: AuthorityRule, amount: Money | None, signers: Sequence[Signer]) -> str | None:
    more = _officers(rule, amount) - len({signer.officer for signer in signers})
    ranks = rule.ranks.value if rule.ranks else []
    of_rank = "" if not ranks or any(signer.rank in ranks for signer in signers) else f"the rank {' or '.join(ranks)}"
    if more > 1:
        return f"{more} officers, one of {of_rank}" if of_rank else f"{more} officers"
    if of_rank:
        return f"an officer of {of_rank}"
    return ("one more officer" if signers else "an officer") if more > 0 else None


def _officers(rule: AuthorityRule, amount: Money | None) -> int:
    """What has no bound that can be compared is taken to be above it."""
    officers = rule.officers.value if rule.officers else 1
    if rule.second_from is None:
        return officers
    bound = rule.second_from.value
    below = amount is not None and amount.currency == bound.currency and amount.minor < bound.minor
    return officers if below else max(officers, 2)
