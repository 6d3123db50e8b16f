"""What `afa appeal` and `afa dispute` share: send and see that it was taken; sign a decision and see it judged.

Must never decide anything: whether an objection is heard, and a signature holds, is the casebook's to say.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import Connection

from afa.judging import await_judgement
from afa.options import As, Data
from afa.place import Run, database
from afa.publishing import clerk
from alliance import kafka
from alliance.errors import Refused, Retry
from alliance.membership import load_member, load_officer
from consumers.casebook import ids
from consumers.casebook.holding.holdacts import Judged
from consumers.casebook.objections import filing, rulings
from schemas.decisions import About, Finding
from schemas.objections import Appeal, Dispute
from schemas.receipts import TO_MEMBER, Receipt
from schemas.topics import member_topic

Statement = Annotated[
    str, typer.Option(help="What is said, in up to 500 characters; no more personal than it must be.")
]
Uphold = Annotated[bool, typer.Option("--uphold/--reject", help="Whether it is right.", show_default=False)]
Why = Annotated[str, typer.Option("--reason", help="Why; all parties read it.")]
_TAKEN_S = 15.0
_FLUSH_S = 60.0
_GLANCE_MS = 200


def file(data: Path | None, member: As, said: Appeal | Dispute) -> UUID:
    """Send it as the member; its id in the casebook. Raises Refused with why it was not let in."""
    run = Run(data)
    _, login = load_member(run.data, member)
    with kafka.consumer(login, [], None) as mail:
        place = TopicPartition(member_topic(member).name, 0)
        mail.assign([place])
        mail.seek_to_end(place)
        mail.position(place)
        with clerk(data, member) as client:
            event = client.contest(said)
            client.flush(_FLUSH_S)
        taken = ids.objection_id(said.kind, member, event)
        _await_taking(run, mail, said.kind, taken, event)
    return taken


def decide(data: Data, about: About, of: UUID, uphold: bool, reason: str, unit: str, officer: str) -> None:
    """Sign it as the officer. Raises Refused with what the casebook finds wrong."""
    run = Run(data)
    kid, key = load_officer(run.data, unit, officer)
    outcome: rulings.Found = Finding.UPHELD if uphold else Finding.REJECTED
    with database(run.database_url) as engine:
        with engine.begin() as db:
            number = rulings.sign(db, about, of, outcome, reason, key, kid, run.clock.now())
        judged = await_judgement(engine, lambda db: _judged(db, number), "decision")
    if judged.refusal:
        raise Refused(f"The casebook refuses the decision: {judged.refusal}")


def _judged(db: Connection, number: int) -> Judged | None:
    judged, refusal = rulings.judgement(db, number)
    return Judged(None, refusal) if judged else None


def _await_taking(run: Run, mail: KafkaConsumer, about: About, taken: UUID, event: UUID) -> None:
    """Until the casebook has it on record, or the member is told why not."""
    deadline = time.monotonic() + _TAKEN_S
    with database(run.database_url) as engine:
        while time.monotonic() < deadline:
            with engine.connect() as db:
                if filing.is_known(db, about, taken):
                    return
            for refusal in _refusals(mail, event):
                raise Refused(f"The casebook refuses the {about}: {refusal}")
    raise Retry(f"The {about} is sent, but not taken after {_TAKEN_S:.0f} s; see `afa status`.")


def _refusals(mail: KafkaConsumer, event: UUID) -> Iterator[str]:
    for records in mail.poll(timeout_ms=_GLANCE_MS).values():
        for record in records:
            letter = TO_MEMBER.validate_json(record.value)
            if isinstance(letter, Receipt):
                yield from (refusal.detail for refusal in letter.refusals if refusal.event_id == event)
