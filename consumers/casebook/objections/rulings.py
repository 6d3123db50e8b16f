"""Decisions on appeals and disputes: an officer signs exactly what was filed and what was decided; the casebook judges.

The one who signs writes nothing but the signature, and no decision counts whose words are not those on record.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from sqlalchemy import Connection, RowMapping, insert, select

from alliance.errors import Refused
from alliance.keys.signatures import BadSignature, sign_object, verify_object
from alliance.officers import officer_of
from consumers.casebook.authority import words
from consumers.casebook.authority.words import Judged
from consumers.casebook.lifecycle import APPEAL, DISPUTE, AppealEvent, DisputeEvent
from consumers.casebook.money import aliases
from consumers.casebook.objections import appeals, disputes, filing
from consumers.casebook.objections.appealrules import Who
from consumers.casebook.rows import update_rows
from consumers.casebook.tables import FiledRuling
from consumers.casebook.turn import Turn
from schemas.decisions import About, AppealStatus, DisputeStatus, Finding, Ruling

Found = Literal[Finding.UPHELD, Finding.REJECTED]


def sign(  # noqa: PLR0913, PLR0917 — what is decided, by whom and when
    db: Connection, about: About, of: UUID, outcome: Found, reason: str, key: Ed25519PrivateKey, kid: str, now: datetime
) -> int:
    """Sign the decision as the officer `kid` (`unit/officer/key`) and file it; its number. Raises Refused."""
    row = _row(db, about, of)
    _after(about, row, outcome)
    try:
        ruling = filing.ruling(about, row, outcome, reason)
    except ValidationError as error:
        raise Refused("Say why in up to 500 characters: the parties are told.") from error
    values = {"about": about, "id": of, "jws": sign_object(key, kid, ruling.model_dump(mode="json")), "filed_at": now}
    return db.execute(insert(FiledRuling).values(values).returning(FiledRuling.number)).scalar_one()


def judgement(db: Connection, number: int) -> Judged | None:
    """What became of a filed decision; None while the casebook has not looked."""
    return words.judgement(db, FiledRuling, number)


def judge(turn: Turn) -> set[str]:
    """Verify what was filed, in its order, and let it happen; the suspects whose dispute was decided."""
    decided: set[str] = set()

    def take(filed: RowMapping) -> None:
        row = _judge(turn, filed)
        decided.update(aliases.names_of(turn, row["token"]) if filed["about"] == "dispute" else ())

    words.judge(turn, FiledRuling, "ruling", "id", take)
    return decided


def _judge(turn: Turn, filed: Any) -> Any:
    about: About = filed["about"]
    row = _row(turn.db, about, filed["id"])
    ruling, who = _verified(turn, filed["jws"])
    if ruling != filing.ruling(about, row, ruling.outcome, ruling.reason):
        raise Refused(f"The decision is on something else than the {about}; read it again and sign it as it is.")
    after = _after(about, row, ruling.outcome)
    officer = {"appeal": "reviewer", "dispute": "officer"}[about]
    decided = {
        f"{about}_id": filed["id"], "status": after, "decided_at": turn.now, officer: "/".join(who),
        "reason": ruling.reason, "jws": filed["jws"],
    }  # fmt: skip
    if about == "appeal":
        appeals.check(turn, row, who)
    update_rows(turn.db, filing.TABLES[about], f"{about}_id", [decided])
    (appeals if about == "appeal" else disputes).decide(turn, row, ruling, filed["jws"], who)
    return row


def _verified(turn: Turn, jws: str) -> tuple[Ruling, Who]:
    """Raises Refused unless an officer of the police, valid now, signed a decision."""
    try:
        kid, signed = verify_object(jws, partial(turn.registry.key, at=turn.now))
    except BadSignature as bad:
        raise Refused(f"The decision does not verify ({bad}).") from bad
    who = officer_of(kid, turn.registry)
    try:
        return Ruling.model_validate_json(orjson.dumps(signed)), who
    except ValidationError as error:
        raise Refused("What is signed is no decision on an appeal or a dispute.") from error


def _row(db: Connection, about: About, of: UUID) -> Any:
    table = filing.TABLES[about]
    row = db.execute(select(*table.__table__.c).where(table.__table__.c[f"{about}_id"] == of)).mappings().first()
    if row is None:
        raise Refused(f"There is no {about} {of}; see `afa {about} list`.")
    return row


def _after(about: About, row: Any, outcome: Found) -> str:
    """Raises Refused where the table lists nothing."""
    upheld = outcome is Finding.UPHELD
    after: AppealStatus | DisputeStatus | None
    if about == "appeal":
        after = APPEAL[AppealStatus(row["status"])].get(AppealEvent.UPHOLD if upheld else AppealEvent.REJECT)
    else:
        after = DISPUTE[DisputeStatus(row["status"])].get(DisputeEvent.UPHOLD if upheld else DisputeEvent.REJECT)
    if after is None:
        raise Refused(f"The {about} is {row['status']} already, and is not decided a second time.")
    return after.value
