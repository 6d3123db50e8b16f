"""The live view: what a person sees of a run, and what a log gets of it when there is no terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from afa.live import View
from afa.sample import Sample
from schemas.base import Money
from schemas.identifiers import IdentifierKind
from schemas.leads import Lead, Stage, Subject, SubjectRole
from schemas.registry import Sector
from schemas.risk import Level

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


def lead(number: int = 1, level: Level = Level.HIGH, **over: Any) -> Lead:
    fields = {
        "lead_id": f"L-{number:022}",
        "subject": Subject(role=SubjectRole.SUSPECT, kind=IdentifierKind.ACCOUNT, token=f"e1:{number:022}"),
        "level": level,
        "score": 0.93,
        "log_odds": 2.6,
        "sectors": [Sector.BANK, Sector.CARRIER, Sector.PLATFORM],
        "members": ["bank-a"],
        "evidence": [],
        "amount_at_risk": [Money(minor=5_000_000, currency="CNY")],
        "stage": Stage.IN_FLIGHT,
        "at": NOW,
        "expires_at": NOW + timedelta(days=90),
        "rules_version": "1",
    }
    return Lead(**{**fields, **over})


def sample(up_s: float = 1.0, alerts: int = 0, changed: tuple[Lead, ...] = (), **over: Any) -> Sample:
    fields: dict[str, Any] = {
        "up_s": up_s,
        "now": NOW,
        "rate": 600.0,
        "alerts": {"suspicious-account": alerts},
        "quarantined": {"unsigned": 2},
        "leads": {"high": 1},
        "requests": {"executed": 3, "sent": 1},
        "answers": {"executed": 3},
        "checks": {"delay": 2, "proceed": 5},
        "holds": 1,
        "held": [Money(minor=1234567, currency="CNY")],
        "spared": 0,
        "saturated": 0,
        "disbelieved": 0,
        "changed": changed,
    }
    return Sample(**{**fields, **over})


def drawn(*samples: Sample, terminal: bool, width: int = 100) -> str:
    text = io.StringIO()
    with View(Console(file=text, force_terminal=terminal, width=width, color_system=None)) as view:
        for each in samples:
            view.update(each)
    return text.getvalue()


def test_without_a_terminal_there_is_a_plain_line_every_few_seconds() -> None:
    text = drawn(sample(0.5, 10), sample(1.0, 20), sample(6.0, 300), terminal=False)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert len(lines) == 2
    assert "up 6 s: alerts 300, quarantined 2, leads 1, requests 4, answers 3, risk-checks 7" in lines[1]
    assert "held 12,345.67 CNY in 1 hold" in lines[1]


def test_a_terminal_shows_totals_rates_and_parts_within_100_columns() -> None:
    text = drawn(sample(1.0, 1000), sample(3.0, 5000, (lead(),)), terminal=True)
    picture = text[text.rindex("Anti-fraud alliance") :]
    rows = {line.split("  ")[0].strip(): line for line in picture.splitlines()}
    assert "5,000" in rows["Alerts"]
    assert "2,000.0" in rows["Alerts"]
    assert "executed 3  sent 1" in rows["Requests"]
    assert "12,345.67 CNY" in rows["Held"]
    assert "bank, carrier, platform" in picture
    assert max(len(line.rstrip()) for line in picture.splitlines()) <= 100


def test_a_lead_is_shown_once_as_it_last_was_and_no_longer_when_it_fell() -> None:
    higher = lead(level=Level.VERY_HIGH)
    shown = drawn(sample(1, changed=(lead(), lead(2))), sample(2, changed=(higher,)), terminal=True)
    last = shown[shown.rindex("Newest leads") :]
    assert (last.count("very-high"), last.count(" high ")) == (1, 1)
    fallen = drawn(sample(1, changed=(lead(),)), sample(2, changed=(lead(level=Level.NONE),)), terminal=True)
    assert "No lead of level High or above yet." in fallen[fallen.rindex("Anti-fraud alliance") :]


def test_a_counter_that_began_anew_shows_no_negative_rate() -> None:
    text = drawn(sample(1.0, 1000), sample(2.0, 0), terminal=True)
    assert "-" not in text[text.rindex("Alerts") :].splitlines()[0]


@pytest.mark.parametrize("role", list(SubjectRole))
def test_a_victim_at_risk_is_told_from_a_suspect(role: SubjectRole) -> None:
    subject = Subject(role=role, kind=IdentifierKind.NUMBER, token="e1:" + "0" * 22)
    text = drawn(sample(changed=(lead(subject=subject),)), terminal=True)
    assert ("victim's number" in text) is (role is SubjectRole.VICTIM)
