"""The correlation by brute force, written from docs/correlation.md alone: what `streams.core` must equal.

Every function is one paragraph of that page. Must never share code with the correlation beyond the alert's own shape.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from streams.core.alert import Alert, Retraction
from tests.oracle.lead import OracleLead
from tests.oracle.pairs import Pair, is_asked, pairs
from tests.oracle.sightings import named_suspects, sightings
from tests.oracle.standing import epoch_of, standing
from tests.oracle.suspects import suspect_lead
from tests.oracle.victims import victim_at_risk

__all__ = ["OracleLead", "Pair", "leads"]


def leads(
    alerts: Sequence[Alert],
    retractions: Sequence[Retraction],
    rules: Mapping[str, Any],
    allowed: Collection[str] = (),
    epoch: str = "",
) -> dict[tuple[str, str], OracleLead]:
    """Every subject at Medium or above, by role ('suspect' or 'victim') and state key.

    `alerts` are the arrivals in any order, with their repetitions; `rules` is `streams/rules.toml` as parsed; `allowed`
    are the keys of what is allow-listed; `epoch` is the one under which leads are told, empty for any.
    """
    stand = [alert for alert in standing(alerts, retractions) if epoch in {"", epoch_of(alert)}]
    kept = sightings(stand, rules)
    found = pairs(kept, stand, alerts, rules)
    told = [pair for pair in found if not is_asked(pair)]
    subjects = {
        ("suspect", key): suspect_lead(key, kept, told, stand, rules)
        for key in {key for alert in stand for key in named_suspects(alert)}
    } | {("victim", key): victim_at_risk(key, found, rules) for key in {pair.through for pair in found}}
    return {subject: lead for subject, lead in subjects.items() if lead is not None and subject[1] not in allowed}
