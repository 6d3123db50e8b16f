"""The member client: what a member unit publishes and asks by. An alert that `publish` returned from is never lost.

Protects each event, puts it into the spool, and leaves the sending to a thread. May be shared between threads.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from alliance.clock import AllianceClock
from alliance.errors import InvalidAlert, Retry, SetupError, Stop
from alliance.ids import IdSource
from alliance.kafka import KafkaLogin
from alliance.keys.store import MemberKeys
from alliance.registry import Registry
from producers import answers, sender, withdrawals
from producers.answers import Answers, Listen
from producers.clear import (
    ClearEvent,
    Protected,
    check_sender,
    content_digest,
    given_id,
    protect,
    unsealed,
)
from producers.sender import Connect, Sender
from producers.spool import Acceptance, Capacity, Entry, Spool
from schemas.alerts import Withdrawal
from schemas.answers import Answer
from schemas.identifiers import Identifier
from schemas.objections import Appeal, Dispute
from schemas.risk import RiskAnswer
from schemas.topics import BY_KIND

ClearIdentifier = Mapping[str, Any]
"""`{"kind", "value", "holders"?, "basis"?, "as_of"?}`"""


class Offered(NamedTuple):
    """What became of one event of `offer`: `outcome` if it was judged by the spool, else `error`."""

    id: UUID | None
    outcome: Acceptance | None
    error: InvalidAlert | None


class MemberClient:
    """Publishes as the member whose keys it has. SetupError if the spool is in use, or the keys are the hub's."""

    listen: Listen = staticmethod(answers.listen)
    """How it comes to read its mail; begun with the first question."""

    def __init__(
        self,
        keys: MemberKeys,
        login: KafkaLogin,
        registry: Registry,
        spool: Path,
        clock: AllianceClock,
        *,
        limits: Capacity | None = None,
        connect: Connect = sender.connect,
    ) -> None:
        if keys.tokens is None:
            raise SetupError(f"The keys of {keys.member} can make no tokens; use a member's key file, not the hub's.")
        self.member = keys.member
        self.registry = registry
        self.clock = clock
        self.spool = Spool(spool, clock.now_ms, limits)
        self._tokens = keys.tokens
        self._ids = IdSource(clock.now_ms, os.urandom)
        self._sender = Sender(self.spool, keys, login, connect)
        self._sender.start()
        self._login = login
        self._answers: Answers | None = None
        self._asking = Lock()

    @property
    def sent(self) -> int:
        """Events that the broker acknowledged since this client began."""
        return self._sender.sent

    @property
    def waiting(self) -> int:
        """Events in the spool that the broker has not acknowledged."""
        return self.spool.waiting_rows

    @property
    def trouble(self) -> str | None:
        """Why nothing can be sent at the moment, if so."""
        return self._sender.trouble

    def publish(self, alert: ClearEvent) -> UUID:
        """Durable on return. The same id with the same content again has no effect.

        Raises InvalidAlert naming the field, SpoolFull, or Refused if this member may send nothing.
        """
        entry = _entry(self._protect(alert))
        return self._accept(entry)

    def publish_many(self, alerts: Iterable[ClearEvent]) -> list[UUID]:
        """All of them, in one go to the disk, or none: raises as `publish` does, the field led by the alert's index."""
        entries = []
        for index, alert in enumerate(alerts):
            try:
                entries.append(_entry(self._protect(alert)))
            except InvalidAlert as error:
                raise _at(index, error) from error
        outcomes = self._add(entries, whole=True)
        if Acceptance.CONFLICT in outcomes:
            raise _at(outcomes.index(Acceptance.CONFLICT), _conflict())
        return [entry.id for entry in entries]

    def offer(self, alerts: Sequence[ClearEvent]) -> list[Offered]:
        """Each judged by itself, all accepted ones in one go to the disk. What is known already costs no seals."""
        judged: list[Offered | Entry] = [self._judge(alert) for alert in alerts]
        entries = [item for item in judged if isinstance(item, Entry)]
        outcomes = iter(self._add(entries))
        return [Offered(item.id, next(outcomes), None) if isinstance(item, Entry) else item for item in judged]

    def withdraw(
        self,
        event_id: UUID,
        reason: str,
        *,
        superseded_by: UUID | None = None,
        event_member: str | None = None,
        identifiers: Sequence[Identifier] = (),
    ) -> UUID:
        """An earlier event no longer stands. Its tokens come from the spool.

        Only police may name `event_member`, to withdraw another member's victim report with that report's identifiers.
        """
        known = check_sender(self.registry, self.member, "withdrawal")
        if event_member is None or event_member == self.member:
            payload = withdrawals.of_own(event_id, self.spool, known.sector)
        else:
            payload = withdrawals.of_another(event_id, event_member, identifiers, known.sector)
        said = {"reason": reason, "superseded_by": superseded_by and str(superseded_by)}
        return self._send_wire({**payload, **{key: value for key, value in said.items() if value is not None}})

    def alias(self, *identifiers: ClearIdentifier) -> UUID:
        """Tie two to four identifiers that this member holds: a card and its account."""
        return self.publish(self._now({"kind": "alias", "identifiers": [dict(i) for i in identifiers]}))

    def risk_check(
        self,
        payer: ClearIdentifier,
        payee: ClearIdentifier,
        amount: Mapping[str, Any],
        phones: Sequence[Mapping[str, Any]] = (),
        channel: str = "other",
        *,
        timeout: float = 2.0,
    ) -> RiskAnswer | None:
        """Ask before money leaves, and wait. None if no answer has come after `timeout` seconds: go by your own rules.

        The payer is this member's own customer. The first call takes longer, as it begins to listen. Raises as
        `publish` does, Refused also where the hub does not take the check, Retry if the broker is away.
        """
        own = self.registry.member(self.member)
        data = {
            "kind": "risk-check",
            "payer": {"holders": own.routes[:1] if own else [], **payer},
            "payee": dict(payee),
            "phones": [dict(phone) for phone in phones],
            "amount": dict(amount),
            "channel": channel,
        }
        check_id, mail = self._ids.next(), self._listening()
        answer = mail.expect(check_id)
        try:
            self.publish({**self._now(data), "id": check_id})
            return answer.result(timeout)
        except TimeoutError:
            return None
        finally:
            mail.forget(check_id)

    def answer(self, answer: Answer) -> UUID:
        """Answer a request; the payload is in wire form already."""
        return self._send_wire(answer.model_dump(mode="json", exclude_none=True))

    def contest(self, objection: Appeal | Dispute) -> UUID:
        """Pass on a holder's appeal, or dispute a suspicion. The decision comes on `to.<member>` with this id."""
        return self._send_wire(objection.model_dump(mode="json", exclude_none=True))

    def flush(self, timeout: float) -> None:
        """Wait until the broker has everything. Raises Retry, saying why, if it has not after `timeout` seconds."""
        self.spool.wait(self._is_sent, timeout)
        self._check_sender_lives()
        if waiting := self.spool.waiting_rows:
            why = self.trouble or f"the broker has not acknowledged all within {timeout:g} s"
            raise Retry(f"{why}; {waiting} events wait in {self.spool.path} and are sent by the next client on it.")

    def close(self) -> None:
        """End without waiting for the broker: what it has not acknowledged stays in the spool for the next client."""
        with self._asking:
            if self._answers is not None:
                self._answers.close()
        self._sender.stop()
        self.spool.close()

    def __enter__(self) -> MemberClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _is_sent(self) -> bool:
        # Who counts what was sent would else see too little, or a trouble that is over.
        return not self._sender.alive or (self.spool.waiting_rows == 0 and not self._sender.busy)

    def _listening(self) -> Answers:
        with self._asking:
            if self._answers is None:
                self._answers = Answers(self.listen(self._login, self.member))
            return self._answers

    def _now(self, data: dict[str, Any]) -> ClearEvent:
        return {"time": self.clock.now(), "data": data}

    def _protect(self, alert: ClearEvent) -> Protected:
        data = alert.get("data")
        kind = data.get("kind") if isinstance(data, dict) else None
        if kind == Withdrawal.model_fields["kind"].default:
            raise InvalidAlert("data.kind", "a withdrawal repeats its event's tokens; call `withdraw`")
        check_sender(self.registry, self.member, str(kind))
        return protect(alert, self.member, self._tokens, self.registry, self._ids, self.clock.now())

    def _judge(self, alert: ClearEvent) -> Offered | Entry:
        try:
            chosen = given_id(alert)
            standing = None if chosen is None else self.spool.digest(chosen)
            if standing is None:
                return _entry(self._protect(alert))
            if standing == content_digest(alert):
                return Offered(chosen, Acceptance.DUPLICATE, None)
            return Offered(chosen, Acceptance.CONFLICT, None)
        except InvalidAlert as error:
            return Offered(None, None, error)

    def _accept(self, entry: Entry) -> UUID:
        if self._add([entry])[0] is Acceptance.CONFLICT:
            raise _conflict()
        return entry.id

    def _add(self, entries: Sequence[Entry], *, whole: bool = False) -> list[Acceptance]:
        self._check_sender_lives()
        return self.spool.add(entries, whole=whole)

    def _send_wire(self, payload: dict[str, Any]) -> UUID:
        check_sender(self.registry, self.member, payload["kind"])
        return self._accept(_entry(unsealed(self._ids.next(), self.member, self.clock.now(), payload)))

    def _check_sender_lives(self) -> None:
        if not self._sender.alive:
            raise Stop(
                f"The sender of {self.member} has ended; close this client and open another: the spool has everything."
            )


def _entry(made: Protected) -> Entry:
    topic = BY_KIND[made.event.data.kind].name
    return Entry(made.event.id, topic, made.wire, made.digest, orjson.dumps(made.identifiers))


def _conflict() -> InvalidAlert:
    return InvalidAlert("id", "used before with other content; the earlier one stands, send this one under a new id")


def _at(index: int, error: InvalidAlert) -> InvalidAlert:
    return InvalidAlert(f"{index}.{error.field}", str(error).removeprefix(f"{error.field}: "))
