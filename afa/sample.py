"""One look at a running alliance: what its processes count, what its casebook holds. Changes nothing.

Counters of processes begin anew with each run; what the casebook holds is of all time.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException

from prometheus_client.parser import text_string_to_metric_families

from afa.runfile import Process
from schemas.base import Money
from schemas.leads import Lead

_TIMEOUT_S = 1.0
_HOST = "127.0.0.1"
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """What there is after `up_s` seconds. `spared` are leads that the allow-list spared, `saturated` are identifiers,
    `changed` the leads that changed since the sample before."""

    up_s: float
    now: datetime
    rate: float
    alerts: Counts
    quarantined: Counts
    leads: Counts
    requests: Counts
    answers: Counts
    checks: Counts
    """Risk-checks answered, by what was advised."""
    holds: int
    held: Sequence[Money]
    spared: int
    saturated: int
    disbelieved: int
    """Records of the registry that the registrar has not signed, once for each process that met it."""
    changed: Sequence[Lead]

    def counts(self) -> dict[str, Counts]:
        """Each count by its parts, under the name it is shown by."""
        return {
            "alerts": self.alerts,
            "quarantined": self.quarantined,
            "leads": self.leads,
            "requests": self.requests,
            "answers": self.answers,
            "risk-checks": self.checks,
        }


def counters(processes: Iterable[Process]) -> dict[str, dict[str, float]]:
    """Metric name → value of its first label ("" if it has none) → sum over the processes that answer."""
    sums: dict[str, dict[str, float]] = {}
    for process in processes:
        for family in text_string_to_metric_families(_scrape(process.metrics_port)):
            for sample in family.samples:
                label = next(iter(sample.labels.values()), "")
                by_label = sums.setdefault(sample.name, {})
                by_label[label] = by_label.get(label, 0.0) + sample.value
    return sums


def _scrape(port: int) -> str:
    """The text of a metrics page; nothing while the process still starts."""
    if not port:
        return ""
    try:
        with urllib.request.urlopen(f"http://{_HOST}:{port}/metrics", timeout=_TIMEOUT_S) as page:
            text: str = page.read().decode()
            return text
    except (OSError, HTTPException):
        return ""
