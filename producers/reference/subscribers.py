"""The books of a carrier: its numbers and the SIMs, devices and trunks behind them, and what was done about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from alliance.keys.tokens import TokenKeys
from producers.reference import decision
from producers.reference.authority import Proof
from producers.reference.decision import Decision, Queueless, answer
from producers.reference.index import TokenIndex
from schemas.answers import AnswerStatus
from schemas.requests import Action, Request


class LineState(StrEnum):
    OPEN = "open"
    SUSPENDED = "suspended"


class Subscribed(msgspec.Struct, frozen=True, tag="subscribed"):
    """A line of the carrier's. `identifiers` are pairs of kind and value: its number, its SIM, device or trunk."""

    line: str
    identifiers: tuple[tuple[str, str], ...]
    at: datetime


class LineActed(msgspec.Struct, frozen=True, tag="line-acted"):
    """A request that was carried out on a line."""

    line: str
    action: Action
    request_id: str
    at: datetime


Entry = Subscribed | LineActed
_DONE = frozenset(
    {Action.QUERY, Action.WATCH, Action.VERIFY, Action.WARN, Action.INTERRUPT_LINE, Action.SUSPEND, Action.RELEASE}
)


class Carrier(Queueless):
    """A `Stub` of a carrier. A suspension is lifted by police alone, who alone can order it."""

    def __init__(self, member: str, keys: TokenKeys) -> None:
        self.member = member
        self.lines: dict[str, LineState] = {}
        self.warned: set[str] = set()
        self.interrupted: dict[str, int] = {}
        """Calls cut, by line."""
        self.acted: list[LineActed] = []
        self.index = TokenIndex(keys)
        self._decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)

    def decode(self, line: bytes) -> Entry:
        return self._decoder.decode(line)

    def apply(self, entry: Entry) -> None:
        if isinstance(entry, Subscribed):
            self.lines[entry.line] = LineState.OPEN
            for kind, value in entry.identifiers:
                self.index.add(kind, value, entry.line)
            return
        self.acted.append(entry)
        match entry.action:
            case Action.SUSPEND:
                self.lines[entry.line] = LineState.SUSPENDED
            case Action.RELEASE:
                self.lines[entry.line] = LineState.OPEN
            case Action.WARN:
                self.warned.add(entry.line)
            case Action.INTERRUPT_LINE:
                self.interrupted[entry.line] = self.interrupted.get(entry.line, 0) + 1
            case _:
                pass

    def has(self, opening: Subscribed) -> bool:
        return opening.line in self.lines

    def decide(self, request: Request, proof: Proof, now: datetime) -> Decision:
        found = self.index.find(request.target)
        if not found:
            return decision.not_found(request)
        if request.action not in _DONE:
            return decision.not_ours(request)
        if request.action is Action.RELEASE and not proof.police:
            return decision.refused(request, "a suspension is lifted by police, who ordered it")
        entry = LineActed(found[0], request.action, str(request.request_id), now)
        return Decision(answer(request, AnswerStatus.EXECUTED), [entry])
