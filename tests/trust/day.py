"""A day of the city as it really was: who has whom as a customer, who paid whom, and every clear value that was used.

Made anew from the seed, by nothing that the hub runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from alliance.keys.tokens import TokenKeys
from producers.city import town
from producers.city.acts import Notice, Opening, Payment
from producers.city.story import tell
from producers.reference.entries import AccountRef, Opened
from schemas.canonical import canonical
from tests.trust.finder import Value

START = datetime(2026, 11, 10, tzinfo=UTC)
Tokens = frozenset[str]
"""Of one identifier: one, or two while two epochs overlap."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as it was made, or as its victim tells it. A route is the code of the bank where an account is."""

    payer: Tokens
    payer_route: str
    payee: Tokens
    payee_route: str
    serial: Tokens
    name: str = ""
    """As whose the payer or the victim knows the payee's account."""


@dataclass(slots=True)
class Day:
    """`used` is every clear value of the day; all else is by tokens."""

    used: set[Value] = field(default_factory=set)
    accounts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By member, those of its customers."""
    own: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By member, all on its books, and all that it told of itself."""
    payments: list[Paid] = field(default_factory=list)


def played(seed: int, alerts: int, keys: TokenKeys, number: int = 1) -> Day:
    """The nth day of that city."""
    people, made = town.build(seed, number), _Tokens(keys)
    story, day = tell(people, START, number, seed, alerts), Day()
    for opening in chain(town.openings(people, START), story.openings):
        day.own[opening.member].update(*(made.of(*pair) for pair in _opened(opening)))
        if isinstance(opening.entry, Opened):
            day.accounts[opening.member] |= made.of(opening.entry.kind.value, opening.entry.account)
    day.used |= {Value(*pair) for opening in story.openings for pair in _opened(opening)}
    for act in story.acts:
        if isinstance(act, Payment):
            day.used.add(Value("transfer-serial", act.serial))
            day.payments.append(_made(act, made))
        elif isinstance(act, Notice):
            _told(act, day, made)
    return day


class _Tokens:
    def __init__(self, keys: TokenKeys) -> None:
        self._keys = keys

    def of(self, kind: str, value: str) -> Tokens:
        form = canonical(kind, value)
        return frozenset(self._keys.tokens(form.namespace, form.value))

    def account(self, ref: AccountRef) -> Tokens:
        return self.of(ref.kind.value, ref.number)


def _opened(opening: Opening) -> Iterator[tuple[str, str]]:
    entry = opening.entry
    if not isinstance(entry, Opened):
        yield from entry.identifiers
        return
    yield entry.kind.value, entry.account
    yield from (("number", phone) for phone in entry.phones)
    if entry.person:
        yield "person", entry.person


def _made(act: Payment, made: _Tokens) -> Paid:
    to = (made.account(act.payee), act.payee.route) if act.payee else (frozenset[str](), "")
    return Paid(made.account(act.payer), act.payer.route, *to, made.of("transfer-serial", act.serial), act.payee_name)


def _told(notice: Notice, day: Day, made: _Tokens) -> None:
    found = set(_identifiers(notice.event["data"]))
    day.used |= {Value(*pair) for pair in found}
    day.used |= {Value("name", name) for name in notice.event.get("clear", {}).values()}
    day.own[notice.actor].update(*(made.of(*pair) for pair in found))
    for transfer in notice.event["data"].get("transfers", ()):
        payer, payee = transfer["payer"], transfer["payee"]
        ends = [(made.of(one["kind"], one["value"]), one["holders"][0]) for one in (payer, payee)]
        name = transfer["payee_name"]
        day.used.add(Value("name", name))
        day.payments.append(Paid(*ends[0], *ends[1], frozenset(), name))


def _identifiers(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if "value" in node:
            yield node["kind"], node["value"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _identifiers(child)
