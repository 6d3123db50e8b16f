"""The honest part of a day: what banks, carriers and platforms find a little odd, and is not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from producers.city import events
from producers.city.acts import Act, Notice, Payment
from producers.city.cast import CARRIERS, MEMBER_OF, ROUTE
from producers.city.mint import Mint
from producers.city.town import Caller, Person, Town
from producers.reference.entries import AccountRef

ALERTS = 20_000
_CALLS, _HANDLES = 6_500, 2_500
# By the hour, from 08:00: how busy the city is.
_BUSY = (5, 8, 10, 9, 7, 7, 8, 9, 9, 9, 8, 7, 6, 5, 4, 2, 1, 1, 0.5, 0.5, 0.5, 1, 2, 3)
_IN_TOWN = 0.004
"""How often a called or messaged person is one of those whose payments are looked at, too: it is a big city."""


class Honest:
    """`acts` gives a day's payments and alerts, in no order. `prefix` makes its serials its own."""

    def __init__(self, town: Town, chance: Random, mint: Mint, start: datetime, prefix: str) -> None:
        self._town = town
        self._chance = chance
        self._mint = mint
        self._start = start
        self._prefix = prefix
        # Some shops have more customers than others.
        self._popularity = [1 / (rank + 40) for rank in range(len(town.shops))]

    def acts(self, alerts: int = ALERTS) -> Iterator[Act]:
        calls, handles = _CALLS * alerts // ALERTS, _HANDLES * alerts // ALERTS
        times = iter(self._times(alerts))
        for _ in range(calls):
            yield self._call(next(times))
        for _ in range(handles):
            yield self._handle(next(times))
        for number, at in enumerate(times):
            yield from self._transfer(at, f"{self._prefix}H{number:06}")

    def _times(self, count: int) -> list[datetime]:
        hours = self._chance.choices(range(24), _BUSY, k=count)
        return [self._start + timedelta(hours=hour, seconds=self._chance.randrange(3600)) for hour in hours]

    def _transfer(self, at: datetime, serial: str) -> Iterator[Act]:
        payer = self._chance.choice(self._town.people)
        source = self._chance.choice(payer.accounts)
        payee, customer = self._payee(source)
        amount = min(20_000_000, max(100, round(math.exp(self._chance.gauss(9.5, 1.3)))))
        payment = Payment(at, serial, source, payee, amount)
        yield payment
        seen = at + timedelta(seconds=self._chance.randint(1, 240))
        if customer is None or self._chance.random() < 0.75:
            event = events.from_payer(payment, self._customer(payer), self._score(), **self._conduits(payer))
            yield Notice(seen, MEMBER_OF[source.route], event, payment)
        else:
            event = events.from_payee(payment, self._customer(customer), self._score())
            yield Notice(seen, MEMBER_OF[payee.route], event, payment)

    def _payee(self, source: AccountRef) -> tuple[AccountRef, Person | None]:
        if self._chance.random() < 0.15:
            return self._chance.choices(self._town.shops, self._popularity)[0], None
        while True:
            person = self._chance.choice(self._town.people)
            account = self._chance.choice(person.accounts)
            if account != source:
                return account, person

    def _customer(self, person: Person) -> events.Clear:
        known = {"phones": [events.phone(number, role) for number, role in person.phones]}
        return {**known, "person": events.ident("person", person.citizen)} if self._chance.random() < 0.6 else known

    def _conduits(self, person: Person) -> events.Clear:
        found = {"device": events.ident("device", person.device)} if self._chance.random() < 0.7 else {}
        return {**found, "ip": events.ident("ip", person.ip)} if self._chance.random() < 0.5 else found

    def _call(self, at: datetime) -> Notice:
        caller = self._chance.choice(self._town.callers)
        number, carrier = self._anyone()
        lasted = self._chance.choice((0, 8, 20, 45, 90, 240))
        more = {
            "number": events.ident("number", caller.number, ROUTE[caller.carrier]),
            "duration_s": lasted,
            "calls_per_hour": self._chance.randint(5, 60),
            "answer_rate": round(self._chance.uniform(0.3, 0.9), 2),
            **self._behind(caller),
        }
        event = events.call(at, number, carrier, self._score(), **more)
        return Notice(at + timedelta(seconds=lasted + self._chance.randint(1, 120)), self._sees(caller, carrier), event)

    def _sees(self, caller: Caller, carrier: str) -> str:
        """Mostly the caller's own carrier notices, sometimes the callee's."""
        return caller.carrier if self._chance.random() < 0.8 else carrier

    def _behind(self, caller: Caller) -> events.Clear:
        known = {"sim": events.ident("sim", caller.sim)} if self._chance.random() < 0.5 else {}
        return {**known, "device": events.ident("device", caller.device)} if self._chance.random() < 0.3 else known

    def _handle(self, at: datetime) -> Notice:
        seller = self._chance.choice(self._town.sellers)
        target, _ = self._anyone()
        signal = self._chance.choice(("ad", "chat", "listing", "listing"))
        more = {
            "target_phone": events.ident("number", target),
            "ip": events.ident("ip", seller.ip),
            "first_seen": events.stamp(at - timedelta(minutes=self._chance.randint(1, 600))),
            "last_seen": events.stamp(at),
        }
        event = events.handle(at, seller.platform, seller.name, signal, self._score(), **more)
        return Notice(at + timedelta(seconds=self._chance.randint(1, 300)), seller.platform, event)

    def _anyone(self) -> tuple[str, str]:
        if self._chance.random() < _IN_TOWN:
            person = self._chance.choice(self._town.people)
            return person.phone, person.carrier
        return self._mint.phone(), self._chance.choice(CARRIERS)

    def _score(self) -> float:
        return round(0.05 + 0.45 * self._chance.betavariate(2, 4), 2)
