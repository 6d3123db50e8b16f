"""Where a profile contradicts itself, or the alliance's own law, on who may authorise what.

Pure. The law that no profile can set aside: nothing is held, changed or cut off on a member's word.
"""

from __future__ import annotations

from collections.abc import Iterator

from alliance.profiles.model import AuthorityRule, Profile
from alliance.profiles.values import AtEnd, ReleaseWay
from schemas.requests import ABOUT_HOLDS, NEEDS_POLICE, Action, AuthorityClass

Found = Iterator[tuple[str, str]]
_SOMETIMES = frozenset({Action.FREEZE, Action.RENEW, Action.EXTEND, Action.RETURN})
"""Actions that a place may not have."""


def contradictions(profile: Profile) -> Found:
    """The place and why, action by action."""
    yield from _missing_or_needless(profile)
    yield from _by_hand(profile)
    yield from _releases(profile)
    for action, rule in profile.authority.items():
        place = f"authority.{action.value}"
        yield from ((f"{place}.{field}", why) for field, why in _classes(action, rule))
        yield from ((f"{place}.{field}", why) for field, why in _signatures(profile, rule))


def _missing_or_needless(profile: Profile) -> Found:
    has = {
        Action.FREEZE: (profile.freeze is not None, "[freeze]"),
        Action.RENEW: (profile.freeze is not None and profile.freeze.renewals.value > 0, "freeze.renewals"),
        Action.EXTEND: (profile.stop.most.value > 1, "stop.most"),
        Action.RETURN: (profile.returns is not None, "[returns]"),
    }
    for action in Action:
        listed = action in profile.authority
        if action not in _SOMETIMES:
            if not listed:
                yield f"authority.{action.value}", "it does not say who may authorise this action"
        elif listed and not has[action][0]:
            yield f"authority.{action.value}", f"{has[action][1]} leaves no room for this action"
        elif has[action][0] and not listed:
            yield f"authority.{action.value}", f"nobody may authorise what {has[action][1]} allows"


def _by_hand(profile: Profile) -> Found:
    """What an officer asks for, or decides on, nobody else could set going."""
    for action in sorted((ABOUT_HOLDS | {Action.SUSPEND}) & profile.authority.keys()):
        if not _allows(profile, action, AuthorityClass.POLICE_ORDER):
            yield f"authority.{action.value}.by", "it is asked for by an officer's hand, and no order may authorise it"


def _releases(profile: Profile) -> Found:
    """Whose word lets go must be able to: what nobody may say is not said, and the holder waits."""
    release, by_hub, by_mandate = profile.release, AuthorityClass.MEMBER_REQUEST, AuthorityClass.MANDATE
    mandated = _allows(profile, Action.STOP, by_mandate)
    lets_go = (
        ("member_measure", release.member_measure.value is ReleaseWay.AT_ONCE, by_hub),
        ("mandate", mandated and release.mandate.value is ReleaseWay.AT_ONCE, by_hub),
        ("mandate", mandated and release.mandate.value is ReleaseWay.AS_MANDATE_SAYS, by_mandate),
        ("order", release.order.value is ReleaseWay.AT_ONCE, by_hub),
        ("at_end", release.at_end.value is AtEnd.RELEASED, by_hub),
    )
    for place, asked, kind in lets_go:
        if asked and not _allows(profile, Action.RELEASE, kind):
            yield f"release.{place}", f"a {kind.value} lets go then, and authority.release.by has none"


def _allows(profile: Profile, action: Action, kind: AuthorityClass) -> bool:
    rule = profile.authority.get(action)
    return rule is not None and kind in rule.by.value


def _classes(action: Action, rule: AuthorityRule) -> Found:
    classes = rule.by.value
    if len(set(classes)) < len(classes):
        yield "by", "it names one twice"
    if action in NEEDS_POLICE:
        for kind in (AuthorityClass.MEMBER_REQUEST, AuthorityClass.ADVISORY):
            if kind in classes:
                yield "by", f"the law forbids that a {kind.value} authorises this action"


def _signatures(profile: Profile, rule: AuthorityRule) -> Found:
    ordered = AuthorityClass.POLICE_ORDER in rule.by.value
    if ordered and rule.officers is None:
        yield "officers", "it does not say how many officers sign an order"
    if not ordered:
        fields = (("ranks", rule.ranks), ("officers", rule.officers), ("second_from", rule.second_from))
        yield from (
            (name, "no officer's order can authorise this action") for name, value in fields if value is not None
        )
    if rule.ranks is not None and len(set(rule.ranks.value)) < len(rule.ranks.value):
        yield "ranks", "it names one twice"
    if rule.second_from is None:
        return
    if rule.officers is not None and rule.officers.value > 1:
        yield "second_from", "a second officer signs in any case"
    if rule.second_from.value.currency != profile.currency:
        yield "second_from", f"it is not in the profile's currency {profile.currency}"
    if rule.second_from.value.minor == 0:
        yield "second_from", "from nothing on is in any case; say officers = 2"
