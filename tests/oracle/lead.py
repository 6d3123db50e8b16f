"""What the oracle says of one subject. Must never hold what a published lead doesn't say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OracleLead:
    level: str
    """`medium`, `high` or `very-high`."""
    log_odds: float
    score: float
    stage: str
    sectors: tuple[str, ...]
    members: tuple[str, ...]
    amount_at_risk: tuple[tuple[str, int], ...]
    """Currency and minor units, by currency."""
    victims_named: int
    victims_corroborated: int
    reported: bool
    at: int
    """ms"""
    expires_at: int
    """ms"""
    evidence: frozenset[tuple[str, bytes, str, float]]
    """Member, event, relation, and weight before factor and saturation, to 6 decimals."""
