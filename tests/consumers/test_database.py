"""What the database refuses by itself, whatever the code does; and that it goes on from the former version's rows."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from alliance import profiles
from consumers.casebook import database, migrations
from consumers.casebook.lifecycle import (
    APPEAL,
    APPEAL_BEGINNINGS,
    CASE,
    CASE_BEGINNINGS,
    DISPUTE,
    DISPUTE_BEGINNINGS,
    HOLD,
    HOLD_BEGINNINGS,
    PROLONGS,
    REQUEST,
    REQUEST_BEGINNINGS,
)
from schemas.answers import AnswerStatus
from schemas.objections import Appeal, AppealGrounds, Dispute, DisputeGrounds
from schemas.requests import HoldStatus, Request, RequestStatus, Scope
from tests.consumers.facts import NOW, account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import stopped

pytestmark = pytest.mark.services
REQUESTS = sorted({(before, after) for before in RequestStatus for after in RequestStatus if before is not after})
HOLDS = sorted({(before, after) for before in HoldStatus for after in HoldStatus if before is not after})


@pytest.fixture
def held(office: Office) -> Request:
    """A stop that was executed: 30,000 yuan are held."""
    _, stop = stopped(office, account())
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(3_000_000))
    return stop


def change(office: Office, table: str, assignment: str, **values: Any) -> None:
    with office.engine.begin() as db:
        assert db.execute(text(f'update "{table}" set {assignment}'), values).rowcount


@contextmanager
def refused(why: str) -> Iterator[None]:
    with pytest.raises(IntegrityError, match=why):
        yield


@contextmanager
def unguarded(office: Office, table: str) -> Iterator[None]:
    """Bring a row into a state by force, as a test's beginning."""
    with office.engine.begin() as db:
        db.execute(text(f'alter table "{table}" disable trigger user'))
    yield
    with office.engine.begin() as db:
        db.execute(text(f'alter table "{table}" enable trigger user'))


@pytest.mark.parametrize(
    ("name", "table", "beginnings"),
    [
        ("request", REQUEST, REQUEST_BEGINNINGS),
        ("hold", HOLD, HOLD_BEGINNINGS),
        ("case", CASE, CASE_BEGINNINGS),
        ("appeal", APPEAL, APPEAL_BEGINNINGS),
        ("dispute", DISPUTE, DISPUTE_BEGINNINGS),
    ],
)
def test_the_database_has_the_tables_that_the_code_has(
    office: Office, name: str, table: Mapping[StrEnum, Mapping[StrEnum, StrEnum]], beginnings: frozenset[StrEnum]
) -> None:
    with office.engine.connect() as db:
        rows = {tuple(row) for row in db.execute(text(f"select before, event, after from {name}_move"))}
    moves = {(before, event, after) for before, moves in table.items() for event, after in moves.items()}
    assert rows == moves | {(None, None, status) for status in beginnings}


def test_the_database_knows_what_prolongs_a_hold(office: Office) -> None:
    with office.engine.connect() as db:
        assert set(db.scalars(text("select event from hold_move where prolongs"))) == set(PROLONGS)
        assert not set(db.scalars(text("select event from hold_move where not prolongs"))) & set(PROLONGS)


def test_a_request_goes_only_where_the_table_lets_it(office: Office, held: Request) -> None:
    for before, after in REQUESTS:
        with unguarded(office, "request"):
            change(office, "request", "status = :now where request_id = :id", now=before, id=held.request_id)
        if after in REQUEST[before].values():
            change(office, "request", "status = :now where request_id = :id", now=after, id=held.request_id)
        else:
            with refused(f"a request does not go from {before} to {after}"):
                change(office, "request", "status = :now where request_id = :id", now=after, id=held.request_id)


def test_a_hold_goes_only_where_the_table_lets_it(office: Office, held: Request) -> None:
    for before, after in HOLDS:
        with unguarded(office, "hold"):
            place = 2 if before is HoldStatus.QUEUED else None
            if (before, after) == (HoldStatus.RELEASE_PROPOSED, HoldStatus.QUEUED):
                place = 2
            former = "status = :now, queue_position = :place, proposed_from = :after"
            change(office, "hold", former, now=before, place=place, after=after)
        if after in HOLD[before].values():
            place = 2 if after is HoldStatus.QUEUED else None
            change(office, "hold", "status = :now, queue_position = :place", now=after, place=place)
        else:
            with refused(f"a hold does not go from {before} to {after}"):
                change(office, "hold", "status = :now", now=after)


def test_a_case_goes_only_where_the_table_lets_it(office: Office, held: Request) -> None:
    change(office, "hold", "status = 'released'")
    office.suspect(lead(account()))
    mine = "status = case when case_id = :case then :now else status end, merged_into = (select other.case_id"
    mine += ' from "case" as other where other.case_id <> :case and "case".case_id = :case and :now = \'merged\')'
    for before in CASE:
        for after in CASE:
            with unguarded(office, "case"):
                change(office, "case", mine, case=held.case_id, now=before.value)
            if after is before or after in CASE[before].values():
                change(office, "case", mine, case=held.case_id, now=after.value)
            else:
                with refused(f"a case does not go from {before} to {after}"):
                    change(office, "case", mine, case=held.case_id, now=after.value)


def filed(office: Office, table: str, held: Request) -> None:
    """An appeal or a dispute about what is held."""
    appeal = Appeal(hold_id=held.hold_id, grounds=AppealGrounds.OWN_FUNDS, statement="It is a wage.")
    dispute = Dispute(target=held.target, grounds=DisputeGrounds.MISTAKEN, statement="It is another.")
    assert not office.said_by("bank-one", appeal if table == "appeal" else dispute)


_ENDING = "decided_at = now(), reason = 'x', jws = 'a.b.c'"


@pytest.mark.parametrize(("table", "moves", "who"), [("appeal", APPEAL, "reviewer"), ("dispute", DISPUTE, "officer")])
def test_an_objection_goes_only_where_the_table_lets_it(
    office: Office, held: Request, table: str, moves: Mapping[StrEnum, Mapping[StrEnum, StrEnum]], who: str
) -> None:
    filed(office, table, held)
    fields = {True: f"{_ENDING}, {who} = 'u/o'", False: f"decided_at = null, jws = null, {who} = null, reason = null"}
    fields_of = {one: fields[one in ("upheld", "rejected")] for one in moves}
    fields_of = {one: said.replace("reason = null", "reason = 'x'") if one == "inadmissible" else said
                 for one, said in fields_of.items()}  # fmt: skip
    for before in moves:
        for after in moves:
            with unguarded(office, table):
                change(office, table, f"status = :now, {fields_of[before]}", now=before)
            if after is before or after in moves[before].values():
                change(office, table, f"status = :now, {fields_of[after]}", now=after)
            else:
                with refused(f"a {table} does not go from {before} to {after}"):
                    change(office, table, f"status = :now, {fields_of[after]}", now=after)


@pytest.mark.parametrize("table", ["appeal", "dispute"])
def test_an_objection_stays_what_was_filed_and_is_decided_by_an_officer_with_reasons(
    office: Office, held: Request, table: str
) -> None:
    filed(office, table, held)
    for what in ("member = 'bank-two'", "grounds = 'x'", "statement = 'x'", "filed_at = filed_at - interval '1 s'"):
        with refused(f"the {table} .* stays what was filed"):
            change(office, table, what)
    for what in ("reason = 'x'", _ENDING, "reason = 'x', decided_at = now()"):
        with refused("decided_by_an_officer|decided_with_reasons"):
            change(office, table, f"status = 'upheld', {what}")


def test_a_case_is_not_closed_over_a_hold(office: Office, held: Request) -> None:
    with refused("is not closed while a hold of it has not ended"):
        change(office, "case", "status = 'closed'")
    change(office, "hold", "status = 'expired'")
    change(office, "case", "status = 'closed'")


@pytest.mark.parametrize(
    "what", ["case_id = :id", "target = 'e1:x'", "action = 'freeze'", "attempt = 2", "asked = 'bank-two/stop'"]
)
def test_a_request_stays_what_it_is(office: Office, held: Request, what: str) -> None:
    with refused("the request .* stays what it is"):
        change(office, "request", f"{what} where action = 'stop'", **({"id": uuid4()} if ":id" in what else {}))


def test_what_was_sent_to_a_member_goes_to_no_other(office: Office, held: Request) -> None:
    with refused("is with its member"):
        change(office, "request", "member = 'bank-two' where action = 'stop'")


@pytest.mark.parametrize(
    "what",
    [
        "case_id = gen_random_uuid()", "request_id = gen_random_uuid()", "hold_id = gen_random_uuid()",
        "member = 'bank-two'", "target = 'e1:x'", "identifier = '{}'", "currency = 'USD'", "unit = 'police-two'",
    ],
)  # fmt: skip
def test_a_hold_stays_what_it_is(office: Office, held: Request, what: str) -> None:
    with refused("the hold .* stays what it is"):
        change(office, "hold", what)


def test_a_hold_never_grows_and_what_has_ended_stays(office: Office, held: Request) -> None:
    with refused("never grows: from 3000000 to 3000001"):
        change(office, "hold", "minor = 3000001")
    change(office, "hold", "minor = 2000000, status = 'reduced'")
    with refused("never grows"):
        change(office, "hold", "minor = 2000001, status = 'converted-to-freeze'")
    change(office, "hold", "status = 'expired'")
    with refused("has ended as expired, and its amount stays"):
        change(office, "hold", "minor = 1")


def test_what_waits_grows_and_begins_anew_when_its_turn_comes_alone(office: Office, held: Request) -> None:
    with unguarded(office, "hold"):
        change(office, "hold", "status = 'queued', queue_position = 2, minor = 0")
    for what in ("minor = 1", "since = since - interval '1 h'", "status = 'expired', queue_position = null, minor = 1"):
        with refused("never grows|began when it began"):
            change(office, "hold", what)
    turn = "queue_position = null, minor = 1, since = since + interval '1 h', until = until + interval '1 h'"
    change(office, "hold", f"status = 'active', {turn}")
    with refused("never queues again"):
        change(office, "hold", "status = 'release-proposed', queue_position = 2")


def test_what_waits_has_a_place_and_what_is_in_force_has_none(office: Office, held: Request) -> None:
    with unguarded(office, "hold"):
        for what in ("status = 'queued'", "queue_position = 2", "queue_position = 1, status = 'queued'"):
            with refused("check constraint"):
                change(office, "hold", what)


@pytest.mark.parametrize("after", ["active", "reduced", "release-proposed", "released", "expired"])
def test_the_end_of_a_hold_moves_by_no_other_act(office: Office, held: Request, after: str) -> None:
    with refused(f"does not move from active to {after}"):
        change(office, "hold", f"until = until + interval '1 s', status = '{after}'")


def test_the_end_of_a_hold_moves_by_an_extension_a_freeze_and_its_renewal(office: Office, held: Request) -> None:
    further = "until = until + interval '1 h'"
    change(office, "hold", f"{further}, status = 'extended'")
    change(office, "hold", f"{further}, status = 'converted-to-freeze'")
    with refused("does not move"):
        change(office, "hold", further)
    change(office, "hold", f"{further}, status = 'renewed'")
    change(office, "hold", f"{further}, status = 'renewed'")


def test_a_hold_whose_release_is_declined_goes_on_as_what_it_was_alone(office: Office, held: Request) -> None:
    change(office, "hold", "status = 'release-proposed', proposed_from = 'active'")
    for other in ("extended", "reduced", "renewed"):
        with refused("goes on as active, as it was before its release was proposed"):
            change(office, "hold", "status = :now", now=other)
    with refused("does not move from release-proposed to active"):
        change(office, "hold", "status = 'active', until = until + interval '1 s'")
    change(office, "hold", "status = 'active'")


def test_there_is_no_third_stop_of_an_account_in_a_case(office: Office, held: Request) -> None:
    def draft(attempt: int) -> None:
        columns = "case_id, asked, member, action, target, authority, level, hop, void_after, drafted_at, body"
        with office.engine.begin() as db:
            db.execute(
                text(
                    f"insert into request (request_id, status, attempt, {columns}) select gen_random_uuid(), "
                    f"'awaiting-authorisation', :attempt, {columns} from request where request_id = :id"
                ),
                {"attempt": attempt, "id": held.request_id},
            )

    for attempt in (2, 3):
        draft(attempt)
        change(office, "request", "status = 'cancelled' where attempt = :attempt", attempt=attempt)
    draft(4)
    with refused("stopped as often in this case as the law allows .2."):
        draft(5)
    database.go_by(office.engine, profiles.load("th"))
    change(office, "request", "status = 'cancelled' where attempt = :attempt", attempt=4)
    with refused("as the law allows .1."):
        draft(5)


def test_a_freeze_stands_on_paper(office: Office, held: Request) -> None:
    with refused("freeze_on_paper"):
        change(office, "hold", "status = 'converted-to-freeze', frozen_at = now()")


def test_nothing_begins_in_the_middle(office: Office, held: Request) -> None:
    copied = {
        "hold": "hold_id, request_id, case_id, member, target, identifier, scope, minor, currency, since, until",
        "request": "request_id, case_id, asked, action, target, authority, level, hop, attempt, void_after, "
        "drafted_at, body",
        "case": "case_id, lead_id, role, releases, opened_at",
    }  # fmt: skip
    for table, columns in copied.items():
        with refused(f"a {table} does not begin as"), office.engine.begin() as db:
            middle = {"hold": "extended", "request": "sent", "case": "closed"}[table]
            db.execute(text(f'insert into "{table}" (status, {columns}) select \'{middle}\', {columns} from "{table}"'))


def test_a_case_keeps_its_lead_and_forgets_no_fall(office: Office, held: Request) -> None:
    change(office, "case", "releases = 1")
    for what in ("lead_id = 'L'", "role = 'victim'", "opened_at = now()", "releases = 0"):
        with refused("the case .* stays what it is"):
            change(office, "case", what)


_MANDATE = f"d.{urlsafe_b64encode(orjson.dumps({'valid_from': NOW})).decode().rstrip('=')}.f"
_FORMER = """
insert into "case" values (:case, 'L-1', 'suspect', 'open', 0, :now);
insert into mandate (mandate_id, jws, filed_at) values (:case, 'd.e.f', :now), (:request, :mandate, :now);
insert into request (request_id, case_id, asked, member, action, target, authority, proof, level, status, hop, attempt,
    void_after, drafted_at, body)
  values (:request, :case, 'holder', 'bank-one', 'stop', 'e1:x', 'police-order', 'a.b.c', 'high', 'executed', 0, 1,
    :now, :now, '{"authority": {"unit": "police-one", "order": "a.b.c", "mandate": null}}');
insert into hold
    (hold_id, request_id, case_id, member, target, identifier, status, scope, minor, currency, since, until)
  values (:hold, :request, :case, 'bank-one', 'e1:x', '{}', 'active', 'amount', 5, 'CNY', :now, :now + interval '48 h');
insert into report values ('police-one', :request, '', false, 'R1', :now);
insert into report_target values ('e1:x', 'police-one', :request, '{"amount": {"minor": 3, "currency": "CNY"}}'),
  ('e2:x', 'police-one', :request, '{"amount": {"minor": 3, "currency": "CNY"}}'),
  ('e1:y', 'police-one', :request,
    '{"amount": {"minor": 4, "currency": "CNY"}, "payer": {"tokens": ["e1:v", "e2:v"]}}'),
  ('e1:z', 'police-one', :request, null)
"""


def former(engine: Engine) -> UUID:
    """A database as version 0001 left it, with a hold in force."""
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(migrations.__path__)))))
    config.set_main_option("path_separator", "os")
    ids = {name: uuid4() for name in ("case", "request", "hold")}
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
        for statement in _FORMER.split(";"):
            named = {
                name: value
                for name, value in {**ids, "now": NOW, "mandate": _MANDATE}.items()
                if f":{name}" in statement
            }
            db.execute(text(statement), named)
    return ids["hold"]


def test_a_former_versions_database_goes_on_with_its_rows(database_url: str) -> None:
    engine = database.connect(database_url)
    hold_id = former(engine)
    database.migrate(engine)
    database.migrate(engine)
    with engine.begin() as db:
        row = db.execute(text("select hold_id, status, minor, unit, queue_position, paper from hold")).one()
        assert tuple(row) == (hold_id, "active", 5, "police-one", None, None)
        authority = orjson.loads(db.scalar(text("select body from request")) or "")["authority"]
        assert (authority["orders"], authority["mandate"], "order" in authority) == (["a.b.c"], [], False)
        filed = db.execute(text("select signatures, valid_from from mandate order by valid_from")).all()
        assert [tuple(mandate) for mandate in filed] == [([_MANDATE], NOW), (["d.e.f"], None)]
        named = db.execute(text("select token, payment from report_target order by token")).all()
        assert [tuple(each) for each in named] == [("e1:x", 0), ("e1:y", 1), ("e1:z", 0), ("e2:x", 0)]
        assert db.scalars(text("select token from report_victim order by token")).all() == ["e1:v", "e2:v"]
        assert db.scalar(text("select reported_minor('police-one', event_id, 'CNY') from report")) == 7
        db.execute(text("update hold set status = 'extended', until = until + interval '48 h'"))
    with refused("a hold does not go from extended to active"), engine.begin() as db:
        db.execute(text("update hold set status = 'active'"))
    engine.dispose()
