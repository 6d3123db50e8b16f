"""Writes the public models as JSON Schema 2020-12, for members whose software is not in Python, and the table of
reasons in `docs/quarantine.md`.

`python -m schemas.generate` writes, with `--check` it only says what is not current. The models are the source: what is
written here must never be edited by hand.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from schemas.allowlist import AllowEntry, AllowRecord, AllowView
from schemas.audit import AUDIT_RECORD, AuditReport, AuditView, Checkpoint
from schemas.cases import CaseView, ClockView
from schemas.decisions import AppealView, CaseAct, DisputeView, KeepHold, RevokeMandate, Ruling
from schemas.envelope import EVENT, EVENTS, VERSION
from schemas.epochs import EpochGrant, EpochKeys, Epochs, EpochTaken, EpochView
from schemas.inquiries import INQUIRY, VAULT_ANSWER, Sought
from schemas.joining import Admission, Endorsed, Invite, KeyRequest, Pending, Welcome
from schemas.leads import Lead
from schemas.names import AccountName
from schemas.reasons import REMEDY, WHOLE_BUNDLE, Reason
from schemas.receipts import TO_MEMBER, QuarantineNote
from schemas.registrar import REGISTRAR_ACT
from schemas.registry import Member
from schemas.reinjection import Reinject
from schemas.requests import HoldView, Mandate, MandateView, RequestView
from schemas.retention import RetentionReport, RetentionView
from schemas.returns import STATEMENT, ReturnView, SettlePayments
from schemas.rulebook import Rulebook
from schemas.scorecard import Scorecard
from schemas.tasks import TaskView

GENERATED = Path(__file__).with_name("generated")
REASONS_PAGE = Path(__file__).parents[1] / "docs" / "quarantine.md"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Traffic(StrEnum):
    """Who may hold the older contract, and so which change breaks something."""

    INBOUND = "inbound"
    """Members send it: what the older contract allows must be accepted."""
    OUTBOUND = "outbound"
    """The hub sends or shows it: nothing may be said that an older reader refuses."""
    MAIL = "mail"
    """The hub sends it to members, who pass over a kind that they do not know: as OUTBOUND, but for new kinds."""
    BOTH = "both"
    """Either end may have written it, and either may read it."""


@dataclass(frozen=True, slots=True)
class Contract:
    """One public model: the stem of its schema's file, its type and its direction."""

    name: str
    model: TypeAdapter[Any]
    direction: Traffic
    passes_over: bool = False
    """Its readers pass over a kind that they do not know, so that one more breaks nobody."""


CONTRACTS: tuple[Contract, ...] = (
    Contract("event", EVENT, Traffic.INBOUND),
    Contract("bundle", EVENTS, Traffic.INBOUND),
    Contract("mandate", TypeAdapter(Mandate), Traffic.BOTH),
    Contract("allow-entry", TypeAdapter(AllowEntry), Traffic.BOTH),
    Contract("ruling", TypeAdapter(Ruling), Traffic.BOTH),
    Contract("keep-hold", TypeAdapter(KeepHold), Traffic.BOTH),
    Contract("revoke-mandate", TypeAdapter(RevokeMandate), Traffic.BOTH),
    Contract("case-act", TypeAdapter(CaseAct), Traffic.BOTH),
    Contract("return-statement", STATEMENT, Traffic.BOTH),
    Contract("settle-payments", TypeAdapter(SettlePayments), Traffic.BOTH),
    Contract("inquiry", INQUIRY, Traffic.BOTH),
    Contract("reinject", TypeAdapter(Reinject), Traffic.BOTH),
    Contract("sought", TypeAdapter(Sought), Traffic.BOTH),
    Contract("account-name", TypeAdapter(AccountName), Traffic.BOTH),
    Contract("member", TypeAdapter(Member), Traffic.OUTBOUND),
    Contract("rulebook", TypeAdapter(Rulebook), Traffic.OUTBOUND),
    Contract("to-member", TO_MEMBER, Traffic.OUTBOUND, passes_over=True),
    Contract("quarantine-note", TypeAdapter(QuarantineNote), Traffic.OUTBOUND),
    Contract("audit-record", AUDIT_RECORD, Traffic.OUTBOUND),
    Contract("checkpoint", TypeAdapter(Checkpoint), Traffic.OUTBOUND),
    Contract("audit-view", TypeAdapter(AuditView), Traffic.OUTBOUND),
    Contract("audit-report", TypeAdapter(AuditReport), Traffic.OUTBOUND),
    Contract("retention-view", TypeAdapter(RetentionView), Traffic.OUTBOUND),
    Contract("retention-report", TypeAdapter(RetentionReport), Traffic.OUTBOUND),
    Contract("lead", TypeAdapter(Lead), Traffic.OUTBOUND),
    Contract("request-view", TypeAdapter(RequestView), Traffic.OUTBOUND),
    Contract("hold-view", TypeAdapter(HoldView), Traffic.OUTBOUND),
    Contract("case-view", TypeAdapter(CaseView), Traffic.OUTBOUND),
    Contract("clock-view", TypeAdapter(ClockView), Traffic.OUTBOUND),
    Contract("mandate-view", TypeAdapter(MandateView), Traffic.OUTBOUND),
    Contract("appeal-view", TypeAdapter(AppealView), Traffic.OUTBOUND),
    Contract("dispute-view", TypeAdapter(DisputeView), Traffic.OUTBOUND),
    Contract("allow-record", TypeAdapter(AllowRecord), Traffic.OUTBOUND),
    Contract("allow-view", TypeAdapter(AllowView), Traffic.OUTBOUND),
    Contract("return-view", TypeAdapter(ReturnView), Traffic.OUTBOUND),
    Contract("scorecard", TypeAdapter(Scorecard), Traffic.OUTBOUND),
    Contract("task-view", TypeAdapter(TaskView), Traffic.OUTBOUND),
    Contract("vault-answer", VAULT_ANSWER, Traffic.OUTBOUND),
    Contract("invite", TypeAdapter(Invite), Traffic.OUTBOUND),
    Contract("key-request", TypeAdapter(KeyRequest), Traffic.INBOUND),
    Contract("endorsed", TypeAdapter(Endorsed), Traffic.INBOUND),
    Contract("admission", TypeAdapter(Admission), Traffic.OUTBOUND),
    Contract("welcome", TypeAdapter(Welcome), Traffic.OUTBOUND),
    Contract("pending", TypeAdapter(Pending), Traffic.OUTBOUND),
    Contract("epochs", TypeAdapter(Epochs), Traffic.OUTBOUND),
    Contract("epoch-grant", TypeAdapter(EpochGrant), Traffic.OUTBOUND),
    Contract("epoch-keys", TypeAdapter(EpochKeys), Traffic.OUTBOUND),
    Contract("epoch-taken", TypeAdapter(EpochTaken), Traffic.INBOUND),
    Contract("epoch-view", TypeAdapter(EpochView), Traffic.OUTBOUND),
    Contract("registrar-act", REGISTRAR_ACT, Traffic.OUTBOUND),
)


def json_schema(contract: Contract) -> dict[str, Any]:
    """What the model accepts, as JSON Schema; the id names the contract's version."""
    made = contract.model.json_schema()
    return {"$schema": _DIALECT, "$id": f"urn:afa:v{VERSION}:{contract.name}", **made}


def rendered() -> dict[str, str]:
    """File name → exact text, the same on every machine."""
    return {
        f"{contract.name}.schema.json": json.dumps(json_schema(contract), indent=2, ensure_ascii=False) + "\n"
        for contract in CONTRACTS
    }


def write(folder: Path, files: dict[str, str]) -> None:
    """Make `folder` hold exactly these schemas."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.schema.json")) - {folder / name for name in files}:
        stale.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def stale(folder: Path, files: dict[str, str]) -> list[str]:
    """Names of the schemas in `folder` that are missing, left over or not as they should be."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.schema.json")}
    return sorted(name for name in found.keys() | files.keys() if found.get(name) != files.get(name))


def reasons_table() -> str:
    """Markdown: each reason, what it is of, what it means and what the sender should do."""
    rows = ["| Code | Refused | What it means | What to do |", "|---|---|---|---|"]
    for reason in Reason:
        meaning, _, remedy = REMEDY[reason].partition(": ")
        whole = "whole bundle" if reason in WHOLE_BUNDLE else "one event"
        rows.append(f"| `{reason.value}` | {whole} | {meaning}. | {remedy[0].upper()}{remedy[1:]} |")
    return "\n".join(rows)


def with_reasons(page: str) -> str:
    """The page with the table between its two marks; ValueError if a mark is missing."""
    before, _, rest = page.partition("<!-- reasons -->\n")
    _, mark, after = rest.partition("<!-- /reasons -->")
    if not mark:
        raise ValueError("docs/quarantine.md has lost the marks between which the table of reasons stands")
    return f"{before}<!-- reasons -->\n{reasons_table()}\n{mark}{after}"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print("usage: python -m schemas.generate [--check]", file=sys.stderr)
        return 2
    page = REASONS_PAGE.read_text(encoding="utf-8")
    if not arguments:
        write(GENERATED, rendered())
        REASONS_PAGE.write_text(with_reasons(page), encoding="utf-8")
        return 0
    old = [f"schemas/generated/{name}" for name in stale(GENERATED, rendered())]
    old += ["docs/quarantine.md"] if page != with_reasons(page) else []
    for name in old:
        print(f"{name} is not current; run python -m schemas.generate", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
