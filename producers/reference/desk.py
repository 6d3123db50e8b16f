"""The duty desk of a police centre: whom it was asked to call. It has the victim's number from the alerts' seals.

What comes of a call follows from the victim's token and from how often the books have called it, so that a run can be
repeated: of ten victims one is never reached, two the second time, one does not believe it and one has paid already.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from producers.reference import decision
from producers.reference.authority import Proof
from producers.reference.decision import Decided, Queueless, answer
from schemas.answers import AnswerStatus, Dissuasion
from schemas.requests import Action, Request


class Called(msgspec.Struct, frozen=True, tag="called"):
    """A dissuasion call, or another advice that the desk took note of."""

    token: str
    action: Action
    request_id: str
    at: datetime


_NOTED = frozenset({Action.QUERY, Action.WATCH, Action.VERIFY, Action.WARN})


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

    def decide(self, request: Request, proof: Proof, now: datetime) -> Decided:
        called = Called(request.target.tokens[0], request.action, str(request.request_id), now)
        if request.action is Action.CALL:
            came_of_it = self._call(called.token)
            return Decided(answer(request, AnswerStatus.EXECUTED, dissuasion=came_of_it), [called])
        if request.action not in _NOTED:
            return decision.not_ours(request)
        return Decided(answer(request, AnswerStatus.EXECUTED), [called])

    def _call(self, token: str) -> Dissuasion:
        before = any(one.token == token and one.action is Action.CALL for one in self.calls)
        match hashlib.sha256(token.encode()).digest()[0] % 10:
            case 0:
                return Dissuasion.UNREACHABLE
            case 1 | 2:
                return Dissuasion.REACHED if before else Dissuasion.UNREACHABLE
            case 3:
                return Dissuasion.DISBELIEVES
            case 4:
                return Dissuasion.ALREADY_PAID
        return Dissuasion.REACHED
