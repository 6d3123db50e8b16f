"""A member's process for the kill tests: publishes as fast as it can, naming each accepted id, until it is killed.

python -m tests.producers.child SPOOL BOOTSTRAP USERNAME PASSWORD_FILE
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from alliance.kafka import KafkaLogin
from producers.client import MemberClient
from tests.producers.support import BANK, KEYS, clock, registry, transfer


def main(spool: str, bootstrap: str, username: str, password_file: str) -> None:
    login = KafkaLogin(bootstrap, username, Path(password_file).read_text(encoding="utf-8").strip())
    client = MemberClient(KEYS[BANK], login, registry(), Path(spool), clock())
    for number in itertools.count():
        print(client.publish(transfer(number)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
