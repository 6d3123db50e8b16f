"""The books of a carrier: its numbers and the SIMs, devices and trunks behind them, and what was done about them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from alliance.keys.tokens import TokenKeys
from alliance.release import by_law
from producers.reference import decision
from producers.reference.authority import Proof
from producers.reference.decision import Decided, Queueless, answer
from producers.reference.index import TokenIndex
from schemas.answers import AnswerStatus
from schemas.base import seconds
from schemas.requests import Action, Request


class Subscribed(msgspec.Struct, frozen=True, tag="subscribed"):
    """A line of the carrier's. `identifiers` are pairs of kind and value: its number, its SIM, device or trunk."""

    line: str
    identifiers: tuple[tuple[str, str], ...]
    at: datetime


class LineActed(msgspec.Struct, frozen=True, tag="line-acted"):
    """A request that was carried out on a line. Of a suspension: whose order it is, and until when; without an end it
    lasts until it is lifted. `hold_id` names what was suspended or is lifted."""

    line: str
    action: Action
    request_id: str
    at: datetime
    hold_id: str = ""
    unit: str = ""
    until: datetime | None = None


Entry = Subscribed | LineActed
_DONE = frozenset(
    {Action.QUERY, Action.WATCH, Action.VERIFY, Action.WARN, Action.INTERRUPT_LINE, Action.SUSPEND, Action.RELEASE}
)


class Carrier(Queueless):
    """A `Stub` of a carrier. A suspension ends by its time, or is lifted by the police unit that ordered it, or as
    the law has it; a line that two units had suspended is open when both have ended."""

    def __init__(self, member: str, keys: TokenKeys) -> None:
        self.member = member
        self.suspended: dict[str, dict[str, LineActed]] = {}
        """By line and what suspends it."""
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
            self.suspended[entry.line] = {}
            for kind, value in entry.identifiers:
                self.index.add(kind, value, entry.line)
            return
        self.acted.append(entry)
        match entry.action:
            case Action.SUSPEND:
                self.suspended[entry.line][entry.hold_id] = entry
            case Action.RELEASE:
                self.suspended[entry.line].pop(entry.hold_id, None)
            case Action.WARN:
                self.warned.add(entry.line)
            case Action.INTERRUPT_LINE:
                self.interrupted[entry.line] = self.interrupted.get(entry.line, 0) + 1
            case _:
                pass

    def has(self, opening: Subscribed) -> bool:
        return opening.line in self.suspended

    def is_suspended(self, line: str, now: datetime) -> bool:
        return any(_lasts(one, now) for one in self.suspended[line].values())

    def decide(self, request: Request, proof: Proof, now: datetime) -> Decided:
        found = self.index.find(request.target)
        if not found:
            return decision.not_found(request)
        if request.action not in _DONE:
            return decision.not_ours(request)
        if request.action is Action.RELEASE and (why := self._stays(found[0], request, proof, now)):
            return decision.refused(request, why)
        if request.action is Action.SUSPEND and str(request.hold_id or request.request_id) in self.suspended[found[0]]:
            return decision.refused(request, "a suspension of this id is in the books already")
        until = None
        if request.action is Action.SUSPEND and request.duration_s:
            until = now + seconds(request.duration_s)
        hold_id = str(request.hold_id or request.request_id)
        entry = LineActed(found[0], request.action, str(request.request_id), now, hold_id, proof.unit, until)
        return Decided(answer(request, AnswerStatus.EXECUTED, until=until), [entry])

    def _stays(self, line: str, request: Request, proof: Proof, now: datetime) -> str | None:
        """Why the line is not given back; None if it is."""
        order = self.suspended[line].get(str(request.hold_id))
        if order is None or not _lasts(order, now):
            return "no suspension of this id is in force on the line"
        if order.unit == proof.unit and proof.mandate is None:
            return None
        if proof.law is not None and by_law(proof.law, mandated=False, since=order.at, now=now):
            return None
        return "a suspension is lifted by the unit that ordered it, and the law lets go of none such"


def _lasts(order: LineActed, now: datetime) -> bool:
    return order.until is None or now < order.until
