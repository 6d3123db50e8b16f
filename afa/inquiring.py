"""A question to the police's vault: signed by an officer, filed, awaited, and opened here and nowhere else.

What the vault answers is sealed to a key that this process makes for one question, keeps in memory alone, and forgets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Engine

from afa.judging import await_judgement
from afa.place import Run, database
from alliance.errors import Refused
from alliance.keys.encoding import encode
from alliance.keys.seals import BadSeal, unseal
from alliance.membership import load_officer
from consumers.casebook.authority import inquiries
from consumers.casebook.authority.inquiries import Said
from consumers.vault.opening import ANSWER_INFO, bound_to
from schemas.inquiries import VAULT_ANSWER, Found, Resealed, Revealed, Unanswered

Purpose = Annotated[str, typer.Option(help="For what it is needed; it is kept on record with the signature.")]
JsonAnswer = Annotated[bool, typer.Option("--json", help="The answer as one JSON object, by the public schema.")]
Answer = TypeVar("Answer", Revealed, Resealed, Found)
_VAULT_S = 120.0
_LACKING = "is on record, but the police's vault has not answered it"


@dataclass(frozen=True, slots=True)
class Asker:
    """An officer who asks one question."""

    run: Run
    unit: str
    officer: str
    secret: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate, repr=False)

    @property
    def public(self) -> bytes:
        return self.secret.public_key().public_bytes_raw()

    def ask(self, question: Callable[[str, datetime], Said], kind: type[Answer]) -> Answer:
        """What the vault answers. `question` takes the key to answer to and the time. Raises Refused with the why."""
        kid, key = load_officer(self.run.data, self.unit, self.officer)
        now = self.run.clock.now()
        said = question(encode(self.public), now)
        with database(self.run.database_url) as engine:
            with engine.begin() as db:
                number = inquiries.file_inquiry(db, said, key, kid, now)
            judged = await_judgement(engine, lambda db: inquiries.judgement(db, number), said.kind)
            if judged.refusal:
                raise Refused(f"The casebook refuses the {said.kind}: {judged.refusal}")
            answer = VAULT_ANSWER.validate_json(self._opened(engine, number, said.kind))
        if isinstance(answer, Unanswered):
            raise Refused(answer.why)
        if not isinstance(answer, kind):
            raise Refused("The vault gave another answer than was asked for; see its log.")
        return answer

    def _opened(self, engine: Engine, number: int, what: str) -> bytes:
        """What the vault has sealed to this process alone."""
        sealed, question = await_judgement(
            engine, lambda db: inquiries.answered(db, number), what, _LACKING, within_s=_VAULT_S
        )
        try:
            return unseal(self.secret, sealed, ANSWER_INFO, bound_to(question))
        except BadSeal as error:
            raise Refused(f"The vault did not answer this {what}: it does not find your signature good.") from error
