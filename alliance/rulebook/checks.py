"""What makes a rulebook no rulebook: a kind that there is not, a contradiction, a lawful end that it would bar. Pure.

The floor is the same everywhere: what was reported can be withdrawn, what is asked can be answered, what is held can be
objected to, and police can report. No rulebook may take that from anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product

from alliance.rulebook.permits import ADVISORY, OUTCOME, RECEIVED, SENT, matrices_of, prepare, taking_part
from schemas.registry import MONEY, Alliance, Sector
from schemas.requests import FREEING
from schemas.rulebook import Rulebook, Table

Objection = tuple[str, str]
"""Where in the rulebook, and why it can't be so."""

_ACTING = frozenset(Sector) - {Sector.PUBLIC}
FLOOR: dict[str, frozenset[Sector]] = {
    "withdrawal": _ACTING,
    "answer": _ACTING,
    "dispute": _ACTING - {Sector.POLICE},
    "appeal": MONEY | {Sector.POLICE},
    "victim-report": frozenset({Sector.POLICE}),
}
"""Who may send what in every alliance, whatever else a rulebook says."""
_FREEING = frozenset(action.value for action in FREEING)


def objection(book: Rulebook) -> Objection | None:
    """The first thing that is wrong, if anything is."""
    return next(_objections(book), None)


def _objections(book: Rulebook) -> Iterator[Objection]:
    yield from _table("send", book.send, SENT, book)
    yield from _table("receive", book.receive, RECEIVED, book)
    yield from _matrices(book)
    # Only of a rulebook whose tables and matrices are whole.
    yield from _floor(book)
    yield from _unanswered(book)


def _table(name: str, table: Table, known: Collection[str], book: Rulebook) -> Iterator[Objection]:
    for kind in sorted(table.keys() - known):
        yield f"{name}.{kind}", _unknown(kind, known)
    for kind in sorted(known - table.keys()):
        yield f"{name}.{kind}", "it is not said who may; name them, or [] for nobody"
    for kind, parties in table.items():
        where = f"{name}.{kind}"
        if not (parts := taking_part(book, kind)):
            yield where, "no matrix has it, so that it would be nobody's"
        for party in parties:
            sector, _, alliance = party.partition("@")
            if parties.count(party) > 1 or (alliance and sector in parties):
                yield where, f"{party} is named twice"
            if alliance and alliance not in parts:
                yield where, f"{party} is named, and {alliance} takes part in no matrix that has it"


def _matrices(book: Rulebook) -> Iterator[Objection]:
    for name, matrix in zip(type(book.matrices).model_fields, matrices_of(book), strict=True):
        for kind in matrix.kinds:
            if kind not in SENT | RECEIVED:
                yield f"matrices.{name}.kinds", f"{kind!r} {_unknown(kind, SENT | RECEIVED)}"
        for field, names in (("kinds", matrix.kinds), ("alliances", matrix.alliances)):
            if len(set(names)) < len(names):
                yield f"matrices.{name}.{field}", "one is named twice"


def _floor(book: Rulebook) -> Iterator[Objection]:
    sends = prepare(book).sends
    for kind, sectors in FLOOR.items():
        for sector, alliance in product(sorted(sectors), Alliance):
            if kind not in sends[sector, alliance]:
                yield f"send.{kind}", f"{sector}@{alliance} must be able to, or what it began could have no lawful end"


def _unanswered(book: Rulebook) -> Iterator[Objection]:
    permits = prepare(book)
    for place, received in permits.receives.items():
        asked = sorted(received - {ADVISORY, OUTCOME} - _FREEING)
        if asked and "answer" not in permits.sends[place]:
            yield f"receive.{asked[0]}", f"{place[0]}@{place[1]} may be asked, and not send an answer"


def _unknown(kind: str, known: Collection[str]) -> str:
    if kind in _FREEING:
        return "lets somebody go, so that it reaches every member and is no rule's to say; leave it out"
    return f"is no kind here; there are {', '.join(sorted(known))}"
