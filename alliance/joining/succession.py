"""How one signing key follows another in the registry, and a newcomer's record comes about. Pure.

Must never shorten to nothing what a member's present key signs, unless its keys were lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from alliance.errors import Refused
from alliance.membership import MemberSpec
from schemas.joining import KeyRequest
from schemas.registry import Member, SigningKey, Status

OVERLAP = timedelta(days=14)
"""As long as what a member signed may lie on an inbound topic unread."""
_MOST = 8
"""As many keys as a member's record holds."""


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
    """The same member with new keys; what it signs with the former ones counts until the overlap ends. Raises Refused
    where its record has no room for all that still count."""
    return known.model_copy(update={"keys": succeeded(known.keys, request, now, overlap), "seal_key": request.sealing})


def with_status(known: Member, status: Status) -> Member:
    return known.model_copy(update={"status": status})


def dismissed(known: Member, officer: str, now: datetime) -> Member:
    """The same unit, of whose officer nothing counts that is verified from now on, whenever it was signed. Raises
    Refused if it has none such, or has none any more."""
    serving = [each.officer for each in known.officers if each.key.valid_to is None or now < each.key.valid_to]
    if officer not in serving:
        has = f"it has {', '.join(sorted(serving))}" if serving else "it has none"
        raise Refused(f"{known.member} has no officer {officer!r} who may sign; {has}.")
    officers = [
        each.model_copy(update={"key": _ending(each.key, now)}) if each.officer == officer else each
        for each in known.officers
    ]
    return known.model_copy(update={"officers": officers})


def succeeded(former: Iterable[SigningKey], request: KeyRequest, now: datetime, overlap: timedelta) -> list[SigningKey]:
    """The former keys, each with an end, and the new one; of those that have ended the oldest are dropped for room.

    Raises Refused where there is no room for all that still count.
    """
    others = [key for key in former if key.key_id != request.key_id]
    again = next((key for key in former if key.key_id == request.key_id), None)
    new = again or SigningKey(key_id=request.key_id, public=request.signing, valid_from=now)
    ending = [_ending(key, now + overlap) for key in others]
    over = [key for key in ending if _end(key) <= now]
    if len(ending) - len(over) >= _MOST:
        first = min(_end(key) for key in ending if _end(key) > now)
        raise Refused(
            f"{request.member} has {_MOST} keys that still count, and its record holds no more; approve the new one "
            f"after {first:%Y-%m-%d %H:%M} UTC, when the first of them ends, or end them sooner by --overlap-days."
        )
    dropped = over[: max(len(ending) + 1 - _MOST, 0)]
    return [*(key for key in ending if key not in dropped), new]


def _end(key: SigningKey) -> datetime:
    assert key.valid_to is not None, "a key that has a successor has an end"
    return key.valid_to


def _ending(key: SigningKey, end: datetime) -> SigningKey:
    if key.valid_to is not None and key.valid_to <= end:
        return key
    # A key made after that end was never good for anything.
    return key.model_copy(update={"valid_to": max(end, key.valid_from)})
