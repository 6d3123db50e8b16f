"""The registrar rotates the token epoch: a new key for every active member, and after the overlap the older one's end.

The key lies in the registrar's folder and within seals, and nowhere else: which epochs there are is all that the hub is
told. What members have taken is what they have said, or what lies on this folder for those that were enrolled here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from alliance import kafka
from alliance.errors import Refused
from alliance.joining import granting
from alliance.joining.desk import Desk, notes
from alliance.kafka import KafkaLogin
from alliance.keys.tokens import TokenKeys
from alliance.membership import give_token_keys, load_keys, members_of, save_token_keys, token_keys
from alliance.registrar import registrar_keys, signed
from alliance.registry import Registry
from schemas.epochs import EPOCHS_KEY, Epoch, Epochs, EpochView
from schemas.registry import Member, Status
from schemas.topics import RULES, joining_topic, member_topic

LETTER, TAKEN = b"token-keys", b"token-keys-taken"
"""Keys of the records on `to.<member>` and on `joining.<member>`."""
_SEND_TIMEOUT_S = 15.0


def rotate(desk: Desk) -> Epochs:
    """Make the next epoch's key, and give it to every active member. Raises Refused while two epochs overlap."""
    try:
        keys = token_keys(desk.data).rotated()
    except ValueError as error:
        raise Refused(f"The token epoch is not rotated: {error}.") from error
    now = desk.clock.now()
    return _put_in_force(desk, keys, [*_known(desk, keys), Epoch(epoch=list(keys.epochs)[-1], since=now)], now)


def cut_over(desk: Desk, overlap: timedelta, *, early: bool = False) -> Epochs:
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


def send(desk: Desk) -> list[str]:
    """Give the present keys once more to the active members that have not said that they have them; who they are."""
    keys, waiting = token_keys(desk.data), views(desk)[-1].missing
    _deliver(desk, keys, [member for member in _active(desk) if member.member in waiting])
    return waiting


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


def read(login: KafkaLogin) -> Epochs | None:
    """The list of epochs as the hub has it; None before the first rotation."""
    newest = [record.value for record in kafka.whole(login, RULES.name) if record.key == EPOCHS_KEY.encode()]
    return Epochs.model_validate_json(newest[-1]) if newest and newest[-1] else None


def _known(desk: Desk, keys: TokenKeys) -> list[Epoch]:
    """Those of the epochs that have a key here."""
    told = read(desk.login)
    if told is not None:
        return [epoch for epoch in told.epochs if epoch.epoch in keys.epochs]
    # Before the first rotation nobody has said since when: since the alliance's clock runs.
    since = datetime.fromtimestamp(desk.clock.origin_alliance, UTC)
    return [Epoch(epoch=next(iter(keys.epochs)), since=since)]


def _put_in_force(desk: Desk, keys: TokenKeys, epochs: list[Epoch], now: datetime) -> Epochs:
    """In an order that a crash may break off: the hub knows of an epoch before anybody names things by its key, and the
    registrar has the key before anybody else."""
    told = Epochs(epochs=epochs, at=now)
    value = told.model_dump_json().encode()
    with kafka.producer(desk.login) as sender:
        headers = [signed(registrar_keys(desk.data), value)]
        sender.send(RULES.name, value, EPOCHS_KEY.encode(), headers=headers).get(_SEND_TIMEOUT_S)
    save_token_keys(desk.data, keys)
    give_token_keys(desk.data, keys)
    _deliver(desk, keys, _active(desk))
    return told


def _deliver(desk: Desk, keys: TokenKeys, members: list[Member]) -> None:
    registrar = registrar_keys(desk.data)
    with kafka.producer(desk.login) as sender:
        sent = [
            sender.send(member_topic(member.member).name, letter.model_dump_json().encode(), LETTER)
            for member in members
            for letter in (granting.grant(registrar, member, keys),)
        ]
        for future in sent:
            future.get(_SEND_TIMEOUT_S)


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
