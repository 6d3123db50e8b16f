"""What goes on record of an invite, as the registrar signs it. Pure; must never take in the code."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from alliance.membership import MemberSpec, unfit
from schemas.joining import Invite
from schemas.registrar import UnitInvited


def invited(spec: MemberSpec, invite: Invite, now: datetime) -> UnitInvited:
    """What the unit is to be, and until when it may ask. Raises SetupError for what can not be a member."""
    try:
        return UnitInvited(
            member=spec.member,
            invite_id=invite.invite_id,
            name=spec.name,
            sector=spec.sector,
            alliance=spec.alliance,
            routes=list(spec.routes),
            call_back=spec.call_back,
            rate=spec.rate,
            expires=invite.expires,
            at=now,
        )
    except ValidationError as error:
        raise unfit(spec.member, error) from error
