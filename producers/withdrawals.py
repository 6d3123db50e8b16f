"""What a withdrawal repeats of the event that no longer stands: its tokens, so that it can be routed without state.

Must never withdraw for a member what only police may.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from alliance.errors import InvalidAlert
from producers.spool import Spool
from schemas.identifiers import Identifier
from schemas.registry import Sector
from schemas.topics import ALIAS, SUSPICIOUS_ACCOUNT, SUSPICIOUS_HANDLE, SUSPICIOUS_NUMBER, VICTIM_REPORT

_WITHDRAWABLE = {t.name for t in (SUSPICIOUS_ACCOUNT, SUSPICIOUS_NUMBER, SUSPICIOUS_HANDLE, VICTIM_REPORT, ALIAS)}


def of_own(event_id: UUID, spool: Spool, sector: Sector) -> dict[str, Any]:
    """A member's own event, as its spool keeps it for 97 days."""
    kept = spool.kept(event_id)
    if kept is None:
        raise InvalidAlert("event_id", f"{event_id} was not published from {spool.path} in the last 97 days")
    if kept.topic not in _WITHDRAWABLE:
        raise InvalidAlert("event_id", f"{event_id} went to {kept.topic}, whose events can not be withdrawn")
    if kept.topic == VICTIM_REPORT.name and sector is not Sector.POLICE:
        raise InvalidAlert("event_id", "a victim report can be withdrawn by police only; tell them")
    return {"kind": "withdrawal", "event_id": str(event_id), "identifiers": orjson.loads(kept.identifiers)}


def of_another(event_id: UUID, member: str, identifiers: Sequence[Identifier], sector: Sector) -> dict[str, Any]:
    """Another member's victim report, which police withdraw with that report's identifiers."""
    if sector is not Sector.POLICE:
        raise InvalidAlert("event_member", "only police may withdraw another member's event")
    repeated = [identifier.model_dump(mode="json", exclude_none=True) for identifier in identifiers]
    return {"kind": "withdrawal", "event_id": str(event_id), "event_member": member, "identifiers": repeated}
