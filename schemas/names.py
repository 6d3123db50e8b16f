"""The name of an account's holder, on its way from whoever knows it to the member that has the account.

Must never travel in clear, nor be made a token: a name would join everybody who bears it. Only the account's own bank
opens it, and compares it with its customer's.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Message, Text, Token

SealedName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,2000}$")]
"""An `AccountName`, HPKE-sealed to the member that has the account."""
PersonName = Annotated[Text, Field(max_length=200)]


class AccountName(Message):
    """What stands within the seal: by what tokens the sender knows the account, and as whose."""

    tokens: Annotated[list[Token], Field(min_length=1, max_length=2)]
    name: PersonName


class NameToMatch(Message):
    """Sent on `to.<member>` before a stop: the name that the account's holder must have. It orders nothing."""

    kind: Literal["name-to-match"] = "name-to-match"
    request_id: UUID
    bound_to: UUID
    """The seal's associated data: the report that told the name, or the request whose answer did."""
    sealed: SealedName
