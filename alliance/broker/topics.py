"""Topics as `schemas/topics.py` declares them.

Never deletes a topic and never changes a partition count: both lose data or order, and are a person's decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from schemas.topics import Topic, unit_topic


@dataclass
class Report:
    """What was changed, and what it found different but must not change."""

    created: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)


def declare(client: KafkaAdminClient, topics: Sequence[Topic], report: Report) -> None:
    found = {topic["name"]: len(topic["partitions"]) for topic in client.describe_topics() if not topic["error_code"]}
    new = [topic for topic in topics if topic.name not in found]
    if new:
        wanted = {topic.name: {"num_partitions": topic.partitions, "configs": _config(topic)} for topic in new}
        client.create_topics(wanted, wait_for_metadata=True)
        report.created += [topic.name for topic in new]
    old = [topic for topic in topics if topic.name in found]
    for topic in old:
        enough = topic.is_shared and found[topic.name] >= topic.partitions
        if not enough and found[topic.name] != topic.partitions:
            report.drift.append(
                f"topic {topic.name} has {found[topic.name]} partitions, {topic.partitions} are declared; "
                "move its data to a new generation, since more partitions would part keys from their past."
            )
    if old:
        _correct_configs(client, old, report)


def correct_units(client: KafkaAdminClient, done: set[str], report: Report) -> None:
    """What a unit got when it was admitted goes by the present declaration too, whoever is named now."""
    there = (unit_topic(topic["name"]) for topic in client.describe_topics() if topic["name"] not in done)
    if units := [topic for topic in there if topic is not None]:
        _correct_configs(client, units, report)


def _correct_configs(client: KafkaAdminClient, topics: Sequence[Topic], report: Report) -> None:
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    found = client.describe_configs(resources, config_filter="all")["topic"]
    changes = []
    for topic in topics:
        actual = {key: entry["value"] for key, entry in found[topic.name].items()}
        wrong = {key: value for key, value in _config(topic).items() if _differs(actual.get(key), value)}
        if wrong:
            changes.append(ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=wrong))
            report.corrected.append(f"{topic.name}: {', '.join(sorted(wrong))}")
    if changes:
        client.alter_configs(changes)


def _differs(actual: object, wanted: str) -> bool:
    return sorted(str(actual).split(",")) != sorted(wanted.split(","))


def _config(topic: Topic) -> dict[str, str]:
    config = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": str(topic.retention_ms),
        "max.message.bytes": str(topic.max_message_bytes),
        "segment.ms": str(topic.slack_ms),
    }
    if "compact" in topic.cleanup:
        # Else a topic that hardly grows is never compacted, and what was replaced or removed stays in it.
        config["max.compaction.lag.ms"] = str(topic.slack_ms)
    if topic.inbound:
        # A member's clock must not decide how long its alerts are kept.
        config["message.timestamp.type"] = "LogAppendTime"
        # The broker unpacks what a member compressed, and measures it: no reader meets a thousand times its bound.
        config["compression.type"] = "uncompressed"
    return config
