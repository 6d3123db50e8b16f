"""What the holder of a stopped account, or of a suspended line, may be told: that it is, the notice's number, and how
to appeal.

Pure. Must never say who reported, or why it is suspected.
"""

from __future__ import annotations

from uuid import UUID

from alliance.profiles import Profile
from schemas.notices import notice_of
from schemas.requests import Action, Disclosure

_DAY_S = 86400
_SAID = {
    Action.STOP: ("Money on your account is held for the police", "at this bank"),
    Action.SUSPEND: ("Your line is suspended for the police", "at this carrier"),
}


def disclosure(hold_id: UUID, action: Action, profile: Profile) -> Disclosure:
    """Of one hold."""
    digits = notice_of(hold_id)
    number = "-".join(digits[start : start + 4] for start in range(0, len(digits), 4))
    what, where = _SAID[action]
    days = profile.appeal.file_s.value // _DAY_S
    return Disclosure(
        text=f"{what}. The number of this notice is {number}.",
        objection=f"You may appeal within {days} days, {where} or at the police, by the number of this notice.",
    )
