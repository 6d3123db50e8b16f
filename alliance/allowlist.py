"""The allow-list as the `rules` topic tells it: what is on it counts only where a police officer has signed it.

The hub writes the topic, so that nothing in it is believed: it can withhold an entry, and not make one. Holds no
connection: whoever reads the topic applies its records here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import orjson
from pydantic import ValidationError

from alliance.errors import Refused
from alliance.keys.signatures import BadSignature, verify_object
from alliance.officers import officer_of
from alliance.registry import Registry
from schemas.allowlist import AllowEntry, AllowRecord
from schemas.epochs import EPOCHS_KEY


@dataclass(frozen=True, slots=True)
class Filed:
    """A record: its entry, or why there is none that counts."""

    key: str
    entry: AllowEntry | None
    refused: str | None = None

    def proven(self) -> AllowEntry:
        """The entry. Raises Refused if it does not count."""
        if self.entry is None or self.refused:
            raise Refused(f"The allow-list takes no such entry: {self.refused}.")
        return self.entry

    def in_force(self, now: datetime) -> bool:
        """Whether its identifier is spared at `now`, in alliance time."""
        entry = self.entry
        if entry is None or entry.removed or self.refused:
            return False
        return entry.until is None or now < entry.until


class AllowList:
    """A view of the compacted `rules` topic; the last record of a key stands, and none takes its entry away. What the
    topic says of token epochs is no entry."""

    def __init__(self) -> None:
        self._records: dict[str, bytes] = {}

    def apply(self, key: str, value: bytes | None) -> None:
        if key == EPOCHS_KEY:
            return
        self._records.pop(key, None)
        if value is not None:
            self._records[key] = value

    def filed(self, registry: Registry) -> Iterator[Filed]:
        """Every record, the one written first first, as the registry proves or disproves it now."""
        for key, value in self._records.items():
            yield judged(key, value, registry)


def alike(entry: AllowEntry, filed: Iterable[Filed]) -> list[AllowEntry]:
    """The proven entries that are this one, or of its identifier by whichever token and under whichever key: one that
    names two tokens is of the same identifier as those of either. What nobody proves joins nothing."""
    left = [each.entry for each in filed if each.entry and not each.refused]
    found: list[AllowEntry] = []
    ids, tokens = {entry.entry_id}, set(entry.tokens)
    while more := [each for each in left if each.entry_id in ids or not tokens.isdisjoint(each.tokens)]:
        found += more
        left = [each for each in left if each not in more]
        ids |= {each.entry_id for each in more}
        tokens |= {token for each in more for token in each.tokens}
    return found


def judged(key: str, value: bytes, registry: Registry) -> Filed:
    """The record of that key: an entry that an officer of an active police unit signed, or why it is none."""
    try:
        kid, signed = verify_object(AllowRecord.model_validate_json(value).jws, registry.key)
        entry = AllowEntry.model_validate_json(orjson.dumps(signed))
    except BadSignature as error:
        return Filed(key, None, f"the entry does not verify ({error})")
    except ValidationError as error:
        return Filed(key, None, f"the record is no allow-list entry ({error.errors(include_url=False)[0]['msg']})")
    return Filed(key, entry, _objection(key, kid, entry, registry))


def _objection(key: str, kid: str, entry: AllowEntry, registry: Registry) -> str | None:
    try:
        unit, officer = officer_of(kid, registry)
    except Refused as error:
        return str(error).removesuffix(".")
    if (unit, officer) != (entry.unit, entry.officer):
        return f"the entry is signed by {officer} of {unit}, whom it does not name"
    if registry.key(kid, entry.at) is None:
        return f"{kid} was not valid when the entry says it was signed"
    if key != entry.key():
        return "the entry is of another identifier than the record's key"
    return None
