"""What another rulebook changes, as sentences for whoever signs it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from alliance.rulebook.permits import Place, prepare
from schemas.registry import Alliance
from schemas.rulebook import Rulebook

_Kinds = Mapping[Place, frozenset[str]]


def changes(before: Rulebook, after: Rulebook) -> list[str]:
    """In effect, whatever the wording: `carrier of police-telecom may no longer send suspicious-number`."""
    old, new = prepare(before), prepare(after)
    return [*_told("send", old.sends, new.sends), *_told("be sent", old.receives, new.receives)]


def _told(verb: str, old: _Kinds, new: _Kinds) -> Iterator[str]:
    for word, less, more in (("no longer", new, old), ("now", old, new)):
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for sector, alliance in more:
            for kind in more[sector, alliance] - less[sector, alliance]:
                found[sector, kind].append(alliance)
        for (who, kind), alliances in sorted(found.items()):
            where = "" if len(alliances) == len(Alliance) else f" of {', '.join(alliances)}"
            yield f"{who}{where} may {word} {verb} {kind}"
