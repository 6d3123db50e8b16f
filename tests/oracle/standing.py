"""Which alerts stand. Must never look at what an alert names."""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.alert import Alert, Class, Retraction

Id = tuple[str, bytes]


def id_of(alert: Alert) -> Id:
    return alert.member, alert.event


def epoch_of(alert: Alert) -> str:
    """The epoch under which the alert names its identifiers, all of them alike."""
    return next((named.key[1:].partition(":")[0] for named in alert.named), "")


def standing(alerts: Sequence[Alert], retractions: Sequence[Retraction]) -> list[Alert]:
    """Each standing alert once for each epoch that names it, however often it arrived."""
    once = {(id_of(alert), epoch_of(alert)): alert for alert in alerts}
    return [
        alert
        for alert in once.values()
        if not in_conflict(alert, alerts, retractions) and not withdrawn(alert, retractions)
    ]


def in_conflict(alert: Alert, alerts: Sequence[Alert], retractions: Sequence[Retraction]) -> bool:
    two_contents = any(id_of(other) == id_of(alert) and other.digest != alert.digest for other in alerts)
    said_so = any((r.member, r.event) == id_of(alert) and r.conflict for r in retractions)
    return two_contents or said_so


def withdrawn(alert: Alert, retractions: Sequence[Retraction]) -> bool:
    """By its member or by police; a victim report by police only."""
    return any(
        (r.member, r.event) == id_of(alert) and not r.conflict and (r.by_police or alert.cls != Class.REPORT)
        for r in retractions
    )
