"""The books of a platform: its users, pages and apps, and what was taken down."""

from __future__ import annotations

from datetime import datetime

import msgspec

from alliance.keys.tokens import TokenKeys
from producers.reference import decision
from producers.reference.authority import Proof
from producers.reference.decision import Decided, Queueless, answer
from producers.reference.index import TokenIndex
from schemas.answers import AnswerStatus
from schemas.requests import Action, Request


class Hosted(msgspec.Struct, frozen=True, tag="listed"):
    """A user, page or app of the platform. `identifiers` are pairs of kind and value that lead to it."""

    name: str
    identifiers: tuple[tuple[str, str], ...]
    at: datetime


class UserActed(msgspec.Struct, frozen=True, tag="user-acted"):
    """A request that was carried out on one of them."""

    name: str
    action: Action
    request_id: str
    at: datetime


Entry = Hosted | UserActed
_DONE = frozenset({Action.QUERY, Action.WATCH, Action.VERIFY, Action.WARN, Action.TAKEDOWN, Action.RELEASE})


class Platform(Queueless):
    """A `Stub` of a platform: it may take down what breaks its terms, so that a member's request is enough."""

    def __init__(self, member: str, keys: TokenKeys) -> None:
        self.member = member
        self.names: set[str] = set()
        self.taken_down: set[str] = set()
        self.warned: set[str] = set()
        self.acted: list[UserActed] = []
        self.index = TokenIndex(keys)
        self._decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)

    def decode(self, line: bytes) -> Entry:
        return self._decoder.decode(line)

    def apply(self, entry: Entry) -> None:
        if isinstance(entry, Hosted):
            self.names.add(entry.name)
            for kind, value in entry.identifiers:
                self.index.add(kind, value, entry.name)
            return
        self.acted.append(entry)
        match entry.action:
            case Action.TAKEDOWN:
                self.taken_down.add(entry.name)
            case Action.RELEASE:
                self.taken_down.discard(entry.name)
            case Action.WARN:
                self.warned.add(entry.name)
            case _:
                pass

    def has(self, opening: Hosted) -> bool:
        return opening.name in self.names

    def decide(self, request: Request, proof: Proof, now: datetime) -> Decided:
        found = self.index.find(request.target)
        if not found:
            return decision.not_found(request)
        if request.action not in _DONE:
            return decision.not_ours(request)
        entry = UserActed(found[0], request.action, str(request.request_id), now)
        return Decided(answer(request, AnswerStatus.EXECUTED), [entry])
