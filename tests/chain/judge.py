"""What must hold once the chain is quiet: by id, nothing lost on the way and nothing done twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import orjson
from sqlalchemy import Connection, select

from alliance import kafka
from alliance.embedded.datadir import DataDir
from alliance.kafka import KafkaLogin
from consumers.casebook import audit
from consumers.casebook.lifecycle import REQUEST_ENDS
from consumers.casebook.tables import AnswerRow, HoldRow, LeadRow, RequestRow
from schemas.audit import AuditCheckpoint
from schemas.names import NameToMatch
from schemas.outcomes import Outcome
from schemas.receipts import TO_MEMBER
from schemas.requests import Action, Request
from schemas.requests import RequestStatus as R
from schemas.topics import QUARANTINE, member_topic
from streams.app import INBOUND
from streams.core.keys import token_of
from streams.core.partitioning import event_key
from tests import oracle
from tests.chain.books import answered, journal
from tests.chain.cast import BANKS, ROUTES
from tests.chain.day import Told
from tests.chain.topics import state

_CHANGED_BOOKS = frozenset({R.EXECUTED, R.PARTIAL, R.ALREADY_GONE})
_HELD = frozenset({R.EXECUTED, R.PARTIAL})


def no_alert_is_lost(login: KafkaLogin, told: Sequence[Told], noted: Sequence[UUID]) -> None:
    """Each accepted event is on the broker, was let in, and is known to the stream by its id."""
    assert len(noted) == len(told)
    assert all(known.id in (None, accepted) for known, accepted in zip(told, noted, strict=True))
    places: dict[UUID, tuple[str, int, int]] = {}
    for record in kafka.whole(login, *(topic.name for topic in INBOUND)):
        for event in orjson.loads(record.value):
            places[UUID(event["id"])] = (record.topic, record.partition, record.offset)
    assert set(noted) <= places.keys()
    assert list(kafka.whole(login, QUARANTINE.name)) == []
    keys = state(login).keys()
    lost = [one.id for one in told if one.id is not None and event_key(one.member, one.id.bytes) not in keys]
    assert not lost, sorted(Counter(places[event] for event in lost).items())


def leads_are_the_oracles(db: Connection, expected: dict[tuple[str, str], oracle.OracleLead]) -> None:
    rows = db.execute(select(LeadRow.role, LeadRow.token, LeadRow.level).where(LeadRow.level != "none"))
    levels = {(role, token): level for role, token, level in rows}
    assert levels == {(role, token_of(key)): lead.level for (role, key), lead in expected.items()}


def requests_are_asked_once(db: Connection, login: KafkaLogin) -> None:
    """What was sent is in its member's topic, in one wording, and was answered to one effect."""
    rows = db.execute(select(*RequestRow.__table__.c)).all()
    acts = Counter((row.case_id, row.target, row.action, row.attempt, row.asked) for row in rows)
    assert max(acts.values()) == 1
    assert not [row for row in rows if row.member and R(row.status) not in {*REQUEST_ENDS, R.AWAITING_AUTHORISATION}]
    sent = {row.request_id: row.body for row in rows if row.sent_at}
    letters = {member: _letters(login, member) for member in ROUTES}
    for member, theirs in letters.items():
        assert theirs.keys() == {row.request_id for row in rows if row.sent_at and row.member == member}
        assert all(wordings == {sent[request_id]} for request_id, wordings in theirs.items())
    told = db.execute(select(AnswerRow.request_id, AnswerRow.body).where(AnswerRow.effect)).all()
    # An order that waited behind others may have its turn, once.
    waited = {row.request_id for row in told if orjson.loads(row.body)["queue_position"]}
    effects = Counter(row.request_id for row in told)
    assert effects.keys() == sent.keys()
    assert {request_id for request_id, count in effects.items() if count > 1} <= waited
    assert max(effects.values()) <= 2
    assert audit.is_unbroken(db)


def books_agree(db: Connection, data: DataDir) -> None:
    """Each request was carried out once by its member, and the casebook has the answer that the member gave."""
    rows = db.execute(select(*RequestRow.__table__.c).where(RequestRow.sent_at.is_not(None))).all()
    for member in ROUTES:
        theirs = {row.request_id: row for row in rows if row.member == member}
        given = answered(data, member)
        assert {key: answer.status.value for key, answer in given.items()} == {
            key: row.status for key, row in theirs.items()
        }
        acts = Counter(_acts(data, member))
        assert max(acts.values(), default=1) == 1, [act for act, count in acts.items() if count > 1]
        # A bank's release ends an entry and makes none that names it; a name does nothing by itself.
        done = {key for key, row in theirs.items() if R(row.status) in _CHANGED_BOOKS}
        eased = {key for key, row in theirs.items() if row.action == Action.RELEASE}
        assert {UUID(request_id) for act, request_id, _ in acts if act != "named"} - eased == done - eased
    held = {UUID(said["request_id"]) for bank in BANKS for said in _held(data, bank)}
    stops = {row.request_id for row in rows if row.action == Action.STOP and R(row.status) in _HELD}
    assert stops
    assert held == stops == set(db.scalars(select(HoldRow.request_id)))


def _acts(data: DataDir, member: str) -> Iterable[tuple[str, str, str]]:
    """What each entry did, because of which request, to which account, line or page."""
    for said in journal(data, member):
        if "request_id" in said:
            place = next(said[name] for name in ("account", "payee", "line", "name", "token") if name in said)
            yield said["type"], said["request_id"], place


def _held(data: DataDir, member: str) -> Iterable[dict[str, str]]:
    """Orders that hold money, or wait for it."""
    said = (said for said in journal(data, member) if said["type"] in ("held", "queued"))
    return (one for one in said if one.get("measure", Action.STOP) == Action.STOP)


def _letters(login: KafkaLogin, member: str) -> dict[UUID, set[str]]:
    """The requests in a member's topic, each with its wordings; beside them it is only told what its alerts
    became, and where the audit stands, and whose account a stop means."""
    found: dict[UUID, set[str]] = defaultdict(set)
    for record in kafka.whole(login, member_topic(member).name):
        letter = TO_MEMBER.validate_json(record.value)
        if isinstance(letter, Outcome | AuditCheckpoint | NameToMatch):
            continue
        assert isinstance(letter, Request), letter
        found[letter.request_id].add(record.value.decode())
    return found
