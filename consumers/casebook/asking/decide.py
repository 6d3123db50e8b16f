"""What follows from a lead: the table of the alliance's rules, turned into drafts of requests.

Pure, and the only place that decides what is asked because of a lead. What was asked before is not drafted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from consumers.casebook.asking import victims
from consumers.casebook.asking.amounts import at_risk, to_stop
from consumers.casebook.asking.drafting import Act, ask, order, stop, unplaced
from consumers.casebook.asking.matching import match_of
from consumers.casebook.asking.routing import Route, to_holder, to_member
from consumers.casebook.model import LINES, RANK, Case, Draft, Law, Reported
from schemas.identifiers import Identifier, IdentifierKind
from schemas.leads import Lead, Relation, SubjectRole
from schemas.registry import Sector
from schemas.requests import Action, AuthorityClass, Request, RequestStatus
from schemas.risk import Level

ACCOUNTS = frozenset(
    {IdentifierKind.ACCOUNT, IdentifierKind.CARD, IdentifierKind.PAYMENT_ACCOUNT, IdentifierKind.WALLET}
)
HANDLES = frozenset({IdentifierKind.HANDLE, IdentifierKind.URL, IdentifierKind.APP})
_MONEY = frozenset({Sector.BANK, Sector.PAYMENT})

Drafts = Iterator[Draft | None]


def decide(lead: Lead, case: Case, reports: Sequence[Reported], law: Law) -> list[Draft]:
    """The requests that the lead calls for now. `reports` are accepted and name the lead's subject."""
    if RANK[lead.level] < RANK[Level.MEDIUM]:
        return []
    if lead.subject.role is SubjectRole.VICTIM:
        drafts = victims.at_risk(lead, case, law)
    elif lead.subject.kind in ACCOUNTS:
        drafts = _account(lead, case, reports, law)
    elif lead.level is Level.MEDIUM:
        return []
    elif lead.subject.kind in LINES:
        drafts = _number(lead, case, reports, law)
    elif lead.subject.kind in HANDLES:
        drafts = _handle(lead, case, reports, law)
    else:
        return []
    return [draft for draft in drafts if draft is not None]


def suspend_again(case: Case, ended: Request, law: Law, covered_by: UUID | None) -> Draft | None:
    """A suspension whose time is over once more: police have it as long as they order it anew, each time by a hand."""
    act = Act(
        Action.SUSPEND,
        ended.target,
        to_holder(ended.target.holders, law.registry),
        attempt=ended.attempt + 1,
        reasons=["the suspension before this has run out"],
        parent=ended.request_id,
    )
    return order(case, act, law, covered_by)


def target_of(lead: Lead) -> Identifier:
    """The lead's subject as a request names it."""
    subject = lead.subject
    return Identifier(kind=subject.kind, tokens=[subject.token], holders=subject.holders[:4], basis=subject.basis)


def newest(reports: Sequence[Reported]) -> UUID:
    """The report that covers what is asked because of these."""
    return max(reports, key=lambda report: (report.taken_at, report.event_id)).event_id


def _account(lead: Lead, case: Case, reports: Sequence[Reported], law: Law) -> Drafts:
    target, route = target_of(lead), to_holder(lead.subject.holders, law.registry)
    reasons = why(lead)
    if lead.level is Level.MEDIUM:
        for action in (Action.QUERY, Action.WATCH) if reports else (Action.WATCH,):
            act = Act(action, target, route, attempt=_attempt(case), reasons=reasons)
            yield ask(case, act, law, AuthorityClass.ADVISORY)
        return
    drafted = None
    if reports:
        drafted = _stop(lead, case, reports, law)
        yield drafted
    # Under a stop the account is held already; while an officer has yet to decide, it is not.
    if not _is_stopped(case, drafted):
        yield from _delay(lead, case, law, target, route)


def _stop(lead: Lead, case: Case, reports: Sequence[Reported], law: Law) -> Draft | None:
    told = max(reports, key=lambda report: (report.greatest is not None, report.taken_at, report.event_id))
    act = Act(
        Action.STOP,
        target_of(lead),
        to_holder(lead.subject.holders, law.registry),
        amount=to_stop(lead, reports, law.profile),
        match=match_of(told.greatest, law.profile),
        attempt=_attempt(case),
        reasons=why(lead),
    )
    return stop(case, act, law, told.event_id)


def _delay(lead: Lead, case: Case, law: Law, target: Identifier, route: Route) -> Drafts:
    """Both banks: the payee's by its route, the payer's are who reported transfers to the subject. What other banks'
    customers paid, and where the account is, is not the payer's bank's to know."""
    amount = at_risk(lead, (), law.profile)
    asked = [Act(Action.DELAY, target, route, amount=amount)]
    asked += [
        Act(Action.DELAY, unplaced(target), to_member(member, law.registry), member)
        for member in _reporters(lead)
        if member != route.to
    ]
    for act in asked:
        for action in (Action.DELAY, Action.VERIFY):
            yield ask(case, replace(act, action=action, attempt=_attempt(case), reasons=why(lead)), law)


def _number(lead: Lead, case: Case, reports: Sequence[Reported], law: Law) -> Drafts:
    target, route = target_of(lead), to_holder(lead.subject.holders, law.registry)
    for action in (Action.WARN, Action.QUERY):
        yield ask(case, Act(action, target, route, attempt=_attempt(case), reasons=why(lead)), law)
    # A line that is suspended is not suspended beside that: it is anew once the time is over.
    if reports and not case.suspended:
        act = Act(Action.SUSPEND, target, route, attempt=_attempt(case), reasons=why(lead))
        yield order(case, act, law, newest(reports))


def _handle(lead: Lead, case: Case, reports: Sequence[Reported], law: Law) -> Drafts:
    target, route = target_of(lead), to_holder(lead.subject.holders, law.registry)
    for action in (Action.QUERY, Action.TAKEDOWN):
        yield ask(case, Act(action, target, route, attempt=_attempt(case), reasons=why(lead)), law)
    # What the platform did not do when asked, it is ordered to: a second attempt, on which an officer decides.
    asked = [known for known in case.known if known.action is Action.TAKEDOWN and known.attempt == _attempt(case)]
    if reports and any(known.status in _UNDONE for known in asked):
        act = Act(Action.TAKEDOWN, target, route, attempt=_attempt(case) + 1, reasons=why(lead))
        yield order(case, act, law, newest(reports))


_UNDONE = frozenset({RequestStatus.REFUSED, RequestStatus.FAILED})
_UNHELD = frozenset({*_UNDONE, RequestStatus.DRAFTED, RequestStatus.AWAITING_AUTHORISATION, RequestStatus.CANCELLED})


def _is_stopped(case: Case, drafted: Draft | None) -> bool:
    if drafted is not None:
        return drafted.status is RequestStatus.DRAFTED and drafted.to is not None
    return any(
        known.action is Action.STOP and known.status not in _UNHELD and not (known.spent and case.renewed)
        for known in case.known
    )


def _reporters(lead: Lead) -> list[str]:
    named = [item for item in lead.evidence if item.relation is Relation.NAMED and item.sector in _MONEY]
    return list(dict.fromkeys(item.member for item in named if item.kind == "suspicious-account"))


def _attempt(case: Case) -> int:
    """After all that a case rested on had fallen, what newly supports it begins anew."""
    return case.releases + 1


def why(lead: Lead) -> list[str]:
    """What a member is told of the lead: its level, how many see it, how far it is. No identifier; and no sector, of
    which there may be but one member."""
    seen = f"seen by {len(lead.members)} members of {len(lead.sectors)} sectors"
    texts = [f"level {lead.level.value}", seen, f"stage {lead.stage.value}"]
    return texts if lead.victims_corroborated == 0 else [*texts, f"{lead.victims_corroborated} victims corroborated"]
