"""The registrar's desk: invites made, what units asked by them, and units admitted with the keys that they made.

A member's password is made here, given to the broker and sealed to the member, and then forgotten: no file has it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from alliance import kafka
from alliance.clock import AllianceClock, wall_now
from alliance.embedded.datadir import DataDir, write_private
from alliance.errors import Refused, SetupError
from alliance.joining import wire
from alliance.joining.judging import ADMISSION, REQUEST, Judged, Note, judge
from alliance.joining.recording import invited
from alliance.joining.succession import OVERLAP, joined, rotated
from alliance.kafka import KafkaLogin
from alliance.keys.encoding import encode
from alliance.membership import MemberSpec, keys_given, member_dir, members_of, proven_registry, token_keys
from alliance.principals import member_principal
from alliance.provision import add_member, checked, close_joining, open_joining
from alliance.registrar import publish, put_on_record, registrar_keys
from alliance.registry import Registry
from schemas.joining import Broker, ClockOrigin, EpochKey, Invite, KeyRequest, Welcome
from schemas.registrar import InviteWithdrawn, RateAgreed, RegistrarAct
from schemas.registry import Member, Status
from schemas.topics import joining_topic

_SEND_TIMEOUT_S = 15.0
COLLECT = timedelta(days=7)
"""How long after its invite's end a unit may still fetch the answer."""


@dataclass(frozen=True, slots=True)
class FiledInvite:
    """An invite as the registrar keeps it, with what is decided about the unit."""

    spec: MemberSpec
    invite: Invite


_FILED = TypeAdapter(FiledInvite)


@dataclass(frozen=True, slots=True)
class Desk:
    """The registrar at work: its own folder, its login at the broker, the alliance's clock."""

    data: DataDir
    login: KafkaLogin
    clock: AllianceClock

    def registry(self) -> Registry:
        """What this registrar has signed: what it signs next rests on nothing else."""
        return proven_registry(self.login, registrar_keys(self.data).public.verifier())

    def invite(self, spec: MemberSpec, broker: Broker, valid: timedelta) -> Invite:
        """Permit a unit to ask once; an invite that it had before is good for nothing from now on."""
        registry = self.registry()
        if checked(spec.member) in members_of(self.data):
            raise Refused(
                f"The keys of {spec.member} lie in {member_dir(self.data, spec.member)}, as `afa member add` made it. "
                "Before it joins with keys of its own, put that folder away, and "
                f"{self.data.secret_file(member_principal(spec.member))} with its password."
            )
        _refuse_taken(registry, spec)
        known = registry.member(spec.member)
        if known is not None and known.status is Status.SUSPENDED:
            raise Refused(f"{spec.member} is suspended; restore it before you invite it anew.")
        keys = registrar_keys(self.data)
        invite = Invite(
            invite_id=uuid4(),
            member=spec.member,
            broker=broker,
            code=encode(secrets.token_bytes(32)),
            registrar=keys.public.signing,
            expires=(wall_now() + valid).replace(microsecond=0),
        )
        self.put_on_record(invited(spec, invite, self.clock.now()))
        self._file(FiledInvite(spec, invite))
        open_joining(self.login, spec.member, invite.code)
        return invite

    def filed(self) -> Iterator[tuple[FiledInvite, Judged]]:
        """Every invite that is not over, with what came of it; what is over is closed."""
        for path in sorted(self._folder().glob("*.json")):
            filed = _read(path)
            judged = judge(filed.invite, self._notes(filed.spec.member))
            if _is_over(filed, judged, wall_now()):
                self._close(filed.spec.member)
            else:
                yield filed, judged

    def withdraw(self, member: str) -> bool:
        """The invite of that unit is void; whether there was one."""
        if not self._invite_file(member).exists():
            return False
        self.put_on_record(InviteWithdrawn(member=member, at=self.clock.now()))
        self._close(member)
        return True

    def asked(self, member: str) -> KeyRequest:
        """What waits for approval: a newcomer's keys, or new keys of a member. Raises Refused, saying why, if none."""
        path = self._invite_file(member)
        if path.exists() and not (judged := judge(_read(path).invite, self._notes(member))).answered:
            if judged.request is not None:
                return judged.request
            why = judged.refused[-1] if judged.refused else "nobody has used its invite yet."
            raise Refused(f"{member} has not asked to join: {why}")
        changes = self.changes(member)
        if not changes:
            raise Refused(f"Nothing of {member} waits for approval; see `afa member pending`.")
        return changes[-1]

    def changes(self, member: str) -> list[KeyRequest]:
        """New keys that the member has asked for, each signed by a key of it that is valid, and not yet answered."""
        registry, registrar = self.registry(), registrar_keys(self.data).public.verifier()
        known, now = registry.member(member), self.clock.now()
        if known is None or known.status is not Status.ACTIVE:
            return []
        found: list[KeyRequest] = []
        for note in self._notes(member):
            if note.key == ADMISSION and (answer := wire.answered(note.value, registrar)):
                found = [each for each in found if not wire.answers(answer, each)]
            try:
                request = wire.endorsed(note.value, lambda kid: registry.key(kid, now))
            except Refused:
                # A newcomer's request, or one by a key that has ended: neither asks for anything.
                continue
            if request not in found:
                found.append(request)
        return found

    def approve(self, request: KeyRequest, overlap: timedelta = OVERLAP) -> Member:
        """Admit these keys: the registry has them, and their holder gets, sealed, what it needs beside them."""
        registry = self.registry()
        known = registry.member(request.member)
        if request.invite_id is None:
            assert known is not None
            record, password = rotated(known, request, self.clock.now(), overlap), None
        else:
            filed = _read(self._invite_file(request.member))
            _refuse_taken(registry, filed.spec)
            record = joined(filed.spec, request, known, self.clock.now())
            if filed.spec.rate is not None:
                self.put_on_record(RateAgreed(member=record.member, rate=filed.spec.rate, at=self.clock.now()))
            password = new_password()
            add_member(self.login, request.member, lambda principal: password, filed.spec.rate)
        # Sealed first: what can't be answered must not be in the registry.
        admission = self.welcome(request, password)
        publish(self.login, registrar_keys(self.data), [record])
        self._answer(request.member, admission)
        if request.invite_id is not None:
            close_joining(self.login, request.member, may_read=True)
        return record

    def welcome(self, request: KeyRequest, password: str | None) -> bytes:
        """All that the holder of these keys needs, signed and sealed; that it gets the token keys is on record."""
        clock, keys = self.clock, token_keys(self.data)
        welcome = Welcome(
            password=password,
            token_keys=[EpochKey(epoch=name, key=encode(key)) for name, key in keys.epochs.items()],
            clock=ClockOrigin(origin_wall=clock.origin_wall, origin_alliance=clock.origin_alliance, rate=clock.rate),
        )
        sealed = wire.admission(registrar_keys(self.data), request, welcome)
        self.put_on_record(keys_given(request.member, keys, clock.now()))
        return sealed

    def put_on_record(self, *acts: RegistrarAct) -> None:
        """What is done next: the record may say more than was done, where a command broke off, and never less."""
        put_on_record(self.login, registrar_keys(self.data), acts)

    def _answer(self, member: str, admission: bytes) -> None:
        with kafka.producer(self.login) as sender:
            sender.send(joining_topic(member).name, admission, ADMISSION).get(_SEND_TIMEOUT_S)

    def _notes(self, member: str) -> list[Note]:
        return notes(self.login, member)

    def _close(self, member: str) -> None:
        close_joining(self.login, member, may_read=False)
        self._invite_file(member).unlink()

    def _file(self, filed: FiledInvite) -> None:
        write_private(self._invite_file(filed.spec.member), _FILED.dump_json(filed, indent=2).decode())

    def _invite_file(self, member: str) -> Path:
        return self._folder() / f"{checked(member)}.json"

    def _folder(self) -> Path:
        registrar_keys(self.data)
        folder = self.data.path / "registrar" / "invites"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder


def new_password() -> str:
    """Whoever gets it from here must give it to the broker, seal it, and forget it."""
    return encode(secrets.token_bytes(32))


def notes(login: KafkaLogin, member: str) -> list[Note]:
    """All that passed between a unit and the registrar, in the broker's order: nothing where they have no topic, as of
    a unit that was made here, or whose invite broke off."""
    with kafka.consumer(login, [], None) as reader:
        if joining_topic(member).name not in reader.topics():
            return []
    return [
        Note(record.key or REQUEST, (record.value or b"").decode("ascii", "replace"), record.timestamp)
        for record in kafka.whole(login, joining_topic(member).name)
    ]


def _refuse_taken(registry: Registry, spec: MemberSpec) -> None:
    """Raises Refused if the unit, once it is active, would have a routing code or the place of another."""
    registry.refuse_taken(spec.member, spec.routes)
    if not spec.centre:
        registry.refuse_centre(spec.member, spec.sector)


def _is_over(filed: FiledInvite, judged: Judged, now: datetime) -> bool:
    end = filed.invite.expires
    return now >= (end if judged.request is None else end + COLLECT)


def _read(path: Path) -> FiledInvite:
    try:
        return _FILED.validate_json(path.read_bytes())
    # The cause may quote the code.
    except ValidationError:
        raise SetupError(f"{path}: this is no invite; remove the file, and invite the unit anew.") from None
