"""Attacks on the record of what the registrar does beside the registry: acts that it did not do, or did before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from alliance.keys.store import MemberKeys, generate
from alliance.registrar import signed
from alliance.roll import Roll
from consumers.casebook.audit import Trail
from schemas.base import Message
from schemas.registrar import InviteWithdrawn, RateAgreed, TokenKeysGiven, TokenKeysTaken, UnitInvited
from schemas.registry import Alliance, Sector
from schemas.topics import MEMBERS, REGISTRAR_ACTS
from tests.attacks.test_registry import Record
from tests.consumers.facts import member

REGISTRAR, HUB = generate("registrar"), generate("registrar")
AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
SAID = "said 2026-11-10 12:00:00 UTC"
AGREED = RateAgreed(member="bank-a", rate=200, at=AT)
INVITED = UnitInvited(
    member="bank-a",
    invite_id=UUID(int=1),
    name="Bank A",
    sector=Sector.BANK,
    alliance=Alliance.POLICE_BANK,
    routes=["cnaps:1", "cnaps:2"],
    expires=AT + timedelta(hours=3),
    at=AT,
)


def said(act: Message, by: MemberKeys = REGISTRAR, topic: str = REGISTRAR_ACTS.name, key: bytes = b"bank-a") -> Record:
    value = act.model_dump_json().encode()
    return Record(key, value, [signed(by, value)], topic)


def noted(*records: Record) -> list[tuple[str, str]]:
    trail = Trail()
    trail.note_changes(records, Roll(REGISTRAR.public.verifier()))
    return [(act.act, act.subject) for act in trail.acts]


@pytest.mark.parametrize(("act", "name", "subject"), [
    (INVITED, "unit invited", "bank-a/bank/police-bank/cnaps:1/cnaps:2/until 2026-11-10 15:00 UTC"),
    (INVITED.model_copy(update={"rate": 200, "routes": []}), "unit invited",
     "bank-a/bank/police-bank/200 alerts a second/until 2026-11-10 15:00 UTC"),
    (InviteWithdrawn(member="bank-a", at=AT), "invite withdrawn", "bank-a"),
    (AGREED, "rate agreed", "bank-a/200 alerts a second"),
    (TokenKeysGiven(member="bank-a", epochs=["e1", "e2"], at=AT), "token keys given", "bank-a/e1/e2"),
    (TokenKeysTaken(member="bank-a", epochs=["e2"], word="a.b.c", at=AT), "token keys taken", "bank-a/e2"),
])  # fmt: skip
def test_each_act_goes_on_record_in_words(act: Message, name: str, subject: str) -> None:
    assert noted(said(act)) == [(name, f"{subject}/{SAID}")]


def test_an_act_that_another_than_the_registrar_signed() -> None:
    false = [
        said(AGREED, HUB),
        Record(b"bank-a", said(AGREED).value, [], REGISTRAR_ACTS.name),
        Record(b"bank-a", said(AGREED).value, said(INVITED).headers, REGISTRAR_ACTS.name),
        Record(b"bank-a", None, [], REGISTRAR_ACTS.name),
    ]
    assert noted(*false) == [("registrar's act not believed", "bank-a")] * 4


def test_what_the_registrar_signed_for_another_use() -> None:
    """Its signature is over the value alone: a record of the registry is no act, and an act no record of it."""
    assert noted(said(member("bank-a"))) == [("registrar's act not believed", "bank-a")]
    assert noted(said(AGREED, topic=MEMBERS.name)) == [("registry record not believed", "bank-a")]


def test_an_act_under_another_members_name_or_once_more_is_what_was_signed() -> None:
    """The time at which it was said is that of the first."""
    again = [said(AGREED), said(AGREED, key=b"bank-b")]
    assert noted(*again) == [("rate agreed", f"bank-a/200 alerts a second/{SAID}")] * 2
