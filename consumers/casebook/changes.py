"""What others wrote of the registry and the allow-list, and what the registrar did beside them: the act, and whom or
what it is about, as people read them in the audit.

Pure. Must never take a word of a record that the registrar has not signed for one of the registrar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from alliance.roll import Roll
from schemas.epochs import EPOCHS_KEY
from schemas.registrar import (
    InviteWithdrawn,
    RateAgreed,
    RegistrarAct,
    TokenKeysGiven,
    TokenKeysTaken,
    UnitInvited,
    registrar_act,
)
from schemas.topics import REGISTRAR_ACTS, RULES


def told(record: Any, roll: Roll) -> tuple[str, str]:
    """The act and its subject."""
    # JSON in a database knows no NUL, and whoever writes to these topics may have put one there.
    key = (record.key or b"").decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if record.topic == REGISTRAR_ACTS.name:
        act = registrar_act(record.value or b"") if roll.vouches(record) else None
        return ("registrar's act not believed", key) if act is None else (_NAMES[type(act)], _subject(act))
    if record.topic == RULES.name and key == EPOCHS_KEY:
        return "list of epochs" if roll.vouches(record) else "list of epochs not believed", key
    if record.topic == RULES.name:
        return "allow-list entry" if record.value else "allow-list entry removed", key
    return "registry record" if roll.proves(record) else "registry record not believed", key


_NAMES: dict[type[RegistrarAct], str] = {
    UnitInvited: "unit invited",
    InviteWithdrawn: "invite withdrawn",
    RateAgreed: "rate agreed",
    TokenKeysGiven: "token keys given",
    TokenKeysTaken: "token keys taken",
}


def _subject(act: RegistrarAct) -> str:
    """Each part can be asked for by itself. When the registrar said it stands last: whoever has the broker may put an
    old act there once more."""
    return "/".join((act.member, *_parts(act), f"said {act.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"))


def _parts(act: RegistrarAct) -> Iterator[str]:
    match act:
        case UnitInvited():
            yield from (act.sector.value, act.alliance.value, *act.routes)
            if act.rate is not None:
                yield _rate(act.rate)
            yield f"until {act.expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        case RateAgreed():
            yield _rate(act.rate)
        case TokenKeysGiven() | TokenKeysTaken():
            yield from act.epochs


def _rate(alerts: int) -> str:
    return f"{alerts} alerts a second"
