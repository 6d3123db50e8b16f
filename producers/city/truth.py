"""What became of the scams, by the banks' own ledgers and by what only the city knows. Pure.

Of what was stolen every fen is held by order, kept back by a bank's delay, or lost: nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from producers.city.acts import Scam, Story
from producers.city.cast import MEMBER_OF
from producers.city.diary import Diary
from producers.reference.bank import Bank
from producers.reference.entries import AccountRef, Held, Measure, Way

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Amounts in fen. `lost_minor` was taken out, or lies where nothing keeps it."""

    day: int
    scams: int
    caught: int
    """Scams of which a request reached one of the mules' accounts and was carried out."""
    stolen_minor: int
    held_minor: int
    delayed_minor: int
    lost_minor: int
    innocents_held: int
    """Accounts that carried no stolen money and were stopped or frozen this day."""
    innocents_delayed: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Loot:
    """Where the stolen money of one scam is."""

    stolen: int
    held: int
    delayed: int
    cashed: int
    loose: int
    """On a mule's account, and free to leave."""


def judge(story: Story, banks: Mapping[str, Bank], diary: Diary, now: datetime) -> Verdict:
    """The day, as it stands at `now`."""
    loots = [follow(scam, banks, now) for scam in story.scams]
    victims = {(ref.route, ref.number) for scam in story.scams for ref in scam.victims_accounts}
    held, delayed = set(), set()
    for account, hold in _measures(banks, story.start):
        key = (account.route, account.number)
        if hold.measure is not Measure.DELAY and not diary.knows(account):
            held.add(key)
        elif hold.measure is Measure.DELAY and not diary.knows(account) and key not in victims:
            delayed.add(key)
    return Verdict(
        day=story.day,
        scams=len(story.scams),
        caught=sum(any(_touched(mule, banks) for mule in scam.mules) for scam in story.scams),
        stolen_minor=sum(loot.stolen for loot in loots),
        held_minor=sum(loot.held for loot in loots),
        delayed_minor=sum(loot.delayed for loot in loots),
        lost_minor=sum(loot.cashed + loot.loose for loot in loots),
        innocents_held=len(held),
        innocents_delayed=len(delayed),
    )


def follow(scam: Scam, banks: Mapping[str, Bank], now: datetime) -> Loot:
    """All that is on a mule's account is stolen: it was empty before."""
    held = delayed = cashed = loose = 0
    for mule in scam.mules:
        ledger = banks[MEMBER_OF[mule.route]].ledger
        balance = ledger.balance(mule.number)
        bound = ledger.held(mule.number, now)
        held += bound
        if ledger.is_delayed(mule.number, now):
            delayed += balance - bound
        else:
            loose += balance - bound
        outflows = ledger.moves(mule.number, Way.OUT, _EPOCH)
        cashed += sum(move.amount for move in outflows if move.other is None and not move.pending)
    return Loot(_stolen(scam, banks), held, delayed, cashed, loose)


def _stolen(scam: Scam, banks: Mapping[str, Bank]) -> int:
    """What reached the mules: a theft that the victim's bank kept back is none."""
    moves = [
        banks[MEMBER_OF[account.route]].ledger.sent(serial)
        for account in scam.victims_accounts
        for serial in scam.thefts
    ]
    own = {account.number for account in scam.victims_accounts}
    posted = {move.serial: move.amount for move in moves if move and not move.pending and move.account in own}
    return sum(posted.values())


def _measures(banks: Mapping[str, Bank], since: datetime) -> Iterator[tuple[AccountRef, Held]]:
    for bank in banks.values():
        for hold in bank.ledger.holds.values():
            if hold.at >= since:
                yield bank.ref(hold.account), hold


def _touched(mule: AccountRef, banks: Mapping[str, Bank]) -> bool:
    ledger = banks[MEMBER_OF[mule.route]].ledger
    return bool(ledger.history(mule.number)) or any(note.account == mule.number for note in ledger.notes)
