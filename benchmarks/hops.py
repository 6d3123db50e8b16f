"""Where the time went between an alert and the request that it caused, read afterwards from the records' timestamps.

Each process stamps the records that it writes, all by the one clock of this machine, in whole ms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from alliance import kafka
from benchmarks.load import quantile
from benchmarks.stack import Stack
from schemas.topics import LEADS, SIGNALS, Topic, member_topic
from streams import wire
from streams.core.alert import Alert, Role

TOKEN = re.compile(rb'"tokens":\["([^"]+)"')
Moments = dict[str, int]
"""Wall time in ms by the suspect's token."""


def hops(up: Stack, sent: Mapping[str, int], seen: Mapping[str, int], since: int) -> dict[str, Any]:
    """p50 and p99 in ms of each hop, over the suspects in `sent` that were `seen`; times in ms since 1970.

    intake: the last alert is on the wire, until it is among the signals. correlate: until its lead is written.
    casebook: until dispatch sends the request. delivery: until a reader of `to.<member>` has it.
    """
    stops = [
        dict(sent),
        _signalled(up, since),
        _led(up, since),
        _requested(up, since),
        dict(seen),
    ]
    whole = [token for token in sent if all(token in stop for stop in stops)]
    result = {}
    for name, before, after in zip(("intake", "correlate", "casebook", "delivery"), stops, stops[1:], strict=False):
        spans = sorted(float(after[token] - before[token]) for token in whole)
        result[name] = {"p50": round(quantile(spans, 0.5)), "p99": round(quantile(spans, 0.99))}
    return result


def _signalled(up: Stack, since: int) -> Moments:
    found: Moments = {}
    for record in _records(up, [SIGNALS], since):
        for signal in wire.decode(record.value):
            if isinstance(signal, Alert):
                for named in signal.named:
                    if named.role is Role.SUSPECT:
                        found[named.key[1:]] = record.timestamp
    return found


def _led(up: Stack, since: int) -> Moments:
    """When the first lead of High or more was written, since that is what asks anybody for anything."""
    found: Moments = {}
    for record in _records(up, [LEADS], since):
        lead = orjson.loads(record.value)
        if lead["level"] in ("high", "very-high"):
            found.setdefault(lead["subject"]["token"], record.timestamp)
    return found


def _requested(up: Stack, since: int) -> Moments:
    found: Moments = {}
    for record in _records(up, [member_topic(name) for name in up.keys], since):
        for token in TOKEN.findall(record.value):
            found.setdefault(token.decode(), record.timestamp)
    return found


def _records(up: Stack, topics: Iterable[Topic], since: int) -> Iterator[Any]:
    """Everything committed in these topics that was written since."""
    every = kafka.whole(up.run.services.admin, *(topic.name for topic in topics))
    return (record for record in every if record.timestamp >= since)
