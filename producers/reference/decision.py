"""What a member decides about a request: the answer, and the entries its own books take with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from producers.reference.authority import Proof
from schemas.answers import Answer, AnswerStatus
from schemas.names import AccountName
from schemas.requests import Request
from schemas.returns import ReturnList


@dataclass(frozen=True, slots=True)
class Decided:
    """Entries and answer belong together: neither may be kept without the other."""

    answer: Answer
    entries: Sequence[Any] = field(default=())
    payees: Mapping[int, str] = field(default_factory=dict)
    """Whose name the payer gave, by the place of the outflow; sealed before the answer leaves."""


class Stub(Protocol):
    """A member's books. `decide` changes nothing; `apply` takes an entry that was written down."""

    member: str

    def decide(self, request: Request, proof: Proof, now: datetime) -> Decided: ...

    def apply(self, entry: Any) -> None: ...

    def turn(self, now: datetime) -> Any | None:
        """The entry of the next waiting order whose turn has come; it must be entered before the next is asked for."""
        ...

    def untold(self, now: datetime) -> Sequence[Decided]:
        """Further answers that are still to be given: orders that waited are carried out now, or have come nearer."""
        ...

    def listed(self, listed: ReturnList, now: datetime) -> Sequence[Any]:
        """The entries of a list of payments that came ahead of its order."""
        ...

    def named(self, request_id: UUID, said: AccountName, now: datetime) -> Sequence[Any]:
        """The entries of the name that came ahead of a stop; none if one came before, as the stop is answered once."""
        ...

    def has(self, opening: Any) -> bool:
        """Whether what an opening entry brings is on the books already."""
        ...

    def decode(self, line: bytes) -> Any:
        """An entry as the journal keeps it."""
        ...


class Queueless:
    """Of books in which no order ever waits, and no money is held."""

    def turn(self, now: datetime) -> None:
        return None

    def untold(self, now: datetime) -> Sequence[Decided]:
        return ()

    def listed(self, listed: ReturnList, now: datetime) -> Sequence[Any]:
        return ()

    def named(self, request_id: UUID, said: AccountName, now: datetime) -> Sequence[Any]:
        return ()


def answer(request: Request, status: AnswerStatus, reason: str | None = None, **fields: Any) -> Answer:
    """The answer to a request; `reason` in words where it is not simply done."""
    return Answer(request_id=request.request_id, status=status, reason=reason, clerk="auto", **fields)


def refused(request: Request, reason: str, **fields: Any) -> Decided:
    return Decided(answer(request, AnswerStatus.REFUSED, reason, **fields))


def not_found(request: Request) -> Decided:
    return Decided(answer(request, AnswerStatus.NOT_FOUND, "no record of ours has this identifier"))


def not_ours(request: Request) -> Decided:
    """An action that members of this sector have no means for."""
    return refused(request, f"{request.action.value} is nothing that this member can do")
