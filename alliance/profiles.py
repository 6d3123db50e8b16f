"""The profile of a place: what its law allows, as data. Every value cites its source or says that it is unverified.

A profile that contradicts itself, or a value without a source, is refused at start.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alliance.errors import SetupError
from schemas.base import Currency


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Sourced(_Data):
    """A value and where it comes from."""

    source: str | None = None
    verified: bool = True
    note: str | None = None

    @model_validator(mode="after")
    def _stands_on_something(self) -> _Sourced:
        if self.verified and not self.source:
            raise ValueError("cite a source, or say verified = false with a note")
        if not self.verified and not self.note:
            raise ValueError("an unverified value needs a note")
        return self


class Seconds(_Sourced):
    value: Annotated[int, Field(gt=0)]


class Count(_Sourced):
    value: Annotated[int, Field(gt=0, le=5)]


class Choice(_Sourced):
    value: bool


class Stop(_Data):
    duration_s: Seconds
    most: Count
    """Stops for one account and case."""
    tolerance_s: Seconds
    approximate_tolerance_s: Seconds

    @model_validator(mode="after")
    def _is_consistent(self) -> Stop:
        if self.approximate_tolerance_s.value < self.tolerance_s.value:
            raise ValueError("an approximate time can not be matched more closely than an exact one")
        return self


class Delay(_Data):
    duration_s: Seconds


class VoidAfter(_Data):
    advisory_s: Seconds
    member_request_s: Seconds
    authorised_s: Seconds


class Hops(_Data):
    most: Count


class Call(_Data):
    ongoing_s: Seconds


class Profile(_Data):
    name: str
    currency: Currency
    amount_only: Choice
    stop: Stop
    delay: Delay
    void_after: VoidAfter
    hops: Hops
    call: Call


def load(name: str) -> Profile:
    """The profile `name`. Raises SetupError if there is none of that name, or it names what is wrong in it."""
    path = files("alliance") / "profiles" / f"{name}.toml"
    try:
        return Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise SetupError(f"There is no profile {name!r}; profiles are files in alliance/profiles.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SetupError(f"The profile {name} is wrong at {place}: {first['msg']}.") from error
