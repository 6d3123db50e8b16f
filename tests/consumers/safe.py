"""The police's vault on an office, without a broker: a test hands in the alerts, and the auditor copies at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from alliance.keys import store
from alliance.keys.encoding import encode
from alliance.keys.opening import OpeningKeys
from alliance.keys.seals import unseal
from alliance.keys.store import MemberKeys
from consumers.auditor.records import entry_of
from consumers.casebook.authority import inquiries
from consumers.casebook.authority.inquiries import Said
from consumers.casebook.tables import Audit, InquiryRow, Outbox
from consumers.vault import opening, record
from consumers.vault.desk import Desk
from consumers.vault.lookup import Wanted
from consumers.vault.opening import SealedEvent
from consumers.vault.service import Vault
from producers.sealing import make_seals
from producers.tokenise import Tokenised
from schemas.canonical import canonical
from schemas.identifiers import Identifier, IdentifierKind
from schemas.inquiries import VAULT_ANSWER, ClearTarget, Reseal, Resealed, Reveal, Revealed, Search, Sought, Unanswered
from schemas.inquiries import Found as FoundCases
from schemas.leads import Lead
from schemas.receipts import TO_MEMBER
from schemas.requests import Request, RequestView
from tests.consumers import facts
from tests.consumers.facts import TOKENS
from tests.consumers.office import Office

Answer = Revealed | Resealed | FoundCases | Unanswered


def named(kind: IdentifierKind, value: str, *holders: str) -> Identifier:
    """An identifier by the token that its members make of it."""
    form = canonical(kind, value)
    return facts.identifier(kind, form.value, *holders).model_copy(
        update={"tokens": TOKENS.tokens(form.namespace, form.value)}
    )


class _Service(Vault):
    """The vault's own loop, with a desk that needs no broker."""

    def __init__(self, desk: Desk) -> None:
        self._engine, self._given, self._since = desk.engine, desk, {}

    def _desk(self) -> Desk:
        return self._given


class Safe:
    """`told`: whether the auditor copies what is on record. `failing`: what goes wrong where an alert is looked for.
    `secret` is the key of who asks."""

    def __init__(self, office: Office) -> None:
        self.office, self.told = office, True
        unit = store.generate("police-one", TOKENS)
        self.keys = OpeningKeys("police-one", (unit.sealing,), TOKENS.epochs)
        police = office.registry.member("police-one")
        assert police is not None
        office.registry.apply("police-one", police.model_copy(update={"seal_key": unit.public.sealing}))
        self.members: dict[str, MemberKeys] = {}
        self.alerts: dict[Wanted, SealedEvent] = {}
        self.failing: dict[Wanted, Exception] = {}
        self.secret = X25519PrivateKey.generate()
        self.public = self.secret.public_key().public_bytes_raw()

    def seal(self, member: str, event_id: UUID, identifier: Identifier, value: str, bound: UUID | None = None) -> None:
        """A member's alert has this value sealed for the token; `bound` to another event, if one is named."""
        found = Tokenised(identifier.kind, value, identifier.tokens, [], {})
        seals = make_seals([found], {}, member, self.office.registry, bound or event_id)
        blobs = tuple(one.blob for one in seals if one.to == "police-one")
        self.alerts[member, event_id] = SealedEvent(member, event_id, blobs)

    def suspected(self, identifier: Identifier, value: str) -> Lead:
        """A lead about it, whose first alert has it sealed."""
        lead = facts.lead(identifier)
        self.seal(lead.evidence[0].member, lead.evidence[0].event_id, identifier, value)
        self.office.suspect(lead)
        return lead

    def reveal(self, case_id: UUID, token: str) -> Reveal:
        at, answer_to = self.office.now, encode(self.public)
        return Reveal(case_id=case_id, token=token, purpose="a test", answer_to=answer_to, at=at)

    def reseal(self, request: Request | RequestView, **over: Any) -> Reseal:
        """`over` says otherwise than the request."""
        fields: dict[str, Any] = {
            "case_id": request.case_id, "request_id": request.request_id, "to": request.to,
            "token": request.target.tokens[0], "purpose": "a test", "answer_to": encode(self.public),
            "at": self.office.now,
        }  # fmt: skip
        return Reseal(**{**fields, **over})

    def search(self, kind: IdentifierKind, value: str) -> Search:
        police = self.office.registry.member("police-one")
        assert police is not None
        sealed = opening.seal_sought(Sought(identifier=kind, value=value), police.seal_key, self.public)
        return Search(sealed=sealed, purpose="a test", answer_to=encode(self.public), at=self.office.now)

    def file(self, said: Said, officer: str = "p100", unit: str = "police-one") -> int:
        """Filed and not yet judged."""
        office = self.office
        with office.engine.begin() as db:
            return inquiries.file_inquiry(db, said, office.keys[officer], f"{unit}/{officer}/k1", office.now)

    def ask(self, said: Said, officer: str = "p100", unit: str = "police-one") -> str | Answer | None:
        """The casebook's refusal, or what the vault answers; None if it does not."""
        number = self.file(said, officer, unit)
        self.turn()
        self.office.take()
        self.turn()
        return self.outcome(number)

    def outcome(self, number: int) -> str | Answer | None:
        with self.office.engine.connect() as db:
            judged, answered = inquiries.judgement(db, number), inquiries.answered(db, number)
        if answered is None or judged is None or judged.refusal:
            return judged.refusal if judged else None
        sealed, question = answered
        return VAULT_ANSWER.validate_json(unseal(self.secret, sealed, opening.ANSWER_INFO, opening.bound_to(question)))

    def join(self, member: str) -> None:
        """A member gets keys of its own, to which can be sealed."""
        known = self.office.registry.member(member)
        assert known is not None
        keys = self.members[member] = store.generate(member, TOKENS)
        self.office.registry.apply(member, known.model_copy(update={"seal_key": keys.public.sealing}))

    def letters(self) -> list[tuple[str, ClearTarget]]:
        """What waits for dispatch, and for whom."""
        query = select(Outbox.member, Outbox.value).order_by(Outbox.number)
        with self.office.engine.connect() as db:
            read = [(row.member, TO_MEMBER.validate_json(row.value)) for row in db.execute(query)]
        return [(member, letter) for member, letter in read if isinstance(letter, ClearTarget)]

    def turn(self) -> None:
        """One of the service."""
        office = self.office
        desk = Desk(office.engine, self.keys, office.registry, office.now, self._on_record, self._found)
        _Service(desk).turn()

    def answers(self) -> list[str | None]:
        """What lies in the database, as it lies there."""
        with self.office.engine.connect() as db:
            return list(db.scalars(select(InquiryRow.answer).order_by(InquiryRow.number)))

    def _on_record(self, number: int, digest: bytes) -> bool:
        with self.office.engine.connect() as db:
            row = db.execute(select(*Audit.__table__.c).where(Audit.number == number)).first()
        return self.told and row is not None and record.covers(entry_of(row), digest)

    def _found(self, wanted: Collection[Wanted], unit: str) -> Iterator[SealedEvent]:
        assert unit == "police-one"
        for one in wanted:
            if one in self.failing:
                raise self.failing[one]
        return iter([self.alerts[one] for one in wanted if one in self.alerts])
