"""What is kept how long, and what a run of the retention erased, as people are shown it. Holds nobody's data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Message, Text, Timestamp

Rows = Annotated[int, Field(ge=0)]


class Held(StrEnum):
    TABLE = "table"
    """Of the casebook's database."""
    TOPIC = "topic"
    """Of the broker, which lets go of records by itself."""


class RetentionView(Message):
    """One table or topic. `kept_s`: for how long, in seconds; none where no time ends it. `past`: how many rows a run
    would erase now, or of how many acts of the audit the text; none for a topic."""

    kind: Held
    name: Text
    kept_s: Annotated[int, Field(gt=0)] | None
    why: Text
    oldest: Timestamp | None
    """By alliance time, of a topic by the broker's; none where there is nothing, or nothing says how old it is."""
    past: Rows | None


class RetentionReport(Message):
    """What a run erased, by table; under `audit`, of how many acts the text. `run`: none where it was only asked what a
    run would erase."""

    run: Annotated[int, Field(ge=1)] | None
    asked_at: Timestamp
    ended_at: Timestamp | None
    erased: dict[str, Rows]
