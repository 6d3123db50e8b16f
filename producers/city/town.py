"""The people whom a day is about, of a city of millions: families, shops, couriers, sellers, with phones and accounts.

What they share, they share by accident: a mother banks with her son's number, an office has one address, a shop has
many payers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from producers.city.acts import Opening
from producers.city.cast import BANKS, CARRIERS, MEMBER_OF, PAYMENT, PLATFORMS, ROUTE
from producers.city.mint import Mint
from producers.reference.entries import AccountRef, Opened
from producers.reference.subscribers import Subscribed
from producers.reference.users import Hosted

_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴", "伟芳娜秀敏静丽强磊军洋勇艳杰涛明超兰霞平"
_HOUSEHOLDS, _SHOPS, _COURIERS, _OFFICES, _SELLERS = 2500, 200, 200, 120, 250


@dataclass(frozen=True, slots=True)
class Person:
    """`phones` are those the bank has: pairs of number and role, the person's own first."""

    citizen: str
    phone: str
    carrier: str
    phones: tuple[tuple[str, str], ...]
    accounts: tuple[AccountRef, ...]
    device: str
    ip: str
    balance: int = 0

    @property
    def name(self) -> str:
        """Of three characters, by the digits of the citizen's id."""
        digits = int(self.citizen[-8:-1])
        return _SURNAMES[digits % 10] + _GIVEN[digits // 10 % 20] + _GIVEN[digits // 200 % 20]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls many people for honest reasons: a courier, an agent, a shop's service line."""

    number: str
    carrier: str
    sim: str
    device: str


@dataclass(frozen=True, slots=True)
class Seller:
    name: str
    platform: str
    ip: str


@dataclass(slots=True)
class Town:
    people: list[Person] = field(default_factory=list)
    shops: list[AccountRef] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)
    sellers: list[Seller] = field(default_factory=list)


def build(seed: int, day: int) -> Town:
    """The same for the same seed and day. Another day meets others: who catches an eye today hardly does tomorrow."""
    chance = Random(f"town {seed} {day}")
    mint = Mint(chance)
    town = Town()
    offices = [mint.ip() for _ in range(_OFFICES)]
    for _ in range(_HOUSEHOLDS):
        town.people += _household(chance, mint, offices)
    town.shops = [mint.account(chance.choice((*BANKS, PAYMENT))) for _ in range(_SHOPS)]
    town.callers = [Caller(mint.phone(), chance.choice(CARRIERS), mint.iccid(), mint.imei()) for _ in range(_COURIERS)]
    town.sellers = [Seller(mint.word("shop"), chance.choice(PLATFORMS), mint.ip()) for _ in range(_SELLERS)]
    return town


def openings(town: Town, at: datetime) -> Iterator[Opening]:
    """What the members have on their books about the town."""
    for person in town.people:
        yield from opened(person, at)
    for shop in town.shops:
        entry = Opened(shop.number, shop.kind, "", (), 5_000_000, at)
        yield Opening(MEMBER_OF[shop.route], entry)
    for caller in town.callers:
        known = (("number", caller.number), ("sim", caller.sim), ("device", caller.device))
        yield Opening(caller.carrier, Subscribed(caller.number, known, at))
    for seller in town.sellers:
        handle = f"{ROUTE[seller.platform].partition(':')[2]}/{seller.name}"
        yield Opening(seller.platform, Hosted(seller.name, (("handle", handle),), at))


def opened(person: Person, at: datetime) -> Iterator[Opening]:
    """A person's accounts and line."""
    phones = tuple(number for number, _ in person.phones)
    for account in person.accounts:
        entry = Opened(account.number, account.kind, person.citizen, phones, person.balance, at, person.name)
        yield Opening(MEMBER_OF[account.route], entry)
    yield Opening(person.carrier, Subscribed(person.phone, (("number", person.phone),), at))


def newcomer(chance: Random, mint: Mint, balance: int, *members: str) -> Person:
    """A person of today with an account at each of these members."""
    number = mint.phone()
    accounts = tuple(mint.account(member) for member in members)
    carrier = chance.choice(CARRIERS)
    own = ((number, "registered"),)
    return Person(mint.citizen(), number, carrier, own, accounts, mint.imei(), mint.ip(), balance)


def _household(chance: Random, mint: Mint, offices: list[str]) -> Iterator[Person]:
    home, numbers = mint.ip(), [mint.phone() for _ in range(chance.choice((1, 2, 2, 3, 4)))]
    tablet = mint.imei()
    for number in numbers:
        own = (number, "registered")
        relative = chance.choice(numbers)
        shared = ((relative, "family"),) if relative != number and chance.random() < 0.3 else ()
        members = chance.sample(BANKS, chance.choice((1, 1, 2)))
        wallet = [PAYMENT] if chance.random() < 0.3 else []
        yield Person(
            citizen=mint.citizen(),
            phone=number,
            carrier=chance.choice(CARRIERS),
            phones=(own, *shared),
            accounts=tuple(mint.account(member) for member in (*members, *wallet)),
            device=tablet if chance.random() < 0.1 else mint.imei(),
            ip=chance.choice(offices) if chance.random() < 0.2 else home,
            balance=chance.randint(100_000, 30_000_000),
        )
