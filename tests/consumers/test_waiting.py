"""Stops that wait for an officer: a mandate that is filed later covers them at every hop, within its bounds."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.answers import AnswerStatus, Outflow, OutflowType
from schemas.identifiers import Identifier
from schemas.requests import Action, AuthorityClass, Request
from schemas.risk import Level
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import stop_of

pytestmark = pytest.mark.services


def followed(office: Office, mule: Identifier, *payees: Identifier) -> list[Request]:
    """Money of a reported account that has gone on from hop to hop, each stop signed by an officer but the last."""
    office.report(mule)
    office.suspect(lead(mule, reported=True))
    stops = []
    for target, payee in zip((mule, *payees), payees, strict=False):
        office.order(office.draft(target).request_id)
        stops.append(stop_of(office.deliver()))
        onward = Outflow(type=OutflowType.TRANSFER, amount=yuan(3_000_000), time=office.now, payee=payee)
        office.answer(stops[-1], AnswerStatus.ALREADY_GONE, outflows=[onward])
    return [*stops, office.draft(payees[-1])]


def stops_after(office: Office, **mandate: Any) -> list[Request]:
    """The stops that go out because of a mandate that is filed now."""
    office.mandate(**mandate)
    office.take()
    return [letter for letter in office.deliver() if letter.action is Action.STOP]


@pytest.mark.parametrize("hops", [1, 3])
def test_a_later_mandate_covers_a_waiting_stop_at_every_hop(office: Office, hops: int) -> None:
    mule, payees = account(), [account(None, f"cnaps:{1 + hop % 2}") for hop in range(1, hops + 1)]
    *before, waits = followed(office, mule, *payees)
    (stop,) = stops_after(office)
    assert (stop.request_id, stop.hop, stop.amount) == (waits.request_id, hops, yuan(3_000_000))
    assert stop.authority.authority is AuthorityClass.MANDATE
    assert stop.authority.covered_by == before[0].authority.covered_by
    assert stop.match == waits.match
    office.registry_changed()
    assert not office.deliver()


@pytest.mark.parametrize(
    "short", [{"max_hop": 1}, {"min_level": "very-high"}, {"caps": {"currency": "CNY", "per_hold": 2_999_999,
                                                                   "per_account": 9_000_000, "per_day": 9_000_000}}],
)  # fmt: skip
def test_a_later_mandate_that_falls_short_leaves_the_hop_to_its_officer(office: Office, short: dict[str, Any]) -> None:
    first, second = account(None, "cnaps:2"), account()
    followed(office, account(), first, second)
    assert not stops_after(office, **short)
    assert office.draft(second).hop == 2


def test_a_later_mandate_covers_no_hop_of_a_report_that_was_annulled(office: Office) -> None:
    mule, payee = account(), account(None, "cnaps:2")
    *_, waits = followed(office, mule, payee)
    assert waits.authority.covered_by
    office.annul(waits.authority.covered_by)
    assert not stops_after(office)
    again = office.report(mule)
    office.registry_changed()
    (stop,) = [letter for letter in office.deliver() if letter.hop == 1]
    assert stop.authority.covered_by == again


def test_a_later_mandate_covers_no_hop_of_a_lead_that_has_fallen_below_high(office: Office) -> None:
    mule, payee = account(), account(None, "cnaps:2")
    followed(office, mule, payee)
    office.suspect(lead(mule, Level.MEDIUM))
    assert not stops_after(office, min_level="medium")


def test_a_later_mandate_covers_the_repeat_of_a_stop_that_expired(office: Office) -> None:
    mule = account()
    office.report(mule)
    office.suspect(lead(mule, reported=True))
    office.order(office.draft(mule).request_id)
    office.answer(stop_of(office.deliver()), AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.pass_time(hours=48)
    (stop,) = stops_after(office, valid_to=office.now.replace(year=2027))
    assert (stop.attempt, stop.hop) == (2, 0)
