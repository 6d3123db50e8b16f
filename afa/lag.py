"""How far each consumer group is behind: records on the broker that it has not said it is done with."""

from __future__ import annotations

from collections.abc import Mapping

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from alliance import kafka
from alliance.kafka import KafkaLogin
from schemas.topics import LEADS


def lags(login: KafkaLogin, own_offsets: Mapping[str, Mapping[TopicPartition, int]]) -> dict[str, dict[str, int]]:
    """Group → topic → records. `own_offsets` are of groups that keep theirs elsewhere, such as in the database."""
    with kafka.admin(login) as client:
        names = [group["group_id"] for group in client.list_groups()]
        kept = client.list_group_offsets(names) if names else {}
        committed = {group: {tp: known.offset for tp, known in of.items()} for group, of in kept.items()}
        committed.update({group: dict(of) for group, of in own_offsets.items()})
        places = {tp for of in committed.values() for tp in of}
        found = client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST)) if places else {}
    ends = {tp: end.offset for tp, end in found.items()}
    return {group: _by_topic(of, ends) for group, of in sorted(committed.items()) if of}


def _by_topic(committed: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for tp, offset in sorted(committed.items()):
        # What ends a transaction takes an offset too, and is nothing that anyone has yet to do.
        marker = 1 if tp.topic == LEADS.name else 0
        sums[tp.topic] = sums.get(tp.topic, 0) + max(ends.get(tp, offset) - marker - max(offset, 0), 0)
    return sums
