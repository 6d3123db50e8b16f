"""How late a hold ends: from the end that its row has until the moment of the turn that ended it, as the audit has it.

A real broker, casebook and dispatch, and a reference member that holds. The clock of the alliance goes as fast as the
wall's.
"""

from __future__ import annotations

import signal
import statistics
import sys
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from alliance.errors import SetupError
from benchmarks import scams
from benchmarks.load import Town
from benchmarks.stack import BANKS, stack

_BANK = BANKS[0]
_WAIT_S = 60.0
_APART_S = 0.35
_LATE = text("""
select extract(epoch from audit.at - hold.until) * 1000 as late_ms
from audit, jsonb_array_elements(acts) as act
join hold on hold.hold_id::text = act ->> 1 where act ->> 0 = 'hold expire'""")


def clocks(holds: int, seconds: int) -> dict[str, Any]:
    """`p50_ms` and `worst_ms` over `holds` of so many seconds each, which end one by one."""
    with stack(1) as up:
        now = up.clock.now()
        accounts = [scams.number() for _ in range(holds)]
        scams.open_accounts(up, [_BANK], 0, [[account] for account in accounts], now - timedelta(minutes=5))
        scams.mandate(up, now, seconds)
        town = Town(up.keys, up.registry, now)
        with scams.answering(up, _BANK):
            for account in accounts:
                scams.send(up, town.reported(account, _BANK, scams.MINOR))
                signal.sigtimedwait([], _APART_S)
            deadline = time.perf_counter() + seconds + _WAIT_S
            while time.perf_counter() < deadline:
                up.run.check()
                with up.database.connect() as db:
                    late = [float(row.late_ms) for row in db.execute(_LATE)]
                print(f"{len(late)} of {holds} holds have ended", file=sys.stderr)
                if len(late) >= holds:
                    return {
                        "bench": "clocks",
                        "p50_ms": round(statistics.median(late)),
                        "worst_ms": round(max(late)),
                        "holds": len(late),
                        "duration_s": seconds,
                    }
                signal.sigtimedwait([], 1.0)
    raise SetupError(f"Of {holds} holds {len(late)} have ended {_WAIT_S:.0f} s after their time.")
