"""A value of a profile: what holds, and what that rests on. Choices are named here as the profiles write them.

A value may cite a source and still be unverified: then the source was not read itself, and the note says so.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.base import Code, Money
from schemas.requests import AuthorityClass

T = TypeVar("T")


class Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Sourced(Data, Generic[T]):
    """A value and where it comes from."""

    # There are no docstrings to be found, and each kind of value would read its source to look for them.
    model_config = ConfigDict(use_attribute_docstrings=False)

    value: T
    source: Annotated[str, Field(min_length=1)] | None = None
    verified: bool = True
    note: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _stands_on_something(self) -> Sourced[T]:
        if self.verified and not self.source:
            raise ValueError("cite a source, or say verified = false with a note")
        if not self.verified and not self.note:
            raise ValueError("an unverified value needs a note")
        return self


class TaintRule(StrEnum):
    """Which of an account's money a payment out of it took."""

    FIFO = "fifo"
    LIFO = "lifo"
    PRO_RATA = "pro-rata"


class Share(StrEnum):
    """How several victims' claims divide what does not suffice for all."""

    PRO_RATA = "pro-rata"
    FIRST_COME = "first-come"


class ReleaseWay(StrEnum):
    """How a hold ends whose grounds have fallen."""

    AT_ONCE = "at-once"
    PROPOSED = "proposed"
    """To the unit that ordered it, against a clock."""
    AS_MANDATE_SAYS = "as-the-mandate-says"


class AtEnd(StrEnum):
    """What becomes of a hold whose release was proposed and not decided in time."""

    RELEASED = "released"
    STAYS = "stays-until-expiry"


Seconds = Sourced[Annotated[int, Field(gt=0)]]
Count = Sourced[Annotated[int, Field(gt=0, le=5)]]
Number = Sourced[Annotated[int, Field(gt=0)]]
Renewals = Sourced[Annotated[int, Field(ge=0, le=10)]]
Officers = Sourced[Annotated[int, Field(gt=0, le=4)]]
"""As many as an order can name."""
Choice = Sourced[bool]
Amount = Sourced[Money]
Ranks = Sourced[list[Code]]
Classes = Sourced[Annotated[list[Annotated[AuthorityClass, Field(strict=False)]], Field(min_length=1)]]
Taint = Sourced[Annotated[TaintRule, Field(strict=False)]]
Sharing = Sourced[Annotated[Share, Field(strict=False)]]
Release = Sourced[Annotated[ReleaseWay, Field(strict=False)]]
Undecided = Sourced[Annotated[AtEnd, Field(strict=False)]]
