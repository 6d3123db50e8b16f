"""A refused bundle is put back only if its member has said nothing else of the same events since."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from afa.onlyonce import check_said_once
from afa.quarantine import Quarantined
from alliance import kafka
from alliance.errors import Refused
from alliance.kafka import KafkaLogin
from alliance.keys.signatures import sign
from schemas.envelope import SIGNATURE_HEADER
from schemas.reasons import Reason
from schemas.receipts import NOTE_HEADER, QuarantineNote, Refusal
from schemas.topics import ALIAS, QUARANTINE, WITHDRAWAL
from tests.producers.support import NOW

NOWHERE = KafkaLogin("127.0.0.1:9", "nobody", "unused")
EVENT, OTHER = UUID("0190abcd-0000-7000-8000-00000000abcd"), uuid4()
OWN = uuid4()
"""Of the withdrawal itself."""
KEY = Ed25519PrivateKey.generate()
EVENT_WITH = '{"id":"%s","data":{"kind":"alias"}}'
TAKING_BACK = '{"id":"%s","data":{"kind":"withdrawal","event_id":"%s"}}'
ESCAPED = "".join(f"\\u{ord(each):04x}" for each in str(EVENT))
SPELLINGS = [str(EVENT), str(EVENT).upper(), EVENT.hex, ESCAPED, ESCAPED.upper().replace("\\U", "\\u"),
             str(EVENT).replace("a", "\\u0061")]  # fmt: skip


class Topics:
    """What the broker has: `said` puts a bundle on a topic, `refused` notes one of them in the quarantine."""

    def __init__(self) -> None:
        self.records: dict[str, list[Any]] = {}

    def said(self, *ids: str, member: str = "bank-one") -> Any:
        return self.sent(f"[{','.join(EVENT_WITH % each for each in ids)}]", member)

    def took_back(self, text: str, **over: Any) -> Any:
        return self.sent(f"[{TAKING_BACK % (OWN, text)}]", topic=WITHDRAWAL.name, **over)

    def sent(self, text: str, member: str = "bank-one", topic: str = ALIAS.name) -> Any:
        bundle = text.encode()
        headers = [(SIGNATURE_HEADER, sign(KEY, f"{member}/k1", bundle).encode())]
        return self._put(topic, bundle, headers)

    def refused(self, record: Any, *events: UUID, reason: Reason = Reason.WRONG_SECTOR, **over: Any) -> Quarantined:
        """The whole bundle, unless events are named."""
        refusals = [
            Refusal(index=None if event is None else 0, event_id=event, reason=reason, detail="so it is")
            for event in events or (None,)
        ]
        note = QuarantineNote(
            topic=record.topic, partition=0, offset=record.offset, member="bank-one", refusals=refusals, at=NOW
        ).model_copy(update=over)
        headers = [*record.headers, (NOTE_HEADER, note.model_dump_json().encode())]
        return Quarantined.of(self._put(QUARANTINE.name, record.value, headers))

    def _put(self, topic: str, value: bytes, headers: list[tuple[str, bytes]]) -> Any:
        records = self.records.setdefault(topic, [])
        record = SimpleNamespace(topic=topic, partition=0, offset=len(records), value=value, headers=headers)
        records.append(record)
        return record

    def whole(self, _: KafkaLogin, topic: str) -> Iterator[Any]:
        return iter(self.records.get(topic, []))


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    made = Topics()
    monkeypatch.setattr(kafka, "whole", made.whole)
    return made


def check(kept: Quarantined, *events: UUID) -> None:
    check_said_once(NOWHERE, kept, "bank-one", set(events or (EVENT,)))


def test_what_was_said_once_and_refused_may_be_put_back(topics: Topics) -> None:
    check(topics.refused(topics.said(str(EVENT))))


def test_a_copy_that_was_refused_too_is_in_nobodys_way(topics: Topics) -> None:
    """A client that dies before it has noted the sending sends again."""
    first = topics.refused(topics.said(str(EVENT)))
    second = topics.refused(topics.said(str(EVENT)), EVENT)
    check(first)
    check(second)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_was_let_in_since_counts_already(topics: Topics, spelling: str) -> None:
    kept = topics.refused(topics.said(str(EVENT)))
    topics.said(spelling)
    with pytest.raises(Refused, match="bank-one has sent this again, at alias/0/1"):
        check(kept)


def test_of_a_bundle_that_was_refused_in_part_the_rest_counts(topics: Topics) -> None:
    kept = topics.refused(topics.said(str(EVENT)))
    topics.refused(topics.said(str(EVENT), str(OTHER)), OTHER)
    with pytest.raises(Refused, match="at alias/0/1"):
        check(kept)
    check(kept, OTHER)


@pytest.mark.parametrize("notes", [[(EVENT,), (OTHER,)], [(OTHER,), (EVENT,)], [(), (OTHER,)], [(OTHER,), ()]])
def test_of_a_bundle_that_was_noted_twice_neither_part_counts(topics: Topics, notes: list[tuple[UUID, ...]]) -> None:
    kept = topics.refused(topics.said(str(EVENT)))
    twice = topics.said(str(EVENT), str(OTHER))
    for events in notes:
        topics.refused(twice, *events)
    check(kept)


def test_another_members_bundle_is_another_matter(topics: Topics) -> None:
    kept = topics.refused(topics.said(str(EVENT)))
    topics.said(str(EVENT), member="bank-two")
    check(kept)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_its_member_took_back_stays_refused_also_if_that_was_refused_too(topics: Topics, spelling: str) -> None:
    kept = topics.refused(topics.said(str(EVENT)))
    taken_back = topics.took_back(spelling)
    topics.refused(taken_back, member="bank-two")
    check(kept)
    topics.refused(taken_back)
    with pytest.raises(Refused, match="bank-one took it back at withdrawal/0/0"):
        check(kept)


def test_what_no_parser_reads_takes_nothing_back_on_another_topic(topics: Topics) -> None:
    kept = topics.refused(topics.said(str(EVENT)))
    topics.refused(topics.sent(f"[{EVENT_WITH % EVENT}"))
    check(kept)


def test_of_a_withdrawal_that_no_parser_reads_all_that_stands_in_it_is_taken_back(topics: Topics) -> None:
    kept = topics.refused(topics.said(str(EVENT)))
    topics.refused(topics.sent(f"[{TAKING_BACK % (OWN, EVENT)}", topic=WITHDRAWAL.name))
    with pytest.raises(Refused, match="took it back"):
        check(kept)


def test_a_refused_withdrawal_takes_back_neither_itself_nor_what_it_only_mentions(topics: Topics) -> None:
    taking_back = topics.refused(topics.took_back(str(OTHER)))
    check(taking_back, OWN)
    topics.refused(topics.sent(f'[{{"id":"{OWN}","data":{{"superseded_by":"{EVENT}"}}}}]', topic=WITHDRAWAL.name))
    check(topics.refused(topics.said(str(EVENT))))


@pytest.mark.parametrize("text", ['"%s"', '[["%s"]]', '[{"id":{"id":"%s"}}]', '[{"data":{"id":"%s"}}]'])
def test_what_only_mentions_an_event_is_not_that_event(topics: Topics, text: str) -> None:
    kept = topics.refused(topics.said(str(EVENT)))
    topics.sent(text % EVENT)
    check(kept)


def test_an_id_that_was_used_with_two_contents_is_spent(topics: Topics) -> None:
    kept = topics.refused(topics.said(str(EVENT)))
    topics.refused(topics.said(str(OTHER)), EVENT, reason=Reason.CONFLICT)
    with pytest.raises(Refused, match="with two contents"):
        check(kept)
