"""The target of a request in clear, as the police's vault has sealed it to the member that is asked.

Must never give a value that does not make the request's token: anybody could have sealed another one to this member.
"""

from __future__ import annotations

from pydantic import ValidationError

from alliance.errors import Refused
from alliance.keys.seals import TARGET_INFO, BadSeal
from alliance.keys.store import MemberKeys
from schemas.canonical import CanonicalError, canonical
from schemas.inquiries import ClearTarget, Sought


def opened(letter: ClearTarget, keys: MemberKeys) -> Sought:
    """The identifier in clear. Raises Refused if it is not for these keys, or not what the request names."""
    try:
        sought = Sought.model_validate_json(keys.open(letter.sealed, TARGET_INFO, letter.request_id.bytes))
        form = canonical(sought.identifier, sought.value)
    # The cause may quote what was sealed.
    except (BadSeal, ValidationError, CanonicalError):
        raise Refused(f"What was sealed for the request {letter.request_id} does not open with these keys.") from None
    if keys.tokens is None or letter.token not in keys.tokens.every(form.namespace, form.value):
        raise Refused(f"What was sealed for the request {letter.request_id} is not what it names; tell the police.")
    return sought
