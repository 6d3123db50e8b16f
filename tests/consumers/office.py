"""The casebook on a real database without a broker: a test hands in what Kafka would bring, and sets the time."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from alliance import profiles
from alliance.errors import Refused
from alliance.keys.encoding import encode
from alliance.keys.signatures import sign_object
from alliance.registry import Registry
from consumers.casebook import agenda, audit, database
from consumers.casebook.authority import orders
from consumers.casebook.authority.mandates import add_mandate, revoke_mandate
from consumers.casebook.evidence import renaming
from consumers.casebook.holding import keeping
from consumers.casebook.inbound import Admitted, Bundle
from consumers.casebook.lifecycle import FRUITLESS
from consumers.casebook.objections import rulings
from consumers.casebook.tables import RequestRow
from consumers.casebook.turn import Turn
from consumers.casebook.views import listings, objectionviews
from consumers.casebook.work import Inbox, take
from consumers.dispatch.outbox import Outbox
from schemas.alerts import Alias, ReportChannel, ReportedTransfer, VictimReport, Withdrawal
from schemas.answers import Answer, AnswerStatus
from schemas.decisions import About, AppealView, Decision, DisputeView, Finding
from schemas.envelope import Event, event_type, source_of
from schemas.identifiers import Identifier
from schemas.leads import Evidence, Lead
from schemas.names import NameToMatch
from schemas.objections import Appeal, AppealGrounds, Dispute
from schemas.outcomes import Outcome
from schemas.reasons import Reason
from schemas.receipts import TO_MEMBER
from schemas.registry import Member, Officer, Sector, SigningKey
from schemas.requests import HoldView, Mandate, Request, RequestStatus, RequestView
from schemas.returns import ReturnList, ReturnNotice
from schemas.tasks import TaskView
from tests.consumers import facts

RANKS = {"p100": "inspector", "p101": "inspector", "p200": "county-head", "p300": "inspector"}
"""The officers of police, each with one key wherever they serve."""
_engine = lru_cache(maxsize=4)(database.connect)
"""What SQLAlchemy has compiled for one office, the next on the same database need not."""
Payload = Alias | VictimReport | Withdrawal | Answer | Appeal | Dispute


class Office:
    """`now` is alliance time, and stands still until a test moves it. `told` is what `deliver` sent of alerts,
    `returns` what it sent of returns beside the requests, `post` names and requests in their order."""

    def __init__(self, database_url: str, profile: str = "cn") -> None:
        self.engine = _engine(database_url)
        self.now = facts.NOW
        self.keys = {name: Ed25519PrivateKey.generate() for name in RANKS}
        self.registry = Registry([facts.member(name) for name in facts.SECTORS])
        self.registry.apply("police-one", self.police(*RANKS))
        self.profile = profiles.load(profile)
        database.go_by(self.engine, self.profile)
        self._outbox = Outbox(psycopg.connect(database_url, autocommit=True))
        self._look_again = False
        self._since = 0
        self.told: list[Outcome] = []
        self.returns: list[ReturnList | ReturnNotice] = []
        self.post: list[Request | NameToMatch] = []
        self._letters: list[Request] = []
        self._decided: dict[str, Decision] = {}
        self.spared: frozenset[str] = frozenset()
        self.resume()

    def resume(self) -> None:
        """Go on behind what others have put on record."""
        with self.engine.connect() as db:
            self._head = audit.head(db)

    def police(self, *officers: str, unit: str = "police-one") -> Member:
        """A unit with these of the officers."""
        since = facts.NOW - timedelta(days=400)
        public = {name: encode(self.keys[name].public_key().public_bytes_raw()) for name in officers}
        keys = {name: SigningKey(key_id="k1", public=public[name], valid_from=since) for name in officers}
        held = [Officer(officer=name, rank=RANKS[name], key=key) for name, key in keys.items()]
        return facts.member(unit, sector=Sector.POLICE, officers=held)

    def take(self, **inbox: Any) -> None:
        """One turn, as the service would do it."""
        with self.engine.begin() as db:
            turn = Turn(db, self.now, self.registry, self.profile, self.spared, names=renaming.load(db))
            take(turn, agenda.look(db), Inbox(**inbox, look_again=self._look_again))
            self._head = audit.append(db, turn.trail, self._head, self.now)
        self._look_again = False

    def lose(self, **inbox: Any) -> None:
        """A turn that dies before it is written: as if it had not been."""
        with self.engine.connect() as db, db.begin() as written:
            turn = Turn(db, self.now, self.registry, self.profile, self.spared)
            take(turn, agenda.look(db), Inbox(**inbox))
            written.rollback()

    def allow(self, *targets: Identifier) -> None:
        """From now on these are the allow-list."""
        before, self.spared = self.spared, frozenset(token for target in targets for token in target.tokens)
        self.take(spared=self.spared - before)

    def win_appeal(self, hold: HoldView) -> None:
        """The holder appeals through its bank, and an officer who had no hand in the hold finds for it."""
        assert not self.said_by(
            hold.member,
            Appeal(hold_id=hold.hold_id, grounds=AppealGrounds.MISTAKEN, statement="this account is somebody else's"),
        )
        [filed] = [one for one in self.appeals() if one.hold_id == hold.hold_id]
        self.rule("appeal", filed.appeal_id, Finding.UPHELD)

    def keep(self, hold: HoldView, kid: str = "police-one/p100/k1", key: Ed25519PrivateKey | None = None) -> str | None:
        """An officer declines the proposed release; why the casebook refuses that, if it does."""
        with self.engine.begin() as db:
            key = key or self.keys["p100"]
            shown = keeping.read_proposal(db, hold.hold_id)
            number = keeping.file_keep(db, hold.hold_id, shown, "it is another victim's too", key, kid, self.now)
        self.take()
        with self.engine.connect() as db:
            judged = keeping.judgement(db, number)
        assert judged is not None
        return judged.refusal

    def tasks(self) -> list[TaskView]:
        with self.engine.connect() as db:
            return sorted(listings.tasks(db, self._since).items, key=lambda task: task.number)

    def next_due(self) -> datetime | None:
        with self.engine.connect() as db:
            return agenda.look(db).due

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)
        self.take()

    def suspect(self, *leads: Lead) -> None:
        self.take(leads=[lead.model_dump_json().encode() for lead in leads])

    def report(
        self, payee: Identifier, minor: int = 5_000_000, member: str = "police-one", time: datetime | None = None
    ) -> UUID:
        return self.report_all(ReportedTransfer(payee=payee, amount=facts.yuan(minor), time=time), member=member)

    def report_all(self, *paid: ReportedTransfer, member: str = "police-one") -> UUID:
        """One report of all these payments."""
        said = VictimReport(report_id="R1", channel=ReportChannel.HOTLINE, incident_from=self.now, transfers=list(paid))
        bundle = self.bundle(member, said)
        self.take(reports=[bundle])
        return bundle.events[0].event.id

    def alias(self, *identifiers: Identifier, member: str = "bank-one") -> UUID:
        bundle = self.bundle(member, Alias(identifiers=list(identifiers)))
        self.take(aliases=[bundle])
        return bundle.events[0].event.id

    def withdraw(self, *items: Evidence, by: str | None = None) -> None:
        self.take(withdrawals=[self.withdrawal(item, by) for item in items])

    def withdrawal(self, item: Evidence, by: str | None = None) -> Bundle:
        said = Withdrawal(event_id=item.event_id, event_member=item.member, reason="a mistake")
        return self.bundle(by or item.member, said)

    def annul(self, event_id: UUID, member: str = "police-one", by: str = "police-one") -> None:
        said = Withdrawal(event_id=event_id, event_member=member, reason="a mistake")
        self.take(withdrawals=[self.bundle(by, said)])

    def answer(self, request: Request, status: AnswerStatus, **fields: Any) -> Bundle:
        bundle = self.said(request, status, **fields)
        self.take(answers=[bundle])
        return bundle

    def said(self, request: Request, status: AnswerStatus, **fields: Any) -> Bundle:
        at, by = fields.pop("at", None), fields.pop("by", request.to)
        return self.bundle(by, Answer(request_id=request.request_id, status=status, **fields), at)

    def deliver(self) -> list[Request]:
        """Do dispatch's work; what was sent."""
        self._empty_outbox()
        letters, self._letters = self._letters, []
        return letters

    def decisions(self) -> dict[str, Decision]:
        """What members were told since this was asked last, by member."""
        self._empty_outbox()
        decided, self._decided = self._decided, {}
        return decided

    def _empty_outbox(self) -> None:
        rows = self._outbox.claim(1000, ())
        self._outbox.sent(rows, self.now)
        for row in rows:
            letter = TO_MEMBER.validate_json(row.value)
            if isinstance(letter, Request | NameToMatch):
                self.post.append(letter)
            if isinstance(letter, Request):
                self._letters.append(letter)
            elif isinstance(letter, Decision):
                self._decided[row.member] = letter
            elif isinstance(letter, Outcome):
                self.told.append(letter)
            elif isinstance(letter, ReturnList | ReturnNotice):
                self.returns.append(letter)

    def release_of(self, stop: Request) -> Request:
        """What was sent to end the hold that a stop was to make."""
        return next(letter for letter in self.deliver() if letter.hold_id == stop.hold_id)

    def mandate(self, **over: Any) -> Mandate:
        with self.engine.begin() as db:
            given = facts.mandate(**over)
            signed = [self.sign(given.model_dump(mode="json"), officer, given.unit) for officer in given.officers]
            filed = add_mandate(db, signed, self.registry, self.profile, self.now)
        self._look_again = True
        return filed

    def revoke(self, mandate: Mandate) -> None:
        with self.engine.begin() as db:
            key, kid = self.keys["p100"], "police-one/p100/k1"
            revoke_mandate(db, mandate.mandate_id, "the campaign is over", key, kid, self.registry, self.now)
        self._look_again = True

    def desk_can_call(self, times: int) -> None:
        """In a day."""
        few = self.profile.desk.calls_a_day.model_copy(update={"value": times})
        desk = self.profile.desk.model_copy(update={"calls_a_day": few})
        self.profile = self.profile.model_copy(update={"desk": desk})

    def registry_changed(self) -> None:
        self._look_again = True
        self.take()

    def sign(self, content: dict[str, Any], officer: str = "p100", unit: str = "police-one") -> str:
        return sign_object(self.keys[officer], f"{unit}/{officer}/k1", content)

    def signed(self, request_id: UUID, officer: str = "p100", unit: str = "police-one") -> str | None:
        """One officer's signature, judged; why it was refused, if it was."""
        with self.engine.begin() as db:
            jws = orders.sign_draft(db, request_id, self.keys[officer], f"{unit}/{officer}/k1", self.now)
        self.take()
        with self.engine.connect() as db:
            return orders.refusal_of(db, request_id, jws)[1]

    def order(self, request_id: UUID, by: str = "p100") -> None:
        """Signed by as many as the law wants: an inspector and, if that is not enough, the head too."""
        self.signed(request_id, by)
        if self.request(request_id).missing:
            self.signed(request_id, "p200")

    def request(self, request_id: UUID) -> RequestView:
        with self.engine.connect() as db:
            found = listings.request(db, request_id)
        assert found is not None
        return found

    def rule(self, about: About, of: UUID, outcome: rulings.Found, by: str = "p300") -> None:
        """An officer decides. Raises Refused with what the casebook found wrong."""
        with self.engine.begin() as db:
            signed = rulings.sign(
                db, about, of, outcome, "it was looked into", self.keys[by], f"police-one/{by}/k1", self.now
            )
            assert agenda.look(db).words
        self.take()
        with self.engine.connect() as db:
            judged = rulings.judgement(db, signed)
        assert judged is not None
        if judged.refusal:
            raise Refused(judged.refusal)

    def said_by(self, member: str, said: Payload) -> list[Reason]:
        """What a member sends on `answers`; why it was refused, if it was."""
        bundle = self.bundle(member, said)
        self.take(answers=[bundle])
        return [refusal.reason for refusal in bundle.refusals]

    def appeals(self) -> Sequence[AppealView]:
        with self.engine.connect() as db:
            return objectionviews.appeals(db).items

    def disputes(self) -> Sequence[DisputeView]:
        with self.engine.connect() as db:
            return objectionviews.disputes(db).items

    def requests(self, lead: Lead | None = None) -> list[RequestView]:
        with self.engine.connect() as db:
            shown = listings.requests(db, self._since).items
        return [one for one in shown if lead is None or one.lead_id == lead.lead_id]

    def draft(self, target: Identifier) -> Request:
        """The one stop of the target that waits for an officer."""
        waits = RequestStatus.AWAITING_AUTHORISATION
        (one,) = [r for r in self.requests() if r.target.tokens == target.tokens and r.status is waits]
        with self.engine.connect() as db:
            return orders.read_draft(db, one.request_id)

    def holds(self, target: Identifier) -> list[HoldView]:
        with self.engine.connect() as db:
            return [hold for hold in listings.holds(db, self._since).items if hold.target.tokens == target.tokens]

    def being_released(self) -> set[UUID | None]:
        """The stops and measures whose release is asked for, and was not denied."""
        query = select(RequestRow.parent).where(RequestRow.action == "release", RequestRow.status.not_in(FRUITLESS))
        with self.engine.connect() as db:
            return set(db.scalars(query))

    def forget(self) -> None:
        """Show from now on only what changes from now on."""
        with self.engine.connect() as db:
            self._since = listings.requests(db, self._since).after

    def is_audited(self) -> bool:
        with self.engine.connect() as db:
            return audit.is_unbroken(db)

    def bundle(self, member: str, data: Payload, at: datetime | None = None) -> Bundle:
        event = Event(id=uuid4(), source=source_of(member), type=event_type(data.kind), time=at or self.now, data=data)
        admitted = Admitted(member, member.startswith("police"), event, secrets.token_bytes(8))
        return Bundle(f"{data.kind}", 0, 0, member, [admitted], [])


def _public(key: Ed25519PrivateKey) -> SigningKey:
    public = encode(key.public_key().public_bytes_raw())
    return SigningKey(key_id="k1", public=public, valid_from=facts.NOW - timedelta(days=400))
