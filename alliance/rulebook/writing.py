"""A rulebook as TOML: what is shown is what can be edited and given back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.rulebook import Rulebook, Table

_HEAD = """\
# Who may send which kind of event, and who may be sent what: a sector, such as bank, or a sector's units of one
# alliance, such as public@police-media. A kind counts for a unit whose alliance takes part in a matrix that has it.
# Releases, reductions, returns, receipts, decisions and checkpoints reach whom they concern, and stand here nowhere.
"""


def written(book: Rulebook) -> str:
    """As `parse` reads it."""
    return "\n".join([_HEAD, *_table("send", book.send), *_table("receive", book.receive), *_matrices(book)])


def _table(name: str, table: Table) -> Iterator[str]:
    yield f"[{name}]"
    for kind, parties in table.items():
        yield f"{kind} = {_list(parties)}"
    yield ""


def _matrices(book: Rulebook) -> Iterator[str]:
    for name, matrix in book.matrices:
        yield f"[matrices.{name}]"
        yield f"purpose = {_text(matrix.purpose)}"
        yield f"kinds = {_list(matrix.kinds)}"
        yield f"alliances = {_list(matrix.alliances)}"
        yield ""


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(_text(name) for name in names)}]"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
