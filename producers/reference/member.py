"""The loop of a member unit: read the mail, do each request once, answer, and only then say that the mail was read."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Event
from typing import NamedTuple

import structlog

from alliance import logs
from alliance.clock import AllianceClock
from alliance.errors import Refused
from alliance.kafka import KafkaLogin
from alliance.keys.store import MemberKeys
from alliance.profiles import Profile
from alliance.roll import Roll
from producers import naming
from producers.client import MemberClient
from producers.reference.books import Books
from producers.reference.decision import Decided, answer
from producers.reference.handler import handle
from producers.reference.mail import Mail
from schemas.answers import Answer, AnswerStatus
from schemas.names import NameToMatch
from schemas.outcomes import Outcome
from schemas.receipts import Letter, Receipt
from schemas.requests import Request
from schemas.returns import ReturnList

_POLL_MS = 200
_SUSPENDED_S = 1.0
_GIVEN_UP = "this member failed on the request, and has done nothing about it: call it"
_log = structlog.get_logger(__name__)


class MemberTally(NamedTuple):
    """What a member has done since it started."""

    answered: int = 0
    repeated: int = 0
    """Requests that came again and got the same answer again."""
    refused_events: int = 0
    """Own events that the hub quarantined, by its receipts."""
    told: int = 0
    """How often the hub said what had become of an own alert."""


class ReferenceMember:
    """Give it a client, books, the law of the place and the roll of a registry that was read once; it keeps it current.
    `run` blocks."""

    def __init__(
        self,
        client: MemberClient,
        keys: MemberKeys,
        login: KafkaLogin,
        roll: Roll,
        books: Books,
        clock: AllianceClock,
        profile: Profile,
    ) -> None:
        self.tally = MemberTally()
        self._client = client
        self._keys = keys
        self._registry = roll.registry
        self._books = books
        self._clock = clock
        self._profile = profile
        self._mail = Mail(client.member, login, roll)
        self._waits = False

    def run(self, stopping: Event) -> None:
        """Until `stopping` is set. Raises Stop if the books or the spool can't be written: nothing is acknowledged."""
        try:
            while not stopping.is_set():
                before = time.monotonic()
                self._round(stopping)
                # A broker that is away can make a poll return at once.
                if time.monotonic() - before < 0.001:
                    stopping.wait(0.05)
        finally:
            self._mail.close()

    def _round(self, stopping: Event) -> None:
        try:
            self.step(_POLL_MS)
            self._waits = False
        except Refused as error:
            # While it is suspended it may send nothing; what it decided it says once it may.
            if not self._waits:
                _log.warning("mail waits", member=self._client.member, reason=str(error))
            self._waits = True
            self._mail.again()
            stopping.wait(_SUSPENDED_S)

    def step(self, timeout_ms: int) -> int:
        """One round; how many letters it took."""
        letters = self._mail.poll(timeout_ms)
        self.turns()
        for letter in letters:
            self.take(letter)
        self._mail.commit()
        return len(letters)

    def take(self, letter: Letter) -> Answer | None:
        """One letter; the answer that was sent, if it was a request."""
        if isinstance(letter, Request):
            return self._answer(letter)
        if isinstance(letter, Receipt):
            self.tally = self.tally._replace(refused_events=self.tally.refused_events + len(letter.refusals))
            for refusal in letter.refusals:
                _log.warning("quarantined", member=self._client.member, reason=refusal.reason, detail=refusal.detail)
        if isinstance(letter, ReturnList):
            with self._books.batch():
                self._books.record(self._books.stub.listed(letter, self._clock.now()))
        if isinstance(letter, NameToMatch):
            self._named(letter)
        if isinstance(letter, Outcome):
            self.tally = self.tally._replace(told=self.tally.told + len(letter.alerts))
        return None

    def _named(self, letter: NameToMatch) -> None:
        try:
            said = naming.opened(letter, self._keys)
        except Refused as error:
            # Without it the request is not comparable, which is a person's to decide.
            _log.warning("name not read", member=self._client.member, reason=str(error))
            return
        with self._books.batch():
            self._books.record(self._books.stub.named(letter.request_id, said, self._clock.now()))

    def turns(self) -> None:
        """Tell whoever waits in a queue that its turn has come, or is nearer."""
        for told in self._books.turns(self._clock.now()):
            self._client.answer(told.answer)
            with self._books.batch():
                self._books.record(told.entries)

    def _answer(self, request: Request) -> Answer:
        # What was let go since is first for those who wait.
        self.turns()
        given, new = self._books.answer_once(request, lambda: self._decided(request))
        self._client.answer(given)
        repeated = self.tally.repeated + (not new)
        self.tally = self.tally._replace(answered=self.tally.answered + 1, repeated=repeated)
        _log.info(
            "answered",
            member=self._client.member,
            action=request.action.value,
            status=given.status.value,
            reason=given.reason,
            request_id=str(request.request_id),
            repeated=not new,
        )
        return given

    def _decided(self, request: Request) -> Decided:
        try:
            decision = handle(request, self._books.stub, self._registry, self._profile, self._clock.now())
            return replace(decision, answer=naming.seal_outflows(decision.answer, decision.payees, self._registry))
        except Exception as error:  # noqa: BLE001 — logged; nothing is changed yet
            # It would come again, and with it no other request were ever read, a release among them.
            _log.error("a request is given up", request_id=str(request.request_id), **logs.fault(error))
            return Decided(answer(request, AnswerStatus.FAILED, _GIVEN_UP))
