"""What a rulebook lets each sector of each alliance send and be sent, prepared once a change. Pure.

What lets somebody go reaches every member, whatever a rulebook says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from schemas.registry import Alliance, Member, Sector
from schemas.requests import FREEING, Action, AuthorityClass
from schemas.rulebook import Matrix, Rulebook, Table
from schemas.topics import BY_KIND

ADVISORY, OUTCOME = "advisory", "outcome"
SENT = frozenset(BY_KIND)
"""What a rulebook says of sending."""
RECEIVED = frozenset({ADVISORY, OUTCOME, *(action.value for action in Action if action not in FREEING)})
"""What it says of receiving; all else that the hub sends goes to whom it concerns."""

Place = tuple[Sector, Alliance]
_Kinds = Mapping[Place, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Permits:
    """Kinds by sector and alliance."""

    sends: _Kinds
    receives: _Kinds

    def sent_by(self, member: Member) -> frozenset[str]:
        return self.sends[member.sector, member.alliance]

    def received_by(self, member: Member) -> frozenset[str]:
        return self.receives[member.sector, member.alliance]


def prepare(book: Rulebook) -> Permits:
    """Of a rulebook to which there is no objection."""
    free = frozenset(action.value for action in FREEING)
    receives = {place: kinds | free for place, kinds in _by_place(book.receive, book).items()}
    return Permits(_by_place(book.send, book), receives)


def asked_as(action: Action, authority: AuthorityClass) -> str:
    """As what a request is received: one that only informs as an advisory, whatever it is about."""
    return ADVISORY if authority is AuthorityClass.ADVISORY else action.value


def matrices_of(book: Rulebook) -> tuple[Matrix, Matrix, Matrix]:
    return book.matrices.publicity, book.matrices.crackdown, book.matrices.governance


def taking_part(book: Rulebook, kind: str) -> set[Alliance]:
    """The alliances of all matrices that have the kind."""
    return {alliance for matrix in matrices_of(book) if kind in matrix.kinds for alliance in matrix.alliances}


def _by_place(table: Table, book: Rulebook) -> _Kinds:
    named = {(kind, party) for kind, parties in table.items() for party in parties}
    parts = {kind: taking_part(book, kind) for kind in table}
    return {
        (sector, alliance): frozenset(
            kind
            for kind in table
            if alliance in parts[kind] and not named.isdisjoint({(kind, sector), (kind, f"{sector}@{alliance}")})
        )
        for sector, alliance in product(Sector, Alliance)
    }
