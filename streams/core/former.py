"""What a subject was called under the older epoch, as members say that name it by both keys.

Each member has one voice, so that none can tie a subject to another's identifier against the others' word. Must never
be what evidence is gathered by: it only tells readers of leads that two names mean one subject.
"""

from __future__ import annotations

from collections import Counter

from streams.core.state import State


def former_key(state: State) -> str:
    """The key that most members say; empty where nobody names it by both, or as many say another."""
    said = {(s.member, s.former) for s in state.sightings if s.former}
    if not said:
        return ""
    (first, voices), *others = Counter(former for _, former in said).most_common(2)
    return "" if others and others[0][1] == voices else first
