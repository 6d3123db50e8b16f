"""A batch in which a record has a header whose name is no UTF-8: the broker takes it, and neither client can read on.

Any member could so end every reader of a topic for good. A batch is all of one sender: the rest of it is passed over,
and nothing of what others sent. Must be in place before any client reads, and change nothing else of what is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch

_read = DefaultRecordBatch.__next__
log = structlog.get_logger()


class _Batch:
    """One of aiokafka's, to be read as far as it can be."""

    __slots__ = ("_batch",)

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._batch
        except UnicodeDecodeError:
            _told(self._batch)


class _Records:
    """What aiokafka makes of the bytes of a fetch."""

    __slots__ = ("_records",)

    def __init__(self, data: bytes) -> None:
        self._records = MemoryRecords(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def next_batch(self) -> _Batch | None:
        batch = self._records.next_batch()
        return None if batch is None else _Batch(batch)


def _next(batch: Any) -> Any:
    try:
        return _read(batch)
    except CorruptRecordError as error:
        if not isinstance(error.__context__, UnicodeDecodeError):
            raise
    _told(batch)
    raise StopIteration


def _told(batch: Any) -> None:
    log.error("the rest of a batch can't be read: a header's name is no UTF-8", base_offset=batch.base_offset)


def install() -> None:
    """For both clients, in this process."""
    setattr(DefaultRecordBatch, "__next__", _next)  # noqa: B010
    setattr(fetcher, "MemoryRecords", _Records)  # noqa: B010
