"""Each golden example is read by its model and by the JSON Schema, comes back as it was, and shows what it claims."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import TypeAdapter

from alliance import profiles
from alliance.allowlist import judged
from alliance.authority import Signer, missing
from alliance.ids import uuid7_time
from alliance.keys.encoding import decode
from alliance.keys.signatures import verify_object
from alliance.registry import Registry
from consumers.auditor.chain import Head, follow
from consumers.auditor.records import told
from producers.reference.authority import prove
from schemas import strictjson
from schemas.alerts import HandleSignal
from schemas.answers import Answer, AnswerStatus
from schemas.audit import Checkpoint
from schemas.base import Message
from schemas.cases import CaseView
from schemas.envelope import EVENT, Event, Payload, event_type
from schemas.generate import CONTRACTS, json_schema
from schemas.receipts import Receipt
from schemas.registry import Member
from schemas.requests import Action, AuthorityClass, MandateView, Request, RequestView
from schemas.returns import ReturnList
from schemas.risk import RiskAnswer
from schemas.topics import BY_KIND
from tests.attacks.verdict import SENDERS

FOLDER = Path(__file__).parents[2] / "schemas" / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
# The contract of an example, by how its name begins; the more special stands first.
CONTRACT_OF = {
    "audit-view": "audit-view",
    "audit-report": "audit-report",
    "audit-": "audit-record",
    "checkpoint": "checkpoint",
    "appeal-view": "appeal-view",
    "dispute-view": "dispute-view",
    "ruling": "ruling",
    **dict.fromkeys(
        ("suspicious-", "victim-report", "alias", "withdrawal", "risk-check", "answer", "appeal", "dispute"), "event"
    ),
    "request-view": "request-view",
    "return-view": "return-view",
    "retention-view": "retention-view",
    "retention-report": "retention-report",
    "return-statement": "return-statement",
    "settle-payments": "settle-payments",
    "clear-target": "to-member",
    "name-to-match": "to-member",
    "account-name": "account-name",
    **dict.fromkeys(("request", "receipt", "risk-answer", "outcome", "decision", "return-", "token-keys"), "to-member"),
    "lead": "lead",
    "member": "member",
    "rulebook": "rulebook",
    "mandate-view": "mandate-view",
    "mandate": "mandate",
    "allow-entry": "allow-entry",
    "allow-record": "allow-record",
    "allow-view": "allow-view",
    "quarantine-note": "quarantine-note",
    "hold-view": "hold-view",
    "scorecard": "scorecard",
    "case-view": "case-view",
    "clock-view": "clock-view",
    "case-act": "case-act",
    "keep-hold": "keep-hold",
    "revoke-mandate": "revoke-mandate",
    "task-view": "task-view",
    "inquiry": "inquiry",
    "reinjected": "to-member",
    "reinject": "reinject",
    "registrar-act": "registrar-act",
    "sought": "sought",
    "vault-answer": "vault-answer",
    "bundle": "bundle",
    **{name: name for name in ("invite", "key-request", "endorsed", "admission", "welcome", "pending")},
    **{name: name for name in ("epochs", "epoch-grant", "epoch-keys", "epoch-taken", "epoch-view")},
}
BY_NAME = {contract.name: contract for contract in CONTRACTS}
WITH_PROOF = {AuthorityClass.POLICE_ORDER, AuthorityClass.MANDATE}
HOLDING = {Action.STOP, Action.EXTEND, Action.REDUCE, Action.RELEASE, Action.FREEZE, Action.RENEW, Action.RETURN}


def contract_of(name: str) -> str:
    return next(contract for start, contract in CONTRACT_OF.items() if name.startswith(start))


def raw(name: str) -> Any:
    return strictjson.loads((FOLDER / f"{name}.json").read_bytes())


@cache
def read(name: str) -> Any:
    return BY_NAME[contract_of(name)].model.validate_json((FOLDER / f"{name}.json").read_bytes())


def all_of(model: type[Message]) -> list[Any]:
    return [read(name) for name in NAMES if isinstance(read(name), model)]


def events() -> list[Event]:
    return [*all_of(Event), *read("bundle")]


def nodes(value: Any) -> list[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, list):
        return [node for child in value for node in nodes(child)]
    if isinstance(value, dict):
        return [value, *(node for child in value.values() for node in nodes(child))]
    return []


@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_and_comes_back_equal(name: str) -> None:
    adapter: TypeAdapter[Any] = BY_NAME[contract_of(name)].model
    assert json.loads(adapter.dump_json(read(name), exclude_unset=True)) == raw(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_json_schema_says_the_same(name: str) -> None:
    checker = jsonschema.Draft202012Validator(json_schema(BY_NAME[contract_of(name)]))
    assert [error.message for error in checker.iter_errors(raw(name))] == []
    spoilt = raw(name)
    next(node for node in nodes(spoilt))["no_such_field"] = 1
    assert not checker.is_valid(spoilt)


def test_every_contract_has_an_example_and_every_message_is_in_a_contract() -> None:
    assert {contract_of(name) for name in NAMES} == BY_NAME.keys()
    shown = {name for schema in map(json_schema, CONTRACTS) for name in (schema.get("title"), *schema.get("$defs", {}))}
    left_out = {model.__name__ for model in _models(Message)} - shown
    assert not {name for name in left_out if not name.startswith("_")}


def test_there_is_one_of_every_kind_that_members_send() -> None:
    kinds = {event.data.kind for event in events()}
    assert kinds == BY_KIND.keys() == SENDERS.keys() == {model().kind for model in _stand_ins()}


def test_the_variants_of_alerts_are_shown() -> None:
    account = [raw(name)["data"] for name in NAMES if name.startswith("suspicious-account")]
    assert {(data["reporting_side"], data["status"]) for data in account} >= {
        ("payer", "posted"),
        ("payer", "pending"),
        ("payee", "posted"),
    }
    assert any(data["channel"] == "atm" and data["reporting_side"] == "payee" for data in account)
    calls = [raw(name)["data"] for name in NAMES if name.startswith("suspicious-number")]
    assert any(data.get("spoofed") for data in calls)
    assert any(data.get("goip") for data in calls)
    assert any(data.get("sms_template") for data in calls)
    signals = {raw(name)["data"]["signal"] for name in NAMES if name.startswith("suspicious-handle")}
    assert signals >= {HandleSignal.CHAT, HandleSignal.APP, HandleSignal.LISTING}


def test_there_is_an_answer_of_every_status_and_a_request_of_every_action() -> None:
    answers = [event.data for event in events() if isinstance(event.data, Answer)]
    assert {answer.status for answer in answers} == set(AnswerStatus)
    assert {request.action for request in all_of(Request)} == set(Action)
    assert {request.authority.authority for request in all_of(Request)} == set(AuthorityClass)
    assert {answer.request_id for answer in answers} <= {request.request_id for request in all_of(Request)}
    assert all_of(Receipt)
    assert all_of(RiskAnswer)


def test_both_kinds_of_lead_explain_themselves() -> None:
    suspect, victim = read("lead"), read("lead-victim-at-risk")
    assert (suspect.subject.role, victim.subject.role) == ("suspect", "victim")
    told = {event.id for event in events()}
    for lead in (suspect, victim):
        assert {evidence.event_id for evidence in lead.evidence} <= told


def test_nothing_is_stopped_or_frozen_without_proof() -> None:
    for request in all_of(Request):
        if request.action in HOLDING:
            assert request.authority.authority in WITH_PROOF, request.action
        proof = [*request.authority.orders, *request.authority.mandate]
        assert bool(proof) is (request.authority.authority in WITH_PROOF), request.action


def test_every_request_would_be_proven_to_its_member() -> None:
    registry = Registry([read("member-police")])
    for request in all_of(Request):
        proof = prove(request, registry, profiles.load("cn"), request.issued_at)
        assert proof.police is (request.authority.authority in WITH_PROOF)
        if proof.mandate:
            assert proof.mandate == read("mandate")
            assert request.authority.covered_by == read("victim-report").id
    view: MandateView = read("mandate-view")
    assert [verify_object(jws, registry.key)[1] for jws in view.signatures] == [view.mandate.model_dump(mode="json")]
    waiting: RequestView = read("request-view-waiting")
    rank = {officer.officer: officer.rank for officer in read("member-police").officers}
    signed = [Signer("police-ty-fx", officer, rank[officer]) for officer in waiting.officers]
    assert missing(profiles.load("cn"), waiting.action, waiting.amount, signed) == waiting.missing


def test_the_case_is_made_of_the_other_examples() -> None:
    case: CaseView = read("case-view")
    assert case.leads == [read("lead")]
    assert case.requests == [read("request-view"), read("request-view-waiting")]
    assert case.holds == [read("hold-view")]
    assert {claim.event_id for claim in case.claims} == {read("victim-report").id}
    assert {end.request_id for end in case.path_ends} <= {request.request_id for request in case.requests}


def test_a_return_is_listed_told_and_shown_as_it_was_ordered() -> None:
    asked, pays, view = read("request-return"), read("return-list"), read("return-view")
    assert (pays.request_id, pays.hold_id) == (asked.request_id, asked.hold_id)
    assert sum(payment.amount.minor for payment in pays.payments) == asked.amount.minor
    assert [(one.payment_id, one.amount) for one in view.payments] == [
        (one.payment_id, one.amount) for one in pays.payments
    ]
    assert (view.return_id, view.until) == (read("return-notice").return_id, read("return-notice").until)
    settled = read("settle-payments")
    assert (settled.return_id, settled.made) == (view.return_id, [one.payment_id for one in view.payments])
    blind = pays.model_copy(update={"payments": [pays.payments[0].model_copy(update={"payer": None})]})
    assert pays.digest() != blind.digest()
    assert pays.digest() == ReturnList.model_validate_json(pays.model_dump_json()).digest()


def test_an_allow_list_entry_is_signed_by_an_officer_of_the_unit_and_lies_under_its_own_key() -> None:
    entry, view = read("allow-entry"), read("allow-view")
    record = read("allow-record").model_dump_json().encode()
    assert judged(entry.key(), record, Registry([read("member-police")])).proven() == entry == view.entry
    assert view.key == entry.key()


def test_ids_were_made_when_their_events_were_sent_and_are_unique() -> None:
    ids = [event.id for event in all_of(Event)]
    assert len(ids) == len(set(ids))
    for event in all_of(Event):
        assert 0 <= (uuid7_time(event.id) - event.time).total_seconds() < 120
    for request in all_of(Request):
        assert uuid7_time(request.request_id).date() == request.issued_at.date()


def test_tokens_are_whole_and_seals_are_as_large_as_real_ones() -> None:
    for name in NAMES:
        for node in nodes(raw(name)):
            for token in [*node.get("tokens", []), *([node["token"]] if "token" in node else [])]:
                assert len(decode(token.partition(":")[2])) == 16, f"{name}: {token}"
    for seal in (seal for event in events() for seal in event.seals):
        assert len(decode(seal.blob)) > 32 + 16


def test_sectors_send_only_what_they_may() -> None:
    for event in all_of(Event):
        stem = event.source.removeprefix("/members/").split("-")[0]
        assert stem in SENDERS[event.data.kind][1], event.source


def test_type_and_kind_must_agree() -> None:
    spoilt = raw("alias") | {"type": event_type("withdrawal")}
    with pytest.raises(ValueError, match="does not name"):
        EVENT.validate_json(json.dumps(spoilt))


def test_the_withdrawal_names_an_event_of_its_own_member_and_repeats_its_tokens() -> None:
    withdrawal, pending = read("withdrawal"), read("suspicious-account-pending")
    assert withdrawal.data.event_id == pending.id
    assert withdrawal.source == pending.source
    repeated = {identifier.tokens[0] for identifier in withdrawal.data.identifiers}
    assert repeated == {node["tokens"][0] for node in nodes(raw("suspicious-account-pending")) if "tokens" in node}


def test_a_checkpoint_is_of_the_entry_that_is_shown_and_that_entry_is_what_its_hash_says() -> None:
    entry, view = told(read("audit-entry")), read("audit-view")
    assert follow(Head(entry.number - 1, entry.previous), entry.at, [entry.digests]) == entry
    assert (view.number, view.at, bytes.fromhex(view.hash)) == (entry.number, entry.at, entry.hash)
    checkpoint = read("checkpoint")
    assert (checkpoint.number, bytes.fromhex(checkpoint.hash)) == (entry.number, entry.hash)
    payload = read("audit-checkpoint").jws.split(".")[1]
    assert Checkpoint.model_validate_json(decode(payload)) == checkpoint


def test_members_show_keys_that_follow_each_other() -> None:
    for member in all_of(Member):
        assert [decode(key.public) for key in member.keys]
        assert any(key.valid_to is None for key in member.keys)


def _stand_ins() -> list[Any]:
    """Every payload's model, made without a check: only its kind is asked for."""
    from typing import get_args

    return [model.model_construct for model in get_args(get_args(Payload)[0])]


def test_event_ids_are_uuids_of_version_7() -> None:
    assert {UUID(str(event.id)).version for event in events()} == {7}


def _models(base: type[Message]) -> set[type[Message]]:
    """All messages of the package, however deep."""
    found = {model for model in base.__subclasses__() if model.__module__.startswith("schemas.")}
    return found.union(*(_models(model) for model in found)) if found else found
