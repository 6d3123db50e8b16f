"""Whose keys lie here, and who has its own elsewhere: no unit is both."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alliance.errors import Refused
from alliance.kafka import probe
from alliance.membership import MemberSpec, enrol, members_of, register, token_keys
from schemas.registry import Alliance, Sector
from schemas.topics import MEMBERS
from tests.alliance.test_joining import CLOCK, Hall, hall

__all__ = ["hall"]
pytestmark = pytest.mark.services


def test_the_keys_of_a_unit_lie_on_one_side_alone(hall: Hall) -> None:
    """Else it has two passwords and two sealing keys, of which the last counts, and is taken to have an epoch's key
    that it has not."""
    data, login, tokens = hall.desk.data, hall.desk.login, token_keys(hall.desk.data)
    held = hall.join("bank-away")
    record = hall.desk.registry().member("bank-away")
    renamed = MemberSpec("bank-away", "Renamed", Sector.BANK, Alliance.POLICE_BANK)
    for admit in (enrol, lambda data, login, spec, *rest: register(data, login, [spec], *rest)):
        with pytest.raises(Refused, match=r"bank-away has keys of its own.*afa member invite bank-away"):
            admit(data, login, renamed, tokens, CLOCK)
    assert "bank-away" not in members_of(data)
    assert hall.desk.registry().member("bank-away") == record
    probe(held.login(), reads=[MEMBERS.name])

    enrol(data, login, replace(renamed, member="bank-kept"), tokens, CLOCK)
    with pytest.raises(Refused, match=r"The keys of bank-kept lie in .*members/bank-kept"):
        hall.invite("bank-kept")
