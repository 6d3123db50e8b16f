"""Dispatch: what the casebook wrote into its outbox goes to each member's own topic, in order, at least once.

One dispatcher at a time. What a crash left between sending and noting is sent again: members know repetitions by the
request's id.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from datetime import datetime

import psycopg
import structlog

from alliance import metrics
from alliance.errors import Stop
from alliance.kafka import KafkaLogin
from consumers.dispatch.outbox import Outbox
from consumers.dispatch.stopping import Stopping
from consumers.post import Post

_BATCH = 500
_TAKE_OVER_S = 15
_RETRY_S = 1.0
log = structlog.get_logger()


class Dispatch:
    """`run` returns when it was told to stop, with everything that it had claimed sent or left to be sent again."""

    def __init__(self, database_url: str, login: KafkaLogin, now: Callable[[], datetime], stopping: Stopping) -> None:
        self._database_url, self._now, self._stopping = database_url, now, stopping
        self._post = Post(login)

    def run(self) -> None:
        """Raises Stop if another dispatcher is at work."""
        while not self._stopping:
            try:
                with psycopg.connect(self._database_url, autocommit=True) as db:
                    self._serve(Outbox(db))
            except psycopg.OperationalError as error:
                log.warning("the database is away; dispatch tries again", reason=str(error).strip())
                self._wait([], _RETRY_S)
        self._post.discard()

    def _serve(self, outbox: Outbox) -> None:
        if not outbox.take_over(_TAKE_OVER_S):
            raise Stop("Another dispatcher works on this database; this one ends with nothing sent.")
        waiting = outbox.left()
        while not self._stopping:
            # What can't be sent now is not claimed, so that it can still be taken back.
            reached = self._post.connected() is not None
            fresh = outbox.claim(_BATCH, {row.member for row in waiting}) if reached else []
            sent, waiting = self._post.send([*waiting, *fresh])
            if sent:
                outbox.sent(sent, self._now())
                metrics.DISPATCHED.inc(len(sent))
            metrics.DISPATCH_FAILED.inc(len(waiting))
            if waiting or not reached:
                self._wait([], _RETRY_S)
            elif not fresh and not outbox.is_called():
                self._wait([outbox], None)

    def _wait(self, sources: Sequence[Outbox], timeout_s: float | None) -> None:
        """Until something was written, we are told to stop, or the time is over."""
        watched: list[Outbox | Stopping] = [*sources, self._stopping]
        select.select(watched, [], [], timeout_s)
