"""What the consumers' tests are made of: identifiers, leads, mandates and members, as messages of the contract."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from alliance.keys.tokens import TokenKeys
from consumers.casebook.model import Paid, Reported
from schemas.alerts import ReportedTransfer
from schemas.base import Money
from schemas.identifiers import Basis, Identifier, IdentifierKind
from schemas.leads import Evidence, Lead, Relation, Stage, Subject, SubjectRole, Via
from schemas.registry import Alliance, Member, Sector, SigningKey
from schemas.requests import Action, Caps, Mandate
from schemas.risk import Level

TOKENS = TokenKeys.generate()
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
KEY = "A" * 43
ROUTES = {"bank-one": "cnaps:1", "bank-two": "cnaps:2", "carrier-one": "carrier:one", "platform-one": "platform:one"}
SECTORS = {
    "bank-one": Sector.BANK,
    "bank-two": Sector.BANK,
    "carrier-one": Sector.CARRIER,
    "platform-one": Sector.PLATFORM,
    "police-one": Sector.POLICE,
}


def member(name: str, **over: Any) -> Member:
    fields = {
        "member": name,
        "name": name,
        "sector": SECTORS.get(name, Sector.BANK),
        "alliance": Alliance.COMPREHENSIVE,
        "routes": [ROUTES[name]] if name in ROUTES else [],
        "keys": [SigningKey(key_id="k1", public=KEY, valid_from=NOW - timedelta(days=400))],
        "seal_key": KEY,
    }
    return Member(**{**fields, **over})


def identifier(kind: IdentifierKind, value: str, *holders: str, basis: Basis = Basis.OBSERVED) -> Identifier:
    return Identifier(kind=kind, tokens=TOKENS.tokens(kind.value, value), holders=list(holders), basis=basis)


def account(value: str | None = None, *holders: str) -> Identifier:
    return identifier(IdentifierKind.ACCOUNT, value or secrets.token_hex(8), *(holders or ("cnaps:1",)))


def yuan(minor: int) -> Money:
    return Money(minor=minor, currency="CNY")


def reported(*paid: ReportedTransfer, by: str = "police-one", taken_at: datetime = NOW) -> Reported:
    """A report of these payments to one account."""
    return Reported(by, uuid4(), taken_at).and_also(
        Paid(number, each, each.payer.tokens[0] if each.payer else None) for number, each in enumerate(paid)
    )


def evidence(name: str, kind: str = "suspicious-account", **over: Any) -> Evidence:
    fields: dict[str, Any] = {
        "member": name,
        "event_id": uuid4(),
        "sector": SECTORS.get(name, Sector.BANK),
        "kind": kind,
        "time": NOW,
        "relation": Relation.NAMED,
        "weight": 2.0,
    }
    return Evidence(**{**fields, **over})


def via(other: Evidence) -> Via:
    """A link through a victim's number to `other`."""
    token = identifier(IdentifierKind.NUMBER, "a victim").tokens[0]
    return Via(kind=IdentifierKind.NUMBER, token=token, other_member=other.member, other_event=other.event_id, gap_s=60)


def lead(subject: Identifier, level: Level = Level.HIGH, role: SubjectRole = SubjectRole.SUSPECT, **over: Any) -> Lead:
    items = over.pop("evidence", None) or [evidence("bank-two"), evidence("carrier-one", "suspicious-number")]
    fields: dict[str, Any] = {
        "lead_id": "L-" + TOKENS.tokens(role.value, subject.tokens[0])[0].partition(":")[2],
        "subject": Subject(
            role=role, kind=subject.kind, token=subject.tokens[0], holders=subject.holders, basis=subject.basis
        ),
        "level": level,
        "score": 0.95,
        "log_odds": 3.0,
        "sectors": sorted({item.sector for item in items}),
        "members": sorted({item.member for item in items}),
        "evidence": items,
        "amount_at_risk": [yuan(5_000_000)],
        "stage": Stage.IN_FLIGHT,
        "at": NOW,
        "expires_at": NOW + timedelta(days=90),
        "rules_version": "test",
    }
    return Lead(**{**fields, **over})


def mandate(unit: str = "police-one", officer: str = "p100", mandate_id: UUID | None = None, **over: Any) -> Mandate:
    fields: dict[str, Any] = {
        "mandate_id": mandate_id or uuid4(),
        "unit": unit,
        "officers": [officer],
        "actions": [Action.STOP],
        "min_level": "high",
        "report_required": True,
        "max_hop": 3,
        "caps": Caps(currency="CNY", per_hold=10_000_000, per_account=20_000_000, per_day=50_000_000),
        "duration_s": 172_800,
        "release_at_once": True,
        "legal_basis": "Anti-Telecom and Online Fraud Law, art. 20",
        "valid_from": NOW - timedelta(days=1),
        "valid_to": NOW + timedelta(days=30),
    }
    return Mandate(**{**fields, **over})
