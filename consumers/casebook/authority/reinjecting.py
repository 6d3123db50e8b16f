"""What officers have put back from the quarantine: judged here, so that it is on record before it is done.

Whoever signed puts it back, and its member is told. Nothing is believed of it here: intake judges it as any other.
"""

from __future__ import annotations

from datetime import datetime

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from alliance import authority
from alliance.errors import Refused
from alliance.keys.signatures import sign_object
from consumers.casebook.authority import words
from consumers.casebook.authority.words import Judged
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import Outbox, ReinjectionRow
from consumers.casebook.turn import Turn
from schemas.reinjection import Reinject, Reinjected


def file_reinjection(db: Connection, said: Reinject, key: Ed25519PrivateKey, kid: str, now: datetime) -> int:
    """Sign it as the officer `kid` and file it; its number. Raises Refused if exactly this was filed before."""
    jws = sign_object(key, kid, said.model_dump(mode="json"))
    filed = insert(ReinjectionRow).values(place=said.place, jws=jws, filed_at=now).on_conflict_do_nothing()
    number: int | None = db.scalar(filed.returning(ReinjectionRow.number))
    if number is None:
        raise Refused("Exactly this was filed before; say it anew.")
    return number


def judgement(db: Connection, number: int) -> Judged | None:
    """What became of it; None while the casebook has not looked."""
    return words.judgement(db, ReinjectionRow, number)


def judge(turn: Turn) -> None:
    """Take what was filed, in its order."""
    words.judge(turn, ReinjectionRow, "reinjection", "place", lambda row: _take(turn, row["place"], row["jws"]))


def _take(turn: Turn, place: str, jws: str) -> None:
    """Raises Refused unless an officer of active police, valid now, signed that just this is put back."""
    _, signed = authority.verified(jws, "word", turn.registry, turn.now)
    try:
        said = Reinject.model_validate_json(orjson.dumps(signed))
    except ValidationError as error:
        raise Refused("What is signed puts no bundle back.") from error
    if said.place != place:
        raise Refused("The signed word is on another bundle than it was filed for.")
    if turn.registry.member(said.member) is None:
        raise Refused(f"{said.member} is no member.")
    told = Reinjected(
        topic=said.topic, partition=said.partition, offset=said.offset, reason=said.reason, at=turn.now
    ).model_dump_json()
    insert_rows(turn.db, Outbox, [{"member": said.member, "key": place, "value": told}])
