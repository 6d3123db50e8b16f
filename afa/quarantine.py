"""`afa quarantine`: what was refused, why, and what its sender should do. Shows tokens, never clear values."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from kafka import KafkaConsumer, TopicPartition

from afa import output
from afa.options import Data, Follow, Json
from afa.output import Column, when
from afa.place import Run
from alliance import kafka
from alliance.errors import Refused, Retry
from alliance.kafka import KafkaLogin
from schemas.envelope import SIGNATURE_HEADER
from schemas.reasons import REMEDY
from schemas.receipts import NOTE_HEADER, QuarantineNote
from schemas.topics import QUARANTINE

app = typer.Typer(no_args_is_help=True, help="Bundles and events that were refused: list them, or look at one.")
_READ_TIMEOUT_S = 15.0
_POLL_MS = 500
Place = Annotated[str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="As `afa quarantine list` shows it.")]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What was refused, as it came, and why."""

    note: QuarantineNote
    bundle: bytes
    """Empty where two contents under one id conflict: both are on their topic."""
    signature: bytes | None

    @classmethod
    def of(cls, record: Any) -> Quarantined:
        return cls(_note(record), record.value or b"", dict(record.headers).get(SIGNATURE_HEADER))

    @property
    def place(self) -> str:
        return _place(self.note)

    def refused(self) -> set[UUID] | None:
        """The events that were; None if the whole bundle was."""
        ids = {refusal.event_id for refusal in self.note.refusals if refusal.event_id is not None}
        return ids if all(refusal.index is not None for refusal in self.note.refusals) else None


@app.command("list")
def list_quarantine(data: Data = None, json: Json = False, follow: Follow = False) -> None:
    """What was refused, oldest first. `show` takes the place in the first column, which receipts name too.

    Example: afa quarantine list --json | jq -r '.refusals[].reason' | sort | uniq -c
    """
    output.follow(
        _read(Run(data).admin, follow), _COLUMNS, as_json=json, empty="Nothing has been quarantined.", on=follow
    )


@app.command("show")
def show_quarantined(place: Place, data: Data = None, json: Json = False) -> None:
    """One refused bundle: each refusal with its remedy, and the bytes as they came.

    Example: afa quarantine show suspicious-account/2/113
    """
    kept = found(Run(data).admin, place)
    print(kept.note.model_dump_json() if json else _explained(kept))


def found(login: KafkaLogin, place: str) -> Quarantined:
    """What was refused at that place. Raises Refused if nothing was."""
    for kept in everything(login):
        if kept.place == place:
            return kept
    raise Refused(f"No bundle of {place!r} is in quarantine; `afa quarantine list` shows which are.")


def everything(login: KafkaLogin) -> Iterator[Quarantined]:
    """All that was refused, as it was; the oldest first."""
    return map(Quarantined.of, kafka.whole(login, QUARANTINE.name))


def _read(login: KafkaLogin, follow: bool) -> Iterator[list[QuarantineNote]]:
    """All there is as one batch, then each new batch if `follow`."""
    tp = TopicPartition(QUARANTINE.name, 0)
    with kafka.consumer(login, [], None) as reader:
        reader.assign([tp])
        reader.seek_to_beginning(tp)
        yield _until_end(reader, tp)
        while follow:
            yield _poll(reader)


def _until_end(reader: KafkaConsumer, tp: TopicPartition) -> list[QuarantineNote]:
    end = reader.end_offsets([tp])[tp]
    deadline = time.monotonic() + _READ_TIMEOUT_S
    notes: list[QuarantineNote] = []
    while reader.position(tp) < end:
        if time.monotonic() > deadline:
            raise Retry(f"Kafka gave nothing of the quarantine for {_READ_TIMEOUT_S:.0f} s; try again.")
        if found := _poll(reader):
            notes += found
            deadline = time.monotonic() + _READ_TIMEOUT_S
    return notes


def _poll(reader: KafkaConsumer) -> list[QuarantineNote]:
    return [_note(record) for batch in reader.poll(timeout_ms=_POLL_MS).values() for record in batch]


def _note(record: Any) -> QuarantineNote:
    return QuarantineNote.model_validate_json(dict(record.headers)[NOTE_HEADER])


def _place(note: QuarantineNote) -> str:
    return f"{note.topic}/{note.partition}/{note.offset}"


def _reasons(note: QuarantineNote) -> str:
    return ", ".join(dict.fromkeys(refusal.reason.value for refusal in note.refusals))


_COLUMNS = (
    Column[QuarantineNote]("Place", 30, _place),
    Column[QuarantineNote]("Time", 14, lambda n: when(n.at)),
    Column[QuarantineNote]("Member", 20, lambda n: n.member or "not known"),
    Column[QuarantineNote]("Events", 6, lambda n: str(len(n.refusals)), "right"),
    Column[QuarantineNote]("Reasons", 25, _reasons),
)


def _explained(kept: Quarantined) -> str:
    lines = [f"{kept.place}, {when(kept.note.at)}, from {kept.note.member or 'a member not known'}", ""]
    for refusal in kept.note.refusals:
        what = "the whole bundle" if refusal.index is None else f"event {refusal.index}"
        named = f" ({refusal.event_id})" if refusal.event_id else ""
        lines += [f"{what}{named}: {refusal.reason.value}: {refusal.detail}", f"  {REMEDY[refusal.reason]}"]
    return "\n".join([*lines, "", _readable(kept.bundle)])


def _readable(bundle: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(bundle), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return bundle.decode("utf-8", "backslashreplace")
