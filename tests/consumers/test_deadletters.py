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
from tests.consumers.facts import evidence
from tests.consumers.test_faults import are_sent, sent_to, suspicions
from tests.consumers.world import Hub, World, now

pytestmark = pytest.mark.services
POISONED = "tests.consumers.poisoned"
FILE = text("insert into reinjection (place, jws, filed_at) values (:place, :jws, now())")


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


def test_a_record_of_which_something_is_beyond_a_limit_of_the_database_is_set_aside(hub: Hub, city: World) -> None:
    poison, other = suspicions(2)
    city.publish(poison, other)
    hub.start("casebook", POISONED, "limit", poison.subject.token)
    hub.until(deadletters.count, 30)
    hub.until(lambda db: is_known(db, other))
    with hub.engine.connect() as db:
        assert db.scalar(select(DeadLetter.value)) == poison.model_dump_json().encode()


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


def test_whatever_a_record_has_for_headers_it_is_kept_as_it_came(hub: Hub) -> None:
    record = deadletters.Record("answers", 1, 7, None, b"\0", [("a\0b", None), ("\N{SNOWMAN}", b"\xff"), ("", b"")])
    with hub.engine.begin() as db:
        deadletters.put(db, record, ValueError("why"), now())
        ((_, kept),) = deadletters.waiting(db)
    assert kept == record


def _is_sent(hub: Hub, lead: Lead, _: Connection) -> bool:
    return are_sent(hub, [lead], 4)


@pytest.mark.parametrize("known_before", [True, False])
def test_what_was_set_aside_of_a_lead_takes_no_later_snapshot_of_it_back(
    hub: Hub, city: World, known_before: bool
) -> None:
    (later, other), fault = suspicions(2), evidence("carrier-one", "suspicious-number")
    poison = later.model_copy(update={"evidence": [*later.evidence, fault]})
    if known_before:
        city.publish(later)
    casebook = hub.start("casebook", POISONED, "lead", str(fault.event_id))
    if known_before:
        hub.until(lambda db: is_known(db, later))
    city.publish(poison)
    hub.until(deadletters.count)
    city.publish(later)
    hub.until(lambda db: not deadletters.count(db))
    casebook.terminate()
    assert casebook.wait(20) == 0
    city.publish(other)
    with hub.running("casebook"):
        hub.until(lambda db: is_known(db, other))
    with hub.engine.connect() as db:
        kept = db.scalar(select(LeadRow.snapshot).where(LeadRow.lead_id == later.lead_id))
        assert kept == later.model_dump_json()
        assert acts(db, "outdated") == [f"dead letter {db.scalar(select(DeadLetter.number))}"]


def test_a_word_at_which_every_turn_fails_is_refused_and_the_others_are_judged(hub: Hub) -> None:
    with hub.engine.begin() as db:
        db.execute(FILE, [{"place": f"alias/0/{number}", "jws": f"d.e.{number}"} for number in range(3)])
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


def test_of_two_words_that_fail_together_alone_the_later_is_refused(hub: Hub) -> None:
    with hub.engine.begin() as db:
        db.execute(FILE, [{"place": f"alias/0/{number}", "jws": f"d.e.{number}"} for number in range(3)])

    def take() -> None:
        waiting = select(ReinjectionRow.number).where(ReinjectionRow.judged_at.is_(None))
        assert not {1, 3} <= set(db.scalars(waiting))

    with hub.engine.connect() as db:
        (failed,) = [word for word, _ in deadletters.failing(db, take)]
    assert failed.place == "reinjection/3"


def test_hundreds_of_words_that_are_not_to_blame_are_tried_together(hub: Hub) -> None:
    with hub.engine.begin() as db:
        db.execute(FILE, [{"place": f"alias/0/{number}", "jws": f"d.e.{number}"} for number in range(300)])
    tries: list[int] = []

    def take() -> None:
        waiting = set(db.scalars(select(ReinjectionRow.number).where(ReinjectionRow.judged_at.is_(None))))
        tries.append(len(waiting))
        assert 200 not in waiting

    with hub.engine.connect() as db:
        assert [word.number for word, _ in deadletters.failing(db, take)] == [200]
    assert len(tries) < 25


def test_a_casebook_that_fails_without_any_record_or_word_ends_and_refuses_none(hub: Hub, city: World) -> None:
    leads = suspicions(3)
    city.publish(*leads)
    with hub.engine.begin() as db:
        db.execute(FILE, {"place": "alias/0/0", "jws": "d.e.f"})
    assert hub.start("casebook", POISONED, "turn", "").wait(60) == 1
    with hub.engine.connect() as db:
        assert not deadletters.count(db)
        assert not acts(db, "word refused")
        assert db.scalars(select(ReinjectionRow.judged_at)).all() == [None]
    with hub.running():
        hub.until(lambda _: are_sent(hub, leads, 4))
