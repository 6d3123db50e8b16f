"""Processes that die or stall: nothing asked twice, nothing lost, and of two casebooks one gives way."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest
from kafka import TopicPartition
from sqlalchemy import Connection, func, select, text

from alliance import kafka
from consumers.casebook import audit
from consumers.casebook.tables import Outbox, RequestRow
from consumers.casebook.views import listings
from schemas.leads import Lead
from schemas.receipts import TO_MEMBER
from schemas.requests import Request
from schemas.topics import member_topic
from tests.consumers.facts import account, evidence, lead
from tests.consumers.test_broker import outbox, write
from tests.consumers.world import Hub, Mailbox, World

pytestmark = pytest.mark.services
CHANCE = random.Random(20_221_202)


def suspicions(count: int) -> list[Lead]:
    return [lead(account(), evidence=[evidence("bank-two"), evidence("police-one", "x")]) for _ in range(count)]


def sent_to(city: World, member: str, leads: list[Lead]) -> Counter[str]:
    """How often each request about these leads stands in the member's topic."""
    place = TopicPartition(member_topic(member).name, 0)
    consumer = kafka.consumer(city.services.admin, [], None)
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end, mine, found = consumer.end_offsets([place])[place], {one.lead_id for one in leads}, Counter[str]()
    while consumer.position(place) < end:
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                letter = TO_MEMBER.validate_json(record.value)
                if isinstance(letter, Request) and letter.lead_id in mine:
                    found[f"{letter.lead_id} {letter.action.value}"] += 1
    consumer.close()
    return found


def are_sent(hub: Hub, leads: list[Lead], each: int) -> bool:
    """Whether every lead has its requests, and dispatch has nothing left."""
    with hub.engine.connect() as db:
        left = db.scalar(select(func.count()).select_from(Outbox))
    return left == 0 and are_told(hub, leads, each)


def are_told(hub: Hub, leads: list[Lead], each: int) -> bool:
    """Whether every lead has its requests."""
    sent = RequestRow.lead_id.in_([one.lead_id for one in leads]), RequestRow.sent_at.is_not(None)
    with hub.engine.connect() as db:
        return db.scalar(select(func.count()).select_from(RequestRow).where(*sent)) == each * len(leads)


@pytest.mark.chaos
def test_a_casebook_and_a_dispatch_killed_again_and_again_lose_and_repeat_nothing(
    hub: Hub, city: World, faults: int
) -> None:
    leads = suspicions(400)
    casebook, dispatch = hub.start("casebook"), hub.start("dispatch")
    rest = list(leads)
    try:
        for _ in range(faults):
            share = max(1, len(leads) // (faults + 1))
            city.publish(*rest[:share])
            rest = rest[share:]
            wait_s(CHANCE.uniform(0.0, 6.0))
            if CHANCE.random() < 0.7:
                casebook.kill()
                casebook.wait()
                casebook = hub.start("casebook")
            else:
                dispatch.kill()
                dispatch.wait()
                dispatch = hub.start("dispatch")
        city.publish(*rest)
        hub.until(lambda _: are_sent(hub, leads, 4), timeout_s=120)
    finally:
        for process in (casebook, dispatch):
            process.terminate()
            assert process.wait(20) == 0
    for member in ("bank-one", "bank-two"):
        found = sent_to(city, member, leads)
        assert set(found) == {f"{one.lead_id} {act}" for one in leads for act in ("delay", "verify")}
    with hub.engine.connect() as db:
        assert audit.is_unbroken(db)
        mine = {one.lead_id for one in leads}
        asked = [one for one in listings.requests(db).items if one.lead_id in mine]
    assert max(Counter((one.lead_id, one.to, one.action) for one in asked).values()) == 1


@pytest.mark.chaos
def test_a_stalled_casebook_gives_way_to_the_one_that_went_on(hub: Hub, city: World) -> None:
    before, after = suspicions(20), suspicions(20)
    stalled, dispatch = hub.start("casebook"), hub.start("dispatch")
    fresh = None
    try:
        city.publish(*before)
        hub.until(lambda _: are_sent(hub, before, 4))
        stalled.send_signal(signal.SIGSTOP)
        fresh = hub.start("casebook")
        city.publish(*after)
        hub.until(lambda _: are_sent(hub, after, 4))
        stalled.send_signal(signal.SIGCONT)
        assert stalled.wait(30) == 1
        assert fresh.poll() is None
    finally:
        for process in (fresh, dispatch, stalled):
            if process and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(20)
    assert max(sent_to(city, "bank-one", [*before, *after]).values()) == 1


def test_two_casebooks_at_once_one_is_fenced(hub: Hub, city: World) -> None:
    leads = suspicions(50)
    with hub.running("casebook", "casebook", "dispatch") as (first, second, _):
        city.publish(*leads)
        hub.until(lambda _: are_sent(hub, leads, 4))

        def is_fenced(_: Connection) -> bool:
            # One that starts late is told by the database all that the other did, and fails at what comes then.
            more = suspicions(1)
            city.publish(*more)
            hub.until(lambda _: are_sent(hub, more, 4))
            return (first.poll(), second.poll()) in ((1, None), (None, 1))

        hub.until(is_fenced)
    assert max(sent_to(city, "bank-one", leads).values()) == 1


def test_what_was_sent_and_not_noted_comes_again_under_its_id(
    hub: Hub, city: World, mailbox: Callable[[str], Mailbox]
) -> None:
    earlier, (suspicion,) = suspicions(16), suspicions(1)
    box = mailbox("bank-one")
    with hub.running("casebook", "dispatch"):
        # Whatever other tests left on the topic is sent first, so that the suspicion's letters go out together.
        city.publish(*earlier)
        hub.until(lambda _: are_sent(hub, earlier, 4))
    with hub.running("casebook"):
        city.publish(suspicion)
        dying = hub.start("dispatch", "tests.consumers.dying", "dispatch", suspicion.lead_id)
        assert dying.wait(30) == -signal.SIGKILL
        box.until(lambda letter: isinstance(letter, Request) and letter.lead_id == suspicion.lead_id)
        hub.until(lambda _: not are_sent(hub, [suspicion], 4))
        with hub.running("dispatch"):
            hub.until(lambda _: are_sent(hub, [suspicion], 4))
    assert set(sent_to(city, "bank-one", [suspicion]).values()) == {2}


def test_a_member_without_a_topic_holds_up_no_other_and_the_rest_of_its_mail_can_be_taken_back(
    hub: Hub, city: World
) -> None:
    leads = suspicions(5)
    write(hub, 1, ["bank-nowhere"])
    with hub.running("casebook", "dispatch"):
        hub.until(lambda _: outbox(hub, claimed=True) == 1)
        write(hub, 1, ["bank-nowhere"])
        city.publish(*leads)
        hub.until(lambda _: are_told(hub, leads, 4))
        # Whatever other tests left on the topic is sent too, and only the lost letters stay.
        hub.until(lambda _: (outbox(hub, claimed=True), outbox(hub, claimed=False)) == (1, 1))


def test_a_casebook_that_dies_before_its_commit_has_done_nothing(hub: Hub, city: World) -> None:
    leads = suspicions(30)
    city.publish(*leads)
    for turn in ("1", "2", "2"):
        dying = hub.start("casebook", "tests.consumers.dying", "casebook", turn)
        assert dying.wait(30) == -signal.SIGKILL
    with hub.running():
        hub.until(lambda _: are_sent(hub, leads, 4))
    assert set(sent_to(city, "bank-one", leads).values()) == {1}


def test_a_database_that_drops_its_connections_delays_and_loses_nothing(hub: Hub, city: World) -> None:
    before, after = suspicions(5), suspicions(5)
    others = "datname = current_database() and pid <> pg_backend_pid()"
    drop = text(f"select pg_terminate_backend(pid) from pg_stat_activity where {others}")
    with hub.running() as processes:
        city.publish(*before)
        hub.until(lambda _: are_sent(hub, before, 4))
        with hub.engine.connect() as db:
            db.execute(drop)
        city.publish(*after)
        hub.until(lambda _: are_sent(hub, after, 4))
        assert [process.poll() for process in processes] == [None, None]
    assert set(sent_to(city, "bank-one", [*before, *after]).values()) == {1}


def wait_s(seconds: float) -> None:
    """The one wait that is the fault itself: how long a process may live."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        signal.sigtimedwait([], left)
