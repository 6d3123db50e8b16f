"""One consumer's events in order, a batch at a time: while one batch is being written the next one gathers.

Events are acknowledged only after their batch's handler has returned, in strict offset order. What a handler can't do
ends the process with nothing acknowledged; it must never be swallowed here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from faust.types import EventT

from streams.driver import Room
from streams.ending import ends_the_process

MAX_BATCH_BYTES = 4 * 1024 * 1024
Handler = Callable[[list[EventT[bytes]]], Awaitable[None]]


class Batches:
    """`put` takes an event; `run` calls `handle` with what has gathered, or with nothing once `wake_at` has passed."""

    def __init__(self, name: str, handle: Handler, room: Room) -> None:
        self.name = name
        self._handle = handle
        self._room = room
        self._events: list[EventT[bytes]] = []
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, wake_after: Callable[[], float | None] = lambda: None) -> None:
        """`wake_after` gives the seconds until the handler wants to be called without events, or None."""
        self._task = asyncio.create_task(self._run(wake_after), name=self.name)

    async def stop(self) -> None:
        """End between batches' events; what was not handled was not acknowledged and comes again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for event in self._events:
            self._room.give(_size(event))
        self._events = []

    def put(self, event: EventT[bytes]) -> None:
        self._room.take(_size(event))
        self._events.append(event)
        self._work.set()

    def wake(self) -> None:
        """Have the handler called soon, with or without events."""
        self._work.set()

    async def _run(self, wake_after: Callable[[], float | None]) -> None:
        with ends_the_process(self.name):
            while True:
                await self._wait(wake_after())
                await self._one(self._next())

    async def _wait(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._work.wait(), seconds)
        except TimeoutError:
            return

    async def _one(self, batch: list[EventT[bytes]]) -> None:
        try:
            await self._handle(batch)
            for event in batch:
                event.ack()
        finally:
            self._room.give(sum(map(_size, batch)))

    def _next(self) -> list[EventT[bytes]]:
        size = count = 0
        while count < len(self._events) and size < MAX_BATCH_BYTES:
            size += _size(self._events[count])
            count += 1
        batch, self._events = self._events[:count], self._events[count:]
        if not self._events:
            self._work.clear()
        return batch


def _size(event: EventT[bytes]) -> int:
    return len(event.message.value or b"") + 100
