"""A backlog of any size on the inbound topics, cheaply: a few MB of signed bundles, again and again.

A repetition costs the stream what an alert costs, but for the growth of its state.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import orjson

from alliance import kafka
from alliance.embedded.datadir import DataDir
from alliance.kafka import KafkaLogin
from alliance.membership import load_keys
from producers.bundles import Bundle, bundle
from schemas.envelope import event_type, source_of
from schemas.topics import BY_KIND
from tests.chain.cast import BANKS, CARRIER
from tests.streams.support import IDS, number, unique

MB = 1_000_000
DISTINCT = 10 * MB
EVENTS = 200
SEALED = 600
"""Bytes of an event's two seals, which the hub can't open anyway."""


def send(login: KafkaLogin, data: DataDir, size: int) -> None:
    """So many bytes of bundles, spread over the partitions as their members are."""
    made = list(_bundles(data))
    with kafka.producer(login, max_request_size=1_100_000) as producer:
        left = size
        for member, topic, one in cycle(made):
            if left <= 0:
                break
            producer.send(topic, one.value, member.encode(), one.headers)
            left -= len(one.value)
        producer.flush()


def _bundles(data: DataDir) -> Iterator[tuple[str, str, Bundle]]:
    makers = {CARRIER: _call, **dict.fromkeys(BANKS, _transfer)}
    left = DISTINCT
    for member, make in cycle(makers.items()):
        if left <= 0:
            return
        events = [_event(member, make()) for _ in range(EVENTS)]
        one = bundle(events, load_keys(data, member))
        left -= len(one.value)
        yield member, BY_KIND[make()["kind"]].name, one


def _event(member: str, payload: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(IDS.next()),
            "source": source_of(member),
            "type": event_type(payload["kind"]),
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": payload,
            "seals": [{"to": to, "blob": secrets.token_urlsafe(SEALED)} for to in ("police-a", "bank-b")],
        }
    )


def _call() -> dict[str, Any]:
    return {
        "kind": "suspicious-number",
        "number": number("number", unique("caller")),
        "callee": number("number", unique("callee")),
        "duration_s": 30,
        "risk": 0.3,
    }


def _transfer() -> dict[str, Any]:
    return {
        "kind": "suspicious-account",
        "serial": number("transfer-serial", unique("serial")),
        "direction": "out",
        "amount": {"minor": 28_697, "currency": "CNY"},
        "status": "posted",
        "reporting_side": "payer",
        "customer": {"account": number("account", unique("payer"))},
        "counterparty": {"account": number("account", unique("payee"))},
        "score": 0.3,
    }
