"""A casebook that kills itself (SIGKILL) at the end of its nth turn, or a dispatch between sending a text and noting
it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from consumers.casebook import audit
from consumers.casebook.main import main as casebook
from consumers.dispatch.main import main as dispatch
from consumers.dispatch.outbox import Outbox, Row


def dying(call: Callable[..., Any], count: int) -> Callable[..., Any]:
    left = count

    def call_or_die(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments)

    return call_or_die


def dying_with(call: Callable[..., Any], text: str) -> Callable[..., Any]:
    """What members are told beside it, and when, nobody can say beforehand."""

    def call_or_die(outbox: Outbox, rows: Sequence[Row], *arguments: Any) -> Any:
        if any(text in row.value for row in rows):
            os.kill(os.getpid(), signal.SIGKILL)
        return call(outbox, rows, *arguments)

    return call_or_die


if __name__ == "__main__":
    name, when = sys.argv[1:]
    if name == "casebook":
        audit.append = dying(audit.append, int(when))
        sys.exit(casebook())
    outbox: Any = Outbox
    outbox.sent = dying_with(Outbox.sent, when)
    sys.exit(dispatch())
