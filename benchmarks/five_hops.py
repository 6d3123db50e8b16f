"""How long money is followed over five hops, and let go again, where each member answers at once from its own books.

Real brokers, casebook and dispatch, and six reference members in processes of their own. Measured from the moment at
which the first stop was sent until the answer of the fifth hop was taken; then from the annulment of the report until
the release of what was held is sent. All by the clock of this machine.
"""

from __future__ import annotations

import signal
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from alliance.errors import SetupError
from benchmarks import scams
from benchmarks.load import Alert, Town
from benchmarks.stack import BANKS, Stack, stack
from consumers.casebook.tables import RequestRow
from schemas.requests import Action

_HOPS = 5
_PATH = BANKS[: _HOPS + 1]
_WAIT_S = 60.0


def five_hops(runs: int) -> dict[str, Any]:
    """`p50_ms` and `worst_ms` of the whole, one scam after the other; `step_ms` are the medians of one hop's parts;
    `release_ms` are the median and the worst until what was held is let go."""
    with stack(1) as up, ExitStack() as members:
        now = up.clock.now()
        found = [[scams.number() for _ in _PATH] for _ in range(runs + 1)]
        for place, bank in enumerate(_PATH):
            scams.open_accounts(up, _PATH, place, found, now - timedelta(minutes=5))
            members.enter_context(scams.answering(up, bank))
        scams.mandate(up, now, 48 * 3600)
        town = Town(up.keys, up.registry, now)
        # The first one waits for processes that have only just started.
        spans, steps, freed = [], [], []
        for number, scam in enumerate(found):
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
    begun, told = up.clock.now(), town.reported(mule, _PATH[0], scams.MINOR)
    scams.send(up, told)
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
    scams.send(up, [town.annulled(report)])
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


def _steps(rows: Sequence[Any]) -> dict[str, float]:
    """`member`: from the sending of a stop until its answer is taken; `casebook`: until the next stop is sent."""
    asked = [(each.answered_at - each.sent_at).total_seconds() * 1000 for each in rows]
    drawn = [(after.sent_at - before.answered_at).total_seconds() * 1000 for before, after in pairwise(rows)]
    return {"member": statistics.mean(asked), "casebook": statistics.mean(drawn)}
