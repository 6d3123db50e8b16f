"""Scams whose money real reference members hold: their accounts, a mandate, and the reports that begin them."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import uuid4

from afa.programs import Program
from alliance import profiles
from alliance.keys.signatures import sign_object
from alliance.membership import load_officer, member_dir
from benchmarks.load import NAME, Alert, bundles
from benchmarks.stack import POLICE, Stack
from consumers.casebook.authority.mandates import add_mandate
from producers.reference.books import Books
from producers.reference.entries import AccountRef, Moved, Opened, Way
from producers.reference.stubs import stub_of
from schemas.identifiers import IdentifierKind
from schemas.requests import Action, Caps, Mandate

MINOR = 5_000_000
"""What each victim pays."""


def send(up: Stack, alerts: list[Alert]) -> None:
    """Each in a bundle of its own, of the member that it is of."""
    for record in bundles(alerts, up.keys, 1):
        up.producer.send(record.topic, key=record.member.encode(), value=record.value, headers=record.headers)
    up.producer.flush()


def open_accounts(up: Stack, path: Sequence[str], place: int, accounts: Sequence[Sequence[str]], at: datetime) -> None:
    """What the books of the bank at that place of the path have of each scam: what came to its account, and but for the
    last what went on."""
    bank = path[place]
    member = up.registry.member(bank)
    assert member is not None
    books = Books(member_dir(up.run.services.data, bank) / "reference" / "books.db", stub_of(member, up.keys[bank]))
    with books.batch():
        for scam in accounts:
            number, came = scam[place], at + timedelta(seconds=place)
            payer = AccountRef(f"cnaps:{path[place - 1]}", scam[place - 1]) if place else None
            books.record([
                Opened(number, IdentifierKind.ACCOUNT, "", (), 0, at, NAME),
                Moved(f"{scam[0]}{place}", Way.IN, number, MINOR, came, other=payer),
            ])  # fmt: skip
            if place < len(path) - 1:
                payee = AccountRef(f"cnaps:{path[place + 1]}", scam[place + 1])
                later = came + timedelta(seconds=1)
                out = Moved(f"{scam[0]}{place + 1}", Way.OUT, number, MINOR, later, other=payee, payee=NAME)
                books.record([out])
    books.close()


@contextmanager
def answering(up: Stack, bank: str) -> Iterator[None]:
    """The bank as a process of its own, from its own books."""
    told = {"AFA_KAFKA_BOOTSTRAP": up.run.services.bootstrap}
    arguments = ("--as", bank, "--data", str(up.run.services.data.path))
    command = Program(bank, "producers.reference", told, arguments).command()
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def mandate(up: Stack, now: datetime, duration_s: int) -> None:
    """One that covers every stop, for so long."""
    kid, key = load_officer(up.run.services.data, POLICE, "officer-1")
    given = Mandate(
        mandate_id=uuid4(), unit=POLICE, officers=["officer-1"], actions=[Action.STOP], min_level="high",
        max_hop=5, caps=Caps(currency="CNY", per_hold=50_000_000, per_account=50_000_000, per_day=10**12),
        duration_s=duration_s, release_at_once=True, legal_basis="a benchmark", valid_from=now,
        valid_to=now + timedelta(days=1),
    )  # fmt: skip
    with up.database.begin() as db:
        signed = [sign_object(key, kid, given.model_dump(mode="json"))]
        add_mandate(db, signed, up.registry, profiles.load(profiles.DEFAULT), now)


def number() -> str:
    """Of a new account."""
    return f"6222{secrets.randbelow(10**14):014d}"
