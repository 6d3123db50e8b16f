"""How far each consumer group is behind: records on the broker that it has not said it is done with."""

from __future__ import annotations

from collections.abc import Mapping

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec

from alliance import kafka
from alliance.kafka import KafkaLogin
from schemas.topics import LEADS

Offsets = dict[str, dict[TopicPartition, int]]


def lags(login: KafkaLogin, own_offsets: Mapping[str, Mapping[TopicPartition, int]]) -> dict[str, dict[str, int]]:
    """Group → topic → records. `own_offsets` are of groups that keep theirs elsewhere, such as in the database."""
    with kafka.admin(login) as client:
        committed = _kept(client)
        committed.update({group: dict(of) for group, of in own_offsets.items()})
        places = {tp for of in committed.values() for tp in of}
        found = client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST)) if places else {}
    ends = {tp: end.offset for tp, end in found.items()}
    return {group: _by_topic(of, ends) for group, of in sorted(committed.items()) if of}


def _kept(client: KafkaAdminClient) -> Offsets:
    """What the groups committed on the broker; a broker that has just started answers a little later."""
    kept: Offsets = {}

    def told() -> bool:
        try:
            names = [group["group_id"] for group in client.list_groups()]
            found = client.list_group_offsets(names) if names else {}
        except kafka.COORDINATOR_BUSY:
            return False
        kept.update({group: {tp: known.offset for tp, known in of.items()} for group, of in found.items()})
        return True

    kafka.until(told, "Kafka can't tell how far the consumer groups are")
    return kept


def _by_topic(committed: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for tp, offset in sorted(committed.items()):
        # What ends a transaction takes an offset too, and is nothing that anyone has yet to do.
        marker = 1 if tp.topic == LEADS.name else 0
        sums[tp.topic] = sums.get(tp.topic, 0) + max(ends.get(tp, offset) - marker - max(offset, 0), 0)
    return sums
