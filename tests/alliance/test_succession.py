"""One key after another: what was signed before counts on, and the registry never forgets a key that may still sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alliance.joining.memberfile import new_keys
from alliance.joining.succession import OVERLAP, joined, rotated, with_status
from alliance.keys.store import MemberKeys
from alliance.membership import MemberSpec
from alliance.registry import Registry
from schemas.joining import KeyRequest
from schemas.registry import Alliance, Member, Sector, Status

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


@given(st.lists(st.integers(0, 30), max_size=12))
def test_however_often_keys_change_the_newest_signs_and_no_key_of_the_overlap_is_lost(days: list[int]) -> None:
    record, made, at = MEMBER, [(FIRST, NOW)], NOW
    for pause in days:
        at += timedelta(days=pause)
        made.append((new_keys("bank-042"), at))
        record = rotated(record, request(made[-1][0]), at)
    assert len(record.keys) <= 8
    assert valid(record, made[-1][0], at)
    # Each of the last keys signs until the overlap after its successor's coming, and not beyond.
    for (keys, _), (_, replaced) in list(pairwise(made))[-7:]:
        assert valid(record, keys, at) == (at < replaced + OVERLAP)
