"""Alerts as members would send them: canonical, tokenised, sealed with HPKE and signed, generated before
anything is timed.

Most are benign and meet nothing. One in fifty belongs to a scam that a carrier, a platform and a bank see, whose last
alert makes a lead and so requests.
"""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alliance.clock import wall_ms
from alliance.ids import IdSource
from alliance.keys.store import MemberKeys
from alliance.registry import Registry
from benchmarks.stack import BANKS, CARRIERS, PLATFORMS, POLICE
from producers.bundles import bundle
from producers.clear import protect
from schemas.alerts import VictimReport, Withdrawal
from schemas.envelope import EVENT, Event, event_type, source_of
from schemas.topics import BY_KIND

SCAM_SHARE = 0.02
NAME = "张伟"
"""Whose account each payee's is."""
IDS = IdSource(wall_ms, secrets.token_bytes)


@dataclass(frozen=True, slots=True)
class Alert:
    """One protected event: who sends it, on which topic, its bytes and the token of its first suspect, or payee."""

    member: str
    topic: str
    wire: bytes
    suspect: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """One record as the topic takes it."""

    member: str
    topic: str
    value: bytes
    headers: list[tuple[str, bytes]]
    events: int


class Town:
    """Makes alerts in clear from one source of chance, and protects them as a member client does."""

    def __init__(self, keys: dict[str, MemberKeys], registry: Registry, now: datetime, seed: int = 1) -> None:
        self._keys, self._registry, self._now = keys, registry, now
        self.chance = random.Random(seed)

    def benign(self) -> Alert:
        victim = self._phone()
        maker = self.chance.choices((self._transfer, self._call, self._chat), (55, 30, 15))[0]
        return maker(victim, self._account(), timedelta(minutes=self.chance.randrange(1, 600)), 0.4)

    def mule(self) -> str:
        return self._account()

    def check(self, payee: str | None = None) -> Alert:
        """What a bank asks before its customer pays an account, which is nobody's unless it is given."""
        bank, phone = self.chance.choice(BANKS), {"identifier": _ident("number", self._phone()), "role": "registered"}
        data = {
            "kind": "risk-check",
            "payer": _ident("account", self._account(), f"cnaps:{bank}"),
            "payee": _ident("account", payee or self._account()),
            "phones": [phone],
            "amount": {"minor": self.chance.randrange(100, 10**7), "currency": "CNY"},
        }
        return self._protect(bank, data, timedelta(0))

    def scam(self, mule: str | None = None) -> list[Alert]:
        """Call, chat, transfer of one victim; the third makes the lead."""
        victim, mule = self._phone(), mule or self._account()
        return [
            self._call(victim, mule, timedelta(minutes=40), 0.9),
            self._chat(victim, mule, timedelta(hours=30), 0.9),
            self._transfer(victim, mule, timedelta(minutes=5), 0.9),
        ]

    def reported(self, mule: str, holder: str, minor: int) -> list[Alert]:
        """A scam with its victim's report: this much was paid to an account of that bank just now."""
        victim, paid = self._phone(), {"minor": minor, "currency": "CNY"}
        at, payee = (self._now - timedelta(minutes=5)).isoformat(), _ident("account", mule, f"cnaps:{holder}")
        data = {
            "kind": "victim-report",
            "report_id": f"R{self.chance.randrange(10**9):09d}",
            "channel": "hotline",
            "incident_from": at,
            "victim_phones": [{"identifier": _ident("number", victim), "role": "registered"}],
            "transfers": [{"payee": payee, "payee_name": NAME, "amount": paid, "time": at}],
        }
        return [
            self._call(victim, mule, timedelta(minutes=40), 0.9),
            self._chat(victim, mule, timedelta(hours=30), 0.9),
            self._transfer(victim, mule, timedelta(minutes=5), 0.9, holder),
            self._protect(POLICE, data, timedelta(0)),
        ]

    def annulled(self, report: Alert) -> Alert:
        """Police's word that their report no longer stands."""
        told = EVENT.validate_json(report.wire)
        assert isinstance(told.data, VictimReport)
        named = [*(each.payee for each in told.data.transfers), *(each.identifier for each in told.data.victim_phones)]
        said = Withdrawal(event_id=told.id, identifiers=[each for each in named if each], reason="a benchmark")
        event = Event(
            id=IDS.next(), source=source_of(POLICE), type=event_type(said.kind), time=self._now, data=said
        ).model_dump_json(exclude_none=True)
        return Alert(POLICE, BY_KIND[said.kind].name, event.encode(), report.suspect)

    def _transfer(self, victim: str, mule: str, ago: timedelta, score: float, to: str | None = None) -> Alert:
        bank, holder = self.chance.choice(BANKS), to or self.chance.choice(BANKS)
        data = {
            "kind": "suspicious-account",
            "serial": _ident("transfer-serial", f"T{secrets.randbelow(10**14):014d}"),
            "direction": "out",
            "amount": {"minor": self.chance.randrange(100, 10**7), "currency": "CNY"},
            "balance_after": {"minor": self.chance.randrange(10**6), "currency": "CNY"},
            "channel": "mobile",
            "status": "posted",
            "reporting_side": "payer",
            "customer": {
                "account": _ident("account", self._account(), f"cnaps:{bank}"),
                "phones": [{"identifier": _ident("number", victim), "role": "registered"}],
            },
            "counterparty": {"account": _ident("account", mule, f"cnaps:{holder}")},
            "reasons": ["amount-unusual", "new-payee"],
            "score": score,
        }
        return self._protect(bank, data, ago, {"payee_name": "王芳"})

    def _call(self, victim: str, mule: str, ago: timedelta, score: float) -> Alert:
        carrier = self.chance.choice(CARRIERS)
        data = {
            "kind": "suspicious-number",
            "number": _ident("number", self._phone(), f"carrier:{carrier}"),
            "device": _ident("device", f"{secrets.token_hex(16)}"),
            "callee": _ident("number", victim),
            "duration_s": min(900, int(ago.total_seconds())),
            "calls_per_hour": 60,
            "risk": score,
        }
        return self._protect(carrier, data, ago)

    def _chat(self, victim: str, mule: str, ago: timedelta, score: float) -> Alert:
        platform = self.chance.choice(PLATFORMS)
        data = {
            "kind": "suspicious-handle",
            "handle": _ident("handle", f"chat/{secrets.token_hex(6)}", f"platform:{platform}"),
            "url": _ident("url", f"https://{secrets.token_hex(6)}.example.com/pay"),
            "platform": "chat",
            "signal": "chat",
            "target_phone": _ident("number", victim),
            "score": score,
        }
        return self._protect(platform, data, ago)

    def _protect(self, member: str, data: dict[str, Any], ago: timedelta, clear: dict[str, str] | None = None) -> Alert:
        event = {"time": (self._now - ago).isoformat(), "data": data, "clear": clear or {}}
        tokens = self._keys[member].tokens
        assert tokens is not None
        made = protect(event, member, tokens, self._registry, IDS, self._now)
        payload = made.event.data.model_dump(mode="json")
        party = payload.get("counterparty") or {}
        paid = [transfer["payee"] for transfer in payload.get("transfers", ())]
        named = party.get("account") or payload.get("number") or payload.get("handle") or next(iter(paid), None)
        suspect: dict[str, Any] = named or payload["payee"]
        return Alert(member, BY_KIND[data["kind"]].name, made.wire, suspect["tokens"][0])

    def _phone(self) -> str:
        return f"138{self.chance.randrange(10**8):08d}"

    def _account(self) -> str:
        return f"6222{self.chance.randrange(10**14):014d}"


def mixed(town: Town, count: int) -> Iterator[Alert]:
    """`count` alerts, one in fifty of a scam, in random order."""
    alerts: list[Alert] = []
    while len(alerts) < count:
        alerts += town.scam() if town.chance.random() < SCAM_SHARE / 3 else [town.benign()]
    town.chance.shuffle(alerts)
    yield from alerts


def bundles(alerts: list[Alert], keys: dict[str, MemberKeys], size: int) -> list[Bundle]:
    """Signed bundles of up to `size` events, by member and topic."""
    waiting: dict[tuple[str, str], list[Alert]] = {}
    done: list[Bundle] = []
    for alert in alerts:
        group = waiting.setdefault((alert.member, alert.topic), [])
        group.append(alert)
        if len(group) >= size:
            done.append(_bundle(waiting.pop((alert.member, alert.topic)), keys))
    return done + [_bundle(group, keys) for group in waiting.values()]


def _bundle(group: list[Alert], keys: dict[str, MemberKeys]) -> Bundle:
    made = bundle([alert.wire for alert in group], keys[group[0].member])
    return Bundle(group[0].member, group[0].topic, made.value, made.headers, len(group))


def _ident(kind: str, value: str, *holders: str) -> dict[str, Any]:
    return {"kind": kind, "value": value, "holders": list(holders)}


def quantile(ordered: list[float], share: float) -> float:
    """The smallest value that at least `share` of the ordered ones do not exceed; NaN where there is none."""
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan
