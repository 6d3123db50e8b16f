"""What the risk desk tells whom: levels to advice, need to know, what it remembers. No service; the loop is apart."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import KafkaConnectionError
from prometheus_client import REGISTRY

from alliance.admission import Record
from alliance.keys.signatures import sign
from alliance.keys.store import generate
from alliance.registry import Registry
from alliance.rulebook import standard
from consumers.riskdesk import view as views
from consumers.riskdesk.advice import ADVICE, advise
from consumers.riskdesk.desk import PATIENCE_S, Desk, Letter
from consumers.riskdesk.reach import ASK_S, Reach
from consumers.riskdesk.standing import Standing, standing
from consumers.riskdesk.view import View
from schemas.envelope import SIGNATURE_HEADER, event_type, source_of
from schemas.identifiers import Identifier, IdentifierKind, Phone, PhoneRole
from schemas.leads import Lead, SubjectRole
from schemas.registry import SigningKey
from schemas.risk import Advice, Level, RiskAnswer, RiskCheck
from schemas.rulebook import Rulebook
from tests.consumers.facts import NOW, account, evidence, identifier, lead, member, yuan
from tests.consumers.world import IDS

BANK = member("bank-one")
KEYS = generate("bank-one")
PAYER, PAYEE = account("the payer", "cnaps:1"), account("the payee", "cnaps:2")
PHONE = identifier(IdentifierKind.NUMBER, "the payer's phone", "carrier:one")
VICTIM = {"role": SubjectRole.VICTIM}
MEDIUM, HIGH, VERY_HIGH = Level.MEDIUM, Level.HIGH, Level.VERY_HIGH


def knows(*leads: Lead) -> View:
    view = View()
    for each in leads:
        view.apply(each.model_dump_json().encode(), NOW)
    return view


def check(**over: Any) -> RiskCheck:
    phones = [Phone(identifier=PHONE, role=PhoneRole.REGISTERED)]
    return RiskCheck(**{"payer": PAYER, "payee": PAYEE, "phones": phones, "amount": yuan(100), **over})


def stands(*leads: Lead, **over: Any) -> Standing:
    return standing(check(**over), BANK, knows(*leads), NOW)


@pytest.mark.parametrize(("payee", "at_risk", "payer", "reported"), list(product(Level, Level, Level, [True, False])))
def test_advice_is_the_tables_and_declines_only_whom_a_victim_and_others_name(
    payee: Level, at_risk: Level, payer: Level, reported: bool
) -> None:
    said = advise(Standing(payee, reported, at_risk, payer))
    assert said.level is max(payee, at_risk, payer, key=list(Level).index)
    declined = payee is VERY_HIGH and reported
    assert said.advice is (Advice.DECLINE if declined else ADVICE[said.level])
    assert bool(said.reasons) is (said.level is not Level.NONE)


def test_the_table() -> None:
    assert [ADVICE[level].value for level in Level] == ["proceed", "verify", "delay", "delay"]


def test_reasons_say_which_party_and_how_sure() -> None:
    assert advise(Standing(HIGH, True, VERY_HIGH, MEDIUM)).reasons == (
        "the payee is suspected of fraud (high)",
        "a victim has reported the payee",
        "the payer was called or messaged by a suspect before this payment (very-high)",
        "the payer's own account or phone is suspected of fraud (medium)",
    )


def test_a_report_is_told_of_where_there_is_one() -> None:
    assert advise(Standing(HIGH)).reasons == ("the payee is suspected of fraud (high)",)


def test_each_party_is_looked_up_in_its_role() -> None:
    assert stands(lead(PAYEE, MEDIUM, reported=True)) == Standing(MEDIUM, True)
    assert stands(lead(PAYER, HIGH, **VICTIM)) == Standing(at_risk=HIGH)
    assert stands(lead(PHONE, VERY_HIGH, **VICTIM)) == Standing(at_risk=VERY_HIGH)
    assert stands(lead(PAYER, HIGH)) == Standing(payer=HIGH)
    assert stands(lead(PHONE, MEDIUM)) == Standing(payer=MEDIUM)
    assert stands(lead(PAYEE, HIGH, **VICTIM)) == Standing()


@pytest.mark.parametrize("role", PhoneRole)
def test_a_victims_family_is_the_victims_and_a_companys_clerk_is_not(role: PhoneRole) -> None:
    phones = [Phone(identifier=PHONE, role=role)]
    found = stands(lead(PHONE, HIGH, **VICTIM), lead(PHONE, MEDIUM), phones=phones)
    assert found.at_risk is (HIGH if role in (PhoneRole.REGISTERED, PhoneRole.FAMILY) else Level.NONE)
    assert found.payer is (MEDIUM if role is PhoneRole.REGISTERED else Level.NONE)


def test_a_number_that_never_joins_is_not_looked_up() -> None:
    phones = [Phone(identifier=PHONE, role=PhoneRole.REGISTERED, joinable=False)]
    assert stands(lead(PHONE, HIGH, **VICTIM), phones=phones) == Standing()


@pytest.mark.parametrize("holders", [[], ["cnaps:2"]])
def test_of_anothers_customer_a_bank_learns_nothing(holders: list[str]) -> None:
    leads = [lead(PAYER, HIGH, **VICTIM), lead(PHONE, HIGH, **VICTIM), lead(PAYER, HIGH), lead(PHONE, HIGH)]
    payer = PAYER.model_copy(update={"holders": holders})
    assert stands(*leads, lead(PAYEE, MEDIUM), payer=payer) == Standing(MEDIUM)


def test_a_victim_that_others_know_at_another_bank_is_not_the_askers() -> None:
    elsewhere = PAYER.model_copy(update={"holders": ["cnaps:2"]})
    unknown = PAYER.model_copy(update={"holders": []})
    assert stands(lead(elsewhere, HIGH, **VICTIM)) == Standing()
    assert stands(lead(unknown, HIGH, **VICTIM)) == Standing(at_risk=HIGH)


def test_a_lead_that_fell_or_expired_is_none() -> None:
    later = NOW + timedelta(seconds=1)
    view = knows(lead(PAYEE, HIGH, expires_at=later))
    assert view.find(SubjectRole.SUSPECT, PAYEE, NOW) is not None
    assert view.find(SubjectRole.SUSPECT, PAYEE, later) is None
    view.apply(lead(PAYEE, Level.NONE, expires_at=later).model_dump_json().encode(), NOW)
    assert len(view) == 0


def test_a_lead_is_found_by_either_token() -> None:
    both = Identifier(kind=IdentifierKind.ACCOUNT, tokens=["e2:" + "x" * 22, *PAYEE.tokens])
    assert knows(lead(PAYEE, HIGH)).find(SubjectRole.SUSPECT, both, NOW) is not None


def test_what_has_expired_is_swept_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_SWEEP", 3)
    view = knows(*(lead(account(), HIGH, expires_at=NOW + timedelta(hours=n + 1)) for n in range(2)))
    view.apply(lead(account(), HIGH).model_dump_json().encode(), NOW + timedelta(hours=2))
    assert len(view) == 1


def test_what_is_no_lead_is_told_apart() -> None:
    with pytest.raises(msgspec.MsgspecError):
        View().apply(b'{"level": "none"}', NOW)


LEVELS = st.sampled_from(Level)


@given(LEVELS, LEVELS, LEVELS, st.booleans())
def test_an_answer_names_nobody(payee: Level, at_risk: Level, payer: Level, reported: bool) -> None:
    """Whatever a lead holds besides, the letter has none of it."""
    view = knows(
        lead(PAYEE, payee, reported=reported, evidence=[evidence("bank-two"), evidence("carrier-one")]),
        lead(PHONE, at_risk, **VICTIM, evidence=[evidence("platform-one"), evidence("carrier-one")]),
        lead(PAYER, payer),
    )
    (letter,) = desk(view).answer(record(event()), NOW, 0.0)
    tokens = [token for one in (PAYER, PAYEE, PHONE) for token in one.tokens]
    assert not any(word in letter.value for word in ("bank-two", "carrier-one", "platform-one", *tokens))
    assert RiskAnswer.model_validate_json(letter.value).to == "bank-one"


def registry() -> Registry:
    key = SigningKey(key_id=KEYS.key_id, public=KEYS.public.signing, valid_from=NOW - timedelta(days=1))
    return Registry([BANK.model_copy(update={"keys": [key]})])


def desk(view: View, **options: Any) -> Desk:
    return Desk(registry(), view, **options)


def event(event_id: UUID | None = None, **over: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": str(event_id or IDS.next()), "source": source_of("bank-one"),
        "type": event_type("risk-check"), "time": NOW.isoformat(), "datacontenttype": "application/json",
        "data": check(**over).model_dump(mode="json"), "seals": [],
    }  # fmt: skip


def record(*events: dict[str, Any], jws: str | None = None) -> Record:
    value = orjson.dumps(events)
    signature = jws or sign(KEYS.signing, KEYS.kid, value)
    return Record("risk-check", value, {SIGNATURE_HEADER: signature.encode()}, b"bank-one")


def said(letters: list[Letter]) -> list[tuple[str, str]]:
    answers = [RiskAnswer.model_validate_json(letter.value) for letter in letters]
    return [(str(answer.check_id), answer.advice.value) for answer in answers]


def test_each_good_check_of_a_bundle_is_answered_and_a_bad_one_is_not() -> None:
    good, other, bad = event(), event(payee=account("a shop", "cnaps:2")), event()
    bad["data"]["amount"]["minor"] = "much"
    letters = desk(knows(lead(PAYEE, HIGH))).answer(record(good, bad, other), NOW, 0.0)
    assert said(letters) == [(good["id"], "delay"), (other["id"], "proceed")]
    assert {(letter.member, letter.key) for letter in letters} == {("bank-one", good["id"]), ("bank-one", other["id"])}


def test_what_its_member_did_not_sign_is_not_answered() -> None:
    forged = record(event(), jws=sign(generate("bank-one").signing, KEYS.kid, b"other bytes"))
    assert desk(View()).answer(forged, NOW, 0.0) == []


def test_who_may_ask_is_the_rulebooks_to_say_and_may_change_meanwhile() -> None:
    known, raw = registry(), standard().model_dump(mode="json")
    raw["send"]["risk-check"] = ["payment"]
    asked = Desk(known, View())
    known.adopt(Rulebook.model_validate_json(orjson.dumps(raw)))
    assert asked.answer(record(event()), NOW, 0.0) == []
    known.adopt(standard())
    assert said(asked.answer(record(event()), NOW, 0.0))[0][1] == "proceed"


def test_a_check_that_comes_again_gets_the_same_answer_whatever_was_learnt_meanwhile() -> None:
    view = View()
    asked, asking = desk(view), record(event())
    first = asked.answer(asking, NOW, 0.0)
    view.apply(lead(PAYEE, HIGH).model_dump_json().encode(), NOW)
    assert asked.answer(asking, NOW + timedelta(minutes=1), 0.0) == first
    assert said(first)[0][1] == "proceed"


def test_an_id_with_another_content_gets_no_second_answer() -> None:
    asked, one = desk(View()), IDS.next()
    assert len(asked.answer(record(event(one)), NOW, 0.0)) == 1
    assert asked.answer(record(event(one, amount=yuan(200))), NOW, 0.0) == []


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    view = View()
    asked, asking = desk(view, remembered=1), record(event())
    asked.answer(asking, NOW, 0.0)
    asked.answer(record(event()), NOW, 0.0)
    view.apply(lead(PAYEE, HIGH).model_dump_json().encode(), NOW)
    assert said(asked.answer(asking, NOW, 0.0))[0][1] == "delay"


def test_what_nobody_waits_for_any_more_is_not_answered() -> None:
    asked, asking = desk(View()), record(event())
    assert asked.answer(asking, NOW, PATIENCE_S + 0.001) == []
    assert len(asked.answer(asking, NOW, PATIENCE_S)) == 1


def test_a_members_questions_are_counted_once_each_by_what_it_was_told() -> None:
    asked, asking = desk(knows(lead(PAYEE, HIGH))), record(event(), event(payee=account("a shop", "cnaps:2")))
    before = counted(Advice.DELAY), counted(Advice.PROCEED)
    asked.answer(asking, NOW, 0.0)
    asked.answer(asking, NOW, 0.0)
    assert (counted(Advice.DELAY), counted(Advice.PROCEED)) == (before[0] + 1, before[1] + 1)


def counted(advice: Advice) -> float:
    labels = {"member": "bank-one", "advice": advice.value}
    return REGISTRY.get_sample_value("afa_riskdesk_answers_total", labels) or 0.0


def test_nobody_is_given_up_because_the_broker_is_away() -> None:
    def away() -> list[str]:
        raise KafkaConnectionError("nobody there")

    assert Reach(away, lambda: 0.0)("bank-one")


def test_a_topic_that_is_gone_is_noticed_once_something_could_not_be_sent() -> None:
    topics = ["to.bank-one", "to.bank-two"]
    reach = Reach(lambda: list(topics), lambda: 0.0)
    assert reach("bank-two") and reach("bank-one")
    topics.remove("to.bank-one")
    reach.forget()
    assert [reach("bank-two"), reach("bank-one")] == [True, False]


def test_a_member_without_a_topic_is_asked_for_now_and_then_and_a_new_one_at_once() -> None:
    times, topics, asked = [0.0], ["to.bank-one"], []

    def listed() -> list[str]:
        asked.append(times[0])
        return list(topics)

    reach = Reach(listed, lambda: times[0])
    assert [reach("bank-one"), reach("bank-two"), reach("bank-two")] == [True, False, False]
    assert len(asked) == 2
    topics.append("to.bank-new")
    assert reach("bank-new")
    topics.append("to.bank-two")
    times[0] = ASK_S
    assert reach("bank-two")
