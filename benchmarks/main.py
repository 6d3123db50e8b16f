"""`afa bench NAME`: one JSON line on stdout, all else on stderr."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from benchmarks.audit import audit
from benchmarks.clocks import clocks
from benchmarks.five_hops import five_hops
from benchmarks.flood import flood
from benchmarks.latency import latency
from benchmarks.recovery import recovery
from benchmarks.risk_check import risk_check
from benchmarks.stages import stages
from benchmarks.throughput import throughput


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="afa bench")
    benches = parser.add_subparsers(dest="bench", required=True)
    burst = benches.add_parser("throughput", help="a backlog, as fast as it goes")
    burst.add_argument("--alerts", type=int, default=60_000)
    burst.add_argument("--bundle", type=int, default=200, help="events in a bundle (default: 200)")
    steady = benches.add_parser("latency", help="from alert to request at a steady rate")
    steady.add_argument("--rate", type=int, default=2_000, help="alerts a second (default: 2000)")
    steady.add_argument("--seconds", type=int, default=20)
    restart = benches.add_parser("recovery", help="from a worker's start to its first lead")
    restart.add_argument("--identifiers", type=int, default=1_000_000)
    asking = benches.add_parser("risk-check", help="from a bank's question to its answer, beside a city's alerts")
    asking.add_argument("--rate", type=int, default=50, help="checks a second (default: 50)")
    asking.add_argument("--alerts", type=int, default=200, help="alerts a second beside them (default: 200)")
    asking.add_argument("--seconds", type=int, default=10)
    following = benches.add_parser("hops", help="from the first stop to the fifth hop's answer; and to let go of it")
    following.add_argument("--runs", type=int, default=20, help="scams, one after the other (default: 20)")
    ending = benches.add_parser("clocks", help="how late a hold ends")
    ending.add_argument("--holds", type=int, default=40)
    ending.add_argument("--seconds", type=int, default=30, help="how long each lasts (default: 30)")
    steps = benches.add_parser("stages", help="CPU time an alert in each step of the stream, without Kafka")
    steps.add_argument("--alerts", type=int, default=20_000)
    steps.add_argument("--bundle", type=int, default=200, help="events in a bundle (default: 200)")
    record = benches.add_parser("audit", help="to verify a record of the audit, in database and topic")
    record.add_argument("--entries", type=int, default=1_000_000)
    record.add_argument("--acts", type=int, default=2, help="acts in each entry (default: 2)")
    flooding = benches.add_parser("flood", help="from alert to request, while one member sends all that it can")
    flooding.add_argument("--rate", type=int, default=200, help="alerts a second of all others (default: 200)")
    flooding.add_argument("--agreed", type=int, default=20, help="alerts a second agreed with it (default: 20)")
    flooding.add_argument("--seconds", type=int, default=60, help="without the flood, and during it (default: 60)")
    for one, workers in ((burst, 2), (steady, 1)):
        one.add_argument("--workers", type=int, default=workers, help=f"stream workers (default: {workers})")
    chosen = parser.parse_args(argv)
    if chosen.bench == "throughput":
        result = throughput(chosen.alerts, chosen.bundle, chosen.workers)
    elif chosen.bench == "stages":
        result = stages(chosen.alerts, chosen.bundle)
    elif chosen.bench == "risk-check":
        result = risk_check(chosen.rate, chosen.alerts, chosen.seconds)
    elif chosen.bench == "hops":
        result = five_hops(chosen.runs)
    elif chosen.bench == "clocks":
        result = clocks(chosen.holds, chosen.seconds)
    elif chosen.bench == "audit":
        result = audit(chosen.entries, chosen.acts)
    elif chosen.bench == "flood":
        result = flood(chosen.rate, chosen.agreed, chosen.seconds)
    elif chosen.bench == "recovery":
        result = recovery(chosen.identifiers)
    else:
        result = latency(chosen.rate, chosen.seconds, chosen.workers)
    print(json.dumps(result), flush=True)
    return 0
