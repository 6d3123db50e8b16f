"""The member's side: keys made here, an invite used by them, and the registrar's answer taken. Needs nothing of the
hub's disk.

A private key must never leave the member file, and no answer is taken that the invite's registrar did not sign.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from alliance import kafka
from alliance.errors import Refused, Retry, SetupError
from alliance.joining import memberfile, wire
from alliance.joining.desk import notes
from alliance.joining.judging import ADMISSION, REQUEST, Judged, judge
from alliance.joining.memberfile import MemberFile, login_at, new_keys
from alliance.kafka import KafkaLogin, probe
from alliance.principals import joining_principal
from schemas.joining import Invite
from schemas.topics import joining_topic

_SEND_TIMEOUT_S = 15.0
_POLL_MS = 500


def read_invite(text: bytes) -> Invite:
    try:
        return Invite.model_validate_json(text)
    # The cause may quote the code.
    except ValueError:
        raise SetupError("This is no invite, or not all of it; ask the registrar to send it again.") from None


def ask(invite: Invite, path: Path, now: datetime) -> MemberFile:
    """Ask to be admitted, with keys made in the member file at `path`. Once asked, asking again changes nothing.

    Raises Refused if the invite has expired (`now` is wall time), was used by others, or is not known any more.
    """
    login = _login(invite)
    held = _held(invite, path)
    if held is None and now >= invite.expires:
        raise Refused(f"This invite expired at {invite.expires:%Y-%m-%d %H:%M} UTC; ask the registrar for another.")
    try:
        probe(login)
    except Refused:
        raise Refused(
            f"The broker does not take this invite's code: the invite of {invite.member} was altered, withdrawn, or "
            "replaced by another, or is long over; ask the registrar for a new one."
        ) from None
    before = judge(invite, notes(login, invite.member))
    if held is None:
        _refuse_used(invite, before, None)
        held = MemberFile(path, new_keys(invite.member), invite.broker, invite.registrar).save()
    if before.request is None:
        _send(login, invite.member, wire.joining(held.keys, invite))
    after = judge(invite, notes(login, invite.member))
    _refuse_used(invite, after, wire.fingerprint(held.keys.public))
    return held


def ask_for_change(held: MemberFile) -> MemberFile:
    """Make new keys, and ask the registrar to put them in the place of the present ones, which sign until then."""
    asking = held if held.next else replace(held, next=new_keys(held.member, held.keys)).save()
    assert asking.next is not None
    _send(held.login(), held.member, wire.changing(asking.next, held.keys))
    return asking


def wait(held: MemberFile, login: KafkaLogin, timeout_s: float) -> MemberFile:
    """The member file as the registrar's answer makes it, saved. Raises Retry if none has come in that time."""
    deadline = time.monotonic() + timeout_s
    for answer in _answers(login, held.member, deadline):
        try:
            welcomed = taken(held, answer)
        except Refused:
            # Of an approval that broke off and was made again: the newer answer follows.
            continue
        if welcomed is not None:
            return welcomed
    raise Retry(f"The registrar has not approved {held.member} yet; run the same command again to go on waiting.")


def taken(held: MemberFile, answer: str) -> MemberFile | None:
    """The member file with that answer in it, saved; None if it is not the registrar's to this member's keys."""
    welcome = wire.admitted(answer, held.next or held.keys, held.trusted)
    if welcome is None:
        return None
    joined = held.welcomed(welcome)
    probe(joined.login())
    return joined.save()


def invite_login(invite: Invite) -> KafkaLogin:
    """What the invite's code opens: one topic, to ask and to be answered."""
    return _login(invite)


def _login(invite: Invite) -> KafkaLogin:
    return login_at(invite.broker, joining_principal(invite.member), invite.code)


def _held(invite: Invite, path: Path) -> MemberFile | None:
    """The file of a joining that was begun before."""
    if not path.exists():
        return None
    held = memberfile.load(path)
    if held.member != invite.member or held.registrar != invite.registrar:
        raise SetupError(f"{path} is another member's file; name another with --member-file.")
    if held.password is not None:
        raise SetupError(f"{path}: {held.member} has joined already; publish with `--member-file {path}`.")
    return held


def _refuse_used(invite: Invite, judged: Judged, own: str | None) -> None:
    if judged.fingerprint in (None, own):
        if own is not None and judged.fingerprint is None:
            raise Refused(judged.refused[-1] if judged.refused else "The request did not reach the registrar's topic.")
        return
    assert judged.at is not None
    raise Refused(
        f"This invite was used already, at {judged.at:%Y-%m-%d %H:%M} UTC, for the keys {judged.fingerprint}. If that "
        f"was not you, call the registrar at once: whoever did it must not be approved as {invite.member}."
    )


def _send(login: KafkaLogin, member: str, request: bytes) -> None:
    with kafka.producer(login) as sender:
        sender.send(joining_topic(member).name, request, REQUEST).get(_SEND_TIMEOUT_S)


def _answers(login: KafkaLogin, member: str, deadline: float) -> Iterator[str]:
    with kafka.consumer(login, [], None) as reader:
        reader.assign(kafka.places_of(reader, [joining_topic(member).name]))
        reader.seek_to_beginning()
        while time.monotonic() < deadline:
            for records in reader.poll(timeout_ms=_POLL_MS).values():
                given = (record.value or b"" for record in records if record.key == ADMISSION)
                yield from (value.decode("ascii", "replace") for value in given)
