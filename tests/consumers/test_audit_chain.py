"""Whatever is done to an entry is found and named: by the chain itself, by the topic, or by what the auditor signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.auditor.chain import START
from schemas.audit import AuditFault, AuditReport, Where, Wrong
from tests.consumers.chains import BEGIN, Row, act, chain, chained, checkpoint, edited, rechained, verified

LENGTH = 9
WHOLE = chain(LENGTH)
PLACES = st.integers(0, LENGTH - 1)


def named(report: AuditReport, what: Wrong, where: Where = Where.DATABASE) -> set[int]:
    return {
        number
        for fault in report.faults
        if (fault.what, fault.where) == (what, where)
        for number in range(fault.number, (fault.last or fault.number) + 1)
    }


def kinds(faults: Sequence[AuditFault]) -> set[Wrong]:
    return {fault.what for fault in faults}


@given(st.integers(0, 12), st.integers(1, 3), st.integers(0, 12), st.sets(st.integers(0, 11)))
def test_what_nobody_touched_is_sound(length: int, acts: int, told: int, at: set[int]) -> None:
    rows = chain(length, acts)
    signed = [checkpoint(rows[place]) for place in sorted(at) if place < min(told, length)]
    report = verified(rows, rows[:told], signed)
    assert report.faults == []
    assert (report.entries, report.acts, report.told) == (length, length * acts, min(told, length))
    assert (report.checkpoints, report.signed_to) == (len(signed), max((one.number for one in signed), default=0))


@given(st.lists(PLACES, max_size=20))
def test_entries_that_come_again_as_they_were_are_no_fault(again: list[int]) -> None:
    told = [row for place, row in enumerate(WHOLE) for row in (row, *(WHOLE[n] for n in again if n <= place))]
    assert verified(WHOLE, told).faults == []


@given(PLACES, st.booleans())
def test_an_edit_by_who_knows_no_hashes_is_named_without_the_topic(place: int, digests_too: bool) -> None:
    rows = list(WHOLE)
    changed = edited(rows[place], 1000)
    rows[place] = changed if digests_too else Row(rows[place].entry, changed.acts)
    assert named(verified(rows), Wrong.EDITED) == {place + 1}


@given(PLACES, st.sampled_from(["at", "previous", "hash", "digests"]))
def test_any_column_that_is_edited_is_named_without_the_topic(place: int, column: str) -> None:
    rows = list(WHOLE)
    entry = rows[place].entry
    was = getattr(entry, column)
    value = was + timedelta(microseconds=1) if column == "at" else bytes([was[0] ^ 1]) + was[1:]
    change: dict[str, Any] = {column: value}
    rows[place] = Row(entry._replace(**change), rows[place].acts)
    assert place + 1 in named(verified(rows), Wrong.EDITED)


@given(st.integers(0, LENGTH - 2), st.integers(1, 3))
def test_a_deletion_by_who_knows_no_hashes_is_named_without_the_topic(place: int, count: int) -> None:
    gone = WHOLE[place : min(place + count, LENGTH - 1)]
    report = verified([row for row in WHOLE if row not in gone])
    assert named(report, Wrong.DELETED) == {row.entry.number for row in gone}


@given(PLACES)
def test_an_edit_whose_chain_was_made_anew_is_named_by_the_topic(place: int) -> None:
    rows = rechained([*WHOLE[:place], edited(WHOLE[place], 1000), *WHOLE[place + 1 :]])
    assert verified(rows).faults == []
    report = verified(rows, WHOLE)
    assert (named(report, Wrong.EDITED), kinds(report.faults)) == ({place + 1}, {Wrong.EDITED})


@given(st.sets(PLACES, min_size=1))
def test_deletions_whose_chain_was_made_anew_are_named_by_the_topic(places: set[int]) -> None:
    rows = rechained([row for place, row in enumerate(WHOLE) if place not in places])
    report = verified(rows, WHOLE)
    assert named(report, Wrong.DELETED) == {place + 1 for place in places}
    assert kinds(report.faults) == {Wrong.DELETED}


@given(PLACES, st.integers(0, 3))
def test_an_insertion_whose_chain_was_made_anew_is_named_by_the_topic(place: int, untold: int) -> None:
    stranger = chained([(WHOLE[place].entry.at, (act("released", 2000),))])
    rows = rechained([*WHOLE[:place], *stranger, *WHOLE[place:]])
    report = verified(rows, WHOLE[: LENGTH - untold])
    if place < LENGTH - untold:
        assert (named(report, Wrong.INSERTED), kinds(report.faults)) == ({place + 1}, {Wrong.INSERTED})
    else:
        assert report.faults == []


@given(PLACES, PLACES)
def test_an_entry_that_was_moved_is_named_by_the_topic(origin: int, target: int) -> None:
    rest = [row for row in WHOLE if row is not WHOLE[origin]]
    report = verified(rechained([*rest[:target], WHOLE[origin], *rest[target:]]), WHOLE)
    if origin == target:
        assert report.faults == []
    else:
        # Of two neighbours either may be said to have been moved past the other.
        assert len(moved := named(report, Wrong.REORDERED)) == 1
        assert moved == {origin + 1} or abs(origin - target) == 1
        assert kinds(report.faults) == {Wrong.REORDERED}


@given(PLACES, PLACES)
def test_two_entries_that_were_exchanged_are_named_by_the_topic(one: int, other: int) -> None:
    rows = list(WHOLE)
    rows[one], rows[other] = rows[other], rows[one]
    found = named(verified(rechained(rows), WHOLE), Wrong.REORDERED)
    # With one entry or none between them, another pair of moves, or a single one, comes to the same.
    assert len(found) == min(2, abs(one - other))
    assert found == {one + 1, other + 1} or 0 <= abs(one - other) <= 2
    assert found <= set(range(min(one, other) + 1, max(one, other) + 2))


@given(PLACES, PLACES)
def test_a_copy_of_an_entry_elsewhere_is_one_too_many(origin: int, target: int) -> None:
    stranger = chained([(BEGIN, (act("released", 2000),))])
    rows = rechained([*WHOLE[:target], WHOLE[origin], *WHOLE[target:], *stranger])
    report = verified(rows, rechained([*WHOLE, *stranger]))
    assert len(named(report, Wrong.INSERTED)) == 1
    assert named(report, Wrong.INSERTED) <= {origin + 1, origin + 2, target + 1}


@given(st.data())
def test_whatever_is_made_of_the_entries_is_found_with_the_topic(data: st.DataObject) -> None:
    places = data.draw(st.lists(PLACES, max_size=LENGTH + 2).filter(lambda drawn: drawn != list(range(LENGTH))))
    assert verified(rechained([WHOLE[place] for place in places]), WHOLE).faults


@given(PLACES, PLACES)
def test_who_rewrites_topic_and_database_disagrees_with_the_next_checkpoint(place: int, at: int) -> None:
    rows = rechained([*WHOLE[:place], edited(WHOLE[place], 1000), *WHOLE[place + 1 :]])
    signed = [checkpoint(WHOLE[n]) for n in (0, at, LENGTH - 1)]
    report = verified(rows, rows, signed)
    for where in (Where.DATABASE, Where.TOPIC):
        assert place + 1 in named(report, Wrong.REWRITTEN, where)
        before = max((one.number for one in signed if one.number <= place), default=0)
        assert min(named(report, Wrong.REWRITTEN, where)) == before + 1


@given(st.integers(1, LENGTH))
def test_a_chain_that_was_cut_off_disagrees_with_its_checkpoint(length: int) -> None:
    report = verified(WHOLE[: length - 1], WHOLE[: length - 1], [checkpoint(WHOLE[length - 1])])
    assert length in named(report, Wrong.REWRITTEN)


@given(PLACES)
def test_a_topic_that_was_emptied_lacks_what_was_signed(place: int) -> None:
    """Nothing is signed before it is there, so that whoever has a checkpoint knows that something was."""
    report = verified(WHOLE, (), [checkpoint(WHOLE[place])])
    assert named(report, Wrong.REWRITTEN, Where.TOPIC) == set(range(1, place + 2))
    assert kinds(report.faults) == {Wrong.REWRITTEN}


def test_two_checkpoints_of_one_entry_that_differ_are_a_fault() -> None:
    other = checkpoint(edited_chain()[4])
    assert Wrong.REWRITTEN in kinds(verified(WHOLE, WHOLE, [checkpoint(WHOLE[4]), other]).faults)


def edited_chain() -> list[Row]:
    return rechained([edited(WHOLE[0], 1000), *WHOLE[1:]])


@given(st.integers(0, LENGTH - 2))
def test_the_topic_is_watched_too(place: int) -> None:
    lost = [row for row in WHOLE if row is not WHOLE[place]]
    report = verified(WHOLE, lost)
    assert named(report, Wrong.DELETED, Where.TOPIC) == {place + 1}
    assert named(report, Wrong.INSERTED) == set()
    twice = verified(WHOLE, [*WHOLE, edited_chain()[place]])
    assert named(twice, Wrong.EDITED, Where.TOPIC) == {place + 1}
    late = verified(WHOLE, [*lost, WHOLE[place]])
    assert named(late, Wrong.REORDERED, Where.TOPIC) == {place + 1}


@given(PLACES, st.sampled_from([0, 1]))
def test_an_erased_text_leaves_the_chain_sound_and_is_counted(place: int, which: int) -> None:
    rows = list(WHOLE)
    acts = [*rows[place].acts]
    acts[which] = None
    rows[place] = Row(rows[place].entry, tuple(acts))
    report = verified(rows, WHOLE, [checkpoint(WHOLE[-1])])
    assert (report.faults, report.erased, report.acts) == ([], 1, 2 * LENGTH)


def test_an_act_that_was_added_or_taken_out_is_an_edit() -> None:
    for acts in (WHOLE[3].acts[:1], (*WHOLE[3].acts, act("held", 1))):
        rows = [*WHOLE[:3], Row(WHOLE[3].entry, acts), *WHOLE[4:]]
        assert named(verified(rows), Wrong.EDITED) == {4}


def test_the_chain_begins_with_nothing_before_it() -> None:
    rows = chained([(row.entry.at, row.acts) for row in WHOLE], replace(WHOLE[0].entry.head, number=0))
    assert WHOLE[0].entry.previous == START
    assert named(verified(rows), Wrong.BROKEN) == {1}
    before = Row(WHOLE[0].entry._replace(number=0), WHOLE[0].acts)
    assert kinds(verified([before, *WHOLE]).faults) == {Wrong.INSERTED}


@pytest.mark.parametrize(("left", "right"), [(("a", "bc"), ("ab", "c"))])
def test_no_two_acts_have_one_digest(left: tuple[str, str], right: tuple[str, str]) -> None:
    same = act("", 1)
    assert same._replace(act=left[0], subject=left[1]).digest != same._replace(act=right[0], subject=right[1]).digest
