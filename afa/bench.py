"""`afa bench`: hands over to the benchmarks, which come with the source and are not part of an installation."""

from __future__ import annotations

import importlib.util
from enum import StrEnum
from typing import Annotated

import typer

from alliance.errors import SetupError

CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}
_MODULE = "benchmarks.main"


class Bench(StrEnum):
    THROUGHPUT = "throughput"
    LATENCY = "latency"
    RISK_CHECK = "risk-check"
    HOPS = "hops"
    CLOCKS = "clocks"
    RECOVERY = "recovery"
    STAGES = "stages"
    AUDIT = "audit"
    FLOOD = "flood"


def bench(
    context: typer.Context,
    which: Annotated[
        Bench | None,
        typer.Argument(
            metavar="BENCH",
            help="One of throughput, latency, risk-check, hops, clocks, recovery, stages, audit, flood.",
        ),
    ] = None,
) -> None:
    """Measure throughput, latencies and recovery on real services, and what each step costs; all unless one is named.

    One JSON line each on stdout. Further options go to the benchmark.

    Example: afa bench latency --rate 2000
    """
    if importlib.util.find_spec("benchmarks") is None or importlib.util.find_spec(_MODULE) is None:
        raise SetupError("The benchmarks are not installed here; run `make bench` in a clone of the source.")
    module = importlib.import_module(_MODULE)
    chosen = [which] if which else list(Bench)
    for name in chosen:
        if code := int(module.main([name.value, *context.args])):
            raise typer.Exit(code)
