"""What a scam is made of: its people, and how its calls, chats, payments and report become alerts of the members."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from producers.city import events
from producers.city.acts import Notice, Opening, Payment, Scam, Settlement, Story
from producers.city.cast import MEMBER_OF, POLICE, ROUTE
from producers.city.mint import Mint
from producers.city.town import Person, newcomer, opened
from producers.reference.entries import AccountRef
from producers.reference.subscribers import Subscribed
from producers.reference.users import Hosted
from schemas.answers import OutflowType


class Script:
    """Writes one scam into a story. Times are minutes since the day's start."""

    def __init__(self, story: Story, chance: Random, mint: Mint, name: str, prefix: str) -> None:
        self.chance = chance
        self.mint = mint
        self._story = story
        self._name = name
        self._prefix = prefix
        self._payments = 0
        self._mules: dict[str, Person] = {}
        self._thefts: list[str] = []

    def at(self, minute: float) -> datetime:
        return self._story.start + timedelta(minutes=minute)

    def victim(self, balance: int, *members: str) -> Person:
        """Someone with savings at each of these banks."""
        person = newcomer(self.chance, self.mint, balance, *members)
        self._story.openings += opened(person, self.at(0))
        return person

    def mule(self, member: str) -> AccountRef:
        """An account that was bought, with nothing on it."""
        person = newcomer(self.chance, self.mint, 0, member)
        self._story.openings += opened(person, self.at(0))
        self._mules[person.accounts[0].number] = person
        return person.accounts[0]

    def line(self, carrier: str, name: str, *identifiers: tuple[str, str]) -> None:
        """What the scammers use at a carrier, which finds it on its books when asked."""
        self._story.openings.append(Opening(carrier, Subscribed(name, identifiers, self.at(0))))

    def page(self, platform: str, name: str, *identifiers: tuple[str, str]) -> str:
        """What the scammers use at a platform; its handle."""
        handle = f"{ROUTE[platform].partition(':')[2]}/{name}"
        known = (("handle", handle), *identifiers)
        self._story.openings.append(Opening(platform, Hosted(name, known, self.at(0))))
        return handle

    def notice(self, minute: float, member: str, event: events.Clear, about: Payment | None = None) -> None:
        self._story.acts.append(Notice(self.at(minute), member, event, about))

    def steal(
        self, minute: float, victim: Person, payer: AccountRef, payee: AccountRef, amount: int, *, settles: float = 0
    ) -> Payment:
        """The victim pays a mule. Both banks notice, each its own customer; a cautious one lets it wait first."""
        payment = self._add(
            Payment(
                self.at(minute),
                self._serial(),
                payer,
                payee,
                amount,
                pending=settles > 0,
                payee_name=self._name_of(payee),
            )
        )
        self._thefts.append(payment.serial)
        phones = [events.phone(*known) for known in victim.phones]
        who: events.Clear = {"phones": phones, "person": events.ident("person", victim.citizen)}
        conduits = {"device": events.ident("device", victim.device), "ip": events.ident("ip", victim.ip)}
        reasons = {"reasons": ["first payment to this payee", "savings moved at once"]}
        seen = events.from_payer(payment, who, 0.72, **conduits, **reasons)
        seen["clear"] = {"payer_name": victim.name, "payee_name": payment.payee_name}
        self.notice(minute + 0.5, payment.actor, seen, payment)
        if settles:
            self._story.acts.append(Settlement(self.at(minute + settles), payment))
        self._received(minute + settles + 1.5, payment)
        return payment

    def onward(self, minute: float, payer: AccountRef, payee: AccountRef, amount: int) -> Payment:
        """A mule passes on what is there, up to `amount`. Its bank notices that it does not stay."""
        payment = self._add(
            Payment(
                self.at(minute), self._serial(), payer, payee, amount, at_most=True, payee_name=self._name_of(payee)
            )
        )
        event = events.onward(payment, self._owner(payer), 0.7, reasons=["passed on within minutes"])
        self.notice(minute + 2, payment.actor, event, payment)
        self._received(minute + 3, payment)
        return payment

    def cash_out(self, minute: float, payer: AccountRef, amount: int, means: OutflowType, place: str) -> None:
        """What is there, up to `amount`, leaves the banks for good."""
        payment = Payment(self.at(minute), self._serial(), payer, None, amount, means, place, at_most=True)
        self._add(payment)
        event = events.onward(payment, self._owner(payer), 0.66, reasons=["taken out soon after it came"])
        self.notice(minute + 3, payment.actor, event, payment)

    def report(
        self, minute: float, victim: Person, transfers: list[events.Clear], *, by: str = POLICE, **more: Any
    ) -> None:
        """The victim tells what it remembers."""
        told = {
            "victim": events.ident("person", victim.citizen),
            "victim_phones": [events.phone(victim.phone)],
            "victim_accounts": [events.account(ref) for ref in victim.accounts],
            "incident_from": events.stamp(self.at(0)),
        }
        name = f"TY-{self._prefix}-{self._name}"
        channel = "hotline" if by == POLICE else "bank"
        event = events.report(self.at(minute), name, channel, transfers, **{**told, **more})
        self.notice(minute, by, {**event, "clear": {"victim_name": victim.name}})

    def end(self, victim: Person) -> Scam:
        mules = tuple(person.accounts[0] for person in self._mules.values())
        return Scam(self._name, victim.citizen, victim.accounts, mules, tuple(self._thefts))

    def _serial(self) -> str:
        self._payments += 1
        return f"{self._prefix}S{self._name[:1].upper()}{self._payments:05}"

    def _add(self, payment: Payment) -> Payment:
        self._story.acts.append(payment)
        return payment

    def _received(self, minute: float, payment: Payment) -> None:
        assert payment.payee is not None
        event = events.from_payee(payment, self._owner(payment.payee), 0.78, reasons=["dormant account wakes"])
        if payment.pending:
            event["data"]["status"] = "posted"
            event["time"] = events.stamp(self.at(minute))
        self.notice(minute, MEMBER_OF[payment.payee.route], event, payment)

    def _name_of(self, ref: AccountRef) -> str:
        return self._mules[ref.number].name

    def _owner(self, ref: AccountRef) -> events.Clear:
        mule = self._mules[ref.number]
        return {"phones": [events.phone(mule.phone)], "person": events.ident("person", mule.citizen)}
