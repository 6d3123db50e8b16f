"""The one base of every message: strict, frozen, no unknown field, no NaN; money and time as the alliance writes them.

Must never hold a rule that concerns one kind of message only.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


def _rfc3339(value: Any) -> Any:
    """Text as RFC 3339 has it: pydantic would also read digits alone as Unix time, and a blank for the `T`."""
    if not isinstance(value, str):
        return value
    if value[4:5] + value[7:8] + value[10:11] + value[13:14] != "--T:":
        raise ValueError("a time is RFC 3339 with an offset, such as 2026-11-01T10:00:00+08:00")
    return datetime.fromisoformat(value)


class Message(BaseModel):
    """A strict, immutable message; unknown fields, coercion, NaN and infinity are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


MemberId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+){0,5}$", max_length=40)]
"""A member unit's short name, such as `bank-icbc-ty`; also its Kafka principal's and topic's stem."""

RoutingCode = Annotated[str, StringConstraints(pattern=r"^[a-z]+:[A-Za-z0-9._-]{1,64}$")]
"""Scheme and code of who holds an identifier: `cnaps:102161000012`, `carrier:cmcc-ty`, `platform:chat`."""

Token = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,8}:[A-Za-z0-9_-]{22}$")]
"""`<epoch>:<22 base64url characters>`: 128 bits of HMAC-SHA256 over an identifier's canonical form."""

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]+$", max_length=500)]
"""For people: no control characters but tab and newline, which a terminal or a database would take badly."""
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
MAX_MINOR = 10**15
"""The greatest amount that a message can say."""
Minor = Annotated[int, Field(ge=0, le=MAX_MINOR)]
"""An amount in a currency's minor unit (fen, cents); never negative, never a fraction."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Timestamp = Annotated[AwareDatetime, BeforeValidator(_rfc3339)]
"""RFC 3339 with an offset."""


class Money(Message):
    """An amount of money: integer minor units and an ISO 4217 currency."""

    minor: Minor
    currency: Currency


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00Z of an aware datetime."""
    return round(moment.timestamp() * 1000)


def seconds(value: int) -> timedelta:
    """A duration of `value` seconds."""
    return timedelta(seconds=value)
