"""How one signing key follows another in the registry, and a newcomer's record comes about. Pure.

Must never shorten to nothing what a member's present key signs, unless its keys were lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from alliance.membership import MemberSpec
from schemas.joining import KeyRequest
from schemas.registry import Member, SigningKey, Status

OVERLAP = timedelta(days=14)
"""As long as what a member signed may lie on an inbound topic unread."""
_MOST = 8


def joined(spec: MemberSpec, request: KeyRequest, known: Member | None, now: datetime) -> Member:
    """A newcomer's record, active; of a member that joins anew, whose former keys end now."""
    former = [] if known is None else known.keys
    return Member(
        member=spec.member,
        name=spec.name,
        sector=spec.sector,
        alliance=spec.alliance,
        routes=list(spec.routes),
        keys=succeeded(former, request, now, timedelta(0)),
        seal_key=request.sealing,
        officers=[] if known is None else known.officers,
        call_back=spec.call_back,
    )


def rotated(known: Member, request: KeyRequest, now: datetime, overlap: timedelta = OVERLAP) -> Member:
    """The same member with new keys; what it signs with the former ones counts until the overlap ends."""
    return known.model_copy(update={"keys": succeeded(known.keys, request, now, overlap), "seal_key": request.sealing})


def with_status(known: Member, status: Status) -> Member:
    return known.model_copy(update={"status": status})


def succeeded(former: Iterable[SigningKey], request: KeyRequest, now: datetime, overlap: timedelta) -> list[SigningKey]:
    """The former keys, each with an end, and the new one; of those that have ended the oldest are dropped for room."""
    others = [key for key in former if key.key_id != request.key_id]
    again = next((key for key in former if key.key_id == request.key_id), None)
    new = again or SigningKey(key_id=request.key_id, public=request.signing, valid_from=now)
    return [*(_ending(key, now + overlap) for key in others), new][-_MOST:]


def _ending(key: SigningKey, end: datetime) -> SigningKey:
    if key.valid_to is not None and key.valid_to <= end:
        return key
    # A key made after that end was never good for anything.
    return key.model_copy(update={"valid_to": max(end, key.valid_from)})
