"""Where to read on, kept in the database with the effects of what was read.

An offset moves only from the value that we last saw: a casebook that stalled while another went on fails here.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from alliance.errors import Stop
from consumers.casebook.tables import ConsumerOffset

Place = tuple[str, int]


def load(db: Connection, places: list[Place]) -> dict[Place, int]:
    """The next offset of each place; 0 for one that was never read."""
    rows = [{"topic": topic, "partition": partition, "next": 0} for topic, partition in sorted(places)]
    db.execute(insert(ConsumerOffset).values(rows).on_conflict_do_nothing())
    query = select(ConsumerOffset.topic, ConsumerOffset.partition, ConsumerOffset.next)
    known = {(topic, partition): following for topic, partition, following in db.execute(query)}
    return {place: known[place] for place in places}


def advance(db: Connection, before: Mapping[Place, int], after: Mapping[Place, int]) -> None:
    """Move each place of `after` on. Raises Stop if one is no longer where `before` says."""
    for (topic, partition), following in sorted(after.items()):
        here = (ConsumerOffset.topic == topic) & (ConsumerOffset.partition == partition)
        unmoved = here & (ConsumerOffset.next == before[topic, partition])
        if db.execute(update(ConsumerOffset).where(unmoved).values(next=following)).rowcount != 1:
            raise Stop(f"Another casebook has read {topic}/{partition} on; this one ends with nothing acknowledged.")
