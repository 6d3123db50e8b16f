"""Files into alerts: exact money, each row once, bad rows put aside with their line and reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel

import producers
from alliance.errors import SetupError, SpoolFull
from producers import importer
from producers.importer import ImportResult, import_file, row_id
from producers.mapping import Mapping, load
from producers.money import minor_from_major
from producers.rebase import TIME_FIELDS, offset_to
from producers.rows import BadRow, read_csv, read_jsonl
from producers.spool import Capacity
from schemas import alerts, answers
from schemas.base import Message
from tests.producers.support import BANK, NOW, OTHER_BANK, OWN, POLICE, THEIRS, FakeBroker, client, transfer

MAPPING = Path(producers.__file__).parent / "mappings" / "bank-transfers.toml"
DOCS = Path(producers.__file__).parents[1] / "docs" / "publishing.md"
HEADING = "serial,time,payer_bank,payer_account,payee_bank,payee_account,amount,currency,score,reason\n"
US, THEM = OWN.removeprefix("cnaps:"), THEIRS.removeprefix("cnaps:")
OUT = (
    f"T00000012,2026-11-09T02:23:33+08:00,{US},6217000000000780,{THEM},6217000000018067,286.97,CNY,0.54,counterparty\n"
)
IN = f"T00000013,2026-11-09T03:23:33+08:00,{THEM},6217000000018067,{US},6217000000000780,14.5,CNY,0.95,cycle-like\n"


def table(folder: Path, *rows: str) -> Path:
    path = folder / "alerts.csv"
    path.write_text(HEADING + "".join(rows), encoding="utf-8")
    return path


def imported(
    spool: Path, path: Path, broker: FakeBroker | None = None, sender: str = BANK, **options: Any
) -> ImportResult:
    with client(spool, broker or FakeBroker(), sender) as member:
        result = import_file(member, path, progress=False, **options)
        member.flush(10)
    return result


def rejected(result: ImportResult) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in result.bad_rows.read_bytes().splitlines()]


@given(st.integers(0, 10**15), st.sampled_from([("CNY", 2), ("JPY", 0), ("KWD", 3)]))
def test_money_is_exact(minor: int, currency: tuple[str, int]) -> None:
    code, digits = currency
    assert minor_from_major(f"{Decimal(minor).scaleb(-digits):f}", code) == minor


@pytest.mark.parametrize("text", ["286.975", "-1.00", "1,000.00", "1e3", "NaN", "", ".5", "5.", "１", "1_0"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|decimals"):
        minor_from_major(text, "CNY")


def test_the_payers_bank_and_the_payees_bank_report_their_own_customer(tmp_path: Path) -> None:
    rows = list(read_csv(table(tmp_path, OUT, IN), load(MAPPING), [OWN]))

    assert [number for number, _ in rows] == [2, 3]
    out, into = [row["data"] for _, row in rows if isinstance(row, dict)]
    assert (out["reporting_side"], out["direction"], out["amount"]["minor"]) == ("payer", "out", 28697)
    assert (into["reporting_side"], into["direction"], into["amount"]["minor"]) == ("payee", "in", 1450)
    assert out["customer"] == into["customer"]
    assert out["customer"]["account"] == {"kind": "account", "value": "6217000000000780", "holders": [OWN]}
    assert out["counterparty"] == into["counterparty"]


def test_a_file_twice_has_no_effect_twice(tmp_path: Path) -> None:
    broker, path = FakeBroker(), table(tmp_path, OUT, IN, IN)
    first = imported(tmp_path / "spool", path, broker, mapping=load(MAPPING))
    again = imported(tmp_path / "spool", path, broker, mapping=load(MAPPING))

    assert (first.accepted, first.duplicates, first.bad) == (2, 1, 0)
    assert (again.accepted, again.duplicates, again.bad) == (0, 3, 0)
    assert len(broker.events()) == 2
    assert not first.bad_rows.exists()


def test_bad_rows_are_put_aside(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        OUT,
        OUT.replace("286.97", "286.975"),
        OUT.replace("6217000000018067", "未知"),
        "\n",
        OUT.replace(",0.54", ""),
        OUT.replace(US, "999"),
        OUT.replace("T00000012", '"T0"x'),
        OUT.replace("+08:00", ""),
        IN,
    )
    result = imported(tmp_path / "spool", path, mapping=load(MAPPING))

    assert (result.accepted, result.bad) == (2, 6)
    assert result.bad_rows == tmp_path / "alerts.csv.rejected.jsonl"
    assert result.bad_rows.stat().st_mode & 0o077 == 0
    found = {entry["line"]: entry["reason"] for entry in rejected(result)}
    wanted = {
        3: "data.amount: '286.975' has more decimals than CNY has",
        4: "data.counterparty.account.value: placeholder",
        6: "9 cells under a heading of 10",
        7: "no case of the mapping applies",
        8: "not CSV",
        9: "time: .* has no offset",
    }
    assert found.keys() == wanted.keys()
    for line, reason in wanted.items():
        assert re.match(reason, found[line])


def test_bad_rows_go_into_no_file_that_another_has_put_there_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are personal data, and in a folder that is open to others the name can be guessed."""
    theirs = tmp_path / "theirs"
    theirs.write_text("before")
    file = table(tmp_path, "no row at all\n")

    def counted(path: Path) -> int:
        path.with_name(f"{path.name}.rejected.jsonl").symlink_to(theirs)
        return 1

    monkeypatch.setattr(importer, "count_lines", counted)
    with pytest.raises(SetupError, match="nothing can be put aside there"):
        imported(tmp_path / "spool.db", file, mapping=load(MAPPING))
    assert theirs.read_text() == "before"


def test_a_clean_import_takes_away_the_bad_rows_of_the_last(tmp_path: Path) -> None:
    result = imported(tmp_path / "spool", table(tmp_path, OUT.replace("286.97", "x")), mapping=load(MAPPING))
    assert result.bad_rows.exists()
    assert not imported(tmp_path / "spool", table(tmp_path, OUT), mapping=load(MAPPING)).bad_rows.exists()


def test_rebase_moves_everything_by_one_offset_and_remembers_it(tmp_path: Path) -> None:
    old = OUT.replace("2026-11-09", "2020-01-01"), IN.replace("2026-11-09", "2020-01-02")
    broker = FakeBroker()
    first = imported(tmp_path / "spool", table(tmp_path, *old), broker, mapping=load(MAPPING), rebase=True)
    longer = table(tmp_path, *old, IN.replace("2026-11-09", "2020-01-02").replace("T00000013", "T00000014"))
    again = imported(tmp_path / "spool", longer, broker, mapping=load(MAPPING), rebase=True)

    assert (first.accepted, again.accepted, again.duplicates) == (2, 1, 2)
    assert first.offset == again.offset == NOW - datetime.fromisoformat("2020-01-02T03:23:33+08:00")
    times = [datetime.fromisoformat(event["time"]) for event in broker.events()]
    assert max(times) == NOW
    assert max(times) - min(times) == timedelta(days=1, hours=1)


@pytest.mark.parametrize(
    ("data", "ends"),
    [
        ({"duration_s": 900}, timedelta(minutes=15)),
        ({"last_seen": "2020-01-01T10:00:00+00:00"}, timedelta(hours=1)),
        ({"last_seen": "2020-01-01T08:00:00+00:00"}, timedelta()),
        ({"duration_s": "900"}, timedelta()),
        ({"duration_s": 10**12}, timedelta()),
    ],
)
def test_rebase_brings_to_now_what_the_last_event_tells_of(data: dict[str, object], ends: timedelta) -> None:
    """What it tells of would else lie ahead, and be refused."""
    last = datetime.fromisoformat("2020-01-01T09:00:00+00:00")
    events = [{"time": "2020-01-01T08:00:00+00:00", "data": {}}, {"time": last.isoformat(), "data": data}]
    assert offset_to(NOW, events) == NOW - last - ends


def test_every_time_of_the_contract_is_moved() -> None:
    found: set[str] = set()

    def look(model: type[BaseModel]) -> None:
        for name, field in model.model_fields.items():
            kinds = _leaves(field.annotation)
            found.update({name} if AwareDatetime in kinds else set())
            for kind in kinds:
                if isinstance(kind, type) and issubclass(kind, Message):
                    look(kind)

    for kind in (*get_args(alerts.Alert), answers.Answer, alerts.Alias, alerts.Withdrawal):
        look(kind)
    assert found | {"time"} == TIME_FIELDS


def _leaves(annotation: Any) -> set[Any]:
    if get_origin(annotation) is Annotated:
        return _leaves(get_args(annotation)[0])
    parts = get_args(annotation)
    return set().union(*map(_leaves, parts)) if parts else {annotation}


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    lines = [
        orjson.dumps(transfer(1)),
        b"",
        b'{"time": "2026-11-10T12:00:00Z", "data": {"kind": "alias", "kind": "alias"}}',
        b"[1]",
        b'{"time": NaN}',
        orjson.dumps(transfer(2, score=7)),
        b"\xff",
    ]
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines))
    result = imported(tmp_path / "spool", path)

    assert (result.accepted, result.bad) == (1, 5)
    found = {entry["line"]: entry["reason"] for entry in rejected(result)}
    reasons = {3: "duplicate-key", 4: "not a JSON object", 5: "not-finite", 6: "data.score", 7: "malformed"}
    assert found.keys() == reasons.keys()
    for line, reason in reasons.items():
        assert found[line].startswith(reason)


def test_a_kind_for_lines_that_name_none(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    event = transfer()
    del event["data"]["kind"]
    path.write_bytes(orjson.dumps(event))
    assert imported(tmp_path / "spool", path).bad == 1
    assert imported(tmp_path / "spool", path, kind="suspicious-account").accepted == 1


def test_an_id_of_the_file_is_kept_and_reused_with_other_content_is_a_bad_row(tmp_path: Path) -> None:
    event_id = str(row_id(BANK, transfer()))
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps({"id": event_id, **transfer(number)}) for number in (1, 2)))
    broker = FakeBroker()
    result = imported(tmp_path / "spool", path, broker)
    assert [event["id"] for event in broker.events()] == [event_id]
    assert "other content" in rejected(result)[0]["reason"]


def test_a_row_that_was_wrong_is_withdrawn_by_the_id_that_its_file_tells_again(tmp_path: Path) -> None:
    broker, path, ids = FakeBroker(), table(tmp_path, OUT, "bad\n", IN), tmp_path / "ids.jsonl"
    for _ in range(2):
        imported(tmp_path / "spool", path, broker, mapping=load(MAPPING), ids_path=ids)
        told = [orjson.loads(line) for line in ids.read_bytes().splitlines()]
        assert {each["line"]: each["id"] for each in told} == {
            line: event["id"] for line, event in zip((2, 4), broker.events(), strict=True)
        }
    assert ids.stat().st_mode & 0o077 == 0
    with pytest.raises(SetupError, match="over the alerts"):
        imported(tmp_path / "spool", path, mapping=load(MAPPING), ids_path=path.parent / "." / path.name)
    assert path.exists()
    with client(tmp_path / "spool", broker) as member:
        member.withdraw(UUID(told[0]["id"]), "the payee was misread")
        member.flush(10)
    assert [event["data"].get("event_id") for event in broker.events()] == [None, None, told[0]["id"]]


def test_a_row_id_is_a_uuidv7_of_its_time_member_and_content() -> None:
    one = row_id(BANK, transfer())
    assert one is not None
    assert one.version == 7
    assert one.int >> 80 == NOW.timestamp() * 1000
    assert len({one, row_id(BANK, transfer()), row_id(OTHER_BANK, transfer()), row_id(BANK, transfer(2))}) == 3


def test_a_full_spool_stops_the_import_and_the_next_one_goes_on(tmp_path: Path) -> None:
    rows = [OUT.replace("T00000012", f"T{number:08}") for number in range(501)]
    path, broker = table(tmp_path, *rows), FakeBroker(up=False)
    with client(tmp_path / "spool", broker, limits=Capacity(rows=500)) as bank, pytest.raises(SpoolFull):
        import_file(bank, path, load(MAPPING), progress=False)
    broker.up = True
    result = imported(tmp_path / "spool", path, broker, mapping=load(MAPPING))
    assert (result.accepted, result.duplicates) == (1, 500)
    assert len(broker.events()) == 501


def test_phones_defaults_and_empty_cells(tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        'kind = "suspicious-account"\nencoding = "gb18030"\ndelimiter = ";"\n[fields]\n'
        '"time" = { from = "{date} {clock}", type = "time", format = "%Y%m%d %H%M", zone = "Asia/Shanghai" }\n'
        '"data.score" = { from = "{score}", type = "number", default = 0.5 }\n'
        '"data.device.kind" = "device"\n"data.device.value" = "{imei}"\n'
        '"data.customer.phones.0.identifier.kind" = "number"\n"data.customer.phones.0.identifier.value" = "{phone}"\n'
        '"data.customer.phones.0.role" = "registered"\n'
        '"data.customer.phones.1.identifier.kind" = "number"\n"data.customer.phones.1.identifier.value" = "{family}"\n'
        '"data.customer.phones.1.role" = "family"\n"clear.payee_name" = "{name}"\n',
        encoding="utf-8",
    )
    path = tmp_path / "rows.csv"
    path.write_bytes("date;clock;score;imei;phone;family;name\n20261109;0223;;;;13912345679;张伟\n".encode("gb18030"))

    [(_, row)] = read_csv(path, load(mapping))

    assert row == {
        "time": "2026-11-09T02:23:00+08:00",
        "data": {
            "kind": "suspicious-account",
            "score": 0.5,
            "customer": {"phones": [{"identifier": {"kind": "number", "value": "13912345679"}, "role": "family"}]},
        },
        "clear": {"payee_name": "张伟"},
    }


def test_bytes_of_another_encoding_spoil_their_row_only(tmp_path: Path) -> None:
    path = table(tmp_path, OUT)
    path.write_bytes(path.read_bytes() + IN.encode().replace(b"cycle-like", "循环".encode("gb18030")) + OUT.encode())
    rows = [row for _, row in read_csv(path, load(MAPPING), [OWN])]
    assert [isinstance(row, BadRow) for row in rows] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind = ", "not TOML"),
        ('kind = "alias"\n', "fields"),
        ('kind = "alias"\nfilter = "x"\n[fields]\n', "filter"),
        ('kind = "alias"\n[fields]\n"amount" = "{amount}"\n', "no path of the clear shape"),
        ('kind = "alias"\n[fields]\n"data.a" = "x"\n"data.a.b" = "y"\n', "can not have fields"),
        ('kind = "alias"\n[fields]\n"time" = { from = "{t}", type = "time", zone = "Mars/Base" }\n', "time zone"),
        ('kind = "alias"\n[fields]\n"time" = { from = "{t}", type = "date" }\n', "type"),
        ('kind = "alias"\nencoding = "utf-99"\n[fields]\n', "encoding"),
    ],
)
def test_a_wrong_mapping_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SetupError, match=says):
        load(path)


@pytest.mark.parametrize(
    "read",
    [
        lambda path: read_jsonl(path / "absent"),
        read_jsonl,
        lambda path: read_csv(path / "absent", load(MAPPING)),
        lambda path: read_csv(table(path), Mapping(kind="alias", fields={"time": "{when}"})),
        lambda path: load(path / "absent"),
    ],
)
def test_a_file_that_can_not_be_used(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(SetupError, match=re.escape(str(tmp_path))):
        list(read(tmp_path))


def _examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", _examples("json"))
def test_every_example_in_the_documentation_is_accepted(tmp_path: Path, text: str) -> None:
    event = orjson.loads(text)
    senders = {"suspicious-number": "carrier-c", "suspicious-handle": "platform-chat", "victim-report": POLICE}
    path = tmp_path / "example.jsonl"
    path.write_bytes(orjson.dumps(event))
    result = imported(tmp_path / "spool", path, sender=senders.get(event["data"]["kind"], BANK))
    assert result.accepted == 1, rejected(result)


def test_the_example_of_a_mapping_is_one(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    [text] = _examples("toml")
    path.write_text(text, encoding="utf-8")
    assert "payer_bank" in load(path).columns()
