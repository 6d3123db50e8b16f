"""The rules as a value: windows, caps, weights and levels, with their shapes checked when they are parsed.

`streams/rules.toml` is the first version; a lead names the version that judged it.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Admission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds an event may be old, or ahead, when it arrives."""

    max_age_s: int
    max_future_s: int


class Windows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds of event time."""

    call_transfer_s: int
    call_transfer_near_s: int
    clock_skew_s: int
    chat_transfer_s: int
    call_chat_s: int
    report_s: int
    suspect_s: int
    device_s: int
    ip_s: int
    evidence_s: int
    at_risk_s: int


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hub_suspects: int
    sightings: int
    evidence_per_member: int
    withdrawn_per_member: int
    checks: int


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Log-odds."""

    prior: float
    payer_bank: float
    payee_bank: float
    carrier: float
    platform: float
    report: float
    call_transfer_near: float
    call_transfer: float
    chat_transfer: float
    call_chat: float
    report_link: float
    same_suspect: float
    same_device: float
    same_ip: float
    second_sector: float
    third_sector: float
    second_victim: float
    further_victim: float
    corroborated_floor: float


class Saturation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    member: float
    sector: float


class Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Probabilities from which a level holds."""

    medium: float
    high: float
    very_high: float


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    admission: Admission
    windows: Windows
    caps: Caps
    weights: Weights
    saturation: Saturation
    levels: Levels

    def check_memory_ms(self) -> int:
        """How long a check can matter: a transfer that did not follow within the day follows no more."""
        return (self.windows.at_risk_s + self.admission.max_age_s) * 1000

    def memory_ms(self) -> int:
        """How long state can matter: the longest window and the admission age."""
        windows = self.windows
        longest = max(windows.suspect_s, windows.chat_transfer_s, windows.report_s, windows.evidence_s)
        return (longest + self.admission.max_age_s) * 1000


def parse(document: dict[str, Any]) -> Rules:
    """Rules from a parsed TOML document; msgspec.ValidationError names the field that is wrong."""
    return msgspec.convert(document, Rules)
