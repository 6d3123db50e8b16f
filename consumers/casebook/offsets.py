"""Where to read on, kept in the database with the effects of what was read.

An offset moves only from the value that we last saw: a casebook that stalled while another went on fails here.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from alliance.errors import Stop
from consumers.casebook.tables import ConsumerOffset

Place = tuple[str, int]
_MOVE = text("""
update consumer_offset o set next = moved.after
from json_to_recordset(cast(:moves as json)) as moved (topic text, partition bigint, before bigint, after bigint)
where (o.topic, o.partition, o.next) = (moved.topic, moved.partition, moved.before)
returning o.topic, o.partition""")


def load(db: Connection, places: list[Place]) -> dict[Place, int]:
    """The next offset of each place; 0 for one that was never read."""
    rows = [{"topic": topic, "partition": partition, "next": 0} for topic, partition in sorted(places)]
    db.execute(insert(ConsumerOffset).values(rows).on_conflict_do_nothing())
    query = select(ConsumerOffset.topic, ConsumerOffset.partition, ConsumerOffset.next)
    known = {(topic, partition): following for topic, partition, following in db.execute(query)}
    return {place: known[place] for place in places}


def advance(db: Connection, before: Mapping[Place, int], after: Mapping[Place, int]) -> None:
    """Move each place of `after` on. Raises Stop if one is no longer where `before` says."""
    moves = [
        {"topic": topic, "partition": partition, "before": before[topic, partition], "after": following}
        for (topic, partition), following in sorted(after.items())
    ]
    moved = db.execute(_MOVE, {"moves": orjson.dumps(moves).decode()}).all() if moves else ()
    for topic, partition in sorted(set(after) - {(row.topic, row.partition) for row in moved}):
        raise Stop(f"Another casebook has read {topic}/{partition} on; this one ends with nothing acknowledged.")
