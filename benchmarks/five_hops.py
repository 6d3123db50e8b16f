"""How long money is followed over five hops, and let go again, where each member answers at once from its own books.

Real brokers, casebook and dispatch, and six reference members in processes of their own. Measured from the moment at
which the first stop was sent until the answer of the fifth hop was taken; then from the annulment of the report until
the release of what was held is sent. All by the clock of this machine.
"""

from __future__ import annotations

import secrets
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from afa.programs import Program
from alliance import profiles
from alliance.errors import SetupError
from alliance.keys.signatures import sign_object
from alliance.membership import load_officer, member_dir
from benchmarks.load import NAME, Alert, Town, bundles
from benchmarks.stack import BANKS, POLICE, Stack, stack
from consumers.casebook.authority.mandates import add_mandate
from consumers.casebook.tables import RequestRow
from producers.reference.books import Books
from producers.reference.entries import AccountRef, Moved, Opened, Way
from producers.reference.stubs import stub_of
from schemas.identifiers import IdentifierKind
from schemas.requests import Action, Caps, Mandate

_HOPS = 5
_PATH = BANKS[: _HOPS + 1]
_MINOR = 5_000_000
_WAIT_S = 60.0


def five_hops(runs: int) -> dict[str, Any]:
    """`p50_ms` and `worst_ms` of the whole, one scam after the other; `step_ms` are the medians of one hop's parts;
    `release_ms` are the median and the worst until what was held is let go."""
    with stack(1) as up, ExitStack() as members:
        now = up.clock.now()
        scams = [[_number() for _ in _PATH] for _ in range(runs + 1)]
        for place, bank in enumerate(_PATH):
            _open(up, bank, place, scams, now - timedelta(minutes=5))
            members.enter_context(_member(up, bank))
        _mandate(up, now)
        town = Town(up.keys, up.registry, now)
        # The first one waits for processes that have only just started.
        spans, steps, freed = [], [], []
        for number, scam in enumerate(scams):
            print(f"scam {number} of {runs}", file=sys.stderr)
            rows, report = _follow(up, town, scam[0])
            released = _let_go(up, town, report)
            if number:
                spans.append((rows[-1].answered_at - rows[0].sent_at).total_seconds() * 1000)
                steps.append(_steps(rows))
                freed.append(released)
    return {
        "bench": "hops",
        "p50_ms": round(statistics.median(spans)),
        "worst_ms": round(max(spans)),
        "runs": len(spans),
        "hops": _HOPS,
        "release_ms": {"p50": round(statistics.median(freed)), "worst": round(max(freed))},
        "step_ms": {name: round(statistics.median(step[name] for step in steps)) for name in steps[0]},
    }


def _follow(up: Stack, town: Town, mule: str) -> tuple[Sequence[Any], Alert]:
    """The stops of the scam that begins at this account, hop by hop, once the last is answered; and its report."""
    begun, told = up.clock.now(), town.reported(mule, _PATH[0], _MINOR)
    _send(up, told)
    row = RequestRow
    query = select(row.hop, row.member, row.sent_at, row.answered_at, row.status, row.reason)
    query = query.where(row.action == Action.STOP.value, row.drafted_at >= begun).order_by(row.hop)
    deadline = time.perf_counter() + _WAIT_S
    while time.perf_counter() < deadline:
        up.run.check()
        with up.database.connect() as db:
            rows = db.execute(query).all()
        if [each.hop for each in rows if each.answered_at] == list(range(_HOPS + 1)):
            return rows, told[-1]
        # Seldom enough to be no load of its own.
        signal.sigtimedwait([], 0.25)
    raise SetupError(f"The money was not followed to the end in {_WAIT_S:.0f} s; the stops are {rows}.")


def _let_go(up: Stack, town: Town, report: Alert) -> float:
    """How long it takes until the release of what the scam's last account holds is sent, in ms."""
    begun = up.clock.now()
    _send(up, [town.annulled(report)])
    row = RequestRow
    query = select(row.sent_at).where(row.action == Action.RELEASE.value, row.drafted_at >= begun)
    deadline = time.perf_counter() + _WAIT_S
    while time.perf_counter() < deadline:
        up.run.check()
        with up.database.connect() as db:
            sent = db.scalars(query).all()
        at = [moment for moment in sent if moment is not None]
        if at and len(at) == len(sent):
            return (max(at) - begun).total_seconds() * 1000
        signal.sigtimedwait([], 0.25)
    raise SetupError(f"Nothing was let go in {_WAIT_S:.0f} s after the report was annulled.")


def _send(up: Stack, alerts: list[Alert]) -> None:
    for record in bundles(alerts, up.keys, 1):
        up.producer.send(record.topic, key=record.member.encode(), value=record.value, headers=record.headers)
    up.producer.flush()


def _steps(rows: Sequence[Any]) -> dict[str, float]:
    """`member`: from the sending of a stop until its answer is taken; `casebook`: until the next stop is sent."""
    asked = [(each.answered_at - each.sent_at).total_seconds() * 1000 for each in rows]
    drawn = [(after.sent_at - before.answered_at).total_seconds() * 1000 for before, after in pairwise(rows)]
    return {"member": statistics.mean(asked), "casebook": statistics.mean(drawn)}


def _open(up: Stack, bank: str, place: int, scams: Sequence[Sequence[str]], at: datetime) -> None:
    """The bank's part of each scam: what came to its account, and but for the last what went on."""
    member = up.registry.member(bank)
    assert member is not None
    books = Books(member_dir(up.run.services.data, bank) / "reference" / "books.db", stub_of(member, up.keys[bank]))
    with books.batch():
        for scam in scams:
            number, came = scam[place], at + timedelta(seconds=place)
            payer = AccountRef(f"cnaps:{_PATH[place - 1]}", scam[place - 1]) if place else None
            books.record([
                Opened(number, IdentifierKind.ACCOUNT, "", (), 0, at, NAME),
                Moved(f"{scam[0]}{place}", Way.IN, number, _MINOR, came, other=payer),
            ])  # fmt: skip
            if place < _HOPS:
                payee = AccountRef(f"cnaps:{_PATH[place + 1]}", scam[place + 1])
                later = came + timedelta(seconds=1)
                out = Moved(f"{scam[0]}{place + 1}", Way.OUT, number, _MINOR, later, other=payee, payee=NAME)
                books.record([out])
    books.close()


@contextmanager
def _member(up: Stack, bank: str) -> Iterator[None]:
    told = {"AFA_KAFKA_BOOTSTRAP": up.run.services.bootstrap}
    arguments = ("--as", bank, "--data", str(up.run.services.data.path))
    command = Program(bank, "producers.reference", told, arguments).command()
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def _mandate(up: Stack, now: datetime) -> None:
    kid, key = load_officer(up.run.services.data, POLICE, "officer-1")
    given = Mandate(
        mandate_id=uuid4(), unit=POLICE, officers=["officer-1"], actions=[Action.STOP], min_level="high",
        max_hop=_HOPS, caps=Caps(currency="CNY", per_hold=50_000_000, per_account=50_000_000, per_day=10**12),
        duration_s=48 * 3600, release_at_once=True, legal_basis="a benchmark", valid_from=now,
        valid_to=now + timedelta(days=1),
    )  # fmt: skip
    with up.database.begin() as db:
        signed = [sign_object(key, kid, given.model_dump(mode="json"))]
        add_mandate(db, signed, up.registry, profiles.load(profiles.DEFAULT), now)


def _number() -> str:
    return f"6222{secrets.randbelow(10**14):014d}"
