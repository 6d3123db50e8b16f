"""The vault's own rights on a real broker: it finds alerts again wherever they lie, and can write nothing."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

import orjson
import pytest

from alliance import clock
from alliance.broker.passwords import login_of
from alliance.clock import wall_ms
from alliance.errors import Refused
from alliance.ids import IdSource
from alliance.kafka import probe
from consumers.vault import events, record
from schemas.envelope import source_of
from schemas.topics import AUDIT, MEMBERS, SUSPICIOUS_ACCOUNT, SUSPICIOUS_HANDLE, member_topic
from tests.consumers.world import IDS, World

pytestmark = pytest.mark.services
_DAY_MS = 86_400_000


def put(city: World, *event_ids: UUID, member: str = "bank-one", key: str | None = None) -> None:
    """A bundle with a seal to police in each event."""
    seals = [{"to": "police-one", "blob": "AAAA"}, {"to": "bank-two", "blob": "BBBB"}]
    bundle = [{"id": str(one), "source": source_of(member), "seals": seals} for one in event_ids]
    city.put(SUSPICIOUS_HANDLE.name, orjson.dumps(bundle), key or member)


def test_alerts_are_found_near_the_time_of_their_ids_and_elsewhere(city: World) -> None:
    fresh, early, undated, absent = IDS.next(), uuid7_of(wall_ms() - 10 * _DAY_MS), uuid4(), IDS.next()
    put(city, IDS.next(), fresh, early)
    put(city, undated, uuid4())
    put(city, absent, member="bank-two")
    put(city, absent, member="bank-two", key="bank-one")
    login = login_of("vault", city.services.admin, city.services.data.secret)
    wanted = [("bank-one", one) for one in (fresh, early, undated, absent)]
    found = list(events.find(login, clock.load(city.clock_file), wanted, "police-one"))
    assert sorted((one.member, one.event_id) for one in found) == sorted(wanted[:3])
    assert {one.blobs for one in found} == {("AAAA",)}
    assert (found[0].event_id, found[1].event_id) == (fresh, early), "what lies beside it is found with it"


def uuid7_of(ms: int) -> UUID:
    return IdSource(lambda: ms, secrets.token_bytes).next()


def test_an_entry_that_the_auditor_never_wrote_is_not_on_the_topic(city: World) -> None:
    login = login_of("vault", city.services.admin, city.services.data.secret)
    assert not record.is_told(login, 2**40, bytes(32))


def test_the_vault_reads_what_is_sealed_and_writes_nothing(city: World) -> None:
    login = login_of("vault", city.services.admin, city.services.data.secret)
    probe(login, reads=[SUSPICIOUS_ACCOUNT.name, MEMBERS.name, AUDIT.name])
    for topic in (AUDIT.name, MEMBERS.name, SUSPICIOUS_ACCOUNT.name, member_topic("bank-one").name):
        with pytest.raises(Refused):
            probe(login, writes=[topic])
    with pytest.raises(Refused):
        probe(login, reads=[member_topic("bank-one").name])
