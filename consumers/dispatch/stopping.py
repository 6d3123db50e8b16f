"""SIGTERM and SIGINT as something to wait for beside a socket."""

from __future__ import annotations

import os
import signal


class Stopping:
    """True once the process was told to stop; readable from then on."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._told = False

    def on_signals(self) -> Stopping:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.tell())
        return self

    def tell(self) -> None:
        if not self._told:
            self._told = True
            os.write(self._writer, b"x")

    def __bool__(self) -> bool:
        return self._told

    def fileno(self) -> int:
        return self._reader
