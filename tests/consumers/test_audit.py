"""The chain as the casebook writes it on PostgreSQL: one entry a turn, which nobody changes but by erasing a text."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock
from alliance.joining.desk import Desk
from alliance.membership import MemberSpec
from consumers.auditor import listing, reading
from consumers.casebook import audit, database, migrations
from consumers.casebook.tables import Audit
from schemas.joining import Broker
from schemas.registry import Alliance, Sector
from schemas.topics import MEMBERS, REGISTRAR_ACTS
from tests.consumers.archive import SUSPICION, retain
from tests.consumers.facts import account, lead
from tests.consumers.office import Office
from tests.consumers.world import Hub, World

pytestmark = pytest.mark.services
_CHANGES = {
    "number": "number = number + 100",
    "at": "at = at + interval '1 second'",
    "digests": "digests = hash || substr(digests, 33)",
    "previous": "previous = hash",
    "hash": "hash = previous",
    "an act": "acts = jsonb_set(acts, '{0,0}', '\"another\"')",
    "an act more": "acts = acts || '[null]'",
    "an act less": "acts = acts - 0",
}


def entries(office: Office) -> int:
    with office.engine.connect() as db:
        return db.scalar(select(func.count()).select_from(Audit)) or 0


def test_a_turn_is_one_entry_however_much_it_did_and_a_turn_of_nothing_none(office: Office) -> None:
    office.suspect(lead(account()), lead(account()))
    assert entries(office) == 1
    office.take()
    assert entries(office) == 1
    assert office.is_audited()


@pytest.mark.parametrize("what", _CHANGES)
def test_the_database_refuses_to_change_an_entry(office: Office, what: str) -> None:
    office.suspect(lead(account()))
    with pytest.raises(DBAPIError, match=r"append-only|check constraint"), office.engine.begin() as db:
        db.execute(text(f"update audit set {_CHANGES[what]}"))


@pytest.mark.parametrize("how", ["delete from audit", "truncate audit"])
def test_the_database_refuses_to_delete_an_entry(office: Office, how: str) -> None:
    office.suspect(lead(account()))
    with pytest.raises(DBAPIError, match="append-only"), office.engine.begin() as db:
        db.execute(text(how))


def test_no_act_is_erased_that_is_about_something_that_is_there(office: Office) -> None:
    office.suspect(lead(account()))
    retain(office)
    office.now += SUSPICION - timedelta(hours=1)
    retain(office)
    with pytest.raises(DBAPIError, match="append-only"), office.engine.begin() as db:
        db.execute(text("update audit set acts = jsonb_set(acts, '{1}', 'null') where number = 1"))
    assert office.is_audited()


def test_who_owns_the_database_and_changes_it_all_the_same_breaks_the_chain(office: Office) -> None:
    office.suspect(lead(account()))
    office.suspect(lead(account()))
    with office.engine.begin() as db:
        db.execute(text("alter table audit disable trigger all"))
        db.execute(text("update audit set acts = jsonb_set(acts, '{0,0}', '\"another\"') where number = 1"))
    assert not office.is_audited()


def recorded(db: Connection, member: str) -> int:
    acts = [act for acts in db.scalars(select(Audit.acts)) for act in acts]
    return sum(act[:2] == ["registry record", member] for act in acts)


def test_a_change_of_the_registry_is_on_record_once_however_often_it_is_read(hub: Hub, city: World) -> None:
    for _ in range(2):
        with hub.running("casebook"):
            city.register("bank-two")
            hub.until(lambda db: recorded(db, "bank-two") >= registered(city, "bank-two"))
    with hub.engine.connect() as db:
        assert recorded(db, "bank-two") == registered(city, "bank-two")
        assert audit.is_unbroken(db)


def registered(city: World, member: str) -> int:
    """How many records of it the topic has, whoever wrote them."""
    return sum(record.key == member.encode() for record in kafka.whole(city.services.admin, MEMBERS.name))


def shown(hub: Hub, unit: str) -> list[tuple[str | None, str]]:
    """As `afa audit list --about` has it, but for when each was said."""
    with reading.read_only(hub.database_url) as db:
        acts = [act for view in listing.newest(db, 10_000, unit) for act in view.acts]
    return [(act.act, (act.subject or "").partition("/said ")[0]) for act in acts]


def test_what_the_registrar_does_beside_the_registry_is_on_record_once_and_in_words(hub: Hub, city: World) -> None:
    services, unit = city.services, "bank-on-record"
    login = login_of("registrar", services.admin, services.data.secret)
    desk = Desk(services.data, login, AllianceClock(0.0, 0.0, 1.0))
    broker = Broker(bootstrap=services.bootstrap, security_protocol="SASL_PLAINTEXT")
    spec = MemberSpec(unit, unit, Sector.BANK, Alliance.POLICE_BANK, (f"cnaps:{unit}",), rate=5)
    until = f"until {desk.invite(spec, broker, timedelta(hours=1)).expires:%Y-%m-%d %H:%M} UTC"
    desk.withdraw(unit)
    city.put(REGISTRAR_ACTS.name, b"{}", unit)
    expected = [
        ("unit invited", f"{unit}/bank/police-bank/cnaps:{unit}/5 alerts a second/{until}"),
        ("invite withdrawn", unit),
        ("registrar's act not believed", unit),
    ]
    with hub.running("casebook"):
        hub.until(lambda _: len(shown(hub, unit)) >= len(expected))
    with hub.running("casebook"):
        # Read again from where it had come, and further.
        city.register("bank-two")
        hub.until(lambda db: recorded(db, "bank-two") >= registered(city, "bank-two"))
    assert shown(hub, unit) == expected
    with hub.engine.connect() as db:
        assert audit.is_unbroken(db)


def test_what_was_on_record_before_is_chained_anew_and_keeps_its_text(database_url: str) -> None:
    engine = database.connect(database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(migrations.__path__)))))
    config.set_main_option("path_separator", "os")
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, "0009")
        for number in (1, 2, 3):
            values = f"({number}, '2026-11-01 10:00:00.{number}2345+08', 'drafted stop', '受害者 {number}', :d, :d, :d)"
            db.execute(text(f"insert into audit values {values}"), {"d": bytes([number] * 32)})
        command.upgrade(config, "head")
    with engine.connect() as db:
        rows = db.execute(select(Audit.number, Audit.acts).order_by(Audit.number)).all()
        assert audit.is_unbroken(db)
    assert [(row.number, row.acts[0][:3]) for row in rows] == [
        (number, ["drafted stop", f"受害者 {number}", bytes([number] * 32).hex()]) for number in (1, 2, 3)
    ]
    engine.dispose()
