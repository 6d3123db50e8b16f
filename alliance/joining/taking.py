"""The member's side of a rotation: token keys taken from its mail into its file, and the registrar told so.

What is not the registrar's, not for this member or not new is passed over. Needs nothing of the hub's disk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import ValidationError

from alliance import kafka
from alliance.errors import Refused
from alliance.joining import granting
from alliance.joining.holdings import TAKEN
from alliance.joining.memberfile import MemberFile
from alliance.joining.rotation import LETTER
from alliance.keys.store import MemberKeys
from schemas.epochs import TokenKeysLetter
from schemas.topics import joining_topic, member_topic

_SEND_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Took:
    """The member file as it is now, and why letters about token keys were passed over."""

    held: MemberFile
    refused: list[str]


def take(held: MemberFile) -> Took:
    """Every letter about token keys in its order; the file is saved before the registrar is told."""
    refused: list[str] = []
    for record in kafka.whole(held.login(), member_topic(held.member).name):
        if record.key != LETTER:
            continue
        try:
            letter = TokenKeysLetter.model_validate_json(record.value or b"")
            given = granting.taken(_opening(held), letter, held.trusted).tokens
            held = replace(held, keys=replace(held.keys, tokens=given))
        except ValidationError:
            refused.append("A letter about token keys does not parse; it is passed over.")
        except Refused as error:
            refused.append(str(error))
    _tell(held.save())
    return Took(held, refused)


def _opening(held: MemberFile) -> MemberKeys:
    """All that opens a letter: keys that wait for their answer, too, which the registry has from the approval on."""
    former = held.keys.former if held.next is None else (held.next.sealing, *held.keys.former)
    return replace(held.keys, former=former)


def _tell(held: MemberFile) -> None:
    with kafka.producer(held.login()) as sender:
        sender.send(joining_topic(held.member).name, granting.confirm(held.keys), TAKEN).get(_SEND_TIMEOUT_S)
