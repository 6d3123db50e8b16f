"""Who takes part in the chain's tests: five members with books that know the scenes' accounts, lines and pages."""

from __future__ import annotations

from alliance.membership import MemberSpec, OfficerSpec
from schemas.registry import Alliance
from tests.streams.support import SECTORS

POLICE, OFFICER = "police-a", "p100"
ROUTES = {
    "bank-a": "cnaps:1",
    "bank-b": "cnaps:2",
    "carrier-a": "carrier:a",
    "platform-a": "platform:a",
    "police-a": "police:a",
}
BANKS = ("bank-a", "bank-b")
CARRIER, PLATFORM = "carrier-a", "platform-a"


def specs() -> list[MemberSpec]:
    """As the registrar admits them."""
    return [
        MemberSpec(
            name,
            name,
            SECTORS[name],
            Alliance.COMPREHENSIVE,
            (route,),
            (OfficerSpec(OFFICER, "county-head"),) if name == POLICE else (),
            "96110" if name == POLICE else None,
        )
        for name, route in ROUTES.items()
    ]
