"""The registrar rotates the token epoch: a new key for every active member, and after the overlap the older one's end.

The key lies in the registrar's folder and within seals, and nowhere else: which epochs there are is all that the hub is
told. What members have taken is what they have said, or what lies on this folder for those that were enrolled here. A
step that is broken off at any place is finished by the same command, or by `send`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kafka.errors import KafkaError

from alliance import kafka
from alliance.errors import Refused
from alliance.joining import granting
from alliance.joining.desk import Desk, notes
from alliance.keys.seals import BadSeal
from alliance.keys.tokens import TokenKeys
from alliance.membership import give_token_keys, load_keys, members_of, save_token_keys, token_keys
from alliance.registrar import registrar_keys, signed
from alliance.registry import Registry
from alliance.roll import Roll
from schemas.epochs import EPOCHS_KEY, Epoch, Epochs, EpochView, listed
from schemas.registry import Member, Status
from schemas.topics import RULES, joining_topic, member_topic

LETTER, TAKEN = b"token-keys", b"token-keys-taken"
"""Keys of the records on `to.<member>` and on `joining.<member>`."""
_SEND_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class InForce:
    """What the hub was told, and which active members no letter could be sent to, each with why."""

    told: Epochs
    unsent: Mapping[str, str]


def rotate(desk: Desk) -> InForce:
    """Make the next epoch's key, and give it to every active member. Raises Refused while two epochs overlap."""
    present, now = token_keys(desk.data), desk.clock.now()
    try:
        keys = present.rotated()
    except ValueError as error:
        raise Refused(f"The token epoch is not rotated: {error}.") from error
    return _put_in_force(desk, keys, [*_known(desk, present), Epoch(epoch=list(keys.epochs)[-1], since=now)], now)


def cut_over(desk: Desk, overlap: timedelta, *, early: bool = False) -> InForce:
    """End the overlap: leads come under the newer epoch, and the older key is dropped.

    Raises Refused if an active member has not taken the newer key, or (unless `early`) before the overlap is over, as
    what only the older key names is then forgotten.
    """
    try:
        keys = token_keys(desk.data).cut_over()
    except ValueError as error:
        raise Refused(f"The token epoch is not cut over: {error}.") from error
    newer, now = views(desk)[-1], desk.clock.now()
    if newer.missing:
        raise Refused(f"{', '.join(newer.missing)} have not taken the key of {newer.epoch} yet; see `afa epoch list`.")
    if now < newer.since + overlap and not early:
        raise Refused(
            f"{newer.epoch} began at {newer.since:%Y-%m-%d %H:%M}, and what only the older key names can matter until "
            f"{newer.since + overlap:%Y-%m-%d %H:%M}; wait until then, or lose it with --early."
        )
    return _put_in_force(desk, keys, [Epoch(epoch=newer.epoch, since=newer.since)], now)


def send(desk: Desk) -> tuple[list[str], Mapping[str, str]]:
    """Give the present keys once more to the active members that have not said that they have these and no others; who
    they are, and to which of them no letter could be sent."""
    registry, keys = desk.registry(), token_keys(desk.data)
    waiting = [each for each in _active(desk) if _has(desk, registry, each.member) != set(keys.epochs)]
    give_token_keys(desk.data, keys, [member.member for member in waiting])
    return [member.member for member in waiting], _deliver(desk, keys, waiting)


def views(desk: Desk) -> list[EpochView]:
    """The epochs, the older first, and who has which key."""
    registry, keys = desk.registry(), token_keys(desk.data)
    has = {member.member: _has(desk, registry, member.member) for member in _active(desk)}
    epochs = _known(desk, keys)
    return [
        EpochView(
            epoch=epoch.epoch,
            since=epoch.since,
            leads=epoch == epochs[0],
            taken=sorted(member for member, names in has.items() if epoch.epoch in names),
            missing=sorted(member for member, names in has.items() if epoch.epoch not in names),
        )
        for epoch in epochs
    ]


def _known(desk: Desk, keys: TokenKeys) -> list[Epoch]:
    """The epochs that have a key here, each since when this registrar has said."""
    roll = Roll(registrar_keys(desk.data).public.verifier())
    records = [record for record in kafka.whole(desk.login, RULES.name) if record.key == EPOCHS_KEY.encode()]
    said = [told for record in records if roll.vouches(record) and (told := listed(record.value)) is not None]
    since = {epoch.epoch: epoch.since for told in sorted(said, key=lambda told: told.at) for epoch in told.epochs}
    # Before the first rotation nobody has said since when: since the alliance's clock runs.
    began = datetime.fromtimestamp(desk.clock.origin_alliance, UTC)
    return [Epoch(epoch=name, since=since.get(name, began)) for name in keys.epochs]


def _put_in_force(desk: Desk, keys: TokenKeys, epochs: list[Epoch], now: datetime) -> InForce:
    """In an order that a crash may break off: the hub knows of an epoch before anybody names things by its key, and the
    registrar has the key before anybody else."""
    told = Epochs(epochs=epochs, at=now)
    value = told.model_dump_json().encode()
    with kafka.producer(desk.login) as sender:
        headers = [signed(registrar_keys(desk.data), value)]
        sender.send(RULES.name, value, EPOCHS_KEY.encode(), headers=headers).get(_SEND_TIMEOUT_S)
    save_token_keys(desk.data, keys)
    active = _active(desk)
    give_token_keys(desk.data, keys, [member.member for member in active])
    return InForce(told, _deliver(desk, keys, active))


def _deliver(desk: Desk, keys: TokenKeys, members: list[Member]) -> dict[str, str]:
    """To whom nothing could be sent, and why: nobody waits for what is one member's fault."""
    registrar, sent, unsent = registrar_keys(desk.data), {}, dict[str, str]()
    with kafka.producer(desk.login) as sender:
        for member in members:
            try:
                letter = granting.grant(registrar, member, keys).model_dump_json().encode()
                sent[member.member] = sender.send(member_topic(member.member).name, letter, LETTER)
            except (BadSeal, ValueError, KafkaError) as error:
                unsent[member.member] = str(error)
        for name, future in sent.items():
            try:
                future.get(_SEND_TIMEOUT_S)
            except KafkaError as error:
                unsent[name] = str(error)
    return unsent


def _active(desk: Desk) -> list[Member]:
    return [member for member in desk.registry() if member.status is Status.ACTIVE]


def _has(desk: Desk, registry: Registry, member: str) -> set[str]:
    """The epochs whose keys the member has."""
    if member in members_of(desk.data):
        tokens = load_keys(desk.data, member).tokens
        return set(tokens.epochs) if tokens else set()
    return set(_said(desk, registry, member))


def _said(desk: Desk, registry: Registry, member: str) -> Iterator[str]:
    """What the member has said last, if anything, by a key that is valid now."""
    words = [note.value for note in notes(desk.login, member) if note.key == TAKEN] if _talks(desk, member) else []
    for word in reversed(words):
        try:
            said = granting.confirmed(word, lambda kid: registry.key(kid, desk.clock.now()))
        except Refused:
            continue
        if said.member == member:
            yield from said.epochs
            return


def _talks(desk: Desk, member: str) -> bool:
    with kafka.consumer(desk.login, [], None) as reader:
        return joining_topic(member).name in reader.topics()
