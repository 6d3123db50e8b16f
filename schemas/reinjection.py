"""Re-injection: an officer's word that a refused bundle is put back, as it came, and what its member is told of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import MemberId, Message, Text, Timestamp

TopicName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,48}$")]
Number = Annotated[int, Field(ge=0, lt=2**63)]


class Reinject(Message):
    """What an officer signs. `topic`, `partition` and `offset` are where the bundle of `member` had come in."""

    kind: Literal["reinject"] = "reinject"
    topic: TopicName
    partition: Number
    offset: Number
    member: MemberId
    bundle: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of its bytes."""
    reason: Text
    at: Timestamp

    @property
    def place(self) -> str:
        """As receipts and the quarantine name it."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Reinjected(Message):
    """What its member is told on `to.<member>`: the bundle that was refused at this place is judged anew. What of it is
    let in has used its ids: whatever is said under one of them with other content conflicts with it."""

    kind: Literal["reinjected"] = "reinjected"
    topic: TopicName
    partition: Number
    offset: Number
    reason: Text
    at: Timestamp
