"""A member that dies at a chosen moment of a request, for the kill tests.

python -m tests.producers.reference.child BOOKS before-commit|after-commit
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from producers.reference.bank import Bank
from producers.reference.books import Books
from producers.reference.entries import Held
from producers.reference.handler import handle
from tests.producers.reference.support import CN, NOW, bank, ordered, registry, request


class Dying(Bank):
    """Dies when the hold has been written and nothing is committed yet."""

    def apply(self, entry: Any) -> None:
        super().apply(entry)
        if isinstance(entry, Held):
            os.kill(os.getpid(), signal.SIGKILL)


def main(path: str, moment: str) -> None:
    stub = bank()
    if moment == "before-commit":
        stub.__class__ = Dying
    books = Books(Path(path), stub)
    asked = ordered(request())
    books.answer_once(asked, lambda: handle(asked, books.stub, registry(), CN, NOW))
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
