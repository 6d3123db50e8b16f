"""What follows where a victim is at risk: the bank delays and verifies, the carrier interrupts or warns, police call.

Pure. Each is asked once a victim, member and scam, however many leads speak of the same victim.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from consumers.casebook.asking.amounts import at_risk as amount_at_risk
from consumers.casebook.asking.drafting import Act, ask, unplaced
from consumers.casebook.asking.routing import to_member, to_police
from consumers.casebook.model import Case, Draft, Known, Law
from schemas.base import seconds
from schemas.identifiers import Identifier, IdentifierKind
from schemas.leads import Lead
from schemas.requests import Action

DESK = "police"
"""Who is asked to call: the police centre, whichever unit that is."""

_PHONE = frozenset({Action.INTERRUPT_LINE, Action.WARN})
"""Whichever the carrier was asked first is enough."""


def at_risk(lead: Lead, case: Case, law: Law) -> Iterator[Draft | None]:
    """The drafts of one victim's lead; what another lead of the same victim asked for is not asked again."""
    for act in _acts(lead, law):
        alike = _PHONE if act.action in _PHONE else {act.action}
        asked = [known for known in case.known if known.action in alike and known.asked == act.asked]
        same = [known for known in asked if (known.action, known.target) == (act.action, act.target.tokens[0])]
        if case.renewed and asked and all(_is_of_another_scam(known, law) for known in asked):
            yield ask(case, replace(act, attempt=_last(asked) + 1), law)
        elif same or not asked:
            yield ask(case, replace(act, attempt=_last(same)), law)


def _is_of_another_scam(known: Known, law: Law) -> bool:
    over = seconds(law.profile.desk.scam_s.value)
    return known.drafted_at is not None and known.drafted_at + over <= law.now


def _last(asked: Sequence[Known]) -> int:
    return max((known.attempt for known in asked), default=1)


def _acts(lead: Lead, law: Law) -> Iterator[Act]:
    subject = lead.subject
    target = Identifier(kind=subject.kind, tokens=[subject.token], holders=subject.holders[:4], basis=subject.basis)
    amount = amount_at_risk(lead, (), law.profile)
    reasons = (f"victim at risk, {lead.level.value}", f"stage {lead.stage.value}")
    yield Act(Action.CALL, target, to_police(law.registry), DESK, amount, reasons=reasons)
    # What the victim's other banks saw leave, and where the number is, is police's alone to know.
    target = unplaced(target)
    for bank in _members(lead, "suspicious-account", "risk-check"):
        for action in (Action.DELAY, Action.VERIFY):
            yield Act(action, target, to_member(bank, law.registry), bank, reasons=reasons)
    if subject.kind is IdentifierKind.NUMBER:
        for carrier in _members(lead, "suspicious-number"):
            action = Action.INTERRUPT_LINE if _is_talking(lead, carrier, law) else Action.WARN
            yield Act(action, target, to_member(carrier, law.registry), carrier, reasons=reasons)


def _members(lead: Lead, *kinds: str) -> list[str]:
    return list(dict.fromkeys(item.member for item in lead.evidence if item.kind in kinds))


def _is_talking(lead: Lead, carrier: str, law: Law) -> bool:
    """Whether the last sign of a call is fresh: a lead does not say more."""
    last = max(item.time for item in lead.evidence if item.member == carrier and item.kind == "suspicious-number")
    return last + seconds(law.profile.call.ongoing_s.value) >= law.now
