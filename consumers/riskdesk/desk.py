"""One record of `risk-check` in, one letter for each good check in it out.

What is refused here is refused by the stream, too, which reads the same topic by the same rules: the stream quarantines
it and tells the member, the desk only does not answer. Must never send anything itself.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alliance import metrics
from alliance.admission import LIMITS, Accepted, Record, admit
from alliance.registry import Registry
from consumers.riskdesk.advice import advise
from consumers.riskdesk.standing import standing
from consumers.riskdesk.view import View
from schemas.registry import Member
from schemas.risk import RiskAnswer, RiskCheck

_REMEMBERED = 20_000
PATIENCE_S = 60.0
"""Nobody waits as long with a customer's money; after an outage those who wait now come first."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One record for `to.<member>`; `digest` is of the check that it answers."""

    member: str
    key: str
    value: str
    digest: bytes


class Desk:
    """Remembers its latest answers, so that a check that comes again gets the same."""

    def __init__(self, registry: Registry, view: View, remembered: int = _REMEMBERED) -> None:
        self._registry, self._view, self._room = registry, view, remembered
        self._given: OrderedDict[tuple[str, UUID], Letter] = OrderedDict()

    def answer(self, record: Record, now: datetime, waited_s: float) -> list[Letter]:
        """The answers at alliance time `now`, in the order of the checks; none to what has waited too long."""
        if waited_s > PATIENCE_S:
            metrics.RISK_STALE.inc()
            return []
        found = admit(record, self._registry, now, LIMITS)
        for refusal in found.refusals:
            metrics.RISK_REFUSED.labels(refusal.reason.value).inc()
        if found.member is None:
            return []
        letters = [self._one(accepted, found.member, now) for accepted in found.accepted]
        return [letter for letter in letters if letter is not None]

    def _one(self, accepted: Accepted, asker: Member, now: datetime) -> Letter | None:
        event = accepted.event
        assert isinstance(event.data, RiskCheck)
        known = self._given.get((asker.member, event.id))
        if known is not None:
            metrics.RISK_REPEATED.inc()
            # Another content under the same id: the first answer stands, and the stream tells of the conflict.
            return known if known.digest == accepted.digest else None
        letter = Letter(asker.member, str(event.id), self._said(event.id, event.data, asker, now), accepted.digest)
        self._given[(asker.member, event.id)] = letter
        if len(self._given) > self._room:
            self._given.popitem(last=False)
        return letter

    def _said(self, check_id: UUID, check: RiskCheck, asker: Member, now: datetime) -> str:
        verdict = advise(standing(check, asker, self._view, now))
        metrics.RISK_ANSWERS.labels(asker.member, verdict.advice.value).inc()
        answer = RiskAnswer(
            check_id=check_id,
            to=asker.member,
            level=verdict.level,
            reasons=list(verdict.reasons),
            advice=verdict.advice,
            at=now,
        )
        return answer.model_dump_json()
