"""What officers ask of the vault: on record before it is answered, and answered to nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from afa.revealing import newest
from alliance.errors import Refused
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import PathEnd
from consumers.vault import lookup
from producers import cleartarget
from schemas.alerts import ReportedTransfer
from schemas.answers import AnswerStatus, MoneyOut, OutflowType
from schemas.canonical import canonical
from schemas.identifiers import Identifier, IdentifierKind
from schemas.inquiries import Found, NamedAs, Resealed, Revealed, Unanswered
from schemas.leads import Lead
from schemas.registry import Status
from schemas.requests import Action
from tests.consumers.facts import TOKENS, account, evidence, lead, via, yuan
from tests.consumers.office import Office
from tests.consumers.safe import Safe, named
from tests.consumers.test_office import TWO_DAYS, stop_of, stopped

pytestmark = pytest.mark.services

ACCOUNT, PAYER, NUMBER = "6222020502013348871", "6217000000000780", "13912345679"


@pytest.fixture
def safe(office: Office) -> Safe:
    return Safe(office)


def suspect(safe: Safe) -> tuple[Identifier, Lead, Any]:
    """An account with a case, and the case's id."""
    mule = named(IdentifierKind.ACCOUNT, ACCOUNT, "cnaps:1")
    suspicion = safe.suspected(mule, ACCOUNT)
    return mule, suspicion, safe.office.requests(suspicion)[0].case_id


def acts(office: Office) -> list[tuple[str, str]]:
    with office.engine.connect() as db:
        return [(act[0], act[1]) for row in db.scalars(text("select acts from audit order by number")) for act in row]


def test_an_identifier_of_a_case_is_revealed_once_it_is_on_record(safe: Safe) -> None:
    mule, suspicion, case_id = suspect(safe)
    safe.told = False
    said = safe.reveal(case_id, mule.tokens[0])
    assert safe.ask(said) is None
    assert ("reveal", f"{case_id}/{mule.tokens[0]}") in acts(safe.office)
    safe.told = True
    safe.turn()
    answer = safe.outcome(1)
    first = suspicion.evidence[0]
    assert isinstance(answer, Revealed)
    assert (answer.value, answer.identifier) == (ACCOUNT, IdentifierKind.ACCOUNT)
    assert (answer.member, answer.event_id) == (first.member, first.event_id)
    before = safe.answers()
    safe.turn()
    assert safe.answers() == before
    assert safe.office.is_audited()


def test_a_search_finds_what_names_an_identifier_and_the_hub_has_its_token_alone(safe: Safe) -> None:
    mule, suspicion, case_id = suspect(safe)
    safe.office.report(mule)
    answer = safe.ask(safe.search(IdentifierKind.ACCOUNT, f"{ACCOUNT[:4]} {ACCOUNT[4:]}"))
    assert isinstance(answer, Found)
    [case], [found] = answer.cases, answer.leads
    assert (case.case_id, case.status, found.lead_id) == (case_id, "open", suspicion.lead_id)
    assert set(case.named_as) >= {NamedAs.SUBJECT, NamedAs.REQUEST}
    assert found.named_as == [NamedAs.SUBJECT]
    assert ("search", mule.tokens[0]) in acts(safe.office)
    with safe.office.engine.connect() as db:
        rows = str(db.execute(text("select * from inquiry")).all())
    assert mule.tokens[0] in rows and ACCOUNT not in rows


def test_a_search_finds_by_the_tokens_of_every_epoch_that_there_was(safe: Safe) -> None:
    """The vault keeps the keys of epochs that are over, so that there are three after the second rotation."""
    mule, _, case_id = suspect(safe)
    over = TOKENS.rotated()
    safe.keys = replace(safe.keys, epochs={**over.epochs, **over.cut_over().rotated().epochs})
    answer = safe.ask(safe.search(IdentifierKind.ACCOUNT, ACCOUNT))
    assert isinstance(answer, Found)
    assert (len(answer.tokens), answer.tokens[0], answer.cases[0].case_id) == (3, mule.tokens[0], case_id)


def test_a_search_finds_a_victim_by_what_links_the_alerts_and_what_a_report_names(safe: Safe) -> None:
    mule, first = named(IdentifierKind.ACCOUNT, ACCOUNT, "cnaps:1"), evidence("bank-two")
    linked = evidence("carrier-one", "suspicious-number", via=via(first))
    victim = named(IdentifierKind.NUMBER, NUMBER)
    link = linked.via
    assert link is not None
    linked = linked.model_copy(update={"via": link.model_copy(update={"token": victim.tokens[0]})})
    paid = ReportedTransfer(payer=named(IdentifierKind.ACCOUNT, PAYER), payee=mule, amount=yuan(100))
    reported = evidence("police-one", "victim-report", event_id=safe.office.report_all(paid))
    safe.office.suspect(lead(mule, evidence=[first, linked, reported], reported=True))
    answer = safe.ask(safe.search(IdentifierKind.NUMBER, NUMBER))
    assert isinstance(answer, Found)
    assert [one.named_as for one in answer.leads] == [[NamedAs.EVIDENCE]]
    assert answer.cases[0].named_as[0] is NamedAs.EVIDENCE
    for named_too in (ACCOUNT, PAYER):
        reported_too = safe.ask(safe.search(IdentifierKind.ACCOUNT, named_too))
        assert isinstance(reported_too, Found) and NamedAs.REPORT in reported_too.cases[0].named_as
    nothing = safe.ask(safe.search(IdentifierKind.NUMBER, "13800001111"))
    assert isinstance(nothing, Found) and (nothing.cases, nothing.leads) == ([], [])


def test_where_money_was_lost_is_found_by_who_got_it_and_can_be_asked_for(safe: Safe) -> None:
    _, suspicion, case_id = suspect(safe)
    got = named(IdentifierKind.CRYPTO_ADDRESS, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
    left = MoneyOut(type=OutflowType.CRYPTO, amount=yuan(100), time=safe.office.now, payee=got)
    end = {
        "case_id": case_id, "request_id": safe.office.requests(suspicion)[0].request_id, "hop": 1,
        "outflow": left.model_dump_json(),
    }  # fmt: skip
    with safe.office.engine.begin() as db:
        insert_rows(db, PathEnd, [end])
    answer = safe.ask(safe.search(IdentifierKind.CRYPTO_ADDRESS, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"))
    assert isinstance(answer, Found)
    assert [(one.case_id, one.named_as) for one in answer.cases] == [(case_id, [NamedAs.PAYEE])]
    told = safe.ask(safe.reveal(case_id, got.tokens[0]))
    assert isinstance(told, Unanswered) and "has it sealed to police-one" in told.why


def test_what_no_alert_has_sealed_is_said_and_not_shown(safe: Safe) -> None:
    mule, _, case_id = suspect(safe)
    safe.alerts.clear()
    answer = safe.ask(safe.reveal(case_id, mule.tokens[0]))
    assert isinstance(answer, Unanswered) and "on the broker any more" in answer.why


def test_what_can_not_be_read_is_refused_and_on_record_as_that(safe: Safe) -> None:
    told = safe.ask(safe.search(IdentifierKind.ACCOUNT, "no account"))
    assert isinstance(told, str) and "can't read what is sought" in told
    assert ("search refused", "inquiry/1") in acts(safe.office)
    with pytest.raises(Refused, match="There is no case"):
        safe.ask(safe.reveal(uuid4(), account().tokens[0]))


def test_a_search_waits_for_the_vault_before_it_is_judged(safe: Safe) -> None:
    number = safe.file(safe.search(IdentifierKind.ACCOUNT, ACCOUNT))
    safe.office.take()
    assert safe.outcome(number) is None
    assert not [act for act, _ in acts(safe.office) if "search" in act]


def test_the_database_refuses_an_answer_to_what_was_not_accepted_and_any_change(safe: Safe) -> None:
    mule, _, case_id = suspect(safe)
    safe.file(safe.reveal(case_id, mule.tokens[0]))

    def refused(statement: str) -> bool:
        with safe.office.engine.connect() as db, pytest.raises(DBAPIError) as error:
            db.execute(text(statement))
        return "answered_as_accepted" in str(error.value) or "stays as it is" in str(error.value)

    assert refused("update inquiry set answer = 'x'")
    assert refused("update inquiry set jws = 'x'")
    safe.office.take()
    assert refused("update inquiry set judged_at = null")
    assert refused("update inquiry set refusal = 'x'")
    safe.turn()
    assert refused("update inquiry set answer = 'x'")
    assert refused("update inquiry set answer = null")


def test_the_login_that_the_page_gives_the_vault_reads_and_writes_three_columns(safe: Safe) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reveal-and-search.md").read_text(encoding="utf-8")
    [grants] = [line.strip() for line in page.splitlines() if line.strip().startswith("create role vault")]
    mule, _, case_id = suspect(safe)
    number = safe.file(safe.search(IdentifierKind.ACCOUNT, ACCOUNT))
    with safe.office.engine.connect() as db:
        db.execute(text(grants))
        db.execute(text("set local role vault"))
        [asked] = lookup.open_questions(db)
        lookup.note(db, asked.number, tokens=mule.tokens)
        assert db.scalar(text("select tokens from inquiry")) == mule.tokens
        assert lookup.found(db, mule.tokens).cases and lookup.alerts_of(db, case_id, mule.tokens[0])
        assert asked.number == number
        for statement in ("update inquiry set judged_at = now()", "delete from inquiry", "delete from outbox"):
            with pytest.raises(DBAPIError, match="permission denied"), db.begin_nested():
                db.execute(text(statement))
        db.rollback()


def test_the_target_of_a_request_is_told_to_the_member_that_is_asked_and_on_record(safe: Safe) -> None:
    mule, suspicion, case_id = suspect(safe)
    safe.office.deliver()
    safe.join("bank-one")
    [request] = [one for one in safe.office.requests(suspicion) if one.to == "bank-one" and one.action is Action.DELAY]
    answer = safe.ask(safe.reseal(request))
    assert isinstance(answer, Resealed) and answer.to == "bank-one"
    assert safe.letters() == []
    safe.office.take()
    [(to, letter)] = safe.letters()
    assert (to, letter.request_id, letter.token) == ("bank-one", request.request_id, mule.tokens[0])
    assert cleartarget.opened(letter, safe.members["bank-one"]).value == ACCOUNT
    safe.office.take()
    assert len(safe.letters()) == 1
    named_in = f"{case_id}/{mule.tokens[0]}/{request.request_id}/bank-one"
    assert [act for act in acts(safe.office) if "reseal" in act[0]] == [
        ("reseal", named_in), ("reseal sent", f"{case_id}/bank-one"),
    ]  # fmt: skip
    assert safe.office.is_audited()


def test_a_target_is_told_under_the_name_that_its_member_can_prove_after_a_rotation(safe: Safe) -> None:
    """The hub goes on by the first name, and what was sealed for that still proves the newest."""
    mule, office = named(IdentifierKind.ACCOUNT, ACCOUNT, "cnaps:1"), safe.office
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    with office.engine.connect() as db:
        reported = db.execute(text("select event_id from report")).scalar_one()
    safe.seal("police-one", reported, mule, ACCOUNT)
    both = TOKENS.rotated()
    safe.keys = replace(safe.keys, epochs=both.epochs)
    form = canonical(IdentifierKind.ACCOUNT, ACCOUNT)
    new = mule.model_copy(update={"tokens": both.cut_over().tokens(form.namespace, form.value)})
    office.take(
        leads=[lead(new, reported=True).model_dump_json().encode()],
        renamed=[(new.tokens[0], mule.tokens[0])],
    )
    office.pass_time(**TWO_DAYS)
    safe.join("bank-one")
    safe.members["bank-one"] = replace(safe.members["bank-one"], tokens=both.cut_over())
    request = stop_of(office.deliver())
    answer = safe.ask(safe.reseal(request, token=newest(request.target)))
    assert isinstance(answer, Resealed) and (answer.member, answer.event_id) == ("police-one", reported)
    office.take()
    [(_, letter)] = safe.letters()
    assert letter.token == new.tokens[0]
    assert cleartarget.opened(letter, safe.members["bank-one"]).value == ACCOUNT


@pytest.mark.parametrize("key", ["A" * 43, "_" * 43], ids=["no point", "no base64url"])
def test_a_key_to_which_nothing_can_be_sealed_ends_a_question_and_not_the_vault(safe: Safe, key: str) -> None:
    mule, suspicion, case_id = suspect(safe)
    safe.office.deliver()
    [request] = [one for one in safe.office.requests(suspicion) if one.to == "bank-one" and one.action is Action.DELAY]
    for said in (
        safe.reveal(case_id, mule.tokens[0]),
        safe.reseal(request),
        safe.search(IdentifierKind.ACCOUNT, ACCOUNT),
    ):
        safe.file(said.model_copy(update={"answer_to": key}))
    safe.turn()
    safe.office.take()
    safe.turn()
    assert safe.answers() == ["", "", None]
    bank = safe.office.registry.member("bank-one")
    assert bank is not None
    safe.office.registry.apply("bank-one", bank.model_copy(update={"seal_key": key}))
    told = safe.ask(safe.reseal(request))
    assert isinstance(told, Unanswered) and "sealing key of bank-one" in told.why


def test_nothing_is_told_of_a_request_that_was_not_sent_or_to_a_member_that_is_out(safe: Safe) -> None:
    _, suspicion, _ = suspect(safe)
    [request] = [one for one in safe.office.requests(suspicion) if one.to == "bank-one" and one.action is Action.DELAY]
    told = safe.ask(safe.reseal(request))
    assert isinstance(told, str) and "is not asked by the request" in told
    safe.office.deliver()
    bank = safe.office.registry.member("bank-one")
    assert bank is not None
    safe.office.registry.apply("bank-one", bank.model_copy(update={"status": Status.SUSPENDED}))
    told = safe.ask(safe.reseal(request))
    assert isinstance(told, str) and "no active member" in told
