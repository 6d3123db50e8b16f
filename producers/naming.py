"""The name of an account's holder: sealed to the member that has the account, and opened there.

A stop is carried out only on the account of whom it names (`schemas/names.py`). Must never let a clear name stay where
the sealed one travels, nor quote it in an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from alliance.errors import InvalidAlert, Refused
from alliance.keys.encoding import decode
from alliance.keys.seals import NAME_INFO, BadSeal, seal
from alliance.keys.store import MemberKeys
from alliance.registry import Registry
from schemas.answers import Answer
from schemas.identifiers import Identifier
from schemas.names import AccountName, NameToMatch, PersonName
from schemas.registry import Status

_NAME: TypeAdapter[str] = TypeAdapter(PersonName)


def seal_name(name: str, known_by: Iterable[Identifier], registry: Registry, bound_to: UUID) -> str | None:
    """The name of whose account the first of these is, to its holder; None if no active member is known to hold it.

    None too if nothing can be sealed to the holder: no name stops no account, and an answer goes out without it.
    """
    for identifier in known_by:
        holders = [registry.holder_of(route) for route in identifier.holders]
        if holder := next((each for each in holders if each and each.status is Status.ACTIVE), None):
            content = AccountName(tokens=identifier.tokens, name=name).model_dump_json().encode()
            try:
                return seal(decode(holder.seal_key), content, NAME_INFO, bound_to.bytes)
            except (BadSeal, ValueError):
                return None
    return None


def seal_payees(
    payload: Mapping[str, Any], registry: Registry, event_id: UUID
) -> tuple[dict[str, Any], dict[str, str]]:
    """A report's payload with the payees' names sealed, and the names in clear, by their place, for police to read.

    Raises InvalidAlert with the place of what is no name.
    """
    transfers, names = payload.get("transfers"), dict[str, str]()
    if payload.get("kind") != "victim-report" or not isinstance(transfers, list):
        return dict(payload), names
    sealed = list(transfers)
    for index, transfer in enumerate(transfers):
        if isinstance(transfer, dict) and "payee_name" in transfer:
            place = f"transfers.{index}.payee_name"
            names[place] = _checked(transfer["payee_name"], f"data.{place}")
            sealed[index] = _sealed(transfer, names[place], registry, event_id)
    return {**payload, "transfers": sealed}, names


def seal_outflows(answer: Answer, payees: Mapping[int, str], registry: Registry) -> Answer:
    """The answer with the names of the payees, given by the places of the outflows, sealed to their holders."""
    outflows = list(answer.outflows)
    # What a payer wrote may be no name at all, and is the suspect's own to choose.
    for place, name in ((place, name) for place, name in payees.items() if _is_name(name)):
        known_by = [each for each in (outflows[place].payee, outflows[place].serial) if each]
        sealed = seal_name(name, known_by, registry, answer.request_id)
        outflows[place] = outflows[place].model_copy(update={"payee_name": sealed})
    return answer.model_copy(update={"outflows": outflows}) if payees else answer


def opened(letter: NameToMatch, keys: MemberKeys) -> AccountName:
    """What was sealed to this member. Raises Refused if it is not for these keys, or not for this request."""
    try:
        return AccountName.model_validate_json(keys.open(letter.sealed, NAME_INFO, letter.bound_to.bytes))
    # The cause may quote what was sealed.
    except (BadSeal, ValidationError):
        raise Refused(
            f"The name that came for the request {letter.request_id} does not open with these keys."
        ) from None


def _is_name(text: Any) -> bool:
    try:
        _NAME.validate_python(text, strict=True)
    except ValidationError:
        return False
    return True


def _checked(name: Any, place: str) -> str:
    if not _is_name(name):
        raise InvalidAlert(place, "a name is text of 1 to 200 characters, none of them a control character")
    return str(name)


def _sealed(transfer: dict[str, Any], name: str, registry: Registry, event_id: UUID) -> dict[str, Any]:
    kept = {key: value for key, value in transfer.items() if key != "payee_name"}
    try:
        known_by = [
            Identifier.model_validate_json(orjson.dumps(kept[key])) for key in ("payee", "serial") if key in kept
        ]
    except (ValidationError, orjson.JSONEncodeError):
        # What is wrong with it the contract's own check says, with its place.
        return kept
    blob = seal_name(name, known_by, registry, event_id)
    return {**kept, "payee_name": blob} if blob else kept
