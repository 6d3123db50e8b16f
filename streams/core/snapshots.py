"""Snapshots: a key's state turned into what `schemas.leads.Lead` says, for the suspect and for the victim at risk.

A snapshot is a plain dict in the shape of the schema, since thousands a second are made; tests hold it against
the schema.
"""

from __future__ import annotations

import base64
import hashlib
import math
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.base import MAX_MINOR
from schemas.leads import Relation as Why
from schemas.leads import Stage, SubjectRole
from schemas.risk import Level
from streams.core.alert import Role
from streams.core.evidence import judge
from streams.core.keys import kind_of, token_of
from streams.core.money import at_risk
from streams.core.risk import AtRisk, victim_at_risk
from streams.core.rules import Rules
from streams.core.score import direct_weight, link_weight
from streams.core.stage import stage
from streams.core.state import Link, Pairing, Said, Sighting, State

WHY: dict[Pairing, Why] = {
    Pairing.CALL_TRANSFER_NEAR: Why.CALL_TRANSFER,
    Pairing.CALL_TRANSFER: Why.CALL_TRANSFER,
    Pairing.CHAT_TRANSFER: Why.CHAT_TRANSFER,
    Pairing.CALL_CHAT: Why.CALL_CHAT,
    Pairing.REPORT: Why.REPORT,
    Pairing.SAME_SUSPECT: Why.SAME_SUSPECT,
    Pairing.SAME_DEVICE: Why.SAME_DEVICE,
    Pairing.SAME_IP: Why.SAME_IP,
}
KINDS = (
    "suspicious-account", "suspicious-account", "suspicious-number", "suspicious-handle", "victim-report", "risk-check",
)  # fmt: skip
BASES = ("typed", "observed", "verified")
FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_000
"""The first and the last second of the years 1 to 9999, in ms since 1970."""

Snapshot = dict[str, Any]


def lead_id(role: SubjectRole, key: str) -> str:
    """One lead for each subject and role, named by its key."""
    digest = hashlib.sha256(f"{role}:{key}".encode()).digest()[:16]
    return "L-" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def suspect_lead(state: State, key: str, rules: Rules) -> Snapshot | None:
    """The snapshot of the key as a suspect; None where nothing names it so, or it is no lead and never was."""
    judged = judge(state, rules)
    if judged is None or (judged.score.level is Level.NONE and state.said_suspect is None):
        return None
    evidence = [_direct(s, rules) for s in judged.direct]
    evidence += [_linked(k, rules) for _, k in sorted(judged.links.items())]
    return {
        "lead_id": lead_id(SubjectRole.SUSPECT, key),
        "revision": 0,
        "subject": _subject(SubjectRole.SUSPECT, key, judged.direct),
        "level": judged.score.level.value,
        "score": judged.score.probability,
        "log_odds": judged.score.log_odds,
        "sectors": sorted({item.sector for item in judged.items}),
        "members": sorted({item.id[0] for item in judged.items}),
        "evidence": evidence,
        "victims_named": judged.score.victims_named,
        "victims_corroborated": judged.score.victims_corroborated,
        "reported": any(item.report for item in judged.items),
        "amount_at_risk": _amounts(at_risk((s.id, t) for s in judged.direct for t in s.transfers)),
        "stage": stage(judged).value,
        "at": _time(judged.at),
        "expires_at": _time(judged.at + rules.windows.evidence_s * 1000),
        "rules_version": rules.version,
    }


def victim_lead(state: State, key: str, rules: Rules) -> Snapshot | None:
    """The snapshot of the key as a victim at risk; None where no call or chat of one member meets a transfer
    of another."""
    found = victim_at_risk(state, key, rules)
    if found is None:
        return None
    threshold = rules.levels.very_high if found.level is Level.VERY_HIGH else rules.levels.high
    return {
        "lead_id": lead_id(SubjectRole.VICTIM, key),
        "revision": 0,
        "subject": _subject(SubjectRole.VICTIM, key, found.sightings),
        "level": found.level.value,
        "score": threshold,
        "log_odds": round(math.log(threshold / (1 - threshold)), 6),
        "sectors": sorted({s.sector for s in found.sightings}),
        "members": sorted({s.member for s in found.sightings}),
        "evidence": [_meeting(found, s, rules) for s in found.sightings],
        "victims_named": 0,
        "victims_corroborated": 0,
        "reported": False,
        "amount_at_risk": _amounts(at_risk((s.id, t) for s in found.sightings for t in s.transfers)),
        "stage": (Stage.PRE_TRANSFER if found.pending else Stage.IN_FLIGHT).value,
        "at": _time(max(s.end for s in found.sightings)),
        "expires_at": _time(found.last_transfer + rules.windows.at_risk_s * 1000),
        "rules_version": rules.version,
    }


def said(snapshot: Snapshot | None) -> Said | None:
    """Fingerprints of a snapshot: of what must be told at once, and of all of it. None where there is no lead."""
    if snapshot is None or snapshot["level"] == Level.NONE.value:
        return None
    material = [snapshot[field] for field in ("level", "sectors", "stage", "amount_at_risk", "reported")]
    return Said(_fingerprint(material), _fingerprint(snapshot))


def withdrawn(role: SubjectRole, key: str, snapshot: Snapshot | None, rules: Rules, now: int) -> Snapshot:
    """What is published when a lead falls below Medium: level none, with what is still known."""
    if snapshot is not None:
        return {**snapshot, "level": Level.NONE.value}
    subject: dict[str, Any] = {
        "role": role.value,
        "kind": kind_of(key).value,
        "token": token_of(key),
        "holders": [],
        "basis": "observed",
    }
    return {
        "lead_id": lead_id(role, key), "revision": 0, "subject": subject, "level": Level.NONE.value, "score": 0.0,
        "log_odds": 0.0, "sectors": [], "members": [], "evidence": [], "victims_named": 0, "victims_corroborated": 0,
        "reported": False, "amount_at_risk": [], "stage": Stage.CONTACT.value, "at": _time(now),
        "expires_at": _time(now), "rules_version": rules.version,
    }  # fmt: skip


def spared(snapshot: Snapshot | None) -> Snapshot | None:
    """What an allow-list entry leaves of a lead: what is known of it, at level none."""
    return None if snapshot is None else {**snapshot, "level": Level.NONE.value}


def _subject(role: SubjectRole, key: str, sightings: tuple[Sighting, ...]) -> dict[str, Any]:
    """Kind, holders and basis as the best informed alerts know them: verified before observed before typed, newest
    first; and none knows what is so only after it."""
    wanted = Role.SUSPECT if role is SubjectRole.SUSPECT else Role.VICTIM
    mine = [s for s in sightings if s.role is wanted]
    ranked = sorted(mine, key=lambda s: (s.basis, min(s.as_of, s.end), s.end, s.id), reverse=True)
    return {
        "role": role.value,
        "kind": kind_of(key).value,
        "token": token_of(key),
        "holders": list(dict.fromkeys(holder for s in ranked for holder in s.holders)),
        "basis": BASES[ranked[0].basis],
    }


def _direct(sighting: Sighting, rules: Rules) -> dict[str, Any]:
    return {**_alert(sighting), "relation": Why.NAMED.value, "weight": round(direct_weight(sighting, rules), 6)}


def _alert(sighting: Sighting) -> dict[str, Any]:
    return {
        "member": sighting.member,
        "event_id": _uuid(sighting.event),
        "sector": sighting.sector,
        "kind": KINDS[sighting.cls],
        "time": _time(sighting.end),
        "via": None,
    }


def _linked(link: Link, rules: Rules) -> dict[str, Any]:
    return {
        "member": link.b_member,
        "event_id": _uuid(link.b_event),
        "sector": link.b_sector,
        "kind": KINDS[link.b_cls],
        "time": _time(link.b_end),
        "relation": WHY[link.relation].value,
        "weight": round(link_weight(link.relation, rules), 6),
        "via": {
            "kind": kind_of(link.via).value,
            "token": token_of(link.via),
            "other_member": link.a_member,
            "other_event": _uuid(link.a_event),
            "gap_s": link.gap // 1000,
        },
    }


def _meeting(found: AtRisk, sighting: Sighting, rules: Rules) -> dict[str, Any]:
    relation = found.relations[sighting.id]
    weight = round(link_weight(relation, rules), 6)
    return {**_alert(sighting), "relation": WHY[relation].value, "weight": weight}


def _amounts(sums: dict[str, int]) -> list[dict[str, Any]]:
    # More than one amount can be would make the lead unreadable.
    return [{"minor": min(minor, MAX_MINOR), "currency": currency} for currency, minor in sums.items()]


def _time(ms: int) -> str:
    """Beyond the years that can be written, the nearest: signals outlast the code that let them in."""
    return (
        datetime.fromtimestamp(min(max(ms, FIRST_MS), LAST_MS) / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _uuid(event: bytes) -> str:
    """As `str(UUID(bytes=event))`, at a fifth of its cost."""
    text = event.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _fingerprint(value: object) -> bytes:
    return hashlib.blake2b(msgspec.msgpack.encode(value), digest_size=8).digest()
