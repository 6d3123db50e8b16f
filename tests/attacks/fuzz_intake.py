"""A million bundles through the intake, by as many processes as there are cores: `python -m tests.attacks.fuzz_intake`.

They share a corpus, which the next run goes on from. At the end it says what became of the bundles; at an input that
breaks intake it ends with the status 1 and says how to see that again.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.attacks.outcomes import table

POLL_S = 10.0
WORKER = "tests.attacks.fuzz_worker"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--inputs", type=int, default=1_000_000)
    asked.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    asked.add_argument("--folder", type=Path, default=Path(".fuzz"), help="what is kept: corpus, logs, bad inputs")
    told = asked.parse_args()
    (told.folder / "corpus").mkdir(parents=True, exist_ok=True)
    for old in told.folder.glob("tally-*.json"):
        old.unlink()
    share = -(-told.inputs // told.workers // 1_000) * 1_000
    workers = [_start(told.folder, number, share) for number in range(told.workers)]
    try:
        failed = _wait(told.folder, workers)
    finally:
        for worker in workers:
            worker.kill()
    inputs, met = _tally(told.folder)
    print(table(inputs, met))
    if failed is not None:
        print(f"Broken. {told.folder}/worker-{failed}.log says by what, and names the file that holds the input;")
        print(f"see it again with: python -m {WORKER} /dev/null FILE")
    elif inputs < told.inputs:
        print(f"A worker ended after fewer inputs than asked, see {told.folder}/worker-*.log")
    return int(failed is not None or inputs < told.inputs)


def _start(folder: Path, number: int, inputs: int) -> subprocess.Popen[bytes]:
    options = [f"-runs={inputs}", "-max_len=96", f"-artifact_prefix={folder}/", str(folder / "corpus")]
    command = [sys.executable, "-m", WORKER, str(folder / f"tally-{number}.json"), *options]
    with (folder / f"worker-{number}.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def _wait(folder: Path, workers: list[subprocess.Popen[bytes]]) -> int | None:
    """Until all have ended; the number of the first that ended badly."""
    begun = time.monotonic()
    while True:
        codes = [worker.poll() for worker in workers]
        if any(codes):
            return next(number for number, code in enumerate(codes) if code)
        if None not in codes:
            return None
        signal.sigtimedwait([], POLL_S)
        inputs, _ = _tally(folder)
        rate = inputs / (time.monotonic() - begun)
        kept = sum(1 for _ in (folder / "corpus").iterdir())
        print(f"{inputs:,} bundles, {rate:,.0f} a second, {kept:,} kept", flush=True)


def _tally(folder: Path) -> tuple[int, Counter[str]]:
    tallies = [json.loads(path.read_bytes()) for path in folder.glob("tally-*.json")]
    met = sum((Counter(tally["met"]) for tally in tallies), Counter[str]())
    return sum(tally["inputs"] for tally in tallies), met


if __name__ == "__main__":
    sys.exit(main())
