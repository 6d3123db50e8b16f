"""A casebook that kills itself (SIGKILL) at the end of its nth turn, or a dispatch between sending and noting."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from consumers.casebook import audit
from consumers.casebook.main import main as casebook
from consumers.dispatch.main import main as dispatch
from consumers.dispatch.outbox import Outbox


def dying(call: Callable[..., Any], count: int) -> Callable[..., Any]:
    left = count

    def call_or_die(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments)

    return call_or_die


if __name__ == "__main__":
    name, turn = sys.argv[1], int(sys.argv[2])
    if name == "casebook":
        audit.append = dying(audit.append, turn)
        sys.exit(casebook())
    outbox: Any = Outbox
    outbox.sent = dying(Outbox.sent, turn)
    sys.exit(dispatch())
