"""A day of the city on a real run, and every listing over what it left: the keys that scripts rely on."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest

from afa.place import Run
from alliance import clock, kafka
from alliance.broker.passwords import login_of
from alliance.embedded.services import attach
from alliance.joining import newcomer
from alliance.joining.desk import Desk
from alliance.kafka import until
from alliance.membership import MemberSpec, load_member, load_officer
from alliance.rulebook import standard, written
from alliance.tally import published as counted
from consumers.casebook.authority import orders
from consumers.casebook.model import LINES
from consumers.casebook.views import listings
from producers.city.cast import CAST, POLICE
from producers.city.members import Players
from producers.client import MemberClient
from producers.reference.bank import Bank
from schemas.cases import CaseView
from schemas.joining import Broker
from schemas.notices import notice_of
from schemas.receipts import NOTE_HEADER, QuarantineNote
from schemas.registry import Alliance, Sector
from schemas.requests import Action, HoldStatus, HoldView, RequestView
from schemas.rulebook import RULEBOOK_KEY
from schemas.topics import MEMBERS, QUARANTINE, member_topic
from tests.afa.runs import AFA, afa, result, up
from tests.trust import search as trust
from tests.trust.day import Day
from tests.trust.finder import Finder, Value
from tests.trust.mail import published, received
from tests.trust.need import Need

pytestmark = pytest.mark.services

LEAD = {"lead_id", "revision", "subject", "level", "score", "sectors", "members", "evidence", "amount_at_risk", "stage",
        "expires_at"}  # fmt: skip
REQUEST = {"request_id", "case_id", "lead_id", "to", "action", "authority", "status", "target", "amount", "hop",
           "attempt", "void_after"}  # fmt: skip
HOLD = {"hold_id", "request_id", "member", "target", "status", "amount", "until"}
SCORECARD = {"member", "since", "at", "requests", "first_answer", "final_answer", "late", "alerts", "over_holds",
             "releases"}  # fmt: skip
SEED, ALERTS = 1, 300
VERDICT = {"scams", "caught", "held_minor", "lost_minor", "innocents_held"}


class Played(NamedTuple):
    """A run on which one day was played."""

    data: Path
    verdict: dict[str, Any]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    data = tmp_path_factory.mktemp("commands") / "data"
    with up(data, "--rate", "2400") as run:
        out = result("city", "--seed", str(SEED), "--alerts", str(ALERTS), data=data)
        yield Played(data, json.loads(out.splitlines()[-1]))
        run.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def day(played: Played) -> Day:
    """What really happened on it."""
    return trust.day_of(Run(played.data), SEED, ALERTS)


def listed(*command: str, data: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result(*command, "--json", data=data).splitlines()]


@contextmanager
def answering(data: Path, member: str) -> Iterator[Bank]:
    """A bank of the city answers its mail again, by the books that the day has left."""
    run = Run(data)
    specs = [spec for spec in CAST if spec.member == member]
    with Players(run.data, run.clock, specs, run.profile) as players:
        bank = players.by_name[member].books.stub
        assert isinstance(bank, Bank)
        yield bank


def held(data: Path, hold_id: str) -> HoldView:
    """Without a command, which takes longer than what is waited for."""
    with Run(data).database() as db:
        hold = listings.hold(db, UUID(hold_id))
    assert hold is not None
    return hold


def sign(data: Path, request_id: UUID, *officers: str) -> None:
    """As `afa order` does, within the 36 s after which a draft is void by the run's clock, however slow the machine."""
    run = Run(data)
    with run.database() as db:
        for officer in officers:
            kid, key = load_officer(run.data, "police-ty", officer)
            orders.sign_draft(db, request_id, key, kid, run.clock.now())


def drafted_returns(data: Path) -> list[RequestView]:
    with Run(data).database() as db:
        return [one for one in listings.desk(db) if one.action is Action.RETURN]


def let_the_notice_pass(data: Path, return_id: str) -> None:
    """By its row: by the run's clock a notice of 30 days takes a quarter of an hour."""
    with psycopg.connect(Run(data).database_url) as db:
        passed = ", ".join(f"{at} = {at} - interval '31 days'" for at in ("announced_at", "objections_until", "until"))
        db.execute(f"update return_notice set {passed} where return_id = %s".encode(), [return_id])


def letters(data: Path, member: str) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in kafka.whole(Run(data).admin, member_topic(member).name)]


def has_returned(data: Path, claim: dict[str, Any]) -> bool:
    """Whether who took the report was told that what it led to went back."""
    outcomes = [letter for letter in letters(data, claim["member"]) if letter["kind"] == "outcome"]
    return {"event_id": claim["event_id"], "became": "returned"} in [one for each in outcomes for one in each["alerts"]]


def test_the_city_tells_what_the_alliance_made_of_its_scams(played: Played) -> None:
    assert played.verdict.keys() >= VERDICT
    assert played.verdict["scams"] == 3
    assert played.verdict["caught"] > 0
    assert json.loads((played.data / "verdicts.jsonl").read_text()) == played.verdict


def test_a_freeze_is_drafted_shown_and_signed_by_two_and_the_case_tells_of_it(played: Played, tmp_path: Path) -> None:
    """Before what takes longer: by the run's clock a stop ends after 72 s."""
    paper = tmp_path / "decision.pdf"
    paper.write_text("It is decided.")
    money = [hold for hold in listed("holds", data=played.data) if hold["target"]["kind"] not in LINES]
    active = [hold for hold in money if hold["status"] == "active"]
    hold = max(active, key=lambda hold: str(hold["until"]))
    freeze = ("hold", "freeze", hold["hold_id"], "--reason", "case 117", "--paper", str(paper), "--days", "30")
    filed = afa(*freeze, "--json", data=played.data)
    request = json.loads(filed.stdout)
    assert request["missing"] == "2 officers, one of the rank county-head"
    # Nobody named an amount: the freeze keeps the victims' money, whatever was stopped.
    assert 0 < request["amount"]["minor"] <= hold["amount"]["minor"]
    assert hashlib.sha256(paper.read_bytes()).hexdigest() in filed.stderr

    order = ("order", request["request_id"])
    signing = (*order, "--as", "police-ty", "--json", "--officer")
    shown = afa(*order, data=played.data)
    assert "Lasts       720 h" in shown.stderr
    assert "Signed by   nobody yet" in shown.stderr
    first = afa(*signing, "li-wenjuan", data=played.data)
    assert "it still wants an officer of the rank county-head" in first.stderr
    assert json.loads(first.stdout)["officers"] == ["li-wenjuan"]
    again = afa(*signing, "li-wenjuan", data=played.data)
    assert (again.returncode, "adds nothing" in again.stderr) == (1, True)
    waits = listed("order", data=played.data)
    assert [one["missing"] for one in waits if one["request_id"] == request["request_id"]] == [
        "an officer of the rank county-head"
    ]
    assert "the order goes out" in afa(*signing, "chen-guoqiang", data=played.data).stderr
    with answering(played.data, hold["member"]):
        until(lambda: held(played.data, hold["hold_id"]).status is HoldStatus.FROZEN, "the bank has not frozen", 30)

    case = CaseView.model_validate_json(
        result("case", "show", hold["case_id"], "--json", data=played.data).splitlines()[0]
    )
    assert hold["hold_id"] in {str(one.hold_id) for one in case.holds}
    (frozen,) = [one for one in case.requests if str(one.request_id) == request["request_id"]]
    assert (frozen.officers, frozen.missing) == (["li-wenjuan", "chen-guoqiang"], None)
    by_lead = result("case", "show", case.leads[0].lead_id, data=played.data)
    assert {"Requests", "Holds", "Claims of victims"} <= {line.strip() for line in by_lead.splitlines()}
    assert max(map(len, by_lead.splitlines())) <= 100


def test_what_is_frozen_is_paid_in_proportion_once_the_notice_is_over_and_who_reported_is_told(played: Played) -> None:
    [hold] = [one for one in listed("holds", data=played.data) if one["status"] == HoldStatus.FROZEN]
    about, half = hold["hold_id"], hold["amount"]["minor"] // 2
    less = ("--reason", "the rest is a wage", "--amount", f"{half // 100}.{half % 100:02}")
    announce = ("return", "announce", about, "--reason", "case 117", "--as", "police-ty", "--officer", "chen-guoqiang")
    with answering(played.data, hold["member"]) as bank:
        [reduction] = listed("hold", "reduce", about, *less, data=played.data)
        sign(played.data, UUID(reduction["request_id"]), "li-wenjuan")
        until(lambda: held(played.data, about).amount.minor == half, "the bank has not reduced", 30)
        # No longer enough for all that is claimed: it is shared, and that waits for the notice.
        [announced] = listed(*announce, data=played.data)
        assert [(one["reason"], one["amount"]["minor"]) for one in announced["stays"]] == [("notice-running", half)]
        assert announced["payments"] == []
        let_the_notice_pass(played.data, announced["return_id"])
        until(lambda: bool(drafted_returns(played.data)), "no return is drafted", 30)
        [waits] = drafted_returns(played.data)
        sign(played.data, waits.request_id, "li-wenjuan", "chen-guoqiang")
        until(lambda: held(played.data, about).status is HoldStatus.RETURNED, "the bank has not paid", 30)
        [made] = listed("return", "list", data=played.data)
        assert (made["closed_for"], {one["status"] for one in made["payments"]}) == ("the hold is returned", {"paid"})
        assert sum(one["amount"]["minor"] for one in made["payments"]) == half
        left = [bank.ledger.sent(f"R{UUID(one['payment_id']).hex}") for one in made["payments"]]
        assert [move and move.amount for move in left] == [one["amount"]["minor"] for one in made["payments"]]
    told = {letter["kind"]: letter for letter in letters(played.data, hold["member"])}
    assert told["return-notice"]["return_id"] == made["return_id"]
    assert told["return-list"]["request_id"] == str(waits.request_id)
    until(lambda: all(has_returned(played.data, one) for one in made["claims"]), "who reported is not told", 30)


def test_the_record_is_whole_and_a_member_can_hold_the_hub_to_it(played: Played, tmp_path: Path) -> None:
    [signed] = listed("audit", "checkpoint", data=played.data)
    kept = tmp_path / "kept.jsonl"
    kept.write_text(result("audit", "kept", "--as", "bank-icbc", data=played.data))
    verify = ("audit", "verify", "--checkpoints", str(kept))
    [report] = listed(*verify, data=played.data)
    assert report["faults"] == []
    assert report["entries"] >= report["told"] >= report["signed_to"] >= signed["number"] > 0
    assert "The record is whole." in result(*verify, data=played.data)

    acts = {
        act["act"] for entry in listed("audit", "list", "--limit", "10000", data=played.data) for act in entry["acts"]
    }
    assert acts >= {
        "mandate signed",
        "registry record",
        "report",
        "leads",
        "drafted stop",
        "answer executed",
        "hold active",
    }
    hold = listed("holds", data=played.data)[0]["hold_id"]
    about = listed("audit", "list", "--about", hold, data=played.data)
    assert {act["subject"] for entry in about for act in entry["acts"]} == {hold}

    kept.write_text(kept.read_text() + json.dumps({"kind": "checkpoint", "jws": "a.b.c"}))
    forged = afa(*verify, data=played.data)
    assert forged.returncode == 1
    assert "no checkpoint that this key has signed" in forged.stdout


def test_a_suspect_is_revealed_to_an_officer_told_to_its_holder_and_found_again(played: Played) -> None:
    asked, *_ = (
        one
        for one in listed("requests", data=played.data)
        if one["action"] == "stop" and one["hop"] == 0 and one["sent_at"]
    )
    case, token, member = asked["case_id"], asked["target"]["tokens"][0], asked["to"]
    signed = ("--purpose", "a test", "--as", "police-ty", "--officer", "chen-guoqiang")
    [shown] = listed("reveal", case, token, *signed, data=played.data)
    assert shown["case_id"] == case
    kind, value = shown["identifier"], shown["value"]
    assert token in result("token", kind, value, "--as", "police-ty", data=played.data).split()

    found = json.loads(afa("search", kind, *signed, "--json", data=played.data, stdin=f"{value}\n").stdout)
    assert token in found["tokens"]
    assert asked["lead_id"] in {one["lead_id"] for one in found["leads"]}
    assert {"case_id": case, "status": "open"}.items() <= next(
        c for c in found["cases"] if c["case_id"] == case
    ).items()

    [told] = listed("reseal", asked["request_id"], *signed, data=played.data)
    assert (told["request_id"], told["to"]) == (asked["request_id"], member)
    unseal = ("unseal", asked["request_id"], "--as", member, "--json")
    until(lambda: afa(*unseal, data=played.data).returncode == 0, "the holder is not told", 60)
    assert listed(*unseal[:-1], data=played.data) == [{"identifier": kind, "value": value}]
    assert "Nothing in the mail" in afa("unseal", case, "--as", member, data=played.data).stderr

    about = listed("audit", "list", "--about", token, data=played.data)
    acts = {act["act"]: act["subject"] for entry in about for act in entry["acts"]}
    resealed = f"{case}/{token}/{asked['request_id']}/{member}"
    assert acts == {"reveal": f"{case}/{token}", "reseal": resealed, "search": token}
    strange = afa("reveal", case, f"e1:{'A' * 22}", *signed, data=played.data)
    assert (strange.returncode, "does not have the identifier" in strange.stderr) == (1, True)
    no_such = afa("search", "number", *signed, data=played.data, stdin="0000")
    assert (no_such.returncode, "is no number" in no_such.stderr) == (1, True)


def test_what_is_kept_how_long_is_shown_of_tables_and_topics_and_nothing_of_today_is_past(played: Played) -> None:
    shown = {(one["kind"], one["name"]): one for one in listed("retention", "show", data=played.data)}
    for key in (("table", "lead"), ("table", "hold"), ("topic", "suspicious-account"), ("topic", "to.<member>")):
        assert shown[key]["oldest"] is not None
        assert shown[key]["kept_s"] > 0
    assert not any(one["past"] for one in shown.values())


def test_a_mandate_that_goes_far_wants_a_second_officer(played: Played) -> None:
    add = ("mandate", "add", "--as", "police-ty", "--legal-basis", "art. 20", "--per-hold", "1000000")
    alone = afa(*add, "--officer", "chen-guoqiang", data=played.data)
    assert (alone.returncode, "names too few officers" in alone.stderr) == (1, True)
    both = result(*add, "--officer", "chen-guoqiang", "--officer", "li-wenjuan", "--json", data=played.data)
    filed = json.loads(both)
    assert len(filed["signatures"]) == 2
    signing = ("--as", "police-ty", "--officer", "li-wenjuan", "--reason", "a test")
    revoke = ("mandate", "revoke", filed["mandate"]["mandate_id"], *signing)
    assert json.loads(result(*revoke, "--json", data=played.data))["revoked_at"]
    assert "no mandate" in afa(*revoke, data=played.data).stderr


def test_leads_cross_sectors_and_have_the_keys_of_the_contract(played: Played) -> None:
    leads = listed("leads", data=played.data)
    assert all(lead.keys() >= LEAD for lead in leads)
    assert max(len(lead["sectors"]) for lead in leads) >= 3
    high = listed("leads", "--level", "high", data=played.data)
    assert {lead["level"] for lead in high} <= {"high"}
    assert len(high) < len(leads)


def test_requests_are_executed_and_holds_rest_on_them(played: Played) -> None:
    requests = listed("requests", data=played.data)
    assert all(request.keys() >= REQUEST for request in requests)
    executed = {request["request_id"] for request in requests if request["status"] in ("executed", "partial")}
    holds = listed("holds", data=played.data)
    assert holds
    assert all(hold.keys() >= HOLD for hold in holds)
    assert {hold["request_id"] for hold in holds} <= executed


def test_a_table_is_no_wider_than_100_columns(played: Played) -> None:
    for command in ("leads", "requests", "holds", "status"):
        lines = result(command, data=played.data).splitlines()
        assert max(len(line) for line in lines) <= 100, command


def test_following_goes_on_until_ctrl_c_which_is_no_failure(played: Played) -> None:
    command = [*AFA, "holds", "--json", "--follow", "--data", str(played.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        first = json.loads(following.stdout.readline())
        following.send_signal(signal.SIGINT)
        _, err = following.communicate(timeout=30)
    assert first.keys() >= HOLD
    assert (following.returncode, err) == (0, "")


def test_the_citys_officer_has_signed_what_waited_and_a_signed_request_is_refused_a_second_time(
    played: Played,
) -> None:
    assert listed("mandate", "list", data=played.data)[0]["mandate"]["unit"] == "police-ty"
    request = listed("requests", "--status", "executed", data=played.data)[0]["request_id"]
    signing = ("order", request, "--as", "police-ty", "--officer", "chen-guoqiang")
    again = afa(*signing, data=played.data)
    assert again.returncode == 1
    assert "waits for nobody's signature" in again.stderr


def test_a_member_disputes_what_it_was_asked_and_an_officer_decides(played: Played) -> None:
    asked = listed("requests", data=played.data)
    request = next(one for one in asked if one["sent_at"] and one["hop"] == 0 and one["action"] in ("stop", "delay"))
    said = ("--grounds", "mistaken", "--statement", "It is our customer's namesake.", "--as", request["to"])
    filed = json.loads(result("dispute", "file", "--request", request["request_id"], *said, "--json", data=played.data))
    assert (filed["status"], filed["token"]) == ("open", request["target"]["tokens"][0])
    shown = result("leads", "--disputed", data=played.data)
    assert "disputed" in shown
    lines = [*shown.splitlines(), *result("dispute", "list", data=played.data).splitlines()]
    assert max(map(len, lines)) <= 100
    signing = ("--reason", "Two victims paid to it.", "--as", "police-ty", "--officer", "li-wenjuan")
    decided = result("dispute", "decide", filed["dispute_id"], "--reject", *signing, "--json", data=played.data)
    assert (json.loads(decided)["status"], json.loads(decided)["officer"]) == ("rejected", "police-ty/li-wenjuan")
    assert afa("leads", "--disputed", data=played.data).stderr == "There is no lead yet.\n"
    again = afa("dispute", "decide", filed["dispute_id"], "--uphold", *signing, data=played.data)
    assert again.stderr == "afa: The dispute is rejected already, and is not decided a second time.\n"


def test_an_appeal_is_entered_by_the_notices_number_and_no_other_bank_files_it(played: Played) -> None:
    hold = [one for one in listed("holds", data=played.data) if one["target"]["kind"] not in LINES][-1]
    other = next(name for name in ("bank-icbc", "bank-boc") if name != hold["member"])
    said = ("--grounds", "own-funds", "--statement", "It is a wage.")
    refused = afa("appeal", "file", hold["hold_id"], *said, "--as", other, data=played.data)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no hold of yours is known by it" in refused.stderr
    notice = notice_of(UUID(hold["hold_id"]))
    spoken = f"{notice[:4]}-{notice[4:8]} {notice[8:]}"
    filed = result("appeal", "file", "--notice", spoken, *said, "--as", "police-ty", "--json", data=played.data)
    assert [(one["appeal_id"], one["hold_id"]) for one in listed("appeal", "list", data=played.data)] == [
        (json.loads(filed)["appeal_id"], hold["hold_id"])
    ]
    assert max(map(len, result("appeal", "list", data=played.data).splitlines())) <= 100


def test_a_file_is_published_once_its_bad_rows_are_put_aside_and_one_is_withdrawn(
    played: Played, tmp_path: Path
) -> None:
    event = "01a20fce-4a63-7531-b653-de9a9a863900"
    account = {"kind": "account", "value": "6217000000000780", "holders": ["cnaps:102161000012"]}
    good = {
        "id": event,
        "time": "2026-11-01T00:00:00+08:00",
        "data": {
            "direction": "out",
            "amount": {"minor": 100, "currency": "CNY"},
            "status": "posted",
            "reporting_side": "payer",
            "score": 0.5,
            "customer": {"account": account},
            "counterparty": {"account": {"kind": "account", "value": "6217000000018067"}},
        },
    }
    file = tmp_path / "alerts.jsonl"
    file.write_text(json.dumps(good) + "\n" + "{}\n")
    publish = ("publish", str(file), "--as", "bank-icbc", "--kind", "suspicious-account", "--rebase", "--json")
    first = afa(*publish, data=played.data)
    assert (first.returncode, json.loads(first.stdout)) == (1, {"accepted": 1, "duplicates": 0, "bad": 1})
    assert "\nLine 2: " in first.stderr
    assert json.loads((tmp_path / "alerts.jsonl.rejected.jsonl").read_text())["line"] == 2
    again = afa(*publish, data=played.data)
    assert json.loads(again.stdout) == {"accepted": 0, "duplicates": 1, "bad": 1}
    withdrawn = result("withdraw", event, "--as", "bank-icbc", "--reason", "a test", "--json", data=played.data)
    assert json.loads(withdrawn)["event_id"] == event


def test_an_allow_listed_lead_falls_is_counted_asks_for_releases_alone_and_comes_back(played: Played) -> None:
    signing = ("--as", "police-ty", "--officer", "chen-guoqiang", "--reason", "an escrow account")
    lead = next(
        x for x in listed("leads", data=played.data) if x["subject"]["kind"] == "account" and x["level"] != "none"
    )
    requests = {x["request_id"] for x in listed("requests", data=played.data)}

    def level() -> str:
        return next(str(x["level"]) for x in listed("leads", data=played.data) if x["lead_id"] == lead["lead_id"])

    assert afa("allow", "list", data=played.data).stderr == "Nothing is allow-listed.\n"
    by_token = ("allow", "add", "account", "--token", lead["subject"]["token"], *signing)
    entry = json.loads(result(*by_token, "--json", data=played.data))["entry"]["entry_id"]
    result("allow", "add", "number", "96110", *signing, "--category", "hotline", "--days", "30", data=played.data)
    until(lambda: level() == "none", "the lead has not fallen")

    entries = {view["entry"]["category"]: view for view in listed("allow", "list", data=played.data)}
    assert {name: (view["in_force"], view["spared"] > 0) for name, view in entries.items()} == {
        "other": (True, True),
        "hotline": (True, False),
    }
    shown = result("allow", "list", data=played.data)
    assert "never" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert json.loads(result("status", "--json", data=played.data))["spared"] == entries["other"]["spared"]
    new = [x for x in listed("requests", data=played.data) if x["request_id"] not in requests]
    # A stop elsewhere may run out meanwhile, and be repeated.
    assert {x["action"] for x in new if x["attempt"] == 1} <= {"release"}

    result("allow", "remove", entry, *signing, data=played.data)
    until(lambda: level() == lead["level"], "the lead has not come back")
    assert [view["entry"]["category"] for view in listed("allow", "list", data=played.data)] == ["hotline"]


def test_only_an_officer_of_police_may_allow_list(played: Played) -> None:
    add = ("allow", "add", "number", "96110", "--officer", "chen-guoqiang", "--reason", "x")
    refused = afa(*add, "--as", "bank-icbc", data=played.data)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "bank-icbc has no officer 'chen-guoqiang'" in refused.stderr


def test_every_member_has_its_numbers_and_a_member_sees_its_own_alone(played: Played) -> None:
    def sent() -> int:
        return sum(request["sent_at"] is not None for request in listed("requests", data=played.data))

    # At the speed of this clock a hold may run out, and be asked for once more, between two looks.
    before, cards, after = sent(), listed("scorecard", data=played.data), sent()
    assert before <= sum(sum(card["requests"].values()) for card in cards) <= after
    assert all(card.keys() >= SCORECARD for card in cards)
    alerts = json.loads(result("status", "--json", data=played.data))["counts"]["alerts"]
    kinds = ("suspicious-account", "suspicious-number", "suspicious-handle", "victim-report")
    assert sum(card["alerts"]["published"] for card in cards) == sum(alerts.get(kind, 0) for kind in kinds)
    assert all(card["alerts"]["useful"] <= card["alerts"]["published"] for card in cards)
    assert sum(bool(card["alerts"]["became"].keys() & {"held", "released"}) for card in cards) > 1
    bank = next(card for card in cards if card["final_answer"])
    (own,) = listed("scorecard", "--as", bank["member"], data=played.data)
    assert (own["member"], own["alerts"]["published"]) == (bank["member"], bank["alerts"]["published"])
    (none,) = listed("scorecard", "--as", bank["member"], "--since", "2999-01-01", data=played.data)
    assert (none["requests"], none["alerts"]["published"]) == ({}, 0)
    assert max(map(len, result("scorecard", data=played.data).splitlines())) <= 100
    assert "bank-nobody is not a member" in afa("scorecard", "--as", "bank-nobody", data=played.data).stderr


def test_the_registrar_changes_the_rules_of_a_run_and_what_another_wrote_is_not_believed(
    played: Played, tmp_path: Path
) -> None:
    def on_record() -> list[str]:
        entries = listed("audit", "list", "--about", RULEBOOK_KEY, data=played.data)
        return [act["act"] for entry in entries for act in entry["acts"]]

    shown, file = result("member", "rules", data=played.data), tmp_path / "rules.toml"
    assert shown == written(standard())
    file.write_text(shown.replace('["warn", "call", ', '["call", '), encoding="utf-8")
    refused = afa("member", "set-rules", str(file), data=played.data)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.splitlines() == [
        f"afa: {file} is wrong at receive.warn: no matrix has it, so that it would be nobody's."
    ]
    file.write_text(shown.replace('"ride", "police", "public"]', '"ride", "police"]'), encoding="utf-8")
    done = afa("member", "set-rules", str(file), data=played.data)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[0] == "- public may no longer be sent advisory"
    [book] = listed("member", "rules", data=played.data)
    assert "public" not in book["receive"]["advisory"]
    until(lambda: on_record() == ["registry record"] * 2, "the change is not on record")

    with kafka.producer(attach(played.data).admin) as sender:
        sender.send(MEMBERS.name, standard().model_dump_json().encode(), RULEBOOK_KEY.encode()).get(10)
    until(lambda: on_record()[-1] == "registry record not believed", "the forged rulebook is not on record")
    # By the worker, the casebook and the risk desk.
    until(
        lambda: json.loads(result("status", "--json", data=played.data))["disbelieved"] == 3, "the forgery is not shown"
    )
    assert listed("member", "rules", data=played.data) == [book]
    key = result("member", "registrar", data=played.data)
    assert key == (played.data / "registrar" / "key.pub").read_text()
    file.write_text(shown, encoding="utf-8")
    assert "- public may now be sent advisory" in afa("member", "set-rules", str(file), data=played.data).stderr


def quarantined(data: Path, event_id: UUID) -> str | None:
    """Where an event was refused."""
    notes = kafka.whole(Run(data).admin, QUARANTINE.name)
    each = [QuarantineNote.model_validate_json(dict(record.headers)[NOTE_HEADER]) for record in notes]
    about = [note for note in each if event_id in {refusal.event_id for refusal in note.refusals}]
    return f"{about[-1].topic}/{about[-1].partition}/{about[-1].offset}" if about else None


def told_back(letter: dict[str, Any], place: str) -> bool:
    return letter["kind"] == "reinjected" and f"{letter['topic']}/{letter['partition']}/{letter['offset']}" == place


def let_in(data: Path, member: str) -> int:
    """How many alerts of a member were."""
    return counted(Run(data).registrar())[member]


def test_what_a_wrong_rule_refused_an_officer_has_put_back_and_it_counts(played: Played, tmp_path: Path) -> None:
    run = Run(played.data)
    keys, login = load_member(run.data, "bank-icbc")
    by_the_old_rules = run.registry()
    shown, file = result("member", "rules", data=played.data), tmp_path / "rules.toml"

    def set_rules(text: str) -> None:
        file.write_text(text, encoding="utf-8")
        assert afa("member", "set-rules", str(file), data=played.data).returncode == 0

    def publish(client: MemberClient) -> tuple[UUID, str | None]:
        """An alert, and where it was refused, if it was."""
        before = let_in(played.data, "bank-icbc")
        event = client.publish(alert(run))
        until(
            lambda: quarantined(played.data, event) is not None or let_in(played.data, "bank-icbc") > before, "unread"
        )
        return event, quarantined(played.data, event)

    def put_back(place: str, *by: str) -> subprocess.CompletedProcess[str]:
        return afa("quarantine", "reinject", place, "--reason", "the rules were wrong", *by, data=played.data)

    officer = ("--as", "police-ty", "--officer", "chen-guoqiang")
    with MemberClient(keys, login, by_the_old_rules, tmp_path / "spool.db", run.clock) as client:
        set_rules(shown.replace('suspicious-account = ["bank", ', "suspicious-account = ["))
        # The worker follows the rules by itself.
        until(lambda: publish(client)[1] is not None, "the wrong rule is not in force")
        _, place = publish(client)
        assert place is not None
        early = put_back(place, *officer)
        assert (early.returncode, early.stdout) == (1, "")
        assert f"afa: What was refused of {place} would be refused again: a bank of " in early.stderr
        set_rules(shown)
        until(lambda: publish(client)[1] is None, "the right rule is not in force")

        before = let_in(played.data, "bank-icbc")
        done = put_back(place, *officer)
        assert (done.returncode, done.stdout) == (0, "")
        assert f"{place} is back as suspicious-account/" in done.stderr
        until(lambda: let_in(played.data, "bank-icbc") == before + 1, "it was not let in")
        [entry] = listed("audit", "list", "--about", place, data=played.data)
        assert [act["act"] for act in entry["acts"]] == ["reinjection verified"]
        until(lambda: any(told_back(each, place) for each in letters(played.data, "bank-icbc")), "it is not told")
        again = put_back(place, *officer)
        assert (again.returncode, again.stdout) == (1, "")
        assert "afa: bank-icbc has sent this again, at suspicious-account/" in again.stderr
        assert "No bundle of 'alias/0/999999' is in quarantine" in put_back("alias/0/999999", *officer).stderr


def alert(run: Run) -> dict[str, Any]:
    """What joins with nothing."""
    accounts = [{"kind": "account", "value": value} for value in ("6217000000000780", "6217000000018067")]
    return {
        "time": run.clock.now().isoformat(),
        "data": {
            "kind": "suspicious-account",
            "direction": "out",
            "amount": {"minor": 100, "currency": "CNY"},
            "status": "posted",
            "reporting_side": "payer",
            "score": 0.5,
            "customer": {"account": {**accounts[0], "holders": ["cnaps:102161000012"]}},
            "counterparty": {"account": accounts[1]},
        },
    }


def joined(data: Path, unit: str, folder: Path) -> Path:
    """The file of a unit whose keys were made apart from the run, as `afa member join` leaves it."""
    place = attach(data)
    login = login_of("registrar", place.admin, place.data.secret)
    desk = Desk(place.data, login, clock.load(data / "clock.json"))
    spec = MemberSpec(unit, unit, Sector.BANK, Alliance.POLICE_BANK, (f"cnaps:{unit}",))
    broker = Broker(bootstrap=place.admin.bootstrap, security_protocol="SASL_PLAINTEXT")
    invite = desk.invite(spec, broker, timedelta(hours=1))
    held = newcomer.ask(invite, folder / f"{unit}.member", clock.wall_now())
    desk.approve(desk.asked(unit))
    return newcomer.wait(held, newcomer.invite_login(invite), 15).path


def test_a_unit_that_joined_does_by_its_file_what_the_runs_own_do(played: Played, tmp_path: Path) -> None:
    mine = ("--member-file", str(joined(played.data, "bank-joined", tmp_path)))
    value = ("token", "account", "6217000000000780")
    assert result(*value, *mine, data=played.data) == result(*value, "--as", "bank-icbc", data=played.data)
    assert result("member", "rules", *mine, data=played.data) == written(standard())

    said = ("--grounds", "vouched-for", "--statement", "a shop that we have known for years")
    dispute = ("dispute", "file", "--target", "account:6217000000000780", *said)
    [filed] = listed(*dispute, *mine, data=played.data)
    found = {one["dispute_id"]: one["member"] for one in listed("dispute", "list", data=played.data)}
    assert found[filed["dispute_id"]] == "bank-joined"

    hold = listed("holds", data=played.data)[0]["hold_id"]
    mistaken = ("--grounds", "own-funds", "--statement", "it is the wages of a firm")
    refused = afa("appeal", "file", hold, *mistaken, *mine, data=played.data)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "afa: The casebook refuses the appeal: " in refused.stderr
    both = afa(*value, *mine, "--as", "bank-icbc", data=played.data)
    assert both.stderr.startswith("afa: Say who does it: --member-file FILE for a unit that joined, or --as MEMBER")


def test_no_clear_identifier_and_no_key_of_a_member_is_anywhere_in_the_hub(played: Played, day: Day) -> None:
    typed = {Value("account", "6217000000000780"), Value("account", "6217000000018067")}
    used = day.used | typed
    assert len(used) > 1_000
    assert {value.kind for value in used} >= {"account", "number", "person", "sim", "device", "handle", "url", "name"}
    run = Run(played.data)
    assert len(trust.kept_by_members(run, used)) > len(used) // 2
    clear, unseen = trust.found_in_the_hub(run, used)
    assert clear == set()
    assert unseen == set(), "what was put there must be found"


def test_no_member_received_more_than_it_needs(played: Played, day: Day) -> None:
    run = Run(played.data)
    need = Need(day, Finder(day.used), *published(run.admin))
    kinds: set[str] = set()
    for spec in CAST:
        got = received(run.data, spec.member)
        letters = got[member_topic(spec.member).name]
        assert got.keys() == {member_topic(spec.member).name, MEMBERS.name}
        # Of its mail a member may open one thing in clear, which the oracle knows: whose a customer's account is to be.
        mine = got[MEMBERS.name] if spec.member != POLICE else [*got[MEMBERS.name], *letters]
        assert not any(need.finder.find(record) for record in mine)
        kinds |= {json.loads(letter.split(b"\n", 1)[0])["kind"] for letter in letters}
        if spec.member != POLICE:
            assert [each for letter in letters for each in need.excess(spec.member, letter)] == []
    assert kinds >= {"request", "name-to-match", "outcome", "checkpoint"}
