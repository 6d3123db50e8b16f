"""The table of roles in docs/correlation.md, line by line: what names a suspect, a victim or a conduit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from schemas.base import to_ms
from schemas.envelope import EVENT, Event, event_type
from schemas.identifiers import IdentifierKind
from schemas.registry import Sector
from streams.core.alert import Alert, Class, Onward, Role, Transfer
from streams.core.extract import alerts_of, retraction_of
from streams.core.keys import key_of, kind_of, token_of
from tests.streams.support import IDS

MOMENT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
MS = to_ms(MOMENT)
DIGEST = b"contents"
MONEY = {"minor": 500, "currency": "CNY"}


def token(name: str) -> str:
    return f"e1:{name.replace(' ', '-'):_<22}"


def ident(name: str, kind: str = "account", **over: Any) -> dict[str, Any]:
    return {"kind": kind, "tokens": [token(name)], **over}


def phone(name: str, role: str = "registered", **over: Any) -> dict[str, Any]:
    return {"identifier": ident(name, "number"), "role": role, **over}


def event(data: dict[str, Any]) -> Event:
    made = {"id": str(IDS.next()), "source": "/members/m", "type": event_type(data["kind"]), "time": MOMENT.isoformat()}
    return EVENT.validate_json(orjson.dumps({**made, "data": data}))


def alert(data: dict[str, Any], sector: Sector = Sector.BANK) -> Alert:
    (made,) = alerts_of(event(data), "m", sector, DIGEST)
    return made


def roles(data: dict[str, Any]) -> dict[str, set[str]]:
    """Role → the names that stand in it."""
    found: dict[str, set[str]] = {"suspect": set(), "victim": set(), "conduit": set()}
    for named in alert(data).named:
        found[named.role.name.lower()].add(token_of(named.key)[3:].rstrip("_").replace("-", " "))
    return found


CUSTOMER = {
    "account": ident("own account"),
    "person": ident("own person", "person"),
    "phones": [
        phone("own phone"),
        phone("family phone", "family"),
        phone("device phone", "device"),
        phone("clerk phone", "company-clerk"),
        phone("hotline", joinable=False),
    ],
}
ACCOUNT = {
    "kind": "suspicious-account",
    "serial": ident("serial", "transfer-serial"),
    "direction": "out",
    "amount": MONEY,
    "status": "posted",
    "score": 0.7,
    "customer": CUSTOMER,
    "counterparty": {"account": ident("other account"), "person": ident("other person", "person")},
    "device": ident("device", "device"),
    "ip": ident("ip", "ip"),
    "terminal": ident("terminal", "terminal"),
    "merchant": ident("merchant", "merchant"),
    "place": "Taiyuan",
}
NUMBER = {
    "kind": "suspicious-number",
    "presented": ident("presented", "presented-number"),
    "number": ident("number", "number"),
    "sim": ident("sim", "sim"),
    "device": ident("device", "device"),
    "trunk": ident("trunk", "trunk"),
    "callee": ident("callee", "number"),
    "coarse_cell": "460-00-1",
    "duration_s": 90,
    "risk": 0.9,
}
HANDLE = {
    "kind": "suspicious-handle",
    "handle": ident("handle", "handle"),
    "platform": "chat",
    "signal": "chat",
    "url": ident("url", "url"),
    "app": ident("app", "app"),
    "contact_phone": ident("contact", "number"),
    "payment_account": ident("payment", "payment-account"),
    "device": ident("device", "device"),
    "ip": ident("ip", "ip"),
    "target_phone": ident("target", "number"),
    "waybill": ident("waybill", "parcel"),
    "pickup_place": "Taiyuan",
    "score": 0.8,
}
REPORT = {
    "kind": "victim-report",
    "report_id": "R1",
    "channel": "hotline",
    "incident_from": (MOMENT - timedelta(days=2)).isoformat(),
    "reporter": ident("reporter", "number"),
    "victim": ident("victim", "person"),
    "victim_phones": [phone("victim phone"), phone("clerk phone", "company-clerk")],
    "victim_accounts": [ident("victim account")],
    "transfers": [
        {
            "payer": ident("payer"),
            "payee": ident("payee"),
            "amount": MONEY,
            "serial": ident("serial", "transfer-serial"),
            "time": (MOMENT - timedelta(days=1)).isoformat(),
        },
        {"payee": ident("second payee"), "amount": MONEY},
        {"payee_partial": "6222****", "amount": MONEY},
    ],
    "contacts": [ident("contact", "number"), ident("their handle", "handle")],
}
OWN = {"own account", "own person", "own phone", "family phone"}
LINES: list[tuple[str, dict[str, Any], set[str], set[str], set[str]]] = [
    (
        "suspicious-account by the payer's bank",
        ACCOUNT | {"reporting_side": "payer"},
        {"other account", "other person"},
        OWN,
        {"device", "ip", "terminal"},
    ),
    (
        "suspicious-account by the payee's bank",
        ACCOUNT | {"reporting_side": "payee"},
        OWN,
        set(),
        {"device", "ip", "terminal"},
    ),
    ("suspicious-number", NUMBER, {"presented", "number", "sim", "device", "trunk"}, {"callee"}, set()),
    (
        "suspicious-number, spoofed",
        NUMBER | {"spoofed": True},
        {"number", "sim", "device", "trunk"},
        {"callee"},
        set(),
    ),
    (
        "suspicious-number, impossible",
        NUMBER | {"presented_possible": False},
        {"number", "sim", "device", "trunk"},
        {"callee"},
        set(),
    ),
    ("suspicious-handle", HANDLE, {"handle", "url", "app", "contact", "payment"}, {"target"}, {"device", "ip"}),
    (
        "victim-report",
        REPORT,
        {"payee", "second payee", "contact", "their handle"},
        {"victim", "victim phone", "victim account", "payer"},
        set(),
    ),
]


@pytest.mark.parametrize(
    ("data", "suspects", "victims", "conduits"), [li[1:] for li in LINES], ids=[li[0] for li in LINES]
)
def test_the_table_of_roles(data: dict[str, Any], suspects: set[str], victims: set[str], conduits: set[str]) -> None:
    assert roles(data) == {"suspect": suspects, "victim": victims, "conduit": conduits}


def test_what_is_absent_is_named_by_nobody() -> None:
    cash = {key: value for key, value in ACCOUNT.items() if key in ("kind", "direction", "amount", "status", "score")}
    cash |= {"reporting_side": "payer", "customer": {"account": ident("own account")}}
    assert roles(cash) == {"suspect": set(), "victim": {"own account"}, "conduit": set()}


def test_in_two_roles_suspect_comes_before_victim_before_conduit() -> None:
    same = ident("both", "number")
    assert roles(NUMBER | {"number": same, "callee": same})["victim"] == set()
    assert "both" in roles(NUMBER | {"number": same, "callee": same})["suspect"]
    told = roles(REPORT | {"victim_accounts": [ident("payee")]})
    assert "payee" in told["suspect"] and "payee" not in told["victim"]
    onward = [
        {"payer": ident("mule"), "payee": ident("next")},
        {"payer": ident("victim account"), "payee": ident("mule")},
    ]
    told = roles(REPORT | {"transfers": onward})
    assert "mule" in told["suspect"] and "mule" not in told["victim"]


def test_a_presented_number_meets_the_number_that_it_shows() -> None:
    shown = roles(NUMBER | {"presented": ident("number", "presented-number")})
    assert shown["suspect"] == {"number", "sim", "device", "trunk"}
    assert key_of("presented-number", token("x")) == key_of("number", token("x"))


def test_every_kind_of_identifier_has_a_key_of_its_own_but_the_presented_number() -> None:
    keys = {kind.value: key_of(kind.value, token("x")) for kind in IdentifierKind}
    assert len(set(keys.values())) == len(keys) - 1
    assert all(kind_of(key).value == kind for kind, key in keys.items() if kind != "presented-number")


def two(name: str, kind: str = "account", newer: str = "e2") -> dict[str, Any]:
    return {"kind": kind, "tokens": [token(name), f"{newer}:{name:_<22}"]}


def test_of_two_epochs_each_has_an_alert_of_its_own_that_knows_no_other_names() -> None:
    bare = {field: ACCOUNT[field] for field in ("kind", "direction", "amount", "status", "score")}
    phones = [{"identifier": two("phone", "number"), "role": "registered"}]
    people = {"counterparty": {"account": two("payee")}, "customer": {"account": two("own"), "phones": phones}}
    data = bare | people | {"reporting_side": "payer", "serial": two("s", "transfer-serial")}
    made = alerts_of(event(data), "m", Sector.BANK, DIGEST)
    for each, epoch in zip(made, ("e1", "e2"), strict=True):
        names = [f"a{epoch}:{'payee':_<22}", f"a{epoch}:{'own':_<22}", f"n{epoch}:{'phone':_<22}"]
        assert [named.key for named in each.named] == names
        assert (each.transfers[0].payee, each.transfers[0].serial) == (names[0], f"t{epoch}:{'s':_<22}")
        assert (each.member, each.event, each.digest) == (made[0].member, made[0].event, made[0].digest)
    assert [n.former for n in made[1].named] == [n.key for n in made[0].named]
    assert {n.former for n in made[0].named} == {""}


def test_tokens_in_the_wrong_order_say_nothing_of_what_was_before() -> None:
    for tokens in (["e10:" + "n" * 22, "e9:" + "o" * 22], two("x", newer="e1")["tokens"]):
        payee = {"kind": "account", "tokens": tokens}
        data = ACCOUNT | {"reporting_side": "payer", "counterparty": {"account": payee}}
        made = alerts_of(event(data), "m", Sector.BANK, DIGEST)
        assert {named.former for each in made for named in each.named} == {""}


def test_a_withdrawal_goes_to_the_keys_of_both_epochs() -> None:
    made = retraction_of(event(withdrawal(identifiers=[two("a")])), "m", police=False)
    assert made is not None
    assert made.keys == (key("a"), f"ae2:{'a':_<22}")


def test_what_is_known_of_an_identifier_goes_along() -> None:
    known = ident("other", holders=["cnaps:1"], basis="verified", as_of=MOMENT.isoformat())
    data = ACCOUNT | {"reporting_side": "payer", "counterparty": {"account": known}}
    named = next(n for n in alert(data).named if n.role is Role.SUSPECT)
    assert (named.kind, named.basis, named.as_of, named.holders) == ("account", 2, MS, ("cnaps:1",))


def test_classes_and_spans() -> None:
    chat = HANDLE | {"first_seen": "2026-11-01T00:00:00Z", "last_seen": (MOMENT - timedelta(hours=1)).isoformat()}
    made = [alert(ACCOUNT | {"reporting_side": side}) for side in ("payer", "payee")]
    made += [alert(NUMBER), alert(chat), alert(REPORT)]
    assert [a.cls for a in made] == [Class.PAYER, Class.PAYEE, Class.CALL, Class.CHAT, Class.REPORT]
    begin = to_ms(datetime(2026, 11, 1, tzinfo=UTC))
    spans = [(MS, MS), (MS, MS), (MS, MS + 90_000), (begin, MS), (MS - 2 * 86_400_000, MS)]
    assert [(a.start, a.end) for a in made] == spans
    assert [a.score for a in made] == [0.7, 0.7, 0.9, 0.8, 1.0]
    assert {(a.member, a.sector, a.digest) for a in made} == {("m", "bank", DIGEST)}


def key(name: str, kind: str = "account") -> str:
    return key_of(kind, token(name))


SERIAL = key("serial", "transfer-serial")
PAYEE = {"reporting_side": "payee"}
MOVES: list[tuple[str, dict[str, Any], str, Onward]] = [
    ("out of the payer's account", {"reporting_side": "payer"}, key("other account"), Onward.NONE),
    ("into the mule's account", {**PAYEE, "direction": "in"}, key("own account"), Onward.NONE),
    ("on from the mule's account", PAYEE, key("other account"), Onward.TRANSFER),
    ("cash from the mule's account", {**PAYEE, "channel": "atm", "counterparty": None}, "", Onward.CASH_OUT),
    ("crypto from the mule's account", {**PAYEE, "channel": "crypto"}, key("other account"), Onward.CASH_OUT),
    ("cash into the mule's account", {**PAYEE, "direction": "in", "channel": "atm"}, key("own account"), Onward.NONE),
]  # fmt: skip


@pytest.mark.parametrize(("change", "payee", "onward"), [m[1:] for m in MOVES], ids=[m[0] for m in MOVES])
def test_where_money_goes(change: dict[str, Any], payee: str, onward: Onward) -> None:
    made = alert({name: value for name, value in (ACCOUNT | change).items() if value is not None})
    assert made.transfers == (Transfer(payee, SERIAL, 500, "CNY", MS, False),)
    assert made.onward is onward


def test_a_pending_transfer_is_marked() -> None:
    assert alert(ACCOUNT | {"reporting_side": "payer", "status": "pending"}).transfers[0].pending


def test_a_report_tells_of_transfers_whose_payee_and_amount_are_known() -> None:
    day = 86_400_000
    assert alert(REPORT).transfers == (
        Transfer(key("payee"), SERIAL, 500, "CNY", MS - day, False),
        Transfer(key("second payee"), "", 500, "CNY", MS - 2 * day, False),
    )


def test_a_question_names_its_payer_as_a_victim_and_its_payee_as_no_suspect() -> None:
    phones = [phone(role, role) for role in ("registered", "company-clerk")]
    made = alert({"kind": "risk-check", "payer": ident("a"), "payee": ident("b"), "phones": phones, "amount": MONEY})
    assert [(n.key, n.role) for n in made.named] == [
        (key("a"), Role.VICTIM),
        (key("registered", "number"), Role.VICTIM),
        (key("b"), Role.ASKED),
    ]
    assert (made.cls, made.start, made.end, made.score) == (Class.CHECK, MS, MS, 0.0)
    assert made.transfers == (Transfer(key("b"), "", 500, "CNY", MS, True),)


def test_who_pays_himself_is_a_victim_still() -> None:
    made = alert({"kind": "risk-check", "payer": ident("a"), "payee": ident("a"), "amount": MONEY})
    assert [(n.key, n.role) for n in made.named] == [(key("a"), Role.VICTIM)]


def test_kinds_that_are_no_alert_make_none() -> None:
    pair = [ident("account"), ident("card", "card")]
    for data in ({"kind": "alias", "identifiers": pair}, withdrawal()):
        assert not alerts_of(event(data), "m", Sector.BANK, DIGEST)


def withdrawal(**over: Any) -> dict[str, Any]:
    identifiers = [ident("b"), ident("a"), ident("b")]
    return {"kind": "withdrawal", "event_id": str(IDS.next()), "identifiers": identifiers, "reason": "error", **over}


def test_a_withdrawal_goes_to_the_keys_that_it_repeats() -> None:
    data = withdrawal()
    made = retraction_of(event(data), "m", police=False)
    assert made is not None
    assert (made.member, made.by_police, made.keys, made.time) == ("m", False, (key("a"), key("b")), MS)
    assert made.event.hex() == data["event_id"].replace("-", "")
    assert retraction_of(event(ACCOUNT | {"reporting_side": "payer"}), "m", police=False) is None


def test_only_police_withdraw_in_anothers_name() -> None:
    made = [retraction_of(event(withdrawal(event_member="bank-b")), "m", police=p) for p in (True, False)]
    assert [r and r.member for r in made] == ["bank-b", "m"]
