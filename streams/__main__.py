"""`python -m streams`: one stream worker. More of them share the partitions; each is stopped with SIGTERM."""

from __future__ import annotations

import gc
import sys

import faust
import uvloop

from alliance import clock, kafka, logs
from alliance.errors import AfaError
from alliance.roll import Roll
from alliance.serving import serve_metrics
from alliance.settings import Settings
from schemas.topics import CHANGELOG, LEADS, MEMBERS, QUARANTINE, RULES, SIGNALS, TALLY
from streams.app import GROUP, INBOUND, Worker
from streams.recovery import partitions_of_state
from streams.rules import load_rules

READS = (*INBOUND, SIGNALS, CHANGELOG, MEMBERS, RULES)
WRITES = (SIGNALS, CHANGELOG, LEADS, QUARANTINE, TALLY)
"""Beside each member's own topic. What of them is absent or forbidden is said at once, and not at the first alert."""


def main() -> int:
    uvloop.install()
    logs.to_stderr()
    try:
        settings = Settings()
        login, roll = settings.kafka_login(), Roll(settings.registrar_key())
        reads = [topic.name for topic in READS]
        writes = [topic.name for topic in WRITES]
        kafka.probe(login, reads=reads, writes=writes, groups=[GROUP])
        worker = Worker(login, roll, clock.load(settings.clock_file), load_rules(), partitions_of_state(login))
    except AfaError as error:
        print(f"streams: {error}", file=sys.stderr)
        return 1
    serve_metrics(settings)
    _spare_the_collector()
    faust.Worker(worker.app, loglevel="info").execute_from_commandline()
    return 0


def _spare_the_collector() -> None:
    """A batch makes hundreds of thousands of objects without a cycle: look for cycles rarely."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)


if __name__ == "__main__":
    sys.exit(main())
