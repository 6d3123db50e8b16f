"""What is past its time is erased, whole and alone: an open case stays as it is, the chain verifies, and the database
refuses to lose anything sooner.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from alliance.errors import Refused
from consumers.casebook import audit
from consumers.casebook.authority import caseacts
from consumers.casebook.ids import case_id
from consumers.casebook.retention.periods import KEPT
from consumers.casebook.retention.runs import Retention
from consumers.casebook.tables import Audit, RetentionRun
from consumers.casebook.views import caseviews
from schemas.alerts import ReportedTransfer
from schemas.answers import AnswerStatus
from schemas.cases import CaseView
from schemas.decisions import CloseCase, DisputeStatus, Finding
from schemas.identifiers import Identifier
from schemas.leads import Evidence, Lead
from schemas.objections import Appeal, AppealGrounds, Dispute, DisputeGrounds
from schemas.requests import HoldView, Request, Scope
from schemas.risk import Level
from tests.consumers.archive import CASE, SUSPICION, guarded, retain, rows, step
from tests.consumers.facts import account, evidence, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import stopped
from tests.consumers.test_renaming import cut_over, newly
from tests.consumers.test_returning import announced, decide, frozen, object_to, returned
from tests.consumers.world import Hub

pytestmark = pytest.mark.services
LATER = SUSPICION + timedelta(days=8)
"""A suspicion's requests are void a week after it at the latest."""


def suspicion(office: Office) -> Lead:
    """On which nobody acts, though its banks do."""
    found = lead(account())
    office.suspect(found)
    for letter in office.deliver():
        office.answer(letter, AnswerStatus.EXECUTED)
    return found


def shown(office: Office, of: UUID) -> CaseView | None:
    with office.engine.connect() as db:
        return caseviews.case(db, of)


def close(office: Office, of: UUID) -> None:
    with office.engine.begin() as db:
        act = CloseCase(case_id=of, reason="nothing is left to do", at=office.now)
        number = caseacts.file_case_act(db, act, office.keys["p100"], "police-one/p100/k1", office.now)
    office.take()
    with office.engine.connect() as db:
        judged = caseacts.judgement(db, number)
    assert judged is not None
    if judged.refusal:
        raise Refused(judged.refusal)


def cases(office: Office, where: str) -> set[UUID]:
    where = f"status = '{where}'" if where == "open" else where
    with office.engine.connect() as db:
        return set(db.scalars(text(f'select case_id from "case" where {where}')))


def found(office: Office, query: str) -> bool:
    with office.engine.connect() as db:
        return db.execute(text(query), {"long_ago": office.now - LATER} if ":" in query else {}).first() is not None


def subjects(office: Office) -> set[str]:
    """What the acts are about that are on record with their text."""
    with office.engine.connect() as db:
        return {act[1] for acts in db.scalars(select(Audit.acts)) for act in acts if act}


def refused(office: Office, statement: str, why: str = "not past its time", **values: Any) -> None:
    with pytest.raises(DBAPIError, match=why), office.engine.begin() as db:
        db.execute(text(statement), values)


def busy(office: Office) -> tuple[Identifier, HoldView]:
    """A case in which everything was done that can be: something of it is in every table."""
    mule = account()
    hold, (report,) = frozen(office, mule, 5_000_000, minor=5_000_000)
    office.report_all(ReportedTransfer(payer=account(), payee=mule))
    office.alias(mule, account())
    office.take(renamed=[(newly(mule).tokens[0], mule.tokens[0])])
    office.said_by("bank-one", Appeal(hold_id=hold.hold_id, grounds=AppealGrounds.MISTAKEN, statement="it is mine"))
    office.rule("appeal", office.appeals()[0].appeal_id, Finding.REJECTED)
    about = lead(mule).lead_id
    office.said_by("bank-two", Dispute(lead_id=about, grounds=DisputeGrounds.MISTAKEN, statement="it is a shop"))
    office.pass_time(days=2)
    office.rule("dispute", office.disputes()[0].dispute_id, Finding.REJECTED)
    to = announced(office, hold)
    object_to(office, to, report)
    decide(office, upheld=False)
    case = shown(office, hold.case_id)
    assert case is not None
    office.withdraw(case.leads[0].evidence[0])
    with office.engine.begin() as db:
        for statement in (
            "insert into hold_decision (hold_id, jws, filed_at, judged_at) "
            "select hold_id, 'd.e.f', :now, :now from hold",
            "insert into filed_answer (event_id, request_id, jws, filed_at, judged_at) "
            "select request_id, request_id, 'd.e.f', :now, :now from request limit 1",
            "insert into inquiry (case_id, jws, filed_at, judged_at, refusal) "
            "select case_id, 'd.e.f', :now, :now, 'no' from hold",
            "insert into reinjection (place, jws, filed_at, judged_at) values ('alias/0/1', 'd.e.f', :now, :now)",
            "insert into dead_letter (topic, partition, place, headers, fault, taken_at) "
            "values ('leads', 0, 1, '[]', 'ValueError', :now)",
            "insert into path_end (case_id, request_id, hop, outflow) select case_id, request_id, 1, '{}' from hold",
        ):
            db.execute(text(statement), {"now": office.now})
    office.pass_time(days=31)
    office.deliver()
    return mule, hold


def test_every_table_that_there_is_has_its_retention(office: Office) -> None:
    with office.engine.connect() as db:
        there = set(db.scalars(text("select tablename from pg_tables where schemaname = 'public'")))
    assert there == set(KEPT)
    held = {name for name, kept in KEPT.items() if kept.period} - {"audit", "claim"}
    assert held == set(guarded())


def test_a_suspicion_on_which_nobody_acted_is_erased_with_its_acts_when_its_time_is_over(office: Office) -> None:
    found = suspicion(office)
    of, before = case_id(found.lead_id), subjects(office)
    office.now += SUSPICION - timedelta(hours=1)
    assert not retain(office)
    office.pass_time(days=9)
    gone = retain(office)
    assert (gone["case"], gone["lead"], gone["evidence_seen"]) == (1, 1, 2)
    assert gone["request"] == gone["answer"] > 0
    assert shown(office, of) is None
    assert not [subject for subject in subjects(office) & before if subject.count("-") >= 4]
    assert gone["audit"] >= gone["request"] + gone["answer"]
    assert office.is_audited()
    assert not retain(office)


def test_what_is_reported_or_held_stays_until_an_officer_has_ended_it_and_its_own_time_is_over(office: Office) -> None:
    mule = account()
    found, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000))
    office.alias(mule, account())
    office.pass_time(days=10)
    for letter in office.deliver():
        office.answer(letter, AnswerStatus.NOT_FOUND)
    office.pass_time(days=5_000)
    before, held = shown(office, stop.case_id), {name: rows(office, name) for name in guarded()}
    assert not retain(office)
    assert shown(office, stop.case_id) == before
    close(office, stop.case_id)
    closed = shown(office, stop.case_id)
    office.now += CASE - timedelta(hours=1)
    assert not retain(office)
    assert shown(office, stop.case_id) == closed
    office.now += timedelta(hours=2)
    gone = retain(office)
    assert not rows(office, "report") + rows(office, "alias") + rows(office, "hold") + rows(office, "case")
    assert gone["request"] == held["request"] > 0
    assert office.is_audited()
    assert found.lead_id not in subjects(office)


def test_a_question_to_the_vault_makes_a_case_once_it_is_accepted_and_waits_for_its_answer_no_longer_than_that(
    office: Office,
) -> None:
    of = case_id(suspicion(office).lead_id)
    ask_vault(office, of, refusal="no officer of its unit")
    office.pass_time(days=2 * LATER.days)
    assert retain(office)["case"] == 1
    of = case_id(suspicion(office).lead_id)
    ask_vault(office, of)
    office.pass_time(days=2 * LATER.days)
    assert not retain(office)["case"]
    close(office, of)
    office.pass_time(days=CASE.days + 1)
    gone = retain(office)
    assert (gone["case"], gone["inquiry"]) == (1, 1)


def ask_vault(office: Office, of: UUID, refusal: str | None = None) -> None:
    """A question that is judged and was never answered."""
    ask = "insert into inquiry (case_id, jws, filed_at, judged_at, refusal) values (:of, 'd.e.f', :now, :now, :refusal)"
    with office.engine.begin() as db:
        db.execute(text(ask), {"of": of, "now": office.now, "refusal": refusal})


def test_of_a_case_whose_time_is_over_nothing_is_left_in_any_table(office: Office) -> None:
    _, hold = busy(office)
    assert returned(office)
    of = hold.case_id
    office.pass_time(days=100)
    for letter in office.deliver():
        office.answer(letter, AnswerStatus.NOT_FOUND)
    close(office, of)
    filled = {name for name in guarded() if rows(office, name)}
    assert filled == set(guarded())
    office.pass_time(days=CASE.days + 1)
    gone = retain(office)
    assert {name for name in guarded() if rows(office, name)} == set()
    assert set(gone) >= set(guarded()) | {"audit"}
    assert office.is_audited()
    assert not retain(office)


def test_no_row_can_be_deleted_by_hand_that_is_not_past(office: Office) -> None:
    busy(office)
    suspicion(office)
    office.now += SUSPICION * 2
    retain(office)
    filled = {name for name in guarded() if rows(office, name)}
    # What is of no case is gone by then.
    assert set(guarded()) - filled == {"case_act", "reinjection", "dead_letter"}
    for name in filled:
        refused(office, f'delete from "{name}"')
        refused(office, f'truncate "{name}" cascade', "append-only")
    refused(office, "update audit set acts = jsonb_set(acts, '{0}', 'null')", "append-only")
    refused(office, "update retention_period set seconds = 1", "check constraint")


def test_a_clock_that_runs_ahead_lets_nobody_erase_sooner(office: Office) -> None:
    """What is past the database judges by the newest entry of the audit, whatever it is told."""
    suspicion(office)
    retain(office)
    office.now += LATER
    before = rows(office, "lead")
    refused(office, "delete from lead where taken_at < now() + interval '100 years'")
    assert rows(office, "lead") == before


def test_a_run_that_was_interrupted_goes_on_with_what_is_left(office: Office) -> None:
    office.suspect(*(lead(account()) for _ in range(25)))
    office.deliver()
    office.pass_time(days=LATER.days)
    assert not retain(office)["case"]
    for _ in range(4):
        # Deadlines that were missed are told a few times, and only then is nothing left to do.
        office.pass_time(hours=1)
    first = retain(office, steps=2)
    assert 0 < first["case"] < 25
    again = Retention(office.profile)
    while step(office, again):
        pass
    assert not rows(office, "case")
    assert rows(office, "retention_run", "ended_at is null") == 0
    assert rows(office, "retention_run") == 2
    assert office.is_audited()


@pytest.fixture
def stubborn(office: Office) -> Iterator[str]:
    """A lead that the database does not let go, whatever is past."""
    found = lead(account(), Level.NONE)
    office.suspect(found)
    with office.engine.begin() as db:
        db.execute(
            text("""create function refuse() returns trigger language plpgsql as $$ begin
            raise exception 'it stays' using errcode = 'check_violation'; end $$""")
        )
        db.execute(
            text(f"""create trigger stubborn before delete on lead for each row
            when (old.lead_id = '{found.lead_id}') execute function refuse()""")
        )
    yield found.lead_id
    with office.engine.begin() as db:
        db.execute(text("drop function refuse cascade"))


def test_a_row_that_is_refused_keeps_nothing_else_from_its_end(office: Office, stubborn: str) -> None:
    office.suspect(*(lead(account(), Level.NONE) for _ in range(3)))
    office.alias(account(), account())
    office.pass_time(days=LATER.days)
    gone = retain(office, steps=50)
    assert (gone["lead"], gone["alias"]) == (3, 2)
    assert rows(office, "lead", "lead_id = :stays", stays=stubborn) == rows(office, "lead") == 1
    assert rows(office, "retention_run", "ended_at is not null") == 1
    assert office.is_audited()


def test_each_run_is_on_record_with_how_many_rows_of_what_it_erased_and_nobodys_data(office: Office) -> None:
    found = suspicion(office)
    office.pass_time(days=LATER.days)
    gone = retain(office)
    said = [act for act in subjects(office) if act.startswith("run ")]
    [ended] = [act for act in said if "ended" in act]
    assert ended == "run 1 ended: " + ", ".join(f"{name} {gone[name]}" for name in sorted(gone) if gone[name])
    assert "run 1 begun" in said
    assert found.subject.token not in " ".join(said)


def test_without_being_asked_it_runs_once_a_day(office: Office) -> None:
    retention = Retention(office.profile)
    while step(office, retention):
        pass
    for hours, runs in ((23, 1), (2, 2), (1, 2), (48, 3)):
        office.now += timedelta(hours=hours)
        while step(office, retention):
            pass
        assert rows(office, "retention_run", "ended_at is not null") == rows(office, "retention_run") == runs


def test_a_dispute_of_no_case_is_kept_as_long_as_it_protects(office: Office) -> None:
    for upheld in (Finding.UPHELD, Finding.REJECTED):
        said = Dispute(target=account(), grounds=DisputeGrounds.MISTAKEN, statement="it is a shop")
        assert not office.said_by("bank-one", said)
        [waits] = [one for one in office.disputes() if one.status is DisputeStatus.OPEN]
        office.rule("dispute", waits.dispute_id, upheld)
    office.pass_time(days=LATER.days)
    assert retain(office)["dispute"] == 1
    assert [one.status for one in office.disputes()] == [DisputeStatus.UPHELD]
    office.pass_time(days=CASE.days)
    retain(office)
    assert not rows(office, "dispute") + rows(office, "label") + rows(office, "filed_ruling")


def test_an_alias_that_leads_to_an_account_of_a_case_stays_over_several_steps(office: Office) -> None:
    mule, card, wallet, other = account(), account(), account(), account()
    stopped(office, mule)
    office.alias(card, mule)
    office.alias(card, wallet)
    office.alias(other, account())
    office.pass_time(days=LATER.days)
    retain(office)
    assert rows(office, "alias", "token = :token", token=wallet.tokens[0]) == 1
    assert not rows(office, "alias", "token = :token", token=other.tokens[0])


def test_what_a_case_uses_by_the_newer_name_stays_and_then_goes_with_it(office: Office) -> None:
    mule, card = account(), account()
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.NOT_FOUND)
    new = cut_over(office, mule)
    office.alias(new, card)
    office.report(new)
    suspect = account()
    office.suspect(lead(suspect))
    newer = cut_over(office, suspect, lead(newly(suspect)))
    office.report(newer)
    for days in (10, 5_000):
        for letter in office.deliver():
            office.answer(letter, AnswerStatus.NOT_FOUND)
        office.pass_time(days=days)
    retain(office)
    assert rows(office, "report") == 3
    assert rows(office, "alias") == rows(office, "lead") == rows(office, "renamed") == 2
    refused(office, "delete from renamed")
    assert new.tokens[0] in subjects(office)

    for of in (stop.case_id, case_id(lead(suspect).lead_id)):
        close(office, of)
    office.now += CASE + timedelta(days=1)
    retention, forgot = Retention(office.profile), False
    while step(office, retention):
        forgot |= retention.forgot_names
    assert forgot
    assert not rows(office, "renamed")
    assert not rows(office, "report") + rows(office, "alias") + rows(office, "lead")
    assert not {new.tokens[0], newer.tokens[0]} & subjects(office)
    assert office.is_audited()


STEPS = st.lists(
    st.tuples(st.sampled_from(["suspect", "report", "answer", "alias", "withdraw", "close", "pass", "away"]),
              st.integers(0, 1)),
    max_size=12,
)  # fmt: skip
ACTED_ON = """status = 'open' and (exists (select from hold where hold.case_id = "case".case_id)
    or exists (select from request r where r.case_id = "case".case_id and proof is not null)
    or exists (select from case_act a where a.case_id = "case".case_id)
    or exists (select from lead l join report_target using (token) where l.case_id = "case".case_id))"""
LEFT = {
    "a lead without a case": "select 1 from lead where case_id is null and taken_at <= :long_ago",
    "a suspicion on which nobody acted": """select 1 from "case" join lead using (case_id)
        where status = 'open' and lead.taken_at <= :long_ago and opened_at <= :long_ago
        and not exists (select from hold where hold.case_id = "case".case_id)
        and not exists (select from request where request.case_id = "case".case_id
          and (proof is not null or drafted_at > :long_ago or coalesce(answered_at, sent_at, drafted_at) > :long_ago))
        and not exists (select from report_target where token = lead.token)
        and not exists (select from escalation e where e.case_id = "case".case_id and next_at is not null)
        and not exists (select from case_act where case_act.case_id = "case".case_id)""",
    "a report of no case": """select 1 from report where taken_at <= :long_ago
        and not exists (select from evidence_seen e where e.event_id = report.event_id)
        and not exists (select from claim c where c.event_id = report.event_id)
        and not exists (select from request where covered_by = report.event_id)
        and not exists (select from report_target t join lead using (token) where t.event_id = report.event_id)
        and not exists (select from report_target t join request on token = target
          where t.event_id = report.event_id)""",
    "a withdrawal of nothing": """select 1 from withdrawn where at <= :long_ago
        and event_id not in (select event_id from evidence_seen union select event_id from report
          union select event_id from alias)""",
    "an answer to nothing": "select 1 from answer where request_id not in (select request_id from request)",
    "a share of no report": "select 1 from claim where event_id not in (select event_id from report)",
    "an order that covers nothing": """select 1 from request where covered_by is not null
        and covered_by not in (select event_id from report)""",
    "evidence without a case": 'select 1 from evidence_seen where case_id not in (select case_id from "case")',
}
"""What must not be left after a run."""


class Town:
    """Two suspects of this example alone, on a database that all examples share; one is under a mandate."""

    def __init__(self, office: Office) -> None:
        self.office, self.suspects, self.sent = office, [account(), account()], list[Request]()
        self.seen: dict[int, list[Evidence]] = {0: [], 1: []}
        office.mandate(valid_to=office.now + timedelta(days=300))
        office.deliver()

    def do(self, what: str, who: int) -> None:
        office, mule = self.office, self.suspects[who]
        if what == "suspect" or not self.seen[who]:
            self.seen[who] += [evidence("bank-two"), evidence("carrier-one", "suspicious-number")]
        found = lead(mule, evidence=self.seen[who])
        if what == "suspect":
            office.suspect(found)
        elif what == "report":
            office.report(mule)
        elif what == "answer" and self.sent:
            office.answer(self.sent.pop(), AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000))
        elif what == "alias":
            office.alias(mule, account())
        elif what == "withdraw":
            office.withdraw(*found.evidence)
        elif what == "close" and shown(office, of := case_id(found.lead_id)) is not None:
            with contextlib.suppress(Refused):
                close(office, of)
        elif what in {"pass", "away"}:
            office.pass_time(days=5 if what == "pass" else 200 + who * CASE.days)
        self.sent += office.deliver()


@settings(max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_was_before_a_run_erases_what_is_past_and_changes_nothing_else(
    office: Office, steps: list[tuple[str, int]]
) -> None:
    town = Town(office)
    for what, who in steps:
        town.do(what, who)
    open_before = {of: shown(office, of) for of in cases(office, "open")}
    acted = cases(office, ACTED_ON)
    retain(office)
    for of, before in open_before.items():
        assert shown(office, of) == before or (of not in acted and shown(office, of) is None)
    assert not [what for what, query in LEFT.items() if found(office, query)]
    assert not retain(office)
    assert office.is_audited()


def test_a_casebook_at_work_runs_it_by_itself(hub: Hub) -> None:
    with hub.running("casebook"):
        hub.until(lambda db: db.scalar(select(RetentionRun.ended_at)), timeout_s=60.0)
    with hub.engine.connect() as db:
        assert audit.is_unbroken(db)
