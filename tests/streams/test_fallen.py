"""What is published of a lead of which nothing is left."""

from __future__ import annotations

from schemas.base import to_ms
from schemas.leads import Lead
from schemas.risk import Level
from streams.core.alert import Retraction
from streams.core.engine import Engine
from streams.core.rules import parse
from tests.strategies import HOUR, RULES
from tests.streams.stories import NOON, PAYEE, call, transfer


def test_it_fell_at_a_time_of_the_alliances_clock() -> None:
    alerts = (call(NOON - HOUR, NOON), transfer(NOON))
    engine = Engine(0, 1, parse(RULES))
    engine.apply(alerts)
    assert PAYEE in dict(engine.flush(0, NOON).leads)
    engine.apply(Retraction(a.member, a.event, False, tuple(n.key for n in a.named), NOON) for a in alerts)
    fallen = Lead.model_validate(dict(engine.flush(5_000, NOON + HOUR).leads)[PAYEE], strict=False)
    assert fallen.level is Level.NONE
    assert to_ms(fallen.at) == NOON + HOUR
