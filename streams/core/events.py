"""One key an event id: is this the same content again, another one, or one that was withdrawn?

Finds what its identifiers' keys can't see: two contents that share no identifier, and a withdrawal that
repeats too few tokens.
"""

from __future__ import annotations

from streams.core.alert import Alert, Class, Retraction
from streams.core.state import Content, EventState


def arrive(state: EventState, alert: Alert) -> Retraction | None:
    """Take an alert; what must fall because of it, if anything."""
    keys = tuple(n.key for n in alert.named)
    state.time = max(state.time, alert.end)
    fell = len(state.contents) > 1
    known = next((c for c in state.contents if c.digest == alert.digest), None)
    if known is not None and set(keys) <= set(known.keys):
        # Of an alert that two epochs name, the first to come stands for both.
        state.duplicates += keys[:1] == known.keys[:1]
    else:
        state.check = alert.cls is Class.CHECK and (state.check or not state.contents)
        state.contents = _with(state.contents, known, Content(alert.digest, keys, alert.cls is Class.REPORT))
    if len(state.contents) > 1:
        gone = keys if fell else _every(state)
        return Retraction(alert.member, alert.event, state.by_police, gone, alert.end, conflict=True, derived=True)
    return _fallen(state, alert.member, alert.event, alert.end)


def withdraw(state: EventState, gone: Retraction) -> Retraction | None:
    """Take a withdrawal; what must fall besides the keys that it names itself."""
    state.time = max(state.time, gone.time)
    state.withdrawn = True
    state.by_police = state.by_police or gone.by_police
    fallen = _fallen(state, gone.member, gone.event, gone.time)
    if fallen is None or set(fallen.keys) <= set(gone.keys):
        return None
    return fallen


def _with(contents: list[Content], known: Content | None, new: Content) -> list[Content]:
    """Two are kept, since they are a conflict and a third can't undo it; two epochs of one content are merged."""
    if known is None:
        return [*contents, new][:2]
    named = (*known.keys, *(key for key in new.keys if key not in known.keys))
    return [*(c for c in contents if c is not known), Content(known.digest, named, known.report)]


def _every(state: EventState) -> tuple[str, ...]:
    return tuple(sorted({key for c in state.contents for key in c.keys}))


def _fallen(state: EventState, member: str, event: bytes, time: int) -> Retraction | None:
    if not state.withdrawn or not state.contents:
        return None
    if any(c.report for c in state.contents) and not state.by_police:
        return None
    return Retraction(member, event, state.by_police, _every(state), time, derived=True)
