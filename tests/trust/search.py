"""One search of a whole run, for the clear values of a day and for the keys that the hub must not have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain

from afa.place import Run
from alliance.embedded.datadir import DataDir
from alliance.membership import load_keys, members_of, token_keys
from tests.trust import places
from tests.trust.canaries import Canaries, planted
from tests.trust.day import Day, played
from tests.trust.finder import Finder, Value


def found_in_the_hub(run: Run, used: Iterable[Value]) -> tuple[set[tuple[str, Value]], set[tuple[str, Value]]]:
    """Where which clear value or secret key is; and which of the canaries that were put there was not found."""
    with planted(run.data.path, run.admin, run.database_url) as canaries:
        finder = Finder(chain(used, canaries.at), dict(_keys(run.data)))
        seen = {(place, value) for place, data in _places(run, canaries) for value in finder.find(data)}
    known = {(name, value) for place, value in seen if (name := _kind_of(place, value, canaries)) is not None}
    clear = {(place, value) for place, value in seen if value not in canaries.at}
    return clear, {(place, value) for value, place in canaries.at.items()} - known


def kept_by_members(run: Run, used: Iterable[Value]) -> set[Value]:
    """What the same search finds where it may be: in the members' own folders."""
    return Finder(used).find(places.content(run.data.path / "members"))


def day_of(run: Run, seed: int, alerts: int) -> Day:
    """The first day of that city on this run."""
    return played(seed, alerts, token_keys(run.data))


def _places(run: Run, canaries: Canaries) -> Iterator[places.Place]:
    places.settle(run.database_url)
    told = json.loads((run.data.path / "run.json").read_text())
    ports = [process["metrics_port"] for process in told["processes"] if process["metrics_port"]]
    assert len(ports) >= 5
    yield from places.files(run.data.path)
    yield from places.topics(run.admin)
    yield from places.tables(run.database_url)
    yield from places.processes([told["pid"], canaries.pid])
    yield from places.pages([*ports, canaries.port])


def _kind_of(place: str, value: Value, canaries: Canaries) -> str | None:
    """The place where the canary was put, if this is it."""
    put = canaries.at.get(value)
    exact = {"process": f"process {canaries.pid}", "metrics": f"metrics on port {canaries.port}"}
    return put if put is not None and exact.get(put, put) == place else None


def _keys(data: DataDir) -> Iterator[tuple[bytes, Value]]:
    """The key of the tokens, and what each member keeps to itself."""
    for epoch, key in token_keys(data).epochs.items():
        yield key, Value("key", f"of the tokens of {epoch}")
    for member in members_of(data):
        keys = load_keys(data, member)
        yield keys.sealing.private_bytes_raw(), Value("key", f"of {member} to open seals")
        yield keys.signing.private_bytes_raw(), Value("key", f"of {member} to sign")
