"""The number that a holder is told: it leads to its hold, and what was misheard leads nowhere."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.notices import Notice, holds_of, notice_of

NOTICE: TypeAdapter[str] = TypeAdapter(Notice)


@given(st.uuids())
def test_the_number_leads_to_its_hold(hold: UUID) -> None:
    first, last = holds_of(NOTICE.validate_python(notice_of(hold)))
    assert first <= hold <= last
    assert notice_of(first) == notice_of(last) == notice_of(hold)
    beyond = [number for number in (first.int - 1, last.int + 1) if 0 <= number < 1 << 128]
    assert all(notice_of(UUID(int=number)) != notice_of(hold) for number in beyond)


@given(st.uuids(), st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_found(hold: UUID, place: int, off: int) -> None:
    number = notice_of(hold)
    wrong = number[:place] + str((int(number[place]) + off) % 10) + number[place + 1 :]
    with pytest.raises(ValidationError):
        NOTICE.validate_python(wrong)


def test_a_number_that_no_hold_can_have_is_none() -> None:
    with pytest.raises(ValidationError):
        NOTICE.validate_python("999999999991")
