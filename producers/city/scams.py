"""Three scams of a day, as they are told by those who lost their savings. Each member sees its own slice.

Minutes are since the day's start. Money that nobody holds in time is gone by the evening.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from producers.city import events
from producers.city.acts import Scam
from producers.city.cast import ROUTE
from producers.city.script import Script
from producers.city.town import Person
from producers.reference.entries import AccountRef
from schemas.answers import OutflowType

_ATM, _POS = OutflowType.ATM, OutflowType.POS


def impersonated_police(play: Script) -> Scam:
    """A call through a smuggled SIM gateway shows a station's number; on video an "officer" has the savings moved."""
    victim = play.victim(28_600_000, "bank-icbc")
    [savings] = victim.accounts
    mule, second, third, spare = (play.mule(m) for m in ("bank-abc", "bank-cmb", "pay-jinfu", "bank-ccb"))
    gateway = _gateway(play, "carrier-ctcc")
    _call_around(play, 1, gateway, count=6)
    for minute in (3, 9):
        call = _called(play, minute, victim, gateway, "00019610", duration_s=240, ongoing=True)
        play.notice(minute + 4, victim.carrier, call)
    officer, host = play.mint.word("ga-officer-"), play.mint.word("case-file-")
    page = ("url", f"https://{host}.example/wanted")
    handle = play.page("platform-chat", officer, page)
    chat = events.handle(
        play.at(20),
        "platform-chat",
        officer,
        "chat",
        0.74,
        url=events.ident(*page, ROUTE["platform-chat"]),
        target_phone=events.ident("number", victim.phone),
        first_seen=events.stamp(play.at(14)),
        last_seen=events.stamp(play.at(20)),
    )
    play.notice(22, "platform-chat", chat)
    taken = play.steal(40, victim, savings, mule, 20_000_000)
    play.onward(46, mule, second, 12_000_000)
    play.cash_out(54, second, 2_000_000, _ATM, "太原火车站")
    play.steal(62, victim, savings, spare, 8_000_000, settles=30)
    play.onward(72, second, third, 4_000_000)
    play.report(
        76,
        victim,
        [events.told(taken)],
        incident_from=events.stamp(play.at(3)),
        contacts=[events.ident("handle", handle, basis="typed")],
        scam_type="impersonated-police",
        still_in_contact=True,
    )
    play.cash_out(150, third, 3_500_000, _POS, "金店")
    play.cash_out(170, second, 5_000_000, _POS, "金店")
    _empty(play, (200, 420, 700), mule, second, third, spare)
    return play.end(victim)


def fake_investment(play: Script) -> Scam:
    """A teacher of shares has chatted for days; the app shows gains, until the money is to come back."""
    victim = play.victim(21_000_000, "bank-boc", "bank-ccb")
    first, second = (play.mule(m) for m in ("bank-icbc", "bank-abc"))
    collector, last = (play.mule(m) for m in ("bank-boc", "bank-ccb"))
    teacher, app = play.mint.word("teacher-lin"), f"com.{play.mint.word('goldfund')}.app"
    site = ("url", f"https://{play.mint.word('goldfund')}.example")
    handle = play.page("platform-chat", teacher, site, ("app", app))
    for minute, signal, score in ((30, "chat", 0.6), (118, "app", 0.8)):
        chat = events.handle(
            play.at(minute),
            "platform-chat",
            teacher,
            signal,
            score,
            url=events.ident(*site, ROUTE["platform-chat"]),
            app=events.ident("app", app, ROUTE["platform-chat"]),
            target_phone=events.ident("number", victim.phone),
            first_seen=events.stamp(play.at(minute) - timedelta(days=5)),
            last_seen=events.stamp(play.at(minute)),
        )
        play.notice(minute + 3, "platform-chat", chat)
    service = _service_line(play, "carrier-cmcc")
    call = events.call(play.at(140), victim.phone, victim.carrier, 0.55, **service, duration_s=640)
    play.notice(152, "carrier-cmcc", call)
    thefts = [play.steal(160, victim, victim.accounts[0], first, 5_000_000)]
    play.onward(168, first, collector, 3_000_000)
    thefts.append(play.steal(185, victim, victim.accounts[1], second, 15_000_000))
    play.onward(192, second, collector, 9_000_000)
    play.onward(199, collector, last, 6_000_000)
    play.cash_out(207, last, 2_000_000, _ATM, "长风街")
    play.cash_out(230, collector, 4_000_000, OutflowType.CRYPTO, "场外")
    play.report(
        430,
        victim,
        [events.told(theft) for theft in thefts],
        incident_from=events.stamp(play.at(30) - timedelta(days=5)),
        contacts=[events.ident("handle", handle, basis="typed"), events.ident(*site, basis="typed")],
        scam_type="fake-investment",
    )
    _empty(play, (560, 800), first, second, collector, last)
    return play.end(victim)


def refund(play: Script, bystander: AccountRef) -> Scam:
    """A shop's service calls about a faulty order and a refund that needs a transfer first. The report misreads one
    account: `bystander` is its owner's."""
    victim = play.victim(9_000_000, "bank-cmb", "bank-icbc")
    wallet, counter = (play.mule(m) for m in ("pay-jinfu", "bank-icbc"))
    runner = play.mule("bank-abc")
    gateway = _gateway(play, "carrier-cmcc")
    _call_around(play, 610, gateway, count=8)
    call = _called(play, 620, victim, gateway, "4008221188", duration_s=360, ongoing=True)
    play.notice(626, victim.carrier, call)
    service, contact = play.mint.word("kefu"), play.mint.phone()
    play.line("carrier-ctcc", contact, ("number", contact))
    handle = play.page("platform-market", service)
    listing = events.handle(
        play.at(631),
        "platform-market",
        service,
        "chat",
        0.7,
        contact_phone=events.ident("number", contact, ROUTE["carrier-ctcc"]),
        payment_account=events.account(wallet),
        target_phone=events.ident("number", victim.phone),
    )
    play.notice(633, "platform-market", listing)
    thefts = [play.steal(640, victim, victim.accounts[0], wallet, 4_980_000)]
    play.onward(646, wallet, runner, 3_000_000)
    thefts.append(play.steal(655, victim, victim.accounts[1], counter, 3_000_000))
    play.cash_out(662, runner, 2_000_000, _ATM, "柳巷")
    misread = {**events.told(thefts[1]), "payee": events.account(bystander, basis="typed")}
    play.report(
        680,
        victim,
        [events.told(thefts[0]), misread],
        by="bank-cmb",
        incident_from=events.stamp(play.at(620)),
        contacts=[events.ident("handle", handle, basis="typed"), events.ident("number", contact, basis="typed")],
        scam_type="refund",
    )
    play.cash_out(705, counter, 2_500_000, _POS, "手机店")
    _empty(play, (780, 960), wallet, counter, runner)
    return play.end(victim)


SCAMS: tuple[Callable[[Script], Scam], ...] = (impersonated_police, fake_investment)
"""Those that need nobody else in them."""


def _gateway(play: Script, carrier: str) -> events.Clear:
    """A SIM gateway (GoIP): what of it the carriers see."""
    sim, device, trunk = play.mint.iccid(), play.mint.imei(), play.mint.trunk()
    play.line(carrier, trunk, ("sim", sim), ("device", device), ("trunk", trunk))
    route = ROUTE[carrier]
    return {
        "sim": events.ident("sim", sim, route),
        "device": events.ident("device", device, route),
        "trunk": events.ident("trunk", trunk, route),
        "spoofed": True,
        "goip": True,
        "calls_per_hour": 94,
        "answer_rate": 0.22,
        "sim_age_days": 3,
    }


def _service_line(play: Script, carrier: str) -> events.Clear:
    number, sim = play.mint.phone(), play.mint.iccid()
    play.line(carrier, number, ("number", number), ("sim", sim))
    return {"number": events.ident("number", number, ROUTE[carrier]), "sim": events.ident("sim", sim, ROUTE[carrier])}


def _called(
    play: Script, minute: float, victim: Person, gateway: events.Clear, shown: str, **call: object
) -> events.Clear:
    presented = events.ident("presented-number", shown)
    return events.call(play.at(minute), victim.phone, victim.carrier, 0.88, presented=presented, **gateway, **call)


def _call_around(play: Script, minute: float, gateway: events.Clear, count: int) -> None:
    """Others who hung up: the gateway's own carrier sees these."""
    carrier = next(member for member, route in ROUTE.items() if route in gateway["trunk"]["holders"])
    for index in range(count):
        begun = minute + index / 4
        call = events.call(play.at(begun), play.mint.phone(), carrier, 0.6, **gateway, duration_s=9)
        play.notice(begun + 2, carrier, call)


def _empty(play: Script, minutes: tuple[int, ...], *mules: AccountRef) -> None:
    """The runners come back for what is left, until nothing is."""
    for minute in minutes:
        for index, mule in enumerate(mules):
            play.cash_out(minute + index, mule, 100_000_000, _ATM if index % 2 else _POS, "太原")
