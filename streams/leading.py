"""Which token epochs the registrar has listed, and under which of them leads come.

Must never go back to an older list.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from alliance import metrics
from schemas.epochs import Epochs, listed

log = structlog.get_logger()


class EpochList:
    """`turned` is given each epoch that leads come under after another."""

    def __init__(self, turned: Callable[[str | None], None]) -> None:
        self.leading: str | None = None
        self.in_force: tuple[str, ...] = ()
        """How tokens of the listed epochs begin."""
        self._listed: Epochs | None = None
        self._turned = turned

    def take(self, value: bytes) -> None:
        """A list that the registrar signed. Whoever has the broker may put back an older one, or what the registrar
        signed for another use."""
        told = listed(value)
        if told is None or (self._listed is not None and told.at < self._listed.at):
            metrics.REGISTRY_REFUSED.inc()
            log.error("a list of token epochs is older than the one before, or none, and is passed over")
            return
        self._listed = told
        self.in_force = tuple(f"{epoch.epoch}:" for epoch in told.epochs)
        if told.leading != self.leading:
            self.leading = told.leading
            self._turned(told.leading)
