"""What is done with the keys: a sealed value is opened and proven, what is sought becomes tokens, an answer is sealed.

Pure but for the chance in a seal. Must never give out a value that does not make the very token that was asked for:
whoever sealed it may lie, and whoever brings it may have exchanged it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from alliance.errors import Refused
from alliance.keys.encoding import decode
from alliance.keys.opening import OpeningKeys
from alliance.keys.seals import EVENT_INFO, TARGET_INFO, BadSeal, seal
from schemas import strictjson
from schemas.canonical import CanonicalError, canonical
from schemas.identifiers import IdentifierKind
from schemas.inquiries import (
    ClearTarget,
    Reseal,
    Reveal,
    Revealed,
    Search,
    Sought,
    Unanswered,
    VaultAnswer,
)

SOUGHT_INFO = b"afa-sought-v1"
ANSWER_INFO = b"afa-vault-answer-v1"


class SealedEvent(NamedTuple):
    """An event as the broker has it, with the seals to the vault's unit."""

    member: str
    event_id: UUID
    blobs: tuple[str, ...]


def reveal(keys: OpeningKeys, said: Reveal | Reseal, events: Iterable[SealedEvent]) -> Revealed | Unanswered:
    """The value that makes the token, from the first event that has it sealed; else why there is none."""
    if said.token.partition(":")[0] not in keys.epochs:
        return Unanswered(why="The vault has no key of this token's epoch, without which no value can be proven.")
    looked, lied = 0, []
    for event in events:
        looked += 1
        contents = list(_opened(keys, event))
        for kind, value in (pair for content in contents for pair in _identifiers(content)):
            if (proven := _proven(keys, kind, value, said.token)) is not None:
                return Revealed(
                    case_id=said.case_id, token=said.token, identifier=IdentifierKind(kind), value=proven,
                    member=event.member, event_id=event.event_id,
                )  # fmt: skip
        if any(said.token in content["identifiers"] for content in contents):
            lied.append(event.member)
    if lied:
        return Unanswered(why=f"What {lied[0]} has sealed does not make this token, and is not shown.")
    if not looked:
        return Unanswered(why="No alert of the case is on the broker any more, and with it went what it had sealed.")
    return Unanswered(why=f"None of the case's alerts ({looked}) has it sealed to {keys.member}.")


def tokens_of(keys: OpeningKeys, said: Search) -> list[str]:
    """The tokens of what is sought. Raises Refused if it does not open, or can be no identifier."""
    try:
        sought = Sought.model_validate_json(keys.open(said.sealed, SOUGHT_INFO, decode(said.answer_to)))
        form = canonical(sought.identifier, sought.value)
    # The cause may quote what was sought.
    except (BadSeal, ValueError):
        raise Refused("What is sought does not open, or is no identifier of its kind.") from None
    return keys.tokens(form.namespace, form.value)


def seal_sought(sought: Sought, police: str, answer_to: bytes) -> str:
    """To the police's sealing key; whoever copies it can't have it answered to another key."""
    return seal(decode(police), sought.model_dump_json().encode(), SOUGHT_INFO, answer_to)


def seal_target(shown: Revealed, request_id: UUID, seal_key: str) -> ClearTarget:
    """To the member that is asked, for this request alone."""
    sought = Sought(identifier=shown.identifier, value=shown.value)
    sealed = seal(decode(seal_key), sought.model_dump_json().encode(), TARGET_INFO, request_id.bytes)
    return ClearTarget(request_id=request_id, token=shown.token, sealed=sealed)


def seal_answer(answer: VaultAnswer, answer_to: str, question: str) -> str:
    """To the key that the signed question names, and bound to that question."""
    return seal(decode(answer_to), answer.model_dump_json().encode(), ANSWER_INFO, bound_to(question))


def bound_to(question: str) -> bytes:
    return hashlib.sha256(question.encode()).digest()


def _opened(keys: OpeningKeys, event: SealedEvent) -> Iterator[dict[str, Any]]:
    for blob in event.blobs:
        try:
            content = strictjson.loads(keys.open(blob, EVENT_INFO, event.event_id.bytes))
        except (BadSeal, ValueError):
            continue
        if isinstance(content, dict) and isinstance(content.get("identifiers"), dict):
            yield content


def _identifiers(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for one in content["identifiers"].values():
        kind, value = (one.get("kind"), one.get("value")) if isinstance(one, dict) else (None, None)
        if isinstance(kind, str) and isinstance(value, str):
            yield kind, value


def _proven(keys: OpeningKeys, kind: str, value: str, token: str) -> str | None:
    """The canonical form, if it makes the token."""
    try:
        form = canonical(kind, value)
    except CanonicalError:
        return None
    return form.value if token in keys.tokens(form.namespace, form.value) else None
