"""One process that fuzzes the intake, guided by which branches and outcomes an input reaches.

`python -m tests.attacks.fuzz_worker TALLY OPTIONS…`, where the options are libFuzzer's: the folder of its corpus, or a
file that a run ended at, to see it again. Ends at the first input that breaks intake, or on which it and the oracle
differ, and keeps that input. TALLY is where it counts what it has met.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from zlib import crc32

import atheris

with atheris.instrument_imports(include=["alliance.admission", "alliance.keys", "schemas"]):
    from tests.attacks.mutants import judge
from tests.attacks.outcomes import outcomes, places

EACH = 1_000
_COUNTERS = [atheris._reserve_counter() for _ in range(4_096)]


class Worker:
    """Counts in `tally`, which is written anew after each `EACH` inputs."""

    def __init__(self, tally: Path) -> None:
        self._tally = tally
        self._inputs = 0
        self._met: Counter[str] = Counter()

    def one_input(self, data: bytes) -> None:
        admitted = judge(data)
        met = outcomes(admitted)
        for found in met | places(admitted):
            atheris._trace_branch(_COUNTERS[crc32(found.encode()) % len(_COUNTERS)])
        self._inputs += 1
        self._met.update(met)
        if self._inputs % EACH == 0:
            self._write()

    def _write(self) -> None:
        beside = self._tally.with_suffix(".new")
        beside.write_text(json.dumps({"inputs": self._inputs, "met": self._met}), encoding="utf-8")
        beside.replace(self._tally)


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], Worker(Path(sys.argv[1])).one_input)
    atheris.Fuzz()
