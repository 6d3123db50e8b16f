"""What the holder of a stopped account may be told: that it is held, the notice's number, and how to appeal.

Pure. Must never say who reported, or why the account is suspected.
"""

from __future__ import annotations

from uuid import UUID

from alliance.profiles import Profile
from schemas.notices import notice_of
from schemas.requests import Disclosure

_DAY_S = 86400


def disclosure(hold_id: UUID, profile: Profile) -> Disclosure:
    """Of one hold."""
    digits = notice_of(hold_id)
    number = "-".join(digits[start : start + 4] for start in range(0, len(digits), 4))
    days = profile.appeal.file_s.value // _DAY_S
    return Disclosure(
        text=f"Money on your account is held for the police. The number of this notice is {number}.",
        objection=f"You may appeal within {days} days, at this bank or at the police, by the number of this notice.",
    )
