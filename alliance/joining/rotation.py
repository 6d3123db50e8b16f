"""The registrar rotates the token epoch: a new key for every active member, and after the overlap the older one's end.

The key lies in the registrar's folder and within seals, and nowhere else: which epochs there are is all that the hub is
told. What members have taken is what they have said, or what lies on this folder for those that were enrolled here. A
step that is broken off at any place is finished by the same command, or by `send`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kafka.errors import KafkaError

from alliance import kafka
from alliance.errors import Refused
from alliance.joining import granting
from alliance.joining.desk import Desk
from alliance.joining.holdings import Holding, holdings
from alliance.keys.seals import BadSeal
from alliance.keys.tokens import TokenKeys
from alliance.membership import give_token_keys, keys_given, members_of, save_token_keys, token_keys
from alliance.registrar import registrar_keys, signed
from alliance.roll import Roll
from schemas.epochs import EPOCHS_KEY, Epoch, Epochs, EpochView, listed
from schemas.registrar import TokenKeysTaken
from schemas.registry import Member, Status
from schemas.topics import RULES, member_topic

LETTER = b"token-keys"
"""Key of the record on `to.<member>`."""
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
    held, now = holdings(desk, _active(desk)), desk.clock.now()
    newer = _views(desk, held)[-1]
    if newer.missing:
        raise Refused(f"{', '.join(newer.missing)} have not taken the key of {newer.epoch} yet; see `afa epoch list`.")
    if now < newer.since + overlap and not early:
        raise Refused(
            f"{newer.epoch} began at {newer.since:%Y-%m-%d %H:%M}, and what only the older key names can matter until "
            f"{newer.since + overlap:%Y-%m-%d %H:%M}; wait until then, or lose it with --early."
        )
    taken = (TokenKeysTaken(member=name, epochs=each.epochs, word=each.word, at=now) for name, each in held.items())
    desk.put_on_record(*taken)
    return _put_in_force(desk, keys, [Epoch(epoch=newer.epoch, since=newer.since)], now)


def send(desk: Desk) -> tuple[list[str], Mapping[str, str]]:
    """Give the present keys once more to the active members that have not said that they have these and no others; who
    they are, and to which of them no letter could be sent."""
    active, keys = _active(desk), token_keys(desk.data)
    held = holdings(desk, active)
    waiting = [member for member in active if set(held[member.member].epochs) != set(keys.epochs)]
    return [member.member for member in waiting], _give(desk, keys, waiting)


def views(desk: Desk) -> list[EpochView]:
    """The epochs, the older first, and who has which key."""
    return _views(desk, holdings(desk, _active(desk)))


def _views(desk: Desk, held: Mapping[str, Holding]) -> list[EpochView]:
    epochs = _known(desk, token_keys(desk.data))
    return [
        EpochView(
            epoch=epoch.epoch,
            since=epoch.since,
            leads=epoch == epochs[0],
            taken=sorted(member for member, each in held.items() if epoch.epoch in each.epochs),
            missing=sorted(member for member, each in held.items() if epoch.epoch not in each.epochs),
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
    return InForce(told, _give(desk, keys, _active(desk)))


def _give(desk: Desk, keys: TokenKeys, members: list[Member]) -> dict[str, str]:
    """To whom nothing could be sent, and why: nobody waits for what is one member's fault."""
    letters, unsent = _sealed(desk, keys, members)
    here = set(members_of(desk.data))
    getting = [member.member for member in members if member.member in letters or member.member in here]
    desk.put_on_record(*(keys_given(name, keys, desk.clock.now()) for name in getting))
    give_token_keys(desk.data, keys, getting)
    return {**unsent, **_deliver(desk, letters)}


def _sealed(desk: Desk, keys: TokenKeys, members: list[Member]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The letter for each, or why there is none."""
    registrar, letters, failed = registrar_keys(desk.data), dict[str, bytes](), dict[str, str]()
    for member in members:
        try:
            letters[member.member] = granting.grant(registrar, member, keys).model_dump_json().encode()
        except (BadSeal, ValueError) as error:
            failed[member.member] = str(error)
    return letters, failed


def _deliver(desk: Desk, letters: Mapping[str, bytes]) -> dict[str, str]:
    """Which of them the broker did not take, and why."""
    sent, unsent = {}, dict[str, str]()
    with kafka.producer(desk.login) as sender:
        for name, letter in letters.items():
            try:
                sent[name] = sender.send(member_topic(name).name, letter, LETTER)
            except KafkaError as error:
                unsent[name] = str(error)
        for name, future in sent.items():
            try:
                future.get(_SEND_TIMEOUT_S)
            except KafkaError as error:
                unsent[name] = str(error)
    return unsent


def _active(desk: Desk) -> list[Member]:
    return [member for member in desk.registry() if member.status is Status.ACTIVE]
