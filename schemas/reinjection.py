"""Re-injection: an officer's word that a refused bundle is put back, as it came, to be judged anew."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import Message, Text, Timestamp


class Reinject(Message):
    """What an officer signs. `topic`, `partition` and `offset` are where the bundle had come in."""

    kind: Literal["reinject"] = "reinject"
    topic: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,48}$")]
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    bundle: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of its bytes."""
    reason: Text
    at: Timestamp

    @property
    def place(self) -> str:
        """As receipts and the quarantine name it."""
        return f"{self.topic}/{self.partition}/{self.offset}"
