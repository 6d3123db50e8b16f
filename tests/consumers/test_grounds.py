"""What falls with what, at every hop: alerts, reports, the allow-list and appeals. No service is needed."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from consumers.casebook.release.grounds import Asked, Cause, by_itself, fallen


def way(*targets: str) -> list[Asked]:
    """A stop and those that followed the money from it, hop by hop."""
    asked: list[Asked] = []
    for target in targets:
        asked.append(Asked(uuid4(), asked[-1].request_id if asked else None, target, reported=True))
    return asked


def causes(asked: list[Asked], *named: str, allowed: tuple[str, ...] = (), withdrawn: bool = False) -> list[str]:
    fell = fallen(asked, set(named), set(allowed), withdrawn=withdrawn)
    return [fell[one.request_id].name if one.request_id in fell else "" for one in asked]


def test_nothing_falls_while_the_first_account_is_reported() -> None:
    assert causes(way("a", "b", "c"), "a") == ["", "", ""]


def test_an_annulled_report_takes_the_whole_way_with_it() -> None:
    assert causes(way("a", "b", "c")) == ["ANNULLED"] * 3


def test_what_another_report_names_on_the_way_stays_with_what_follows_from_it() -> None:
    assert causes(way("a", "b", "c", "d"), "c") == ["ANNULLED", "ANNULLED", "", ""]
    assert causes(way("a", "b", "c"), "b", withdrawn=True) == ["WITHDRAWN", "", ""]


def test_an_allow_listed_account_frees_what_came_from_it_and_not_what_led_to_it() -> None:
    assert causes(way("a", "b", "c"), "a", allowed=("b",)) == ["", "ALLOWED", "ALLOWED"]
    assert causes(way("a", "b", "c"), "a", "b", "c", allowed=("b",)) == ["", "ALLOWED", ""]


def test_a_won_appeal_frees_the_account_however_often_it_was_stopped() -> None:
    first, onward = way("a", "b")
    again = Asked(uuid4(), first.request_id, "a", reported=True)
    asked = [replace(first, freed=Cause.APPEAL), onward, again]
    assert causes(asked, "a") == ["APPEAL"] * 3


def test_a_stop_that_others_money_reached_too_stands_and_one_that_none_reaches_any_more_falls() -> None:
    first, one, other = way("a", "b", "d")
    alone = replace(other, request_id=uuid4(), target="e")
    fed = {other.request_id: None, alone.request_id: Cause.ANNULLED}
    named, allowed = {"a"}, {"b"}
    fell = fallen([first, one, other, alone], named, allowed, withdrawn=False, fed=fed)
    assert fell == {one.request_id: Cause.ALLOWED, alone.request_id: Cause.ALLOWED}
    standing = fallen([first, one, other, alone], named, set(), withdrawn=False, fed=fed)
    assert standing == {alone.request_id: Cause.ANNULLED}


def test_no_money_keeps_what_its_own_account_lost() -> None:
    _, onward = way("a", "b")
    freed = replace(onward, freed=Cause.APPEAL)
    again = Asked(uuid4(), freed.request_id, "b", reported=True)
    fed = dict.fromkeys((freed.request_id, again.request_id))
    asked = [freed, again]
    fell = fallen(asked, {"a"}, set(), withdrawn=False, fed=fed)
    assert fell == {freed.request_id: Cause.APPEAL, again.request_id: Cause.APPEAL}
    assert by_itself(again, {one.request_id: one for one in asked}, set())


def test_what_an_appeal_freed_further_on_fell_by_itself_and_not_because_of_what_led_to_it() -> None:
    """So what went on from there is nobody's claim."""
    asked = way("a", "b", "c")
    known = {one.request_id: one for one in asked}
    assert [by_itself(one, known, set()) for one in asked] == [True, False, False]
    assert by_itself(replace(asked[1], freed=Cause.APPEAL), known, set())


def test_a_members_own_measure_rests_on_the_alerts_and_on_no_report() -> None:
    delay = Asked(uuid4(), None, "a", reported=False)
    assert causes([delay]) == [""]
    assert causes([delay], withdrawn=True) == ["WITHDRAWN"]


def test_a_stop_that_was_restated_for_a_later_report_rests_on_its_case() -> None:
    (root,) = way("a")
    restated = [replace(root, parent=root.request_id)]
    assert causes(restated, "a") == [""]
    assert causes(restated) == ["ANNULLED"]
    assert causes(restated, "a", withdrawn=True) == ["WITHDRAWN"]


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=6), st.sets(st.sampled_from("abcd")), st.booleans())
def test_what_more_supports_never_makes_more_fall(targets: list[str], named: set[str], withdrawn: bool) -> None:
    asked = way(*targets)
    for more in "abcd":
        before = fallen(asked, named, set(), withdrawn=withdrawn)
        after = fallen(asked, named | {more}, set(), withdrawn=withdrawn)
        assert after.keys() <= before.keys()
        assert Cause.ALLOWED not in after.values()
