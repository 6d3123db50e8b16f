"""Every byte that a member can get from the broker, by its own login; and the seals in it that it can open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any
from uuid import UUID

import orjson

from alliance import kafka
from alliance.embedded.datadir import DataDir
from alliance.keys.seals import EVENT_INFO, NAME_INFO, TARGET_INFO, BadSeal, unseal
from alliance.keys.store import MemberKeys
from alliance.membership import load_member
from schemas.topics import TOPICS

_SEALS = ("blob", "sealed", "payee_name")
_SEALED = re.compile(rb'"(?:' + "|".join(_SEALS).encode() + rb')"')
UUIDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def received(data: DataDir, member: str) -> dict[str, list[bytes]]:
    """By topic that the broker lets it read, the records: each value, and behind it key, headers and what was sealed
    in it."""
    keys, login = load_member(data, member)
    with kafka.admin(login) as client:
        seen = [topic["name"] for topic in client.describe_topics() if "READ" in topic["authorized_operations"]]
    return {name: [_whole(record, keys) for record in kafka.whole(login, name)] for name in seen}


def _whole(record: Any, keys: MemberKeys) -> bytes:
    value = record.value or b""
    beside = [record.key or b"", *(each for key, text in record.headers for each in (key.encode(), text or b""))]
    return b"\n".join([value, *beside, *opened(value, keys)])


def opened(value: bytes, keys: MemberKeys) -> Iterator[bytes]:
    """What the member's key opens of the seals in a record, whichever id in it they are bound to."""
    if not _SEALED.search(value):
        return
    ids = {UUID(found.decode()) for found in UUIDS.findall(value)}
    for blob, info, each in product(_blobs(orjson.loads(value)), (EVENT_INFO, TARGET_INFO, NAME_INFO), ids):
        try:
            yield unseal(keys.sealing, blob, info, each.bytes)
        except BadSeal:
            continue


def published(login: kafka.KafkaLogin) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Who published each event, by its id; and by member, what it wrote in words."""
    senders: dict[str, str] = {}
    words: dict[str, set[str]] = {}
    for topic in (topic.name for topic in TOPICS if topic.inbound):
        for record in kafka.whole(login, topic):
            for event in orjson.loads(record.value or b"[]"):
                member = event["source"].rpartition("/")[2]
                senders[event["id"]] = member
                words.setdefault(member, set()).update(_words(event["data"]))
    return senders, words


def _words(data: dict[str, Any]) -> Iterator[str]:
    for name in ("report_id", "place", "reason", "statement"):
        if data.get(name):
            yield data[name]
    yield from data.get("reasons", ())
    for child in (*data.get("outflows", ()), *data.get("transfers", ())):
        yield from _words(child)


def _blobs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (node[name] for name in _SEALS if isinstance(node.get(name), str))
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _blobs(child)
