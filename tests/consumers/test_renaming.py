"""A rotation of the token epoch at the casebook: a subject has a new name, and its case, stops and reports go on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from sqlalchemy import func, select

from consumers.casebook.batches import inbox
from consumers.casebook.evidence.names import Names
from consumers.casebook.tables import LeadRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.answers import AnswerStatus
from schemas.epochs import FORMER_HEADER, RETIRED_HEADER
from schemas.identifiers import Identifier
from schemas.leads import Lead
from schemas.requests import Action, Request
from schemas.risk import Level
from schemas.topics import LEADS
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import TWO_DAYS, stop_of, stopped

NAMES = st.lists(st.integers(0, 9), min_size=1, max_size=8, unique=True)


def newly(old: Identifier, epoch: str = "e2") -> Identifier:
    """The same identifier as members name it after the cut-over."""
    return old.model_copy(update={"tokens": [old.tokens[0].replace("e1:", f"{epoch}:")]})


def cut_over(office: Office, old: Identifier, *leads: Lead, epoch: str = "e2") -> Identifier:
    """What the stream says of the subject from then on: its lead under the newer name, and what it was before."""
    new = newly(old, epoch)
    told = leads or (lead(new, reported=True),)
    office.take(leads=[each.model_dump_json().encode() for each in told], renamed=[(new.tokens[0], old.tokens[0])])
    return new


def stops(letters: list[Request]) -> list[Request]:
    return [letter for letter in letters if letter.action is Action.STOP]


def cases(office: Office, *names: Identifier) -> int:
    """Under how many cases anything was asked about these."""
    tokens = [token for name in names for token in name.tokens]
    query = select(func.count(RequestRow.case_id.distinct())).where(RequestRow.target.in_(tokens))
    with office.engine.connect() as db:
        return db.scalar(query) or 0


@pytest.mark.services
def test_the_case_goes_on_and_the_stops_of_both_names_count_together(office: Office) -> None:
    mule = account()
    _, first = stopped(office, mule)
    office.answer(first, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    new = cut_over(office, mule)
    assert not office.deliver()

    office.pass_time(**TWO_DAYS)
    second = stop_of(office.deliver())
    assert (second.case_id, second.attempt) == (first.case_id, 2)
    assert second.target.tokens == [mule.tokens[0], new.tokens[0]]
    office.answer(second, AnswerStatus.EXECUTED, amount=yuan(5_000_000))

    office.report(new)
    office.suspect(lead(new, Level.VERY_HIGH, reported=True))
    office.pass_time(**TWO_DAYS)
    office.report(new)
    assert not stops(office.deliver())
    assert (cases(office, mule), cases(office, new)) == (1, 0)
    assert [len(office.holds(target)) for target in (mule, second.target)] == [1, 1]
    assert office.is_audited()


@pytest.mark.services
@pytest.mark.parametrize("first", ["report", "lead"])
def test_a_report_by_the_new_name_alone_covers_the_case(office: Office, first: str) -> None:
    mule = account()
    office.mandate()
    office.suspect(lead(mule))
    assert not stops(office.deliver())
    if first == "report":
        office.report(newly(mule))
        assert not stops(office.deliver())
    new = cut_over(office, mule, lead(newly(mule)))
    if first == "lead":
        assert not stops(office.deliver())
        office.report(new)
    (stop,) = stops(office.deliver())
    assert stop.target.tokens == [mule.tokens[0], new.tokens[0]]
    assert cases(office, mule, new) == 1


@pytest.mark.services
def test_a_third_name_follows_the_second(office: Office) -> None:
    mule = account()
    _, first = stopped(office, mule)
    office.answer(first, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    second = cut_over(office, mule)
    third = newly(mule, "e3")
    office.take(leads=[lead(third).model_dump_json().encode()], renamed=[(third.tokens[0], second.tokens[0])])
    office.pass_time(**TWO_DAYS)
    assert stop_of(office.deliver()).target.tokens == [mule.tokens[0], third.tokens[0]]
    assert cases(office, mule, second, third) == 1


@pytest.mark.services
def test_names_that_both_had_leads_stay_two_subjects(office: Office) -> None:
    """Whoever says so may err or lie, and would take a stop from the one or add it to the other."""
    mule, other = account(), newly(account())
    office.suspect(lead(mule), lead(other))
    said = {"renamed": [(other.tokens[0], mule.tokens[0])]}
    office.take(leads=[lead(other, Level.VERY_HIGH).model_dump_json().encode()], **said)
    query = select(LeadRow.token, LeadRow.level).where(LeadRow.token.in_([mule.tokens[0], other.tokens[0]]))
    with office.engine.connect() as db:
        found = {tuple(row) for row in db.execute(query)}
    assert found == {(mule.tokens[0], "high"), (other.tokens[0], "very-high")}


def record(key: str, *headers: tuple[str, bytes]) -> Any:
    return SimpleNamespace(key=key.encode(), value=key.encode(), headers=list(headers))


def test_a_lead_that_only_changed_its_name_did_not_fall() -> None:
    old, new, plain = "ae1:" + "a" * 22, "ae2:" + "a" * 22, "ae2:" + "b" * 22
    records = [record(old, (RETIRED_HEADER, b"")), record(new, (FORMER_HEADER, old[1:].encode())), record(plain)]
    read = inbox(cast(Turn, None), {TopicPartition(LEADS.name, 0): records}, look_again=False)
    assert read.leads == [new.encode(), plain.encode()]
    assert read.renamed == [(new[1:], old[1:])]


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_every_name_of_a_subject_leads_to_its_first_and_to_all_others(subjects: list[list[int]]) -> None:
    named = [[f"e{number}:{who}" for number in of] for who, of in enumerate(subjects)]
    names = Names((newer, first) for first, *later in named for newer in later)
    for of in named:
        for name in of:
            assert (names.of(name), names.all_of(name)) == (of[0], of)
        assert names.told([of[0]]) == ([of[0]] if len(of) == 1 else [of[0], of[-1]])
    assert names.every(of[-1] for of in named) == {name for of in named for name in of}
    assert bool(names) == any(len(of) > 1 for of in named)
