"""The duty desk of a police centre: whom it was asked to call. It has the victim's number from the alerts' seals."""

from __future__ import annotations

from datetime import datetime

import msgspec

from producers.reference import decision
from producers.reference.authority import Proof
from producers.reference.decision import Decision, Queueless, answer
from schemas.answers import AnswerStatus
from schemas.requests import Action, Request


class Called(msgspec.Struct, frozen=True, tag="called"):
    """A dissuasion call, or another advice that the desk took note of."""

    token: str
    action: Action
    request_id: str
    at: datetime


_DONE = frozenset({Action.CALL, Action.QUERY, Action.WATCH, Action.VERIFY, Action.WARN})


class Desk(Queueless):
    """A `Stub` of a police centre."""

    def __init__(self, member: str) -> None:
        self.member = member
        self.calls: list[Called] = []
        self._decoder: msgspec.json.Decoder[Called] = msgspec.json.Decoder(Called)

    def decode(self, line: bytes) -> Called:
        return self._decoder.decode(line)

    def apply(self, entry: Called) -> None:
        self.calls.append(entry)

    def has(self, opening: object) -> bool:
        """A desk begins with nothing."""
        return False

    def decide(self, request: Request, proof: Proof, now: datetime) -> Decision:
        if request.action not in _DONE:
            return decision.not_ours(request)
        called = Called(request.target.tokens[0], request.action, str(request.request_id), now)
        return Decision(answer(request, AnswerStatus.EXECUTED, "reached"), [called])
