"""Rows of files, each with its line number: a clear event, or why it is none. One bad row never hides the next."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from alliance.errors import SetupError
from producers.mapping import Mapping
from schemas import strictjson
from schemas.strictjson import StrictJsonError

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

_LONGEST_LINE = 1_000_000


class BadRow(NamedTuple):
    """A row that is no event: what stood there, as far as it can be shown, and what is wrong."""

    row: Any
    reason: str


Rows = Iterator[tuple[int, "dict[str, Any] | BadRow"]]


def read_jsonl(path: Path) -> Rows:
    """One clear event a line; empty lines are passed over. SetupError if the file can not be read."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(_lines(file), start=1):
                if line.strip():
                    yield number, _from_json(line.strip().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise _unreadable(path, error) from error


def read_csv(path: Path, mapping: Mapping, routes: Iterable[str] = ()) -> Rows:
    """One event a row, as the mapping says; `routes` are the member's own routing codes, which its cases ask for.

    SetupError if the file can not be read, or its heading lacks a column that the mapping names.
    """
    own, number = frozenset(routes), 1
    try:
        # Bytes that are not of the encoding spoil their row, not the file.
        with path.open(encoding=mapping.encoding, errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, delimiter=mapping.delimiter, strict=True)
            heading = _heading(path, reader, mapping)
            number = reader.line_num + 1
            for cells in _cells(reader):
                if isinstance(cells, BadRow):
                    yield number, cells
                elif cells:
                    yield number, _from_cells(heading, cells, mapping, own)
                number = reader.line_num + 1
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeError as error:
        # Of an encoding of wide characters one bad byte spoils all that follows.
        raise SetupError(
            f"{path}: from line {number} on no {mapping.encoding} ({error}); save the file anew"
        ) from error


def count_lines(path: Path) -> int:
    """How many lines the file has, for a progress bar."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError as error:
        raise _unreadable(path, error) from error


def _heading(path: Path, reader: CsvReader, mapping: Mapping) -> list[str]:
    try:
        heading = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise SetupError(f"{path}: the heading is not CSV ({error})") from error
    if missing := mapping.columns() - set(heading):
        raise SetupError(f"{path}: no column {', '.join(sorted(missing))}, which the mapping names")
    if len(set(heading)) < len(heading):
        raise SetupError(f"{path}: a column stands twice in the heading; rename one")
    return heading


def _cells(reader: CsvReader) -> Iterator[list[str] | BadRow]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(None, f"not CSV, up to line {reader.line_num}: {error}")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Of one that is too long no more than shows it: a file of one line may be larger than the memory."""
    while line := file.readline(_LONGEST_LINE + 100):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(_LONGEST_LINE)
        yield line


def _from_json(line: bytes) -> dict[str, Any] | BadRow:
    shown = line.decode("utf-8", "replace")
    if len(line) > _LONGEST_LINE:
        return BadRow(shown[:200], f"more than {_LONGEST_LINE} bytes in a line are too many for one event")
    try:
        event = strictjson.loads(line)
    except StrictJsonError as error:
        return BadRow(shown, f"{error.reason}: {error}")
    return event if isinstance(event, dict) else BadRow(event, "not a JSON object")


def _from_cells(heading: list[str], cells: list[str], mapping: Mapping, own: frozenset[str]) -> dict[str, Any] | BadRow:
    if len(cells) != len(heading):
        return BadRow(_shown(cells), f"{len(cells)} cells under a heading of {len(heading)}")
    row = dict(zip(heading, cells, strict=True))
    if _shown(cells) != cells:
        return BadRow(_shown(cells), f"bytes that are not {mapping.encoding}")
    try:
        return mapping.apply(row, own)
    except ValueError as error:
        return BadRow(row, str(error))


def _shown(cells: list[str]) -> list[str]:
    return [cell.encode("utf-8", "replace").decode() for cell in cells]


def _unreadable(path: Path, error: OSError) -> SetupError:
    return SetupError(f"{path}: the file can not be read ({error.strerror}); check its name and your rights")
