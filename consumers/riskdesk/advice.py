"""From how the parties stand to a level, reasons and advice. Pure, and a table a person can check.

Nobody orders anything here: a member decides by its own risk control. So the advice is the mildest that keeps the money
where it can still be saved, and what can be undone comes before what can't (docs/risk-check.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from consumers.casebook.model import RANK
from consumers.riskdesk.standing import Standing
from schemas.risk import Advice, Level

ADVICE: dict[Level, Advice] = {
    Level.NONE: Advice.PROCEED,
    Level.MEDIUM: Advice.VERIFY,
    Level.HIGH: Advice.DELAY,
    Level.VERY_HIGH: Advice.DELAY,
}
"""By the highest level among the parties."""


@dataclass(frozen=True, slots=True)
class Verdict:
    level: Level
    reasons: tuple[str, ...]
    advice: Advice


def advise(standing: Standing) -> Verdict:
    """What the asker is told."""
    level = max((standing.payee, standing.at_risk, standing.payer), key=RANK.__getitem__)
    advice = Advice.DECLINE if _is_named_by_a_victim(standing) else ADVICE[level]
    return Verdict(level, tuple(_reasons(standing)), advice)


def _is_named_by_a_victim(standing: Standing) -> bool:
    """The one ground for turning a customer away that is more than an inference: and still it takes more than a report,
    which alone makes nobody Very High."""
    return standing.payee is Level.VERY_HIGH and standing.reported


def _reasons(standing: Standing) -> Iterator[str]:
    if standing.payee is not Level.NONE:
        yield f"the payee is suspected of fraud ({standing.payee.value})"
        if standing.reported:
            yield "a victim has reported the payee"
    if standing.at_risk is not Level.NONE:
        yield f"the payer was called or messaged by a suspect before this payment ({standing.at_risk.value})"
    if standing.payer is not Level.NONE:
        yield f"the payer's own account or phone is suspected of fraud ({standing.payer.value})"
