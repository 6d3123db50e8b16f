"""Which of the requests on a unit's `joining` topic counts, and why the others do not.

Pure: the records as the broker stamped them in, what stands out.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from alliance.errors import Refused
from alliance.joining import wire
from alliance.keys.encoding import public_key
from schemas.joining import Invite, KeyRequest

REQUEST, ADMISSION = b"request", b"admission"
"""Keys of the records on a `joining` topic."""


@dataclass(frozen=True, slots=True)
class Note:
    """One record of a `joining` topic; `stamp_ms` is when the broker took it, in wall time."""

    key: bytes
    value: str
    stamp_ms: int

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.stamp_ms / 1000, UTC)


@dataclass(slots=True)
class Judged:
    """The request that uses the invite, if one does, whether the registrar has answered it, and what was refused beside
    it."""

    request: KeyRequest | None = None
    at: datetime | None = None
    answered: bool = False
    refused: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str | None:
        return None if self.request is None else wire.fingerprint(self.request)


def judge(invite: Invite, notes: Iterable[Note]) -> Judged:
    """An invite is used once: by the first request that proves it in time. An answer before it is of another."""
    judged, registrar = Judged(), public_key(invite.registrar)
    for note in notes:
        if note.key == ADMISSION and judged.request is not None:
            answer = wire.answered(note.value, registrar)
            judged.answered |= answer is not None and wire.answers(answer, judged.request)
        if note.key != REQUEST:
            continue
        try:
            request = wire.requested(note.value)
            _prove(invite, request, note.at)
            _once(judged, request)
        except Refused as error:
            judged.refused.append(str(error))
        else:
            judged.request, judged.at = request, judged.at or note.at
    return judged


def _prove(invite: Invite, request: KeyRequest, at: datetime) -> None:
    if (request.member, request.invite_id) != (invite.member, invite.invite_id):
        raise Refused(f"A request of {at:%Y-%m-%d %H:%M} UTC is not of this invite.")
    expected = wire.proof(invite.code, request.member, request.signing, request.sealing)
    if not hmac.compare_digest(expected, request.proof or ""):
        raise Refused(f"The request for the keys {wire.fingerprint(request)} does not prove the invite's code.")
    if at >= invite.expires:
        raise Refused(
            f"The invite expired at {invite.expires:%Y-%m-%d %H:%M} UTC and was used at {at:%Y-%m-%d %H:%M} UTC; "
            f"make another: afa member invite {invite.member} …"
        )


def _once(judged: Judged, request: KeyRequest) -> None:
    """The same keys may ask again, as a newcomer that lost its connection does."""
    if judged.fingerprint not in (None, wire.fingerprint(request)):
        raise Refused(
            f"The invite was used a second time, for the keys {wire.fingerprint(request)}; the first use stands. "
            "If the unit did not do that itself, somebody else has its code."
        )
