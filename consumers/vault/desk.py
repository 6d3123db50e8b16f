"""One question to the vault: verified anew, found on the record, answered, and sealed to who asked.

Neither the database nor the casebook is believed: an officer's own signature and the auditor's topic must both say so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine

from alliance import logs, metrics
from alliance.errors import Refused
from alliance.keys.opening import OpeningKeys
from alliance.keys.seals import BadSeal
from alliance.registry import Registry
from consumers.casebook.authority import inquiries
from consumers.casebook.authority.inquiries import Asked, Said
from consumers.vault import lookup, opening, record
from consumers.vault.lookup import Wanted
from consumers.vault.opening import SealedEvent
from schemas.inquiries import Reseal, Resealed, Revealed, Search, Unanswered, VaultAnswer

OnRecord = Callable[[int, bytes], bool]
"""Whether the auditor's topic has the entry of that number, with this digest in it."""
Events = Callable[[Collection[Wanted], str], Iterable[SealedEvent]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a question is judged by, as it is now."""

    engine: Engine
    keys: OpeningKeys
    registry: Registry
    now: datetime
    on_record: OnRecord
    events: Events

    def take(self, asked: Asked) -> bool:
        """Whether the question is done with; one that is not on the record yet waits."""
        if asked.judged_at is None:
            self._note(asked, tokens=self._tokens(asked))
            return True
        try:
            _, said = inquiries.read(self.registry, asked, self.now)
        except Refused:
            # The hub says that it was accepted, and no officer asks it: nobody is answered.
            metrics.VAULT_ANSWERS.labels("forged").inc()
            self._note(asked, answer="")
            return True
        if not self._is_on_record(asked, said):
            return False
        answer = self._answer(asked, said)
        letter: str | None = None
        if isinstance(said, Reseal) and isinstance(answer, Revealed):
            answer, letter = self._told(said, answer)
        metrics.VAULT_ANSWERS.labels(answer.kind).inc()
        self._note(asked, answer=_sealed(answer, said, asked), **({"letter": letter} if letter else {}))
        return True

    def give_up(self, asked: Asked, why: str) -> None:
        """Tell who asked that there will be no answer; of a search that was not read, the casebook does."""
        if asked.judged_at is None:
            self._note(asked, tokens=[])
            return
        try:
            _, said = inquiries.read(self.registry, asked, self.now)
            sealed = _sealed(Unanswered(why=why), said, asked)
        except Refused:
            sealed = ""
        except Exception as error:  # noqa: BLE001 — logged, without what it may quote
            # What it was given up for may be why nobody can be told.
            log.error("nobody is told that a question is given up", number=asked.number, **logs.fault(error))
            sealed = ""
        self._note(asked, answer=sealed)

    def _tokens(self, asked: Asked) -> list[str]:
        """For an officer alone: else whoever writes to the database could have any value's token made."""
        try:
            _, said = inquiries.read(self.registry, asked, self.now)
            return opening.tokens_of(self.keys, said) if isinstance(said, Search) else []
        except Refused:
            return []

    def _is_on_record(self, asked: Asked, said: Said) -> bool:
        assert asked.judged_at is not None
        with self.engine.connect() as db:
            entry = record.entry_of(db, asked, said, asked.judged_at)
        return entry is not None and self.on_record(*entry)

    def _told(self, said: Reseal, shown: Revealed) -> tuple[VaultAnswer, str | None]:
        """What the officer is told, and the letter to the member, by the key that the registry has for it now."""
        holder = self.registry.member(said.to)
        assert holder is not None
        try:
            letter = opening.seal_target(shown, said.request_id, holder.seal_key)
        except (BadSeal, ValueError):
            return Unanswered(why=f"The sealing key of {said.to} in the registry is none; it must be replaced."), None
        told = Resealed(request_id=said.request_id, to=said.to, member=shown.member, event_id=shown.event_id)
        return told, letter.model_dump_json()

    def _answer(self, asked: Asked, said: Said) -> VaultAnswer:
        try:
            with self.engine.connect() as db:
                inquiries.verified(db, self.registry, asked, self.now)
                if isinstance(said, Search):
                    return self._found(db, asked, said)
                wanted = lookup.alerts_of(db, said.case_id, said.token)
        except Refused as error:
            return Unanswered(why=str(error)[:500])
        return opening.reveal(self.keys, said, self.events(wanted, self.keys.member))

    def _found(self, db: Connection, asked: Asked, said: Search) -> VaultAnswer:
        """By the tokens that are on record, if they are those of what is sought."""
        if list(asked.tokens) != opening.tokens_of(self.keys, said):
            raise Refused("The tokens on record are not those of what is sought; search again.")
        return lookup.found(db, asked.tokens)

    def _note(self, asked: Asked, **said: object) -> None:
        with self.engine.begin() as db:
            lookup.note(db, asked.number, **said)


def _sealed(answer: VaultAnswer, said: Said, asked: Asked) -> str:
    """Nothing where the question names a key to which nothing can be sealed."""
    try:
        return opening.seal_answer(answer, said.answer_to, asked.jws)
    except (BadSeal, ValueError):
        return ""
