"""One key after another: what was signed before counts on, and the registry never forgets a key that may still sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.errors import Refused
from alliance.joining.memberfile import new_keys
from alliance.joining.succession import OVERLAP, dismissed, joined, rotated, with_status
from alliance.keys.store import MemberKeys
from alliance.membership import MemberSpec
from alliance.registry import Registry
from schemas.joining import KeyRequest
from schemas.registry import Alliance, Member, Officer, Sector, SigningKey, Status

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
SPEC = MemberSpec("bank-042", "Bank", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:102161000042",))


def request(keys: MemberKeys) -> KeyRequest:
    public = keys.public
    return KeyRequest(member="bank-042", key_id=public.key_id, signing=public.signing, sealing=public.sealing)


def valid(record: Member, keys: MemberKeys, at: datetime) -> bool:
    return Registry([record]).key(keys.kid, at) is not None


FIRST, SECOND = new_keys("bank-042"), new_keys("bank-042")
MEMBER = joined(SPEC, request(FIRST), None, NOW)


def test_both_keys_sign_while_they_overlap_and_then_the_new_one_alone() -> None:
    later = NOW + timedelta(days=100)
    record = rotated(MEMBER, request(SECOND), later)
    assert record.seal_key == SECOND.public.sealing
    for at, first, second in (
        (NOW, True, False),
        (later, True, True),
        (later + OVERLAP - timedelta(seconds=1), True, True),
        (later + OVERLAP, False, True),
    ):
        assert (valid(record, FIRST, at), valid(record, SECOND, at)) == (first, second)


def test_approving_the_same_keys_again_changes_nothing() -> None:
    once = rotated(MEMBER, request(SECOND), NOW + timedelta(days=1))
    assert rotated(once, request(SECOND), NOW + timedelta(days=2)) == once


def test_who_joins_anew_has_lost_its_keys_which_end_at_once() -> None:
    later = NOW + timedelta(days=1)
    anew = joined(SPEC, request(SECOND), with_status(MEMBER, Status.REVOKED), later)
    assert anew.status is Status.ACTIVE
    assert (valid(anew, FIRST, later), valid(anew, SECOND, later)) == (False, True)


def test_an_officer_who_is_dismissed_signs_nothing_from_then_on_and_the_others_do() -> None:
    officers = [
        Officer(officer=name, rank="captain", key=SigningKey(key_id="k1", public=key.public.signing, valid_from=NOW))
        for name, key in (("zhao", FIRST), ("qian", SECOND))
    ]
    unit = MEMBER.model_copy(update={"officers": officers})
    later = NOW + timedelta(days=1)
    left = dismissed(unit, "zhao", later)
    serves = {
        (name, at): Registry([left]).key(f"bank-042/{name}/k1", at) is not None
        for name in ("zhao", "qian")
        for at in (NOW, later)
    }
    assert serves == {("zhao", NOW): True, ("zhao", later): False, ("qian", NOW): True, ("qian", later): True}
    for gone in ("zhao", "sun"):
        with pytest.raises(Refused, match="who may sign; it has qian"):
            dismissed(left, gone, later)


@given(st.lists(st.sampled_from([0, 1, 2, 3, 15]), max_size=14))
def test_however_often_keys_change_no_key_that_still_counts_is_lost(days: list[int]) -> None:
    """Whoever changes them too fast is refused instead, and nothing has changed."""
    record, made, at = MEMBER, [(FIRST, NOW)], NOW
    for pause in days:
        at += timedelta(days=pause)
        keys = new_keys("bank-042")
        counting = [older for older, until in ends(made) if until is None or until > at]
        if len(counting) == 8:
            with pytest.raises(Refused, match=r"bank-042 has 8 keys that still count.*--overlap-days"):
                rotated(record, request(keys), at)
        else:
            record = rotated(record, request(keys), at)
            made.append((keys, at))
        assert Member.model_validate_json(record.model_dump_json()) == record
        # Each key signs until the overlap after its successor's coming, and not beyond; the newest on and on.
        for older, until in ends(made):
            assert valid(record, older, at) == (until is None or at < until)
        # Those that have ended are kept, the newest first, as far as there is room.
        newest = [older.key_id for older, _ in made[-8:]]
        assert [key.key_id for key in record.keys] == newest


def ends(made: list[tuple[MemberKeys, datetime]]) -> list[tuple[MemberKeys, datetime | None]]:
    """Until when each of these keys, made one after another, counts."""
    followed = [(keys, after + OVERLAP) for (keys, _), (_, after) in pairwise(made)]
    return [*followed, (made[-1][0], None)]


def test_keys_that_are_many_make_room_where_they_end_sooner() -> None:
    record = MEMBER
    for _ in range(7):
        record = rotated(record, request(new_keys("bank-042")), NOW)
    with pytest.raises(Refused, match="after 2026-11-24 12:00 UTC"):
        rotated(record, request(SECOND), NOW)
    assert len(rotated(record, request(SECOND), NOW, timedelta(0)).keys) == 8
    assert len(rotated(record, request(SECOND), NOW + OVERLAP).keys) == 8
    # Keys that are known already need no room.
    again = record.keys[-1]
    same = KeyRequest(member="bank-042", key_id=again.key_id, signing=again.public, sealing=record.seal_key)
    assert rotated(record, same, NOW) == record
