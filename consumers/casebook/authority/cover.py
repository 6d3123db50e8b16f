"""Which mandate, if any, covers a stop: the only way in which a stop goes out without an officer's hand.

Pure. What is not covered in every respect is not covered; an amount is never cut down to fit a cap.
"""

from __future__ import annotations

from uuid import UUID

from alliance.authority import allows
from consumers.casebook.model import RANK, InForce, Law
from schemas.base import Money
from schemas.registry import Member
from schemas.requests import Action, Authority, AuthorityClass, Mandate
from schemas.risk import Level


def mandate_for(
    law: Law, action: Action, account: str, level: Level, hop: int, amount: Money | None, covered_by: UUID | None
) -> InForce | None:
    """The first mandate in force that covers the act in all its bounds."""
    if amount is None or not allows(law.profile, action, AuthorityClass.MANDATE):
        return None
    for held in law.mandates:
        mandate = held.mandate
        if (
            mandate.valid_from <= law.now < mandate.valid_to
            and action in mandate.actions
            and RANK[level] >= RANK[Level(mandate.min_level)]
            and (covered_by is not None or not _reported_only(law, mandate))
            and hop <= mandate.max_hop
            and _within_caps(law, mandate, account, amount)
        ):
            return held
    return None


def by_mandate(held: InForce, covered_by: UUID | None, law: Law) -> Authority:
    """A police unit's standing order."""
    mandate = held.mandate
    return Authority(
        authority=AuthorityClass.MANDATE,
        unit=mandate.unit,
        officers=mandate.officers,
        call_back=_call_back(law.registry.member(mandate.unit)),
        mandate=list(held.signatures),
        covered_by=covered_by,
        legal_basis=mandate.legal_basis,
    )


def by_officer(covered_by: UUID | None, law: Law) -> Authority:
    """A police order that an officer has yet to sign."""
    centre = law.registry.police()
    return Authority(
        authority=AuthorityClass.POLICE_ORDER,
        unit=centre.member if centre else None,
        call_back=_call_back(centre),
        covered_by=covered_by,
    )


def by_request(law: Law, authority: AuthorityClass = AuthorityClass.MEMBER_REQUEST) -> Authority:
    """The member's own risk control is asked, or it is only told."""
    centre = law.registry.police()
    return Authority(authority=authority, unit=centre.member if centre else None, call_back=_call_back(centre))


def _reported_only(law: Law, mandate: Mandate) -> bool:
    return mandate.report_required or law.profile.mandate.report_required.value


def _within_caps(law: Law, mandate: Mandate, account: str, amount: Money) -> bool:
    caps, usage = mandate.caps, law.usage
    return (
        amount.currency == caps.currency
        and 0 < amount.minor <= caps.per_hold
        and usage.account.get((mandate.mandate_id, account), 0) + amount.minor <= caps.per_account
        and usage.day.get(mandate.mandate_id, 0) + amount.minor <= caps.per_day
    )


def _call_back(member: Member | None) -> str | None:
    return member.call_back if member else None
