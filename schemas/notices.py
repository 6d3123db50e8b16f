"""The number that a holder is told of a hold, and by which it appeals: short enough for a letter and a telephone.

Follows from the hold's id alone, so that nobody has to keep it; its check digit (Luhn) catches what was misheard.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, StringConstraints
from stdnum import luhn

_BITS = 36
_REST = 128 - _BITS
_DIGITS = 11


def _checked(number: str) -> str:
    if not luhn.is_valid(number) or int(number[:-1]) >> _BITS:
        raise ValueError("no notice has this number; one digit or more is wrong")
    return number


Notice = Annotated[str, StringConstraints(pattern=r"^\d{12}$"), AfterValidator(_checked)]
"""Twelve digits, written without spaces."""


def notice_of(hold_id: UUID) -> str:
    """The number of a hold's notice: the first bits of its id, and a check digit."""
    digits = f"{hold_id.int >> _REST:0{_DIGITS}}"
    return digits + str(luhn.calc_check_digit(digits))


def holds_of(notice: str) -> tuple[UUID, UUID]:
    """Between which ids, both included, the hold lies that a notice is of; seldom more than one is there."""
    first = int(notice[:-1]) << _REST
    return UUID(int=first), UUID(int=first + (1 << _REST) - 1)
