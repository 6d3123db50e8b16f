"""Admits members on a data folder: their keys, their place on the broker, their record in the registry.

Never makes a key anew that exists, never lifts a suspension, and never hands the token key to anyone but members and
the police's vault: the hub's processes get no path to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock
from alliance.embedded.datadir import HOST, DataDir
from alliance.errors import Refused, SetupError
from alliance.files import write_atomically
from alliance.kafka import KafkaLogin
from alliance.keys import opening, store
from alliance.keys.encoding import decode, encode
from alliance.keys.store import MemberKeys
from alliance.keys.tokens import TokenKeys
from alliance.principals import member_principal
from alliance.provision import add_member, checked
from alliance.registrar import publish, put_on_record, registrar_keys
from alliance.registry import Registry
from alliance.roll import Roll, enter, proven, read
from schemas import strictjson
from schemas.registrar import RateAgreed, TokenKeysGiven
from schemas.registry import Alliance, Member, Officer, Sector, SigningKey, Status
from schemas.topics import MEMBERS


@dataclass(frozen=True, slots=True)
class OfficerSpec:
    """Who may sign orders for a police unit, and with which rank."""

    officer: str
    rank: str


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """What is decided about a member before it has keys; fields as in `schemas.registry.Member`, and the rate."""

    member: str
    name: str
    sector: Sector
    alliance: Alliance
    routes: tuple[str, ...] = ()
    officers: tuple[OfficerSpec, ...] = ()
    call_back: str | None = None
    rate: int | None = None
    """Alerts a second that are agreed; what was agreed before, or `quotas.AGREED`, unless given."""
    centre: bool = False
    """A police unit that may take the place of the police centre."""


def enrol(data: DataDir, login: KafkaLogin, spec: MemberSpec, tokens: TokenKeys, clock: AllianceClock) -> Member:
    """Admit one member, whole; again, and nothing changes but what `spec` says otherwise. The registrar may do this."""
    registry = _known(data, login)
    registry.refuse_taken(spec.member, spec.routes)
    _refuse_unfit(data, registry, spec)
    known = registry.member(spec.member)
    if known is None or known.status is Status.ACTIVE:
        if spec.rate is not None:
            agreed = RateAgreed(member=checked(spec.member), rate=spec.rate, at=clock.now())
            put_on_record(login, registrar_keys(data), [agreed])
        add_member(login, spec.member, data.secret, spec.rate)
    return register(data, login, [spec], tokens, clock)[0]


def register(
    data: DataDir, login: KafkaLogin, specs: Sequence[MemberSpec], tokens: TokenKeys, clock: AllianceClock
) -> list[Member]:
    """Keys and registry records of members whose topics and rights are provisioned already."""
    known, keys = _known(data, login), registrar_keys(data)
    for spec in specs:
        _refuse_unfit(data, known, spec)
    records = [_record(data, spec, tokens, known.member(spec.member), clock.now()) for spec in specs]
    if changed := [record for record in records if record != known.member(record.member)]:
        new = [record.member for record in changed if known.member(record.member) is None]
        put_on_record(login, keys, [keys_given(name, tokens, clock.now()) for name in new])
        publish(login, keys, changed)
    centre = Registry([*known, *records]).police()
    if centre is not None and centre.member in {spec.member for spec in specs}:
        opening.hand_over(load_keys(data, centre.member), vault_key_file(data))
    return records


def read_registry(login: KafkaLogin, registrar: Ed25519PublicKey | None = None) -> Registry:
    """The registry as the `members` topic has it now; who has the registrar's key believes nothing else.

    Raises Retry if the broker does not give it, Refused for a record that this registrar has not signed.
    """
    registry = Registry()
    newest = {record.key: record for record in kafka.whole(login, MEMBERS.name) if record.value}
    for record in newest.values():
        enter(registry, read(record) if registrar is None else proven(record, registrar))
    return registry


def proven_registry(login: KafkaLogin, registrar: Ed25519PublicKey) -> Registry:
    """The same for the hub and the registrar, who go on by what is proven whatever else somebody has written."""
    roll = Roll(registrar)
    roll.take(kafka.whole(login, MEMBERS.name))
    return roll.registry


def load_member(data: DataDir, member: str, broker: KafkaLogin | None = None) -> tuple[MemberKeys, KafkaLogin]:
    """A member's keys and its login at the `broker` of another's login, or else at the embedded one. Raises SetupError
    if it was not enrolled here."""
    keys = load_keys(data, member)
    port, principal = data.ports().get("kafka"), member_principal(member)
    if (broker is None and port is None) or not data.secret_file(principal).exists():
        raise SetupError(f"{member} has no login at the broker of {data.path}; enrol it with `afa member add`.")
    if broker is not None:
        return keys, login_of(principal, broker, data.secret)
    return keys, KafkaLogin(f"{HOST}:{port}", principal, data.secret(principal))


def load_keys(data: DataDir, member: str) -> MemberKeys:
    """A member's keys alone, for what needs no broker. Raises SetupError if it was not enrolled here."""
    if member not in (enrolled := members_of(data)):
        known = f"it has {', '.join(enrolled)}" if enrolled else "it has none yet"
        raise SetupError(
            f"The data folder {data.path} has no member {member!r}: {known}; who joined has a --member-file."
        )
    return store.load(member_dir(data, member) / "keys.json")


def load_officer(data: DataDir, member: str, officer: str) -> tuple[str, Ed25519PrivateKey]:
    """The `kid` and the private key with which an officer signs. Raises SetupError if there is no such officer here."""
    load_keys(data, member)
    folder = member_dir(data, member) / "officers"
    known = sorted(file.stem for file in folder.glob("*.json"))
    if officer not in known:
        has = f"it has {', '.join(known)}" if known else "only units of police have officers"
        raise SetupError(f"{member} has no officer {officer!r} here; {has}.")
    keys = store.load(folder / f"{officer}.json")
    return f"{member}/{officer}/{keys.key_id}", keys.signing


def members_of(data: DataDir) -> list[str]:
    """Who was enrolled on this data folder, by name."""
    return sorted(file.parent.name for file in (data.path / "members").glob("*/keys.json"))


def barred(data: DataDir, login: KafkaLogin) -> set[str]:
    """Who is suspended or revoked: the broker must not get its rights anew from whoever starts a run."""
    if not members_of(data):
        return set()
    return {record.member for record in _known(data, login) if record.status is not Status.ACTIVE}


def vault_key_file(data: DataDir) -> Path:
    """On one machine, what the vault has of the police centre's keys."""
    return data.path / "vault" / "keys.json"


def member_dir(data: DataDir, member: str) -> Path:
    """What a member keeps on this machine: its keys, its spool."""
    return data.path / "members" / member


def token_keys(data: DataDir) -> TokenKeys:
    """The alliance's token keys, the first made once; the registrar gives them to each member it admits."""
    path = _token_file(data)
    if not path.exists():
        write_atomically(path, _token_entries(TokenKeys.generate()), mode=0o600, replace=False)
    try:
        return TokenKeys({entry["epoch"]: decode(entry["key"]) for entry in strictjson.loads(path.read_bytes())})
    # The cause may quote what it could not read, and that is a secret.
    except (ValueError, TypeError, KeyError):
        raise SetupError(f"{path}: these are no token keys; restore the file from a copy.") from None


def save_token_keys(data: DataDir, keys: TokenKeys) -> None:
    """These are the alliance's token keys from now on."""
    write_atomically(_token_file(data), _token_entries(keys), mode=0o600)


def give_token_keys(data: DataDir, keys: TokenKeys, active: Iterable[str]) -> None:
    """To those of the members whose own keys lie on this data folder, and the vault; a process of a member that runs
    has them once it is started anew."""
    for member in sorted(set(members_of(data)) & set(active)):
        before = load_keys(data, member)
        held = replace(before, tokens=keys.in_place_of(before.tokens))
        held.save(member_dir(data, member) / "keys.json")
        if vault_key_file(data).exists() and opening.load(vault_key_file(data)).member == member:
            opening.hand_over(held, vault_key_file(data))


def keys_given(member: str, keys: TokenKeys, now: datetime) -> TokenKeysGiven:
    """What goes on record before a member gets these, by their names alone."""
    return TokenKeysGiven(member=member, epochs=list(keys.epochs), at=now)


def _known(data: DataDir, login: KafkaLogin) -> Registry:
    """What the registrar itself has signed: what it signs next must rest on nothing else."""
    return proven_registry(login, registrar_keys(data).public.verifier())


def _refuse_unfit(data: DataDir, known: Registry, spec: MemberSpec) -> None:
    """One that is suspended or revoked stays that, and takes nobody's place."""
    record = known.member(spec.member)
    if record is not None and spec.member not in members_of(data):
        raise Refused(
            f"{spec.member} has keys of its own, which are not here; here it would get others, and another password. "
            f"What is decided of it changes as it is invited anew: afa member invite {spec.member} …"
        )
    if not spec.centre and (record is None or record.status is Status.ACTIVE):
        known.refuse_centre(spec.member, spec.sector)


def _token_file(data: DataDir) -> Path:
    return _private(data.path / "members") / "tokens.json"


def _token_entries(keys: TokenKeys) -> bytes:
    return orjson.dumps([{"epoch": epoch, "key": encode(key)} for epoch, key in keys.epochs.items()])


def _record(data: DataDir, spec: MemberSpec, tokens: TokenKeys, known: Member | None, now: datetime) -> Member:
    folder = _private(_private(data.path / "members") / spec.member)
    keys = _keys(folder / "keys.json", spec.member, tokens)
    try:
        officers = [_officer(folder, officer, known, now) for officer in spec.officers]
        fresh = record_of(spec, keys, signing_key(keys, known.keys if known else [], now), officers)
    except ValidationError as error:
        raise unfit(spec.member, error) from error
    return fresh if known is None else _merged(known, fresh)


def unfit(member: str, error: ValidationError) -> SetupError:
    """Why no member can be as was said."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return SetupError(f"{member} can not be a member: {place}: {first['msg']}.")


def record_of(spec: MemberSpec, keys: MemberKeys, signing: SigningKey, officers: Sequence[Officer] = ()) -> Member:
    """The registry's record of a member with these keys. Raises ValidationError."""
    return Member(
        member=spec.member,
        name=spec.name,
        sector=spec.sector,
        alliance=spec.alliance,
        routes=list(spec.routes),
        keys=[signing],
        seal_key=keys.public.sealing,
        officers=list(officers),
        call_back=spec.call_back,
    )


def _merged(known: Member, fresh: Member) -> Member:
    """The fresh record with what must outlive it: the status, former keys, and officers enrolled before."""
    keys = [key for key in known.keys if key.key_id not in {new.key_id for new in fresh.keys}]
    officers = [old for old in known.officers if old.officer not in {new.officer for new in fresh.officers}]
    kept = {"status": known.status, "keys": [*keys, *fresh.keys], "officers": [*officers, *fresh.officers]}
    return fresh.model_copy(update=kept)


def _officer(folder: Path, spec: OfficerSpec, known: Member | None, now: datetime) -> Officer:
    keys = _keys(_private(folder / "officers") / f"{spec.officer}.json", spec.officer, None)
    former = [officer.key for officer in known.officers if officer.officer == spec.officer] if known else []
    return Officer(officer=spec.officer, rank=spec.rank, key=signing_key(keys, former, now))


def signing_key(keys: MemberKeys, known: Iterable[SigningKey], now: datetime) -> SigningKey:
    """As it is among the `known`, or valid from `now`."""
    public = keys.public
    for key in known:
        if (key.key_id, key.public) == (public.key_id, public.signing):
            return key
    return SigningKey(key_id=public.key_id, public=public.signing, valid_from=now)


def _keys(path: Path, owner: str, tokens: TokenKeys | None) -> MemberKeys:
    if not path.exists():
        try:
            store.generate(owner, tokens).save(path)
        except ValueError as error:
            raise SetupError(f"{error}; choose another name.") from error
    return store.load(path)


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
