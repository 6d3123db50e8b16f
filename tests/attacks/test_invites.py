"""Attacks on joining: invites late, used twice or guessed, keys exchanged on the way, answers forged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from alliance.authority import verified
from alliance.errors import Refused
from alliance.joining import wire
from alliance.joining.judging import ADMISSION, REQUEST, Judged, Note, judge
from alliance.joining.memberfile import MemberFile, new_keys
from alliance.joining.newcomer import ask, taken
from alliance.joining.succession import rotated
from alliance.keys import store
from alliance.keys.encoding import encode
from alliance.keys.signatures import sign_object
from alliance.keys.store import MemberKeys
from alliance.membership import signing_key
from alliance.registry import Registry
from schemas.joining import Broker, ClockOrigin, EpochKey, Invite, KeyRequest, Welcome
from schemas.registry import Alliance, Member, Officer, Sector, SigningKey

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
REGISTRAR = store.generate("registrar")
INVITE = Invite(
    invite_id=UUID("5a0f6f0e-6d1c-4f0b-9a7e-2f6b7d1c3e42"),
    member="bank-042",
    broker=Broker(bootstrap="127.0.0.1:9", security_protocol="SASL_PLAINTEXT"),
    code=encode(bytes(range(32))),
    registrar=REGISTRAR.public.signing,
    expires=NOW + timedelta(hours=1),
)
UNIT, THIEF = new_keys("bank-042"), new_keys("bank-042")
POLICE = Member(
    member="police-ty",
    name="Police",
    sector=Sector.POLICE,
    alliance=Alliance.COMPREHENSIVE,
    keys=[SigningKey(key_id="k1", public=UNIT.public.signing, valid_from=NOW)],
    seal_key=UNIT.public.sealing,
    officers=[Officer(officer="director", rank="county-head", key=signing_key(store.generate("director"), [], NOW))],
)
ORIGIN = ClockOrigin(origin_wall=0.0, origin_alliance=0.0, rate=1.0)
WELCOME = Welcome(password="p" * 43, token_keys=[EpochKey(epoch="e1", key=encode(bytes(32)))], clock=ORIGIN)


def asked(keys: MemberKeys, at: datetime = NOW, invite: Invite = INVITE) -> Note:
    return Note(REQUEST, wire.joining(keys, invite).decode(), round(at.timestamp() * 1000))


def refused(*notes: Note) -> str:
    judged = judge(INVITE, notes)
    assert judged.request is None
    assert len(judged.refused) == 1
    return judged.refused[0]


def test_an_invite_is_used_by_who_has_its_code() -> None:
    judged = judge(INVITE, [asked(UNIT)])
    assert judged == Judged(wire.requested(wire.joining(UNIT, INVITE).decode()), NOW)
    assert judged.fingerprint == wire.fingerprint(UNIT.public)


def test_an_expired_invite_is_refused_by_the_broker_s_own_stamp() -> None:
    assert judge(INVITE, [asked(UNIT, INVITE.expires - timedelta(milliseconds=1))]).request is not None
    assert "expired at 2026-11-10 13:00 UTC" in refused(asked(UNIT, INVITE.expires))


def test_an_expired_invite_is_refused_before_any_key_is_made(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="expired at 2026-11-10 13:00 UTC"):
        ask(INVITE, tmp_path / "bank.member", INVITE.expires)
    assert not list(tmp_path.iterdir())


def test_an_invite_used_twice_stands_as_it_was_used_first() -> None:
    judged = judge(INVITE, [asked(UNIT), asked(THIEF), asked(UNIT)])
    assert judged.fingerprint == wire.fingerprint(UNIT.public)
    assert [wire.fingerprint(THIEF.public) in why and "second time" in why for why in judged.refused] == [True]


@pytest.mark.parametrize("sealing", [encode(bytes(32)), encode(b"\x01" + bytes(31)), "A" * 42 + "B"])
def test_a_sealing_key_to_which_nothing_can_be_sealed(sealing: str) -> None:
    """It would end each rotation for all others."""
    request = KeyRequest(member="bank-042", key_id=UNIT.key_id, signing=UNIT.public.signing, sealing=sealing)
    jws = sign_object(UNIT.signing, UNIT.kid, request.model_dump(mode="json", exclude_none=True))
    with pytest.raises(Refused, match="ask with new keys"):
        wire.requested(jws)


def test_a_guessed_code_proves_nothing() -> None:
    assert "does not prove" in refused(asked(THIEF, invite=INVITE.model_copy(update={"code": encode(bytes(32))})))


def test_an_older_invite_of_the_same_unit_is_not_this_one() -> None:
    older = INVITE.model_copy(update={"invite_id": UUID(int=7)})
    assert "not of this invite" in refused(asked(UNIT, invite=older))


def test_keys_exchanged_on_the_way_are_refused() -> None:
    """By whoever owns the broker: the proof is over the keys, and the broker has no code to make another."""
    stolen = wire.requested(wire.joining(UNIT, INVITE).decode())
    own = THIEF.public
    update = {"key_id": own.key_id, "signing": own.signing, "sealing": own.sealing}
    forged = sign_object(THIEF.signing, THIEF.kid, stolen.model_copy(update=update).model_dump(mode="json"))
    assert "does not prove" in refused(Note(REQUEST, forged, 0))


def test_a_seal_key_exchanged_alone_is_refused() -> None:
    stolen = wire.requested(wire.joining(UNIT, INVITE).decode())
    changed = stolen.model_copy(update={"sealing": THIEF.public.sealing}).model_dump(mode="json")
    assert "does not verify" in refused(Note(REQUEST, sign_object(THIEF.signing, UNIT.kid, changed), 0))


def test_a_key_that_its_sender_does_not_have_is_refused() -> None:
    """Somebody else's signing key, taken from the registry, by one who has the code."""
    request = KeyRequest(
        member="bank-042",
        key_id="k1",
        signing=UNIT.public.signing,
        sealing=THIEF.public.sealing,
        invite_id=INVITE.invite_id,
        proof=wire.proof(INVITE.code, "bank-042", UNIT.public.signing, THIEF.public.sealing),
    )
    forged = sign_object(THIEF.signing, "bank-042/k1", request.model_dump(mode="json"))
    assert "does not verify" in refused(Note(REQUEST, forged, 0))


def named_as(key_id: str) -> KeyRequest:
    """What a police unit asks for whose clerk has the unit's own keys, and is no officer."""
    public = THIEF.public
    return KeyRequest(member=POLICE.member, key_id=key_id, signing=public.signing, sealing=public.sealing)


def test_a_key_that_is_named_as_an_officers() -> None:
    """The fingerprint that the registrar compares says nothing of what a key is called."""
    asked_for = named_as("director/k2")
    inner = sign_object(THIEF.signing, f"{POLICE.member}/director/k2", asked_for.model_dump(mode="json"))
    present = sign_object(UNIT.signing, f"{POLICE.member}/k1", {"request": inner})
    with pytest.raises(Refused, match="named as an officer's"):
        wire.endorsed(present, Registry([POLICE]).key)


def test_an_order_by_a_units_key_that_is_named_as_an_officers() -> None:
    """Also where a record has such a key already."""
    registry = Registry([rotated(POLICE, named_as("director/k2"), NOW)])
    order = sign_object(THIEF.signing, f"{POLICE.member}/director/k2", {"action": "freeze"})
    with pytest.raises(Refused, match="unknown-key"):
        verified(order, "order", registry, NOW)


HEADER = sign_object(UNIT.signing, UNIT.kid, {}).split(".")[0]


def beyond_64_bits() -> str:
    """Signed by the unit, whose request bears an integer that no other JSON of ours can be written with."""
    body = f'{{"signing":"{UNIT.public.signing}","key_id":{2**70}}}'
    signed = f"{HEADER}.{encode(body.encode())}"
    return f"{signed}.{encode(UNIT.signing.sign(signed.encode()))}"


@pytest.mark.parametrize("value", ["", "a.b.c", "\ufffd" * 40, "..", "{}", beyond_64_bits()])
def test_what_is_no_request_is_refused_and_harms_nobody(value: str) -> None:
    judged = judge(INVITE, [Note(REQUEST, value, 0), asked(UNIT), Note(ADMISSION, value, 0)])
    assert judged.fingerprint == wire.fingerprint(UNIT.public)
    assert len(judged.refused) == 1


def held(path: Path) -> MemberFile:
    return MemberFile(path, UNIT, INVITE.broker, INVITE.registrar)


def test_an_answer_that_another_than_the_registrar_signed_is_not_taken(tmp_path: Path) -> None:
    request = wire.requested(wire.joining(UNIT, INVITE).decode())
    forged = wire.admission(replace(THIEF, member="registrar", key_id="k1"), request, WELCOME).decode()
    assert taken(held(tmp_path / "m"), forged) is None


def test_an_answer_to_other_keys_is_not_taken_and_does_not_open(tmp_path: Path) -> None:
    to_thief = wire.requested(wire.joining(THIEF, INVITE).decode())
    answer = wire.admission(REGISTRAR, to_thief, WELCOME).decode()
    assert taken(held(tmp_path / "m"), answer) is None
    renamed = to_thief.model_copy(update={"key_id": UNIT.key_id})
    with pytest.raises(Refused, match="does not open"):
        taken(held(tmp_path / "m"), wire.admission(REGISTRAR, renamed, WELCOME).decode())


def test_a_change_of_keys_wants_the_present_key_and_the_new_one() -> None:
    known = {UNIT.kid: UNIT.public.verifier(), "bank-b/k1": THIEF.public.verifier()}
    new = new_keys("bank-042")
    assert wire.endorsed(wire.changing(new, UNIT).decode(), known.get).key_id == new.key_id
    with pytest.raises(Refused, match="does not verify"):
        wire.endorsed(wire.changing(new, THIEF).decode(), known.get)
    with pytest.raises(Refused, match="signed by bank-b/k1"):
        wire.endorsed(wire.changing(new, replace(THIEF, member="bank-b", key_id="k1")).decode(), known.get)
    inner = KeyRequest(member="bank-042", key_id="k9", signing=UNIT.public.signing, sealing=UNIT.public.sealing)
    unproven = sign_object(THIEF.signing, "bank-042/k9", inner.model_dump(mode="json", exclude_none=True))
    with pytest.raises(Refused, match="does not verify"):
        wire.endorsed(sign_object(UNIT.signing, UNIT.kid, {"request": unproven}), known.get)
