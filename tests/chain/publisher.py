"""The members' own process: publishes what a growing file says through each member's client, and notes each event's id
once `publish` has returned. Killed and started again, it goes on behind what it noted.

python -m tests.chain.publisher DATA FEED NOTED
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from alliance import clock
from alliance.embedded.datadir import DataDir
from alliance.errors import Retry
from alliance.membership import load_member, member_dir, read_registry
from producers.client import MemberClient
from tests.chain.cast import ROUTES

END = b"end\n"


def main(folder: str, feed: str, noted: str) -> None:
    data, notes = DataDir(Path(folder)), Path(noted)
    clients = {name: _client(data, name) for name in ROUTES}
    done = len(notes.read_bytes().splitlines()) if notes.exists() else 0
    with notes.open("ab") as file:
        for line in islice(_lines(Path(feed)), done, None):
            file.write(f"{_publish(clients, orjson.loads(line))}\n".encode())
            file.flush()
    for client in clients.values():
        _empty(client)


def _client(data: DataDir, name: str) -> MemberClient:
    keys, login = load_member(data, name)
    ticking = clock.load(data.path / "clock.json")
    return MemberClient(keys, login, read_registry(login), member_dir(data, name) / "publishing" / "spool.db", ticking)


def _publish(clients: dict[str, MemberClient], said: dict[str, Any]) -> UUID:
    client = clients[said["member"]]
    if "withdraw" in said:
        return client.withdraw(UUID(said["withdraw"]), "a mistake")
    return client.publish(said["event"])


def _lines(feed: Path) -> Iterator[bytes]:
    """Whole lines as they are written, until the last."""
    with feed.open("rb") as file:
        while True:
            start, line = file.tell(), file.readline()
            if line == END:
                return
            if line.endswith(b"\n"):
                yield line
            else:
                file.seek(start)
                signal.sigtimedwait([], 0.02)


def _empty(client: MemberClient) -> None:
    """Until the broker has everything, however long it is away."""
    while client.waiting:
        try:
            client.flush(5)
        except Retry as late:
            print(late, file=sys.stderr, flush=True)
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
