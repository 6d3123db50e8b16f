"""Where acts become real: money on the books, alerts at the members' clients. What a bank refused, nobody tells of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from alliance.clock import AllianceClock
from producers.city.acts import Act, Notice, Opening, Payment, Settlement
from producers.city.clearing import Clearing
from producers.city.events import Clear, stamp, yuan
from producers.city.members import Players
from producers.reference.entries import Way


class Stage:
    """For the thread that plays; the members' own threads answer meanwhile."""

    def __init__(self, players: Players, clock: AllianceClock) -> None:
        self._players = players
        self._clock = clock
        self.clearing = Clearing(players.banks())
        self.published = 0

    def set_up(self, openings: Iterable[Opening]) -> None:
        """Put on the books what is not there yet; an account keeps what it has from the day before."""
        by_member: dict[str, list[Opening]] = defaultdict(list)
        for opening in openings:
            by_member[opening.member].append(opening)
        for member, theirs in by_member.items():
            books = self._players.by_name[member].books
            with books.batch():
                books.record(opening.entry for opening in theirs if not books.stub.has(opening.entry))

    def perform(self, acts: Sequence[Act]) -> None:
        """All that is due, in its order: first the money, then what is told of it."""
        money = [act for act in acts if not isinstance(act, Notice)]
        if money:
            with self.clearing.session():
                for act in money:
                    self._move(act)
        waiting: dict[str, list[Clear]] = defaultdict(list)
        for notice in (act for act in acts if isinstance(act, Notice)):
            if (event := self._told(notice)) is not None:
                waiting[notice.actor].append(event)
        for member, events in waiting.items():
            self.published += len(self._players.by_name[member].client.publish_many(events))

    def _move(self, act: Payment | Settlement) -> None:
        now = self._clock.now()
        if isinstance(act, Payment):
            self.clearing.pay(act, now)
        else:
            self.clearing.settle(act.payment, now)

    def _told(self, notice: Notice) -> Clear | None:
        """The event with what really moved, and when; None if nothing did."""
        if notice.about is None:
            return notice.event
        data = notice.event["data"]
        ledger = self.clearing.banks[notice.actor].ledger
        serial, payer = notice.about.serial, notice.about.payer.route
        move = ledger.sent(serial) if Way(data["direction"]) is Way.OUT else ledger.came(serial, payer)
        if move is None:
            return None
        balance = yuan(max(0, ledger.balance(move.account)))
        told = {**data, "amount": yuan(move.amount), "balance_after": balance}
        return {**notice.event, "time": stamp(move.at), "data": told}


def due(acts: Sequence[Act], begin: int, now: datetime) -> int:
    """The index after the last act from `begin` on that is due; acts are in order of time."""
    end = begin
    while end < len(acts) and acts[end].at <= now:
        end += 1
    return end
