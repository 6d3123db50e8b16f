"""What a member need not know of what it was sent: an oracle that knows the city's truth, and nothing of the hub.

To act on a request a member needs its own customer, or a payment of its own customer's, as the target, and the payment
by which the money came there; to pay victims back, the accounts that they had paid from. What names another member,
another's alert or what another wrote is too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from producers.city.cast import CAST, POLICE, ROUTE
from schemas.registry import Sector
from tests.trust.day import Day, Paid
from tests.trust.finder import Finder, Value
from tests.trust.layers import layers
from tests.trust.mail import UUIDS

_TOKEN = re.compile(rb"(?<![a-z0-9])[a-z0-9]{1,8}:[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])")
_SECTOR = re.compile(r"\b(" + "|".join(sector.value for sector in Sector if sector is not Sector.POLICE) + r")s?\b")


@dataclass(slots=True)
class Need:
    """`senders` are who published each event, `words` what each member wrote in its own, which it knows already."""

    day: Day
    finder: Finder
    senders: Mapping[str, str]
    words: Mapping[str, set[str]]

    def excess(self, member: str, record: bytes) -> list[str]:
        """In a record of `to.<member>`, whose first line is the message, what is more than the member needs."""
        message = orjson.loads(record.split(b"\n", 1)[0])
        # What is signed in it is read too, and what was in its seals.
        text = b"\n".join(layers(record))
        found = (
            [f"clear: {value}" for value in self.finder.find(record) - self._needed(member, message, record, text)],
            self._identifiers(member, message, text),
            self._members(member, text),
            self._events(member, message, text),
            self._words_of_others(member, text),
            self._of_others_alerts(member, message),
        )
        return [f"{member} {message['kind']} {message.get('action', '')}: {each}" for part in found for each in part]

    def _identifiers(self, member: str, message: dict[str, Any], text: bytes) -> Iterator[str]:
        target = _target(message, text)
        known = self.day.own[member].union(*(paid.payee for paid in self._by(member)))
        if target and not target & known.union(*(paid.serial for paid in self._to(member))):
            yield "the target is no customer's, nor anybody's whom a customer paid"
        into = [paid for paid in self._to(member) if not target or target & (paid.payee | paid.serial)]
        needed = target.union(*(paid.payer | paid.serial for paid in into))
        back = [paid for paid in self.day.payments if paid.payer & _paid_back(message)]
        needed = needed.union(*(paid.payer for paid in back))
        yield from (f"the token {each}" for each in _tokens(text) - needed)
        routes = {ROUTE[member], *(paid.payer_route for paid in [*into, *back] if paid.payer & _tokens(text))}
        yield from (f"the route {each}" for each in ROUTE.values() if each.encode() in text and each not in routes)

    def _needed(self, member: str, message: dict[str, Any], record: bytes, text: bytes) -> set[Value]:
        """What it is sealed in clear: the target of a request that it could not find by the token; and whose its
        customer's account is, as who paid there knows it, to be compared before a stop."""
        if message["kind"] == "clear-target":
            told = [orjson.loads(line) for line in record.split(b"\n") if line.startswith(b'{"identifier"')]
            return {Value(one["identifier"], one["value"]) for one in told}
        if message["kind"] != "name-to-match":
            return set()
        target = _target(message, text)
        return {Value("name", paid.name) for paid in self._to(member) if target in (paid.payee, paid.serial)}

    def _by(self, member: str) -> list[Paid]:
        return [paid for paid in self.day.payments if paid.payer_route == ROUTE[member]]

    def _to(self, member: str) -> list[Paid]:
        return [paid for paid in self.day.payments if paid.payee_route == ROUTE[member]]

    @staticmethod
    def _members(member: str, text: bytes) -> Iterator[str]:
        for spec in CAST:
            named = re.search(rb"(?<![a-z0-9-])" + spec.member.encode() + rb"(?![a-z0-9-])", text)
            if spec.member not in (member, POLICE) and (named or spec.name.encode() in text):
                yield f"the member {spec.member}"

    def _events(self, member: str, message: dict[str, Any], text: bytes) -> Iterator[str]:
        """A report by which something is ordered or paid is named by its id, and not by who took it."""
        reports = {(message.get("authority") or {}).get("covered_by")}
        reports |= {message["bound_to"]} if message["kind"] == "name-to-match" else set()
        reports |= {payment["event_id"] for payment in message.get("payments", ())}
        for found in {match.decode() for match in UUIDS.findall(text)} - reports:
            if self.senders.get(found, member) != member:
                yield f"the event {found} of {self.senders[found]}"

    def _words_of_others(self, member: str, text: bytes) -> Iterator[str]:
        own = self.words.get(member, set())
        for other, words in self.words.items():
            if other not in (member, POLICE):
                yield from (f"what {other} wrote: {each}" for each in words - own if each.encode() in text)

    def _of_others_alerts(self, member: str, message: dict[str, Any]) -> Iterator[str]:
        """Which sectors reported, of which there may be but one member; how much went through accounts elsewhere."""
        if message["kind"] != "request":
            return
        if named := _SECTOR.search(" ".join(message["reasons"])):
            yield f"the sector {named[1]}"
        target = set(message["target"]["tokens"])
        is_its = target & self.day.accounts[member] or any(target & paid.serial for paid in self._to(member))
        if message["amount"] and not is_its:
            yield "an amount, about what is no account of its own"


def _target(message: dict[str, Any], text: bytes) -> set[str]:
    """What it is about; of a name, whatever is named within its seal."""
    if message["kind"] == "name-to-match":
        return _tokens(text)
    return set(message["target"]["tokens"]) if "target" in message else _told_in_clear(message)


def _told_in_clear(message: dict[str, Any]) -> set[str]:
    return {message["token"]} if message["kind"] == "clear-target" else set()


def _paid_back(message: dict[str, Any]) -> set[str]:
    """The accounts to which a return-list pays."""
    payers = [payment["payer"] for payment in message.get("payments", ()) if payment["payer"]]
    return {token for payer in payers for token in payer["tokens"]}


def _tokens(text: bytes) -> set[str]:
    return {found.decode() for found in _TOKEN.findall(text)}
