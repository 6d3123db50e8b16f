"""Five banks' files of alerts that nobody here wrote, with known truth: accounts that several banks see are leads.

The sector's cap in `streams/rules.toml` was chosen with these very files in view: that few innocents are among the
leads holds the rules to what they do here, and does not prove what they would do elsewhere.
"""

from __future__ import annotations

import csv
import secrets
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alliance.admission import digest_of
from alliance.clock import wall_ms
from alliance.ids import IdSource
from alliance.keys.store import generate
from alliance.keys.tokens import TokenKeys
from alliance.registry import Registry
from producers.clear import protect
from producers.mapping import for_file
from producers.rows import read_csv
from schemas import strictjson
from schemas.registry import Sector
from streams.core.alert import Alert
from streams.core.extract import alerts_of
from streams.rules import load_rules
from tests.streams.network import deliver
from tests.streams.support import member_record

DATA = Path(__file__).parents[3] / "shared" / "data" / "amlsim-20k-cycle"
BANKS = ("102161000012", "103161000013", "104161000014", "105161000015", "308161000016")
NOW = datetime.fromisoformat("2026-11-10T12:00:00+08:00")


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the five banks' files are not at {DATA}")
def test_accounts_that_several_banks_see_become_leads_and_nearly_all_are_fraudulent() -> None:
    tokens = TokenKeys.generate()
    alerts = [alert for code in BANKS for alert in exported(code, tokens)]
    leads = deliver(alerts, 4, load_rules(), seed=1, repeat=0.0).leads()
    truth = {tokens.tokens("account", account)[0]: guilty for account, guilty in labels()}
    suspects = [lead for lead in leads.values() if lead["subject"]["kind"] == "account"]
    assert len(suspects) > 300
    assert all(len(lead["members"]) > 1 and lead["level"] == "medium" for lead in suspects)
    guilty = sum(truth[lead["subject"]["token"]] for lead in suspects)
    assert guilty / len(suspects) > 0.95


def exported(code: str, tokens: TokenKeys) -> Iterator[Alert]:
    """One bank's file as its alerts, moved into the admission age, which is shorter than the file."""
    keys = generate(f"bank-{code}", tokens)
    bank = member_record(keys, Sector.BANK, routes=[f"cnaps:{code}"])
    registry = Registry([bank, member_record(generate("police-a", tokens), Sector.POLICE)])
    path, ids = DATA / f"alerts-{code}.csv", IdSource(wall_ms, secrets.token_bytes)
    mapping = for_file(path)
    assert mapping is not None
    for _, row in read_csv(path, mapping, bank.routes):
        assert isinstance(row, dict), row
        made = protect(squeezed(row), keys.member, tokens, registry, ids, NOW)
        (alert,) = alerts_of(made.event, keys.member, Sector.BANK, digest_of(strictjson.loads(made.wire)))
        yield alert


def squeezed(event: dict[str, Any]) -> dict[str, Any]:
    """Alerts about two weeks are told as if they were of six days: what counts here is who sees what, not when."""
    first = datetime.fromisoformat("2026-11-01T00:00:00+08:00")
    since = datetime.fromisoformat(str(event["time"])) - first
    return {**event, "time": (NOW - timedelta(days=6) + since / 3).isoformat()}


def labels() -> Iterator[tuple[str, bool]]:
    """Account number and whether it is fraudulent."""
    accounts: dict[str, str] = defaultdict(str)
    for code in BANKS:
        with (DATA / f"alerts-{code}.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                accounts[str(int(row["payee_account"][4:]))] = row["payee_account"]
    with (DATA / "nodes.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["nodeid"] in accounts:
                yield accounts[row["nodeid"]], row["isFraud"] == "1"
