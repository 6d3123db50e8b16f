"""Takes samples of a run: counters from its processes' metrics pages, the rest from the casebook.

Reads only, and never fails because a process still starts: what does not answer counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Engine

from afa.runfile import Process
from afa.sample import Sample, counters
from alliance.clock import AllianceClock, wall_seconds_now
from consumers.casebook.views import listings
from schemas.base import Money
from schemas.risk import Level

_ALERTS = "afa_intake_events_accepted_total"
_QUARANTINED = "afa_intake_quarantined_total"
_CHECKS = "afa_riskdesk_answers_total"
SPARED = "afa_correlate_spared_total"
_SATURATED = "afa_correlate_saturated"
_REFUSED = "afa_registry_refused_total"


class Sampler:
    """`up_since` is Unix wall time. Each sample brings the leads that changed since the one before."""

    def __init__(self, engine: Engine, processes: Iterable[Process], clock: AllianceClock, up_since: float) -> None:
        self._engine = engine
        self._processes = list(processes)
        self._clock = clock
        self._up_since = up_since
        self._cursor = 0

    def take(self) -> Sample:
        counted = counters(self._processes)
        with self._engine.connect() as db:
            totals = listings.totals(db)
            page = listings.leads(db, self._cursor)
        self._cursor = page.after
        return Sample(
            up_s=wall_seconds_now() - self._up_since,
            now=self._clock.now(),
            rate=self._clock.rate,
            alerts=_whole(counted.get(_ALERTS, {})),
            quarantined=_whole(counted.get(_QUARANTINED, {})),
            leads={level: count for level, count in totals.leads.items() if level != Level.NONE},
            requests=totals.requests,
            answers=totals.answers,
            checks=_whole(counted.get(_CHECKS, {})),
            holds=totals.holds.get("active", 0),
            held=[Money(minor=minor, currency=currency) for currency, minor in sorted(totals.held_minor.items())],
            spared=sum(_whole(counted.get(SPARED, {})).values()),
            disbelieved=sum(_whole(counted.get(_REFUSED, {})).values()),
            saturated=sum(_whole(counted.get(_SATURATED, {})).values()),
            changed=page.items,
        )


def _whole(values: Mapping[str, float]) -> dict[str, int]:
    return {label: int(value) for label, value in values.items()}
