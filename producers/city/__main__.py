"""`python -m producers.city`: play days of the small city on a running alliance; each day's verdict is a line of JSON.

The last line on stdout is the last day's; all else goes to stderr.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

import orjson

from alliance import clock, logs, profiles
from alliance.embedded.datadir import DataDir
from alliance.errors import AfaError
from alliance.serving import serve_metrics
from alliance.settings import Settings
from producers.city.honest import ALERTS
from producers.city.play import City, Plan


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m producers.city", description="Play the small city.")
    parser.add_argument("--data", type=Path, help="the data folder of the run; AFA_DATA_DIR if not given")
    parser.add_argument("--days", type=int, default=1, help="how many days; 0 plays until stopped (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another city (default 1)")
    parser.add_argument("--alerts", type=int, default=ALERTS, help=f"honest alerts a day (default {ALERTS})")
    chosen = parser.parse_args(arguments)
    logs.to_stderr()
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    settings = Settings()
    try:
        ticking = clock.load(chosen.data / "clock.json" if chosen.data else settings.clock_file)
        data = DataDir(chosen.data or settings.data_dir)
        serve_metrics(settings)
        plan, profile = Plan(chosen.seed, chosen.alerts), profiles.load(settings.profile)
        city = City(data, ticking, profile, plan=plan, bootstrap=settings.kafka_bootstrap)
        for verdict in city.run(stopping, chosen.days):
            print(orjson.dumps(verdict.as_json()).decode(), flush=True)
    except AfaError as error:
        print(f"city: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
