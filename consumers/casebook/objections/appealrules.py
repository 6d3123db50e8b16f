"""What an appeal must be to be heard, and who may decide it.

Pure. Source: the review of an act is by another than who did it; the periods are the profile's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

import orjson

from alliance.errors import Refused
from alliance.keys.encoding import decode
from alliance.profiles import Profile
from consumers.casebook.lifecycle import HOLD_ENDS
from schemas.base import seconds
from schemas.requests import Authority, HoldStatus, Jws, Mandate

Who = tuple[str, str]
"""Unit and officer: the same name may stand in two units."""


class Hold(Protocol):
    """What of a hold decides."""

    @property
    def status(self) -> str: ...
    @property
    def since(self) -> datetime: ...


def inadmissible(hold: Hold, filed_at: datetime, *, heard: bool, profile: Profile) -> str | None:
    """Why the appeal is not looked into; None if it is. `heard`: on the same grounds, before."""
    if HoldStatus(hold.status) in HOLD_ENDS:
        return f"The hold has ended already, as {hold.status}."
    if filed_at > hold.since + seconds(profile.appeal.file_s.value):
        days = profile.appeal.file_s.value // 86400
        return f"It was filed more than {days} days after the hold began."
    return "The hold was appealed on these grounds before." if heard else None


def check_reviewer(reviewer: Who, authorities: Iterable[Authority]) -> None:
    """Raises Refused for an officer who had a hand in the hold."""
    if reviewer in {who for authority in authorities for who in _authorised(authority)}:
        unit, officer = reviewer
        raise Refused(f"{officer} of {unit} authorised the hold; another officer must decide on the appeal.")


def _authorised(authority: Authority) -> Iterator[Who]:
    """Whom the authority names, and who signed it."""
    yield from ((authority.unit, officer) for officer in authority.officers if authority.unit)
    yield from map(_signer, (*authority.orders, *(authority.mandate or ())))
    for jws in authority.mandate or ():
        mandate = Mandate.model_validate_json(decode(jws.split(".")[1]))
        yield from ((mandate.unit, officer) for officer in mandate.officers)


def _signer(jws: Jws) -> Who:
    """Of a signature that was verified when the request was handed over."""
    unit, officer, _ = orjson.loads(decode(jws.split(".")[0]))["kid"].split("/")
    return unit, officer
