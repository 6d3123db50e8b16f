"""A stop is carried out on the account of whom it means, and on nobody else's; what can't be told is a person's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance import profiles
from producers.reference.entries import Opened
from producers.reference.names import compare_names
from schemas.answers import AnswerStatus, Comparison
from schemas.identifiers import IdentifierKind
from schemas.names import AccountName
from tests.producers.reference.support import MULE, NAME, NOW, VICTIM, account, bank, done, mandated, ordered, request

MATCH, MISMATCH, UNCLEAR = Comparison.MATCH, Comparison.MISMATCH, Comparison.NOT_COMPARABLE
TOLD = "came by which the account could be told for the one meant: an officer must decide"
NAMES = st.text(st.sampled_from("张伟王芳李娜"), min_size=1, max_size=4)


@pytest.mark.parametrize(("told", "kept", "found"), [
    ("张伟", "张伟", MATCH),
    ("张 伟", "张伟", MATCH),
    ("买买提·艾力", "买买提艾力", MATCH),
    ("Zhang, Wei", "ZHANG WEI", MATCH),
    ("ＺＨＡＮＧ ＷＥＩ", "zhang wei", MATCH),
    ("*伟", "张伟", MATCH),
    ("张*", "张伟明", MATCH),
    ("张**", "张伟", MATCH),
    ("张*明", "张伟明", MATCH),
    ("张某", "张伟", MATCH),
    ("山西金福商贸有限公司", "山西金福商贸有限公司", MATCH),
    ("王芳", "张伟", MISMATCH),
    ("张伟", "张伟明", MISMATCH),
    ("张伟明", "张伟", MISMATCH),
    ("*芳", "张伟", MISMATCH),
    ("张*", "张", MISMATCH),
    ("伟*", "张伟", MISMATCH),
    ("张*芳*明", "张伟明", MISMATCH),
    ("**", "张伟", UNCLEAR),
    ("…", "张伟", UNCLEAR),
    ("Zhang Wei", "张伟", UNCLEAR),
    ("张伟先生", "张伟", MATCH),
    ("张伟（个体）", "张伟", MATCH),
    ("José García", "JOSE GARCIA", MATCH),
    ("ปิติ", "ปิติ", MATCH),
    ("ปิติ", "ปุติ", MISMATCH),
    ("सीता", "सोता", MISMATCH),
    ("Zhang Wei", "Wei Zhang", UNCLEAR),
    ("Firm 7", "公司7", UNCLEAR),
    ("777", "公司777", UNCLEAR),
    ("张伟", "", UNCLEAR),
])  # fmt: skip
def test_what_two_spellings_tell(told: str, kept: str, found: Comparison) -> None:
    assert compare_names(told, kept) is found


@given(NAMES, st.data())
def test_a_name_matches_itself_however_much_of_it_is_hidden_and_no_other_that_shows(
    name: str, data: st.DataObject
) -> None:
    hidden = data.draw(st.sets(st.integers(0, len(name) - 1), max_size=len(name) - 1))
    masked = "".join("*" if place in hidden else each for place, each in enumerate(name))
    assert compare_names(masked, name) is MATCH
    shown = next(each for each in masked if each != "*")
    other = name.replace(shown, "秀")
    assert compare_names(masked, other) is MISMATCH


def test_a_mandate_stops_the_account_of_whom_it_names() -> None:
    books = bank()
    answer = done(books, mandated(request())).answer
    assert (answer.status, answer.comparison) == (AnswerStatus.EXECUTED, MATCH)


@pytest.mark.parametrize("under", [mandated, ordered])
def test_nobody_stops_an_account_of_another_name(under: object) -> None:
    books = bank()
    asked = under(request())  # type: ignore[operator]
    answer = done(books, asked, name="王芳").answer
    assert (answer.status, answer.comparison) == (AnswerStatus.REFUSED, MISMATCH)
    assert answer.reason == "the account is in another name than the one reported"
    assert not books.ledger.active(MULE, NOW)


@pytest.mark.parametrize("name", [
    None,
    "Zhang Wei",
    AccountName(tokens=account(VICTIM).tokens, name=NAME),
])  # fmt: skip
def test_what_can_not_be_compared_no_mandate_stops_and_an_officer_may(name: AccountName | str | None) -> None:
    """No name came, it is in another script, or it was told of another account."""
    books = bank()
    left = done(books, mandated(request()), name=name).answer
    assert (left.status, left.comparison) == (AnswerStatus.REFUSED, UNCLEAR)
    assert left.reason == f"no name {TOLD}"
    by_officer = done(books, ordered(request(2)), name=name).answer
    assert (by_officer.status, by_officer.comparison) == (AnswerStatus.EXECUTED, UNCLEAR)


def test_that_an_onward_payer_named_another_is_told_to_the_officer_who_decides() -> None:
    books = bank()
    left = done(books, mandated(request(hop=1)), name="王芳").answer
    assert (left.status, left.comparison) == (AnswerStatus.REFUSED, UNCLEAR)
    assert left.reason == "the payer named another than the account's holder, as a thief may: an officer must decide"
    assert not books.ledger.active(MULE, NOW)


def test_a_mandate_stops_nothing_by_a_request_that_names_no_payment() -> None:
    answer = done(bank(), mandated(request(match=None))).answer
    assert (answer.status, answer.comparison) == (AnswerStatus.REFUSED, UNCLEAR)
    assert answer.reason == f"no payment {TOLD}"


def test_books_without_names_leave_it_to_a_person() -> None:
    nameless = Opened(MULE, IdentifierKind.ACCOUNT, "", (), 500_000, NOW)
    assert done(bank([nameless]), mandated(request())).answer.comparison is UNCLEAR


def test_the_name_that_came_first_counts() -> None:
    """Who brings another later, or the same stop once more, changes nothing."""
    books = bank()
    first, other = (AccountName(tokens=account(MULE).tokens, name=told) for told in (NAME, "王芳"))
    [entry] = books.named(request().request_id, first, NOW)
    books.apply(entry)
    assert books.named(request().request_id, first, NOW) == books.named(request().request_id, other, NOW) == []
    assert done(books, mandated(request()), name=None).answer.status is AnswerStatus.EXECUTED


def test_where_the_law_asks_for_no_name_none_is_compared() -> None:
    th = profiles.load("th")
    cn_but_that = profiles.load("cn").model_copy(update={"stop": th.stop})
    assert not th.stop.match_name.value
    answer = done(bank(), mandated(request()), profile=cn_but_that, name=None).answer
    assert (answer.status, answer.comparison) == (AnswerStatus.EXECUTED, MATCH)


def test_at_a_later_hop_another_name_is_an_officers_to_judge_as_the_payer_may_have_made_it_up() -> None:
    books = bank()
    left = done(books, mandated(request(hop=1)), name="王芳").answer
    assert (left.status, left.comparison) == (AnswerStatus.REFUSED, UNCLEAR)
    by_officer = done(books, ordered(request(2, hop=1)), name="王芳").answer
    assert (by_officer.status, by_officer.comparison) == (AnswerStatus.EXECUTED, UNCLEAR)
