"""What a member's one file becomes by the registrar's answer. No service is needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from alliance.joining.memberfile import MemberFile, load, new_keys
from alliance.keys.encoding import encode
from alliance.keys.tokens import TokenKeys
from schemas.joining import Broker, ClockOrigin, EpochKey, Invite, Welcome

PASSWORD = "p" * 32
CLOCK = ClockOrigin(origin_wall=0.0, origin_alliance=9.0, rate=2.0)
FIRST = TokenKeys.generate()
BOTH = FIRST.rotated()
BROKER = Broker(bootstrap="kafka.police.example:9093", security_protocol="SASL_SSL")


def asked(folder: Path) -> MemberFile:
    """The file of a unit that has asked to join."""
    return MemberFile(folder / "bank.member", new_keys("bank"), BROKER, new_keys("registrar").public.signing)


def welcome(tokens: TokenKeys, password: str | None = None) -> Welcome:
    entries = [EpochKey(epoch=epoch, key=encode(key)) for epoch, key in tokens.epochs.items()]
    return Welcome(token_keys=entries, clock=CLOCK, password=password)


def test_a_unit_that_is_welcomed_has_all_that_it_publishes_with(tmp_path: Path) -> None:
    before = asked(tmp_path)
    joined = before.welcomed(welcome(FIRST, PASSWORD)).save()
    assert (joined.keys.tokens, joined.password, joined.clock_origin) == (FIRST, PASSWORD, CLOCK)
    assert (joined.keys.public, joined.keys.former, joined.next) == (before.keys.public, before.keys.former, None)
    assert load(joined.path).login() == joined.login()


def test_what_travels_as_a_unit_joins_shows_no_secret_in_its_repr(tmp_path: Path) -> None:
    registrar = new_keys("registrar").public.signing
    code = encode(bytes(range(32)))
    invite = Invite(
        invite_id=UUID(int=1), member="bank", broker=BROKER, code=code, registrar=registrar, expires=datetime.now(UTC)
    )
    answer = welcome(FIRST, PASSWORD)
    secrets = [code, PASSWORD, *(entry.key for entry in answer.token_keys)]
    shown = f"{invite!r} {invite} {answer!r} {answer}"
    assert registrar in shown
    assert not [secret for secret in secrets if secret in shown]


def test_new_keys_take_the_place_of_the_present_ones_which_go_on_to_open_old_seals(tmp_path: Path) -> None:
    joined = asked(tmp_path).welcomed(welcome(FIRST, PASSWORD))
    asking = replace(joined, next=new_keys("bank", joined.keys))
    changed = asking.welcomed(welcome(FIRST))
    assert asking.next is not None
    assert (changed.keys.public, changed.next) == (asking.next.public, None)
    assert changed.keys.former == (joined.keys.sealing,)
    # Who is not given another password keeps the one that opens the broker.
    assert (changed.password, changed.keys.tokens) == (PASSWORD, FIRST)
    assert changed.welcomed(welcome(FIRST, "q" * 32)).password == "q" * 32
    again = replace(changed, next=new_keys("bank", changed.keys)).welcomed(welcome(FIRST))
    assert again.keys.former == (changed.keys.sealing, joined.keys.sealing)


def test_token_keys_that_follow_are_taken_and_older_ones_or_others_are_not(tmp_path: Path) -> None:
    joined = asked(tmp_path).welcomed(welcome(FIRST, PASSWORD))
    rotated = joined.welcomed(welcome(BOTH))
    assert rotated.keys.tokens == BOTH
    for old in (FIRST, TokenKeys.generate()):
        assert rotated.welcomed(welcome(old)).keys.tokens == BOTH
    after = rotated.welcomed(welcome(BOTH.cut_over())).keys.tokens
    assert after == BOTH.cut_over()
    # By what is over it still finds what it was asked before.
    assert after is not None and dict(after.ended) == dict(FIRST.epochs)
