"""Members with keys in a registry, and signed bundles of theirs, for tests of what is let in: no service needed."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from alliance.admission import Admitted, Limits, Record, admit
from alliance.keys.encoding import encode
from alliance.keys.signatures import sign
from alliance.keys.store import generate
from alliance.registry import Registry
from schemas.envelope import SIGNATURE_HEADER, event_type
from schemas.registry import Officer, Sector, SigningKey, Status
from schemas.topics import SUSPICIOUS_ACCOUNT
from streams.core.rules import parse
from tests.streams.support import IDS, NOW, member_record, number

ROOT = Path(__file__).parents[2]
Event = dict[str, Any]
_ADMISSION = parse(tomllib.loads((ROOT / "streams" / "rules.toml").read_text(encoding="utf-8"))).admission
RULES = Limits(_ADMISSION.max_age_s, _ADMISSION.max_future_s)
SECTORS = {
    "bank-a": Sector.BANK,
    "bank-b": Sector.BANK,
    "bank-out": Sector.BANK,
    "bank-gone": Sector.BANK,
    "carrier-a": Sector.CARRIER,
    "platform-a": Sector.PLATFORM,
    "school-a": Sector.PUBLIC,
    "police-a": Sector.POLICE,
}
KEYS = {name: generate(name) for name in SECTORS}
OFFICER = generate("wang")
STRANGER = generate("bank-z")
PAST = SigningKey(
    key_id="old",
    public=encode(KEYS["bank-a"].signing.public_key().public_bytes_raw()),
    valid_from=NOW - timedelta(days=800),
    valid_to=NOW - timedelta(days=1),
)
STATUS = {"bank-out": Status.SUSPENDED, "bank-gone": Status.REVOKED}


def registry() -> Registry:
    made = Registry([member_record(KEYS[n], s, status=STATUS.get(n, Status.ACTIVE)) for n, s in SECTORS.items()])
    police = member_record(KEYS["police-a"], Sector.POLICE)
    key = SigningKey(key_id="k1", public=OFFICER.public.signing, valid_from=NOW - timedelta(days=9))
    made.apply("police-a", police.model_copy(update={"officers": [Officer(officer="wang", rank="head", key=key)]}))
    bank = member_record(KEYS["bank-a"], Sector.BANK)
    made.apply("bank-a", bank.model_copy(update={"keys": [*bank.keys, PAST]}))
    return made


REGISTRY = registry()


def event(member: str, data: dict[str, Any], time: datetime = NOW, **over: Any) -> Event:
    made = {
        "specversion": "1.0",
        "id": str(IDS.next()),
        "source": f"/members/{member}",
        "type": event_type(data["kind"]),
        "time": time.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
        "seals": [],
    }
    return {**made, **over}


def transfer(member: str = "bank-a", **over: Any) -> Event:
    data = {
        "kind": "suspicious-account",
        "direction": "out",
        "amount": {"minor": 100, "currency": "CNY"},
        "status": "posted",
        "reporting_side": "payer",
        "customer": {"account": number("account", "6222020502013348871")},
        "place": "Taiyuan",
        "score": 0.5,
    }
    return event(member, {**data, **over})


def report(time: datetime) -> Event:
    data = {"kind": "victim-report", "report_id": "R1", "channel": "bank", "incident_from": time.isoformat()}
    return event("bank-a", data, time)


def withdrawal(member: str, of: str | None) -> Event:
    data = {"kind": "withdrawal", "event_id": str(IDS.next()), "event_member": of, "reason": "an error"}
    return event(member, data)


def signed(value: bytes, member: str = "bank-a", topic: str = SUSPICIOUS_ACCOUNT.name) -> Record:
    jws = sign(KEYS[member].signing, KEYS[member].kid, value)
    return Record(topic, value, {SIGNATURE_HEADER: jws.encode()}, member.encode())


def bundle(*events: Event, member: str = "bank-a", topic: str = SUSPICIOUS_ACCOUNT.name) -> Record:
    return signed(orjson.dumps(events), member, topic)


def let_in(record: Record) -> Admitted:
    return admit(record, REGISTRY, NOW, RULES)
