"""The police officers of the city: they sign orders that the casebook drafts, and the standing mandate.

Only what an officer may sign is signed; who calls decides what is put before the officer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alliance.embedded.datadir import DataDir
from alliance.keys.signatures import sign_object
from alliance.membership import load_officer
from producers.city.cast import OFFICER, POLICE
from schemas.requests import Action, Caps, Mandate, Request

_STOP_S = 48 * 3600
_VALID = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DutyOfficer:
    """`kid` is how the registry names the key."""

    unit: str
    officer: str
    kid: str
    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def on_duty(cls, data: DataDir, officer: str = OFFICER) -> DutyOfficer:
        """One of the small city's police; of the day, unless named. SetupError if the city was not enrolled here."""
        return cls(POLICE, officer, *load_officer(data, POLICE, officer))

    def sign(self, request: Request) -> str:
        """The order: a JWS over exactly what the request says of the act."""
        return sign_object(self.key, self.kid, request.order_text())


def mandate(officers: Sequence[DutyOfficer], mandate_id: UUID, now: datetime) -> list[str]:
    """A standing order for urgent stops in reported cases, as each signed it. Source: law of 2022-09-02, art. 20."""
    given = Mandate(
        mandate_id=mandate_id,
        unit=POLICE,
        officers=[one.officer for one in officers],
        actions=[Action.STOP],
        min_level="high",
        max_hop=5,
        caps=Caps(currency="CNY", per_hold=50_000_000, per_account=100_000_000, per_day=2_000_000_000),
        duration_s=_STOP_S,
        release_at_once=True,
        legal_basis="反电信网络诈骗法第二十条",
        valid_from=now,
        valid_to=now + _VALID,
    )
    return [sign_object(one.key, one.kid, given.model_dump(mode="json")) for one in officers]
