"""Each topic is declared once, with a schema and an example that exist, and rights that fit who owns it."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from schemas import allowlist, audit, envelope, leads, receipts, registrar, registry
from schemas.envelope import EVENT
from schemas.generate import CONTRACTS
from schemas.topics import BY_KIND, TOPICS, Topic, member_topic

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
PUBLIC: tuple[ModuleType, ...] = (allowlist, audit, envelope, leads, receipts, registrar, registry)
TO_MEMBER = member_topic("bank-a")
SHOWN = [topic for topic in (*TOPICS, TO_MEMBER) if topic.example]
CONTRACT_OF = {
    "Event": "event",
    "Lead": "lead",
    "QuarantineNote": "quarantine-note",
    "Member": "member",
    "ToMember": "to-member",
    "AllowRecord": "allow-record",
    "AuditRecord": "audit-record",
    "RegistrarAct": "registrar-act",
}


def test_names_are_unique() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


@pytest.mark.parametrize("topic", SHOWN, ids=lambda topic: topic.name)
def test_a_public_topic_has_a_model_and_an_example_of_it(topic: Topic) -> None:
    assert any(hasattr(module, topic.schema) for module in PUBLIC)
    contract = next(contract for contract in CONTRACTS if contract.name == CONTRACT_OF[topic.schema])
    assert contract.model.validate_json((EXAMPLES / f"{topic.example}.json").read_bytes())


@pytest.mark.parametrize("topic", [t for t in TOPICS if "." in t.schema], ids=lambda topic: topic.name)
def test_an_internal_topic_names_the_module_that_writes_it(topic: Topic) -> None:
    assert importlib.import_module(topic.schema)
    assert not topic.inbound


def test_every_topic_is_one_or_the_other() -> None:
    assert not [topic.name for topic in TOPICS if not topic.example and "." not in topic.schema]


def test_what_members_write_is_inbound_and_has_a_kind() -> None:
    assert {topic.name for topic in TOPICS if topic.inbound} == {topic.name for topic in BY_KIND.values()}
    assert all(topic.schema == "Event" for topic in BY_KIND.values())


@pytest.mark.parametrize(("kind", "topic"), BY_KIND.items())
def test_a_kinds_example_is_of_that_kind_and_its_topics_example_of_one_that_travels_on_it(
    kind: str, topic: Topic
) -> None:
    assert EVENT.validate_json((EXAMPLES / f"{kind}.json").read_bytes()).data.kind == kind
    shown = EVENT.validate_json((EXAMPLES / f"{topic.example}.json").read_bytes()).data.kind
    assert BY_KIND[shown] is topic


def test_a_bundle_of_the_largest_size_fits_into_its_topic_with_its_headers() -> None:
    for topic in BY_KIND.values():
        assert topic.max_message_bytes >= envelope.MAX_BYTES + 10_000


def test_a_members_topic_is_named_after_it() -> None:
    assert TO_MEMBER.name == "to.bank-a"
    assert TO_MEMBER.partitions == 1
