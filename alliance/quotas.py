"""How much a member may send, read and ask of the broker: ten times its agreed rate, by the broker's own quotas.

The broker slows who takes more, refuses nothing, and keeps the figures itself: what stands there is what was agreed.
Must never be set for the hub's own principals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kafka import KafkaAdminClient
from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest

from alliance.errors import Refused
from alliance.kafka import until

AGREED = 100
"""Alerts a second, where nothing else is agreed with a member."""
INVITED = 1
"""The same of who has an invite and nothing else."""
MOST = 100_000
_FACTOR = 10
_ALERT_BYTES = 2_000
"""An alert alone in its bundle, with its signature."""
_REQUEST_PERCENT = 25.0
"""Of one thread of the broker: tiny requests without number are few bytes."""
_READ_AT_LEAST = 2_000_000.0
"""Bytes a second. The broker withholds what is more than one second's worth, and one letter that is so for ever."""
_SENT = "producer_byte_rate"
_SPECIFIED = 2


def quota(rate: int) -> dict[str, float]:
    """The broker's figures for so many alerts a second, of each broker of the cluster."""
    most = float(_FACTOR * rate * _ALERT_BYTES)
    return {_SENT: most, "consumer_byte_rate": max(most, _READ_AT_LEAST), "request_percentage": _REQUEST_PERCENT}


def rates(client: KafkaAdminClient) -> dict[str, int]:
    """Principal → agreed rate, of everyone who has one. Raises Refused."""
    return {name: _rate(found) for name, found in _quotas(client).items()}


def agree(client: KafkaAdminClient, agreed: Mapping[str, int]) -> None:
    """Set these principals' rates, and return when the broker goes by them. Raises Refused."""
    wanted = {principal: quota(rate) for principal, rate in agreed.items()}
    if not wanted:
        return
    answer = _ask(client, AlterClientQuotasRequest(entries=[_entry(*one) for one in wanted.items()]))
    for entry in answer.entries:
        _refuse(entry.error_code, entry.error_message)
    until(lambda: wanted.items() <= _quotas(client).items(), "Kafka has not taken over the quotas of its principals")


def agree_default(client: KafkaAdminClient, principals: Iterable[str]) -> None:
    """Set the rate of those who have none yet, and of the others the figures, where a former release made them."""
    found = _quotas(client)
    agreed = {principal: _rate(found[principal]) if principal in found else AGREED for principal in principals}
    agree(client, {name: rate for name, rate in agreed.items() if found.get(name) != quota(rate)})


def _rate(figures: Mapping[str, float]) -> int:
    return round(figures[_SENT] / _FACTOR / _ALERT_BYTES)


def _quotas(client: KafkaAdminClient) -> dict[str, dict[str, float]]:
    users = DescribeClientQuotasRequest.ComponentData(entity_type="user", match_type=_SPECIFIED, match=None)
    answer = _ask(client, DescribeClientQuotasRequest(components=[users], strict=True))
    _refuse(answer.error_code, answer.error_message)
    found = {entry.entity[0].entity_name: {one.key: one.value for one in entry.values} for entry in answer.entries}
    return {name: figures for name, figures in found.items() if name and _SENT in figures}


def _entry(principal: str, figures: Mapping[str, float]) -> Any:
    entry = AlterClientQuotasRequest.EntryData
    entity = entry.EntityData(entity_type="user", entity_name=principal)
    return entry(entity=[entity], ops=[entry.OpData(key=key, value=value) for key, value in figures.items()])


def _ask(client: KafkaAdminClient, request: Any) -> Any:
    """kafka-python has these messages, and no call that sends them."""
    return client._manager.run(client._manager.send, request)


def _refuse(code: int, message: str | None) -> None:
    if code:
        raise Refused(f"Kafka refuses to show or set quotas: {message or code}; use the registrar's login.")
