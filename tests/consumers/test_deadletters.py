"""What no turn can take keeps nothing else from its end, and is carried out once there is a casebook that can."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Connection, exists, select, text
from sqlalchemy.exc import DBAPIError

from consumers.casebook import audit, deadletters
from consumers.casebook.tables import Audit, ConsumerOffset, DeadLetter, LeadRow, ReinjectionRow
from schemas.leads import Lead
from schemas.topics import LEADS
from tests.consumers.test_faults import are_sent, sent_to, suspicions
from tests.consumers.world import Hub, World

pytestmark = pytest.mark.services
POISONED = "tests.consumers.poisoned"


def acts(db: Connection, name: str) -> list[str]:
    """What the acts of that name on record are about."""
    return [act[1] for acts in db.scalars(select(Audit.acts).order_by(Audit.number)) for act in acts if act[0] == name]


def is_known(db: Connection, lead: Lead) -> bool:
    return bool(db.scalar(select(exists().where(LeadRow.lead_id == lead.lead_id))))


def test_a_record_at_which_every_turn_fails_is_set_aside_and_taken_by_a_casebook_that_can(
    hub: Hub, city: World
) -> None:
    leads = suspicions(9)
    poison, others = leads[4], [*leads[:4], *leads[5:]]
    city.publish(*leads)
    casebook = hub.start("casebook", POISONED, "lead", poison.subject.token)
    with hub.running("dispatch"):
        hub.until(lambda _: are_sent(hub, others, 4))
        hub.until(deadletters.count)
        assert casebook.poll() is None
    casebook.terminate()
    assert casebook.wait(20) == 0
    with hub.engine.connect() as db:
        (letter,) = db.execute(select(*DeadLetter.__table__.c)).all()
        assert letter.value == poison.model_dump_json().encode()
        assert letter.fault.startswith("DataError at ")
        assert poison.subject.token not in letter.fault
        place = f"{LEADS.name}/{letter.partition}/{letter.place}"
        assert acts(db, "set aside") == [place]
        assert not is_known(db, poison)
        read = select(ConsumerOffset.next).filter_by(topic=LEADS.name, partition=letter.partition)
        assert (db.scalar(read) or 0) > letter.place

    with hub.running():
        hub.until(lambda _: are_sent(hub, leads, 4))
    with hub.engine.connect() as db:
        assert not deadletters.count(db)
        assert acts(db, "carried out") == [f"dead letter {letter.number}"]
        assert audit.is_unbroken(db)
    assert set(sent_to(city, "bank-one", leads).values()) == {1}


def test_what_still_fails_stays_aside_as_it_came_and_nobody_changes_it(hub: Hub, city: World) -> None:
    (poison,), following = suspicions(1), suspicions(2)
    city.publish(poison)
    for later in following:
        with hub.running("dispatch"):
            casebook = hub.start("casebook", POISONED, "lead", poison.subject.token)
            hub.until(deadletters.count)
            city.publish(later)
            hub.until(partial(_is_sent, hub, later))
            casebook.terminate()
            assert casebook.wait(20) == 0
    with hub.engine.connect() as db:
        assert deadletters.count(db) == 1
        for change in ("value = null", "place = 7", "taken_at = now()"):
            with pytest.raises(DBAPIError, match="stays as it came"), db.begin_nested():
                db.execute(text(f"update dead_letter set {change}"))


def _is_sent(hub: Hub, lead: Lead, _: Connection) -> bool:
    return are_sent(hub, [lead], 4)


def test_a_word_at_which_every_turn_fails_is_refused_and_the_others_are_judged(hub: Hub) -> None:
    file = text("insert into reinjection (place, jws, filed_at) values (:place, :jws, now())")
    with hub.engine.begin() as db:
        db.execute(file, [{"place": f"alias/0/{number}", "jws": f"d.e.{number}"} for number in range(3)])
    judged = select(ReinjectionRow.refusal).where(ReinjectionRow.judged_at.is_not(None)).order_by(ReinjectionRow.number)
    casebook = hub.start("casebook", POISONED, "word", "alias/0/1")
    hub.until(lambda db: len(db.scalars(judged).all()) == 3)
    assert casebook.poll() is None
    with hub.engine.connect() as db:
        first, failed, last = db.scalars(judged)
        assert failed is not None
        assert failed.startswith("The casebook failed at it (ValueError at poisoned.py:")
        assert "d.e.1" not in failed
        assert first == last
        assert first != failed
        assert acts(db, "word refused") == ["reinjection/2"]


def test_a_casebook_that_fails_without_any_record_ends_and_sets_nothing_aside(hub: Hub, city: World) -> None:
    leads = suspicions(3)
    city.publish(*leads)
    assert hub.start("casebook", POISONED, "turn", "").wait(60) == 1
    with hub.engine.connect() as db:
        assert not deadletters.count(db)
    with hub.running():
        hub.until(lambda _: are_sent(hub, leads, 4))
