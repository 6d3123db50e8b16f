"""Publishes whole files: each row once, however often the file is imported; bad rows are put aside with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from rich.console import Console
from rich.progress import Progress

from alliance.errors import SetupError
from producers.aside import Aside, check_ids, written
from producers.client import MemberClient, Offered
from producers.mapping import Mapping
from producers.rebase import Days, moment_of, offset_to, shifted
from producers.rows import BadRow, Rows, count_lines, read_csv, read_jsonl
from producers.spool import Acceptance
from schemas.base import to_ms

_CHUNK = 500


class ImportResult(NamedTuple):
    """`duplicates` were published before and count once. `offset` is what `rebase` added to every time. Of the
    first bad row `first_bad` has the line and the reason."""

    accepted: int
    duplicates: int
    bad: int
    offset: timedelta | None
    bad_rows: Path
    first_bad: tuple[int, str] | None = None


def import_file(
    client: MemberClient,
    path: Path,
    mapping: Mapping | None = None,
    *,
    kind: str | None = None,
    rebase: bool = False,
    progress: bool = True,
    ids_path: Path | None = None,
) -> ImportResult:
    """Publish every good row of a JSON Lines file, or of a CSV file if there is a mapping; durable on return.

    `kind` stands where a JSON line names none. Raises SetupError for a file that can not be read, SpoolFull and Refused
    as `publish` does; what was accepted until then stays, and a second import has no effect on it. Into the file
    `ids_path` goes each good row's event id, as a withdrawal needs it, also of one that was published before.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise SetupError(
            f"{path}: it can be read but once, and is read more often; save it in a file, and publish that"
        )
    if ids_path is not None:
        check_ids(ids_path, path)
    known = client.registry.member(client.member)
    routes = known.routes if known else []

    def rows() -> Rows:
        return read_jsonl(path) if mapping is None else read_csv(path, mapping, routes)

    offset = _offset(client, path, rows(), kind) if rebase else None
    target = path.with_name(path.name + ".rejected.jsonl")
    counts = dict.fromkeys(Acceptance, 0)
    bad, first_bad = 0, None
    with ExitStack() as stack:
        rejected = stack.enter_context(Aside(target))
        ids = stack.enter_context(Aside(ids_path)) if ids_path else None
        bar = stack.enter_context(Progress(console=Console(stderr=True), disable=not progress, transient=True))
        task = bar.add_task(path.name, total=count_lines(path))
        for chunk in _chunks(rows()):
            for line, row, result in _publish(client, chunk, kind, offset):
                if isinstance(result, Offered) and result.outcome in (Acceptance.ACCEPTED, Acceptance.DUPLICATE):
                    counts[result.outcome] += 1
                    if ids is not None:
                        ids.write({"line": line, "id": str(result.id)})
                    continue
                bad += 1
                first_bad = first_bad or (line, _reason(result))
                rejected.write({"line": line, "row": row, "reason": _reason(result)})
            bar.update(task, completed=chunk[-1][0])
    return ImportResult(counts[Acceptance.ACCEPTED], counts[Acceptance.DUPLICATE], bad, offset, target, first_bad)


def row_id(member: str, event: dict[str, Any]) -> UUID | None:
    """A UUIDv7 of the event's time and a hash of the member and the content: the same row has the same id each time.

    None without a time; validation will say so.
    """
    moment = moment_of(event.get("time"))
    if moment is None or not 0 <= to_ms(moment) < 1 << 48:
        return None
    tail = int.from_bytes(
        hashlib.sha256(member.encode() + b"\0" + written(event, orjson.OPT_SORT_KEYS)).digest()[:10], "big"
    )
    low = tail & ((1 << 62) - 1)
    return UUID(int=to_ms(moment) << 80 | 0x7 << 76 | (tail >> 62 & 0xFFF) << 64 | 0b10 << 62 | low)


def _publish(
    client: MemberClient, chunk: list[tuple[int, dict[str, Any] | BadRow]], kind: str | None, offset: timedelta | None
) -> Iterator[tuple[int, Any, Offered | BadRow]]:
    events = [_ready(client.member, row, kind, offset) for _, row in chunk if not isinstance(row, BadRow)]
    offered = iter(client.offer(events))
    for line, row in chunk:
        yield (line, row.row, row) if isinstance(row, BadRow) else (line, row, next(offered))


def _ready(member: str, row: dict[str, Any], kind: str | None, offset: timedelta | None) -> dict[str, Any]:
    event = row if offset is None else shifted(row, offset)
    data = event.get("data")
    if kind is not None and isinstance(data, dict) and "kind" not in data:
        event = {**event, "data": {"kind": kind, **data}}
    if event.get("id") is not None:
        return event
    # A null is how many exports write that there is none.
    bare = {key: value for key, value in event.items() if key != "id"}
    made = row_id(member, bare)
    return bare if made is None else {"id": str(made), **bare}


def _offset(client: MemberClient, path: Path, rows: Rows, kind: str | None) -> timedelta | None:
    """Chosen when a file is first imported and remembered by its first good row, so that the same row moves alike."""
    good = ((line, row) for line, row in rows if not isinstance(row, BadRow))
    first = next(good, None)
    if first is None:
        return None
    key = f"rebase/{hashlib.sha256(written(first[1], orjson.OPT_SORT_KEYS)).hexdigest()}"
    standing = client.spool.noted(key)
    if standing is None:
        days = Days(kind)
        offset = offset_to(client.clock.now(), days.passing(chain([first], good)))
        if offset is None:
            return None
        if why := days.astray():
            raise SetupError(f"{path}: {why}")
        standing = client.spool.note(key, str(int(offset.total_seconds())))
    return timedelta(seconds=int(standing))


def _chunks(rows: Rows) -> Iterator[list[tuple[int, dict[str, Any] | BadRow]]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _reason(result: Offered | BadRow) -> str:
    if isinstance(result, BadRow):
        return result.reason
    return str(result.error or "id: used before with other content; the earlier one stands")
