"""How payee, payer and phones of a check stand, cut down to what the asker may know.

Pure. The payee is what the question is about. That somebody is being defrauded is told to that customer's own bank
alone, and of nobody who is not in the question is anything told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from consumers.casebook.model import RANK
from consumers.riskdesk.view import Known, View
from schemas.identifiers import Identifier, PhoneRole
from schemas.leads import SubjectRole
from schemas.registry import Member
from schemas.risk import Level, RiskCheck

_REACHED = frozenset({PhoneRole.REGISTERED, PhoneRole.FAMILY})
"""On whose phones a customer is talked to; the correlation takes the same for the victim's."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The level of each party; `reported` where a victim has named the payee."""

    payee: Level = Level.NONE
    reported: bool = False
    at_risk: Level = Level.NONE
    """The payer, as a victim."""
    payer: Level = Level.NONE
    """The payer, as a suspect."""


def standing(check: RiskCheck, asker: Member, view: View, now: datetime) -> Standing:
    """What the view says at `now` of the parties of a check by `asker`."""
    payee = view.find(SubjectRole.SUSPECT, check.payee, now)
    level, reported = _highest([payee]), payee is not None and payee.reported
    if not set(check.payer.holders) & set(asker.routes):
        return Standing(level, reported)
    victims = [view.find(SubjectRole.VICTIM, phone, now) for phone in _phones(check, _REACHED)]
    victims.append(_own(view.find(SubjectRole.VICTIM, check.payer, now), asker))
    suspects = [
        view.find(SubjectRole.SUSPECT, one, now)
        for one in (check.payer, *_phones(check, frozenset({PhoneRole.REGISTERED})))
    ]
    return Standing(level, reported, _highest(victims), _highest(suspects))


def _own(known: Known | None, asker: Member) -> Known | None:
    """An account that others know to be kept elsewhere is not the asker's, whatever the check says."""
    if known is None or not known.subject.holders or set(known.subject.holders) & set(asker.routes):
        return known
    return None


def _phones(check: RiskCheck, roles: frozenset[PhoneRole]) -> Iterator[Identifier]:
    return (phone.identifier for phone in check.phones if phone.joinable and phone.role in roles)


def _highest(found: list[Known | None]) -> Level:
    return max((known.level for known in found if known), key=RANK.__getitem__, default=Level.NONE)
