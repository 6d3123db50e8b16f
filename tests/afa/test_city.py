"""A day of the city on a run: its members come back with what they had, and nobody who was barred."""

from __future__ import annotations

import pytest

from afa import city
from afa.place import Run
from afa.programs import clock_file
from alliance.clock import load_or_create
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Refused
from alliance.joining import standing
from alliance.joining.desk import Desk
from alliance.kafka import probe
from alliance.membership import enrol, load_member, token_keys
from producers.city.cast import CAST
from producers.city.play import Plan
from schemas.registry import Sector
from schemas.topics import MEMBERS

pytestmark = pytest.mark.services


def test_a_day_of_the_city_gives_who_is_suspended_no_rights(
    services: EmbeddedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_or_create(clock_file(services.data), 1.0)
    run, bank = Run(services.data.path), next(spec for spec in CAST if spec.sector is Sector.BANK)
    desk = Desk(run.data, run.registrar(), run.clock)
    enrol(desk.data, desk.login, bank, token_keys(desk.data), desk.clock)
    standing.suspend(desk, bank.member)
    # The day itself is another test's.
    monkeypatch.setattr(city, "register", _is_over)
    with pytest.raises(KeyboardInterrupt):
        city._on(run, Plan())
    try:
        with pytest.raises(Refused, match=MEMBERS.name):
            probe(load_member(desk.data, bank.member)[1], reads=[MEMBERS.name])
    finally:
        standing.revoke(desk, bank.member)


def _is_over(*_: object) -> None:
    raise KeyboardInterrupt
