"""One account of a case: what of the victims' money came and is there, and what was asked for and is held there.

Pure. Counts what was asked since the case's grounds fell last, and what stood that fall; what was let go counts until
its account is asked again, or its payer's holder has told of it anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from consumers.casebook.lifecycle import IN_FORCE, REQUEST_ENDS
from consumers.casebook.model import Case
from consumers.casebook.money.flow import Flow
from consumers.casebook.money.known import Stop, Told, left_to_a_person
from schemas.requests import Request, RequestStatus, Scope

REPEATED = "repeated: the first stop has expired"
"""The reason of a stop that asks for the same money once more."""


@dataclass(frozen=True, slots=True)
class Place:
    """`seen`: its stops in their order; `unseen`: the one that nobody but its officer can have seen, which may still be
    amended; `attempts`: the number of its last stop, whether or not that still counts."""

    account: str
    hop: int
    seen: Sequence[Stop]
    unseen: Stop | None
    arrived: int
    there: int
    attempts: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether a stop is with its member, or holds the whole account, with all that comes there."""
        under_way = any(each.status not in REQUEST_ENDS for each in self.seen)
        return under_way or any(_is_held(each, whole=True) for each in self.seen)

    @property
    def waiting(self) -> int:
        """What the unseen stop asks for."""
        return _minor(self.unseen)

    @property
    def bound(self) -> int:
        """Of the victims' claims, what is held here or is being asked for; of a whole account no more than was asked
        for, and that even where by what was told since less of it is theirs: no claim is held for twice."""
        asked = sum(_minor(each) for each in self.seen if each.status not in REQUEST_ENDS)
        held = sum(min(_minor(each), each.held.money.minor) for each in self.seen if each.held and _is_held(each))
        return asked + self.waiting + held

    @property
    def more(self) -> int:
        """What is there and was not asked for, but by the unseen stop."""
        asked = sum(_minor(each) for each in self.compared if REPEATED not in each.request.reasons)
        return min(self.arrived - asked, self.there - self._held)

    @property
    def compared(self) -> list[Stop]:
        """The seen ones without those of which their holder left it to a person whether they match."""
        return [
            each for each in self.seen if not any(left_to_a_person(each.request, said.answer) for said in each.said)
        ]

    @property
    def _held(self) -> int:
        return sum(each.held.money.minor for each in self.seen if each.held is not None and _is_held(each))


def places(case: Case, told: Told, flow: Flow) -> list[Place]:
    """Where there may be something to ask for, the nearest to the victims first."""
    payees = {each.transfer.payee for each in flow.onward.values() if flow.tainted(each.transfer.serial)}
    asked = {told.account(stop) for stop in told.stops if _is_of_now(stop, case)}
    accounts = {*told.entries(), *asked, *(payee for payee in payees if payee)}
    return sorted((_place(each, case, told, flow) for each in accounts), key=lambda each: (each.hop, each.account))


def _place(account: str, case: Case, told: Told, flow: Flow) -> Place:
    mine = [each for each in told.stops if told.account(each) == account]
    last = max((each.request.attempt for each in mine), default=0)
    payers = {told.account(each.stop) for each in flow.into(account)}
    tellers = [each.request for each in told.stops if each.said and told.account(each) in payers]
    counted = (each for each in mine if _is_of_now(each, case) and not _is_over(each, last, case, tellers))
    stops = sorted(counted, key=lambda each: (each.request.attempt, each.request.request_id))
    unseen = next((each for each in stops if _is_unseen(each)), None)
    seen = [each for each in stops if each is not unseen]
    # What was asked at an account stays its hop; else it is one more than the nearest account that paid it.
    hop = min((each.request.hop for each in stops), default=0)
    if not stops and account not in told.entries():
        hop = 1 + min(each.stop.request.hop for each in flow.into(account))
    return Place(account, hop, seen, unseen, flow.arrived(account), flow.there(account), last)


def _is_of_now(stop: Stop, case: Case) -> bool:
    standing = stop.status not in REQUEST_ENDS or _is_held(stop)
    return stop.request.attempt > case.releases or (standing and not case.is_spent(stop.request.request_id))


def _is_over(stop: Stop, last: int, case: Case, tellers: Sequence[Request]) -> bool:
    """Whether it was let go, and what was asked or told since stands in its place."""
    if not case.is_spent(stop.request.request_id):
        return False
    target = stop.request.target.tokens[0]
    return stop.request.attempt < last or any(case.tells_anew(teller, target) for teller in tellers)


def _is_unseen(stop: Stop) -> bool:
    drafted = stop.status is RequestStatus.DRAFTED and not stop.routed
    return drafted or stop.status is RequestStatus.AWAITING_AUTHORISATION


def _is_held(stop: Stop, *, whole: bool = False) -> bool:
    held = stop.held
    return held is not None and held.status in IN_FORCE and (not whole or held.scope is Scope.ACCOUNT)


def _minor(stop: Stop | None) -> int:
    return stop.request.amount.minor if stop is not None and stop.request.amount is not None else 0
