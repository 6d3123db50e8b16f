"""A stream worker that kills itself (SIGKILL) between sending a transaction's records and committing it, at
the nth time."""

from __future__ import annotations

import os
import signal
import sys

from aiokafka import AIOKafkaProducer

from streams.__main__ import main


def die_at(count: int) -> None:
    commit = AIOKafkaProducer.commit_transaction
    left = count

    async def commit_or_die(self: AIOKafkaProducer) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        await commit(self)

    AIOKafkaProducer.commit_transaction = commit_or_die


if __name__ == "__main__":
    die_at(int(sys.argv.pop(1)))
    sys.exit(main())
