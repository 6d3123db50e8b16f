"""Refuses a change of the contract that would break members: `python -m schemas.gate`, called by `make lint`.

The baseline is the contract as it was last released, checked in as `schemas/baseline/v<version>`. Must never be made to
pass by editing a baseline: a deliberate break is a new version, with a baseline of its own beside the old one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.compat import of_known_kinds, refused
from schemas.envelope import VERSION
from schemas.generate import CONTRACTS, GENERATED, Traffic, rendered, stale, write

BASELINES = Path(__file__).with_name("baseline")
_DIRECTIONS = {contract.name: contract.direction for contract in CONTRACTS}
_PASSING_OVER = {contract.name for contract in CONTRACTS if contract.passes_over}
_REMEDY = (
    "If it must be, raise VERSION in schemas/envelope.py and run python -m schemas.gate --release; "
    "members and hub then need a time in which both versions are spoken."
)


def breaks(name: str, direction: Traffic, baseline: dict[str, Any], present: dict[str, Any]) -> list[str]:
    """What of the baseline's promise the present schema no longer keeps."""
    found = []
    if direction in (Traffic.INBOUND, Traffic.BOTH):
        found += [f"{name}: what members send is refused now: {why}" for why in refused(baseline, present)]
    if direction in (Traffic.OUTBOUND, Traffic.BOTH):
        sent = of_known_kinds(present, baseline) if name in _PASSING_OVER else present
        found += [f"{name}: what is sent now older readers refuse: {why}" for why in refused(sent, baseline)]
    return found


def all_breaks(baseline: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    """The same over all schemas, given as file name → text. A model that is new breaks nothing."""
    found = []
    for file, text in sorted(baseline.items()):
        name = file.removesuffix(".schema.json")
        if file not in present:
            found.append(f"{name}: the model is gone")
        else:
            found += breaks(name, _DIRECTIONS[name], json.loads(text), json.loads(present[file]))
    return found


def check(baseline: Path, files: dict[str, str]) -> list[str]:
    """Every complaint: schemas that are not current, a missing baseline, breaking changes."""
    complaints = [
        f"schemas/generated/{name} is not current; run python -m schemas.generate" for name in stale(GENERATED, files)
    ]
    if not baseline.is_dir():
        return [*complaints, f"version {VERSION} has no baseline; run python -m schemas.gate --release"]
    found = all_breaks(_read(baseline), files)
    return [*complaints, *found, *([_REMEDY] if found else [])]


def release(baseline: Path, files: dict[str, str]) -> list[str]:
    """Make the present contract the baseline of its version, unless it breaks the one that is there."""
    found = all_breaks(_read(baseline), files) if baseline.is_dir() else []
    if found:
        return [*found, _REMEDY]
    write(baseline, files)
    return []


def _read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.schema.json")}


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--release"]):
        print("usage: python -m schemas.gate [--release]", file=sys.stderr)
        return 2
    act = release if arguments else check
    complaints = act(BASELINES / f"v{VERSION}", rendered())
    for complaint in complaints:
        print(f"gate: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
