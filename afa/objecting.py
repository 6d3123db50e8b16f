"""What `afa appeal` and `afa dispute` share: send and see that it was taken; sign a decision and see it judged.

Must never decide anything: whether an objection is heard, and a signature holds, is the casebook's to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import orjson
import typer
from kafka import KafkaConsumer, TopicPartition
from pydantic import ValidationError

from afa.judging import await_judgement
from afa.options import Data
from afa.output import note
from afa.place import Run, database
from afa.publishing import check_who, clerk
from alliance import kafka
from alliance.errors import Refused, Retry
from alliance.joining import memberfile
from alliance.kafka import KafkaLogin
from alliance.keys.store import MemberKeys
from alliance.membership import load_officer, read_registry
from alliance.registry import Registry
from consumers.casebook import ids
from consumers.casebook.objections import filing, rulings
from producers.client import MemberClient
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
_REFUSED_S = 5.0
_FLUSH_S = 60.0
_GLANCE_MS = 200


@dataclass(frozen=True, slots=True)
class Filer:
    """Who files: a member of the `run` here or, if that is None, a unit that joined and has its file alone."""

    keys: MemberKeys
    login: KafkaLogin
    registry: Callable[[], Registry]
    run: Run | None
    member_file: Path | None

    @property
    def member(self) -> str:
        return self.keys.member

    @classmethod
    def of(cls, data: Path | None, member: str | None, member_file: Path | None) -> Filer:
        check_who(member, member_file)
        if member_file is not None:
            held = memberfile.load(member_file)
            login = held.login()
            return cls(held.keys, login, lambda: read_registry(login, held.trusted), None, member_file)
        assert member is not None
        run = Run(data)
        keys, login = run.member(member)
        return cls(keys, login, run.registry, run, None)

    def client(self) -> AbstractContextManager[MemberClient]:
        return clerk(self.run.data.path, self.member) if self.run else clerk(None, None, self.member_file)


def file(filer: Filer, said: Appeal | Dispute) -> UUID:
    """Send it as the member; its id in the casebook. Raises Refused with why it was not let in."""
    run = filer.run
    with kafka.consumer(filer.login, [], None) as mail:
        place = TopicPartition(member_topic(filer.member).name, 0)
        mail.assign([place])
        mail.seek_to_end(place)
        mail.position(place)
        with filer.client() as client:
            event = client.contest(said)
            client.flush(_FLUSH_S)
        taken = ids.objection_id(said.kind, filer.member, event)
        if run is not None:
            _await_taking(run, mail, said.kind, taken, event)
        else:
            _await_refusal(mail, said.kind, event)
    return taken


def show_passed_on(about: About, taken: UUID, *, as_json: bool) -> None:
    """What a unit away from the casebook can know: under which id it is heard."""
    print(orjson.dumps({f"{about}_id": str(taken)}).decode() if as_json else taken)
    note(f"The {about} is passed on and not refused; the decision comes in your mail, under this id.")


def decide(data: Data, about: About, of: UUID, uphold: bool, reason: str, unit: str, officer: str) -> None:
    """Sign it as the officer. Raises Refused with what the casebook finds wrong."""
    run = Run(data)
    kid, key = load_officer(run.data, unit, officer)
    outcome: rulings.Found = Finding.UPHELD if uphold else Finding.REJECTED
    with database(run.database_url) as engine:
        with engine.begin() as db:
            number = rulings.sign(db, about, of, outcome, reason, key, kid, run.clock.now())
        judged = await_judgement(engine, lambda db: rulings.judgement(db, number), "decision")
    if judged.refusal:
        raise Refused(f"The casebook refuses the decision: {judged.refusal}")


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


def _await_refusal(mail: KafkaConsumer, about: About, event: UUID) -> None:
    """Who is not refused is told nothing before the decision."""
    deadline = time.monotonic() + _REFUSED_S
    while time.monotonic() < deadline:
        for refusal in _refusals(mail, event):
            raise Refused(f"The casebook refuses the {about}: {refusal}")


def _refusals(mail: KafkaConsumer, event: UUID) -> Iterator[str]:
    for records in mail.poll(timeout_ms=_GLANCE_MS).values():
        for record in records:
            try:
                letter = TO_MEMBER.validate_json(record.value or b"")
            except ValidationError:
                # A kind that this version does not know is passed over, as in all mail.
                continue
            if isinstance(letter, Receipt):
                yield from (refusal.detail for refusal in letter.refusals if refusal.event_id == event)
