"""Grounds that fall: what rests on them alone is let go, at every hop, and what has other support stays.

Drafts end at once; what a member holds is released at once or proposed to the unit that ordered it, as profile and
mandate say. A kept hold is not proposed again for the cause that its unit has weighed. Absence of evidence never comes
here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, update

from consumers.casebook.asking import requests
from consumers.casebook.evidence import reports, support
from consumers.casebook.evidence.cases import read_cases
from consumers.casebook.holding import holds, reducing
from consumers.casebook.lifecycle import FRUITLESS, UNSENT
from consumers.casebook.release import releasing, remaining
from consumers.casebook.release.grounds import Asked, Cause, fallen
from consumers.casebook.release.remaining import Remaining
from consumers.casebook.rows import among, given
from consumers.casebook.tables import Case, RequestRow
from consumers.casebook.turn import Turn
from schemas.requests import ABOUT_HOLDS, Action

Fallen = dict[UUID, Cause]
Found = Literal[Cause.APPEAL, Cause.DISPUTE]
_ASKED = (
    select(
        RequestRow.request_id,
        RequestRow.case_id,
        RequestRow.parent,
        RequestRow.action,
        RequestRow.target,
        RequestRow.attempt,
        RequestRow.status,
        RequestRow.mandate_id,
        RequestRow.covered_by,
        RequestRow.freed_for,
        RequestRow.body,
        RequestRow.member,
    )
    .where(given(RequestRow.case_id, "case_ids"))
    .order_by(RequestRow.drafted_at, RequestRow.request_id)
)


def causes(turn: Turn, case_ids: Sequence[UUID]) -> tuple[Fallen, Remaining]:
    """The requests of these cases whose grounds have fallen, each with why; of cases that were shaken, what remains."""
    return _causes(turn, _requests(turn, case_ids))


def let_go(turn: Turn, case_ids: Sequence[UUID]) -> None:
    """Let go of what has fallen in these cases, and of what others no longer claim in the rest; again and again it does
    no more than once."""
    rows = _requests(turn, case_ids)
    fell, left = _causes(turn, rows)
    if fell:
        _let_go(turn, rows, fell)
    cases = read_cases(turn, sorted(left)) if left else {}
    for case_id, (of, stands) in left.items():
        reducing.reduce(turn, cases[case_id], of, stands.after, remaining.beyond(turn, of, stands), fell)


def spare(turn: Turn, tokens: Collection[str]) -> None:
    """Let go of what rests on these accounts, numbers and handles: they are on the allow-list now, by every name."""
    query = select(RequestRow.case_id).distinct().where(among(RequestRow.target, tokens))
    let_go(turn, sorted(turn.db.scalars(query)))


def free(turn: Turn, request_ids: Iterable[UUID], cause: Found) -> None:
    """Let go of these requests, and of what rests on them: police have decided so. A unit that keeps a hold of theirs
    has not weighed this decision yet."""
    freed = set(request_ids)
    holds.reopen(turn, freed)
    decided = update(RequestRow).where(among(RequestRow.request_id, freed))
    decided = decided.values(freed_at=turn.now, freed_for=cause.name.lower())
    let_go(turn, sorted(set(turn.db.scalars(decided.returning(RequestRow.case_id)))))


def _causes(turn: Turn, rows: Sequence[Any]) -> tuple[Fallen, Remaining]:
    if not rows:
        return {}, {}
    withdrawn = support.without(turn, sorted({row.case_id for row in rows}))
    named, annulled = reports.fates(turn, {row.target for row in rows if row.covered_by})
    of_case: dict[UUID, list[Asked]] = {}
    for row in rows:
        if row.action != Action.RELEASE:
            freed = Cause[row.freed_for.upper()] if row.freed_for else None
            asked = Asked(row.request_id, row.parent, row.target, row.covered_by is not None, freed)
            of_case.setdefault(row.case_id, []).append(asked)
    found: Fallen = {}
    for case_id, asked_in in of_case.items():
        found |= fallen(asked_in, named, turn.spared, withdrawn=case_id in withdrawn)
    shaken = remaining.shaken(of_case, found, annulled)
    left = remaining.read(turn, {case_id: of_case[case_id] for case_id in shaken}, found) if shaken else {}
    for case_id, (of, stands) in left.items():
        asked_in = of_case[case_id]
        before = {one.request_id: found.pop(one.request_id) for one in asked_in if one.request_id in found}
        fed = remaining.fed(of, stands, before)
        found |= fallen(asked_in, named, turn.spared, withdrawn=case_id in withdrawn, fed=fed)
    return found, left


def _let_go(turn: Turn, rows: Sequence[Any], fell: Fallen) -> None:
    live = [row for row in rows if row.status not in FRUITLESS]
    acts = [row for row in live if row.request_id in fell]
    if not acts:
        return
    standing = holds.unended(turn, sorted({row.case_id for row in acts}))
    kept = {hold.request_id for hold in standing if hold.kept_at and hold.cause == fell.get(hold.request_id)}
    acts = [row for row in acts if not _goes_on(row, kept)]
    cancelled = _cancel(turn, [row for row in acts if row.status in UNSENT], fell)
    left = [row for row in acts if row.request_id not in cancelled]
    cases = read_cases(turn, sorted({row.case_id for row in acts}))
    # What was ordered on paper since is no longer the mandate's to let go.
    frozen = {hold.request_id for hold in standing if holds.is_on_paper(hold)}
    law = turn.law()
    drafts = [
        releasing.let_go(cases[row.case_id], requests.message(row.body, row.member), law, fell[row.request_id],
                         None if row.request_id in frozen else row.mandate_id)
        for row in left if row.request_id not in kept
    ]  # fmt: skip
    made = [draft for draft in drafts if draft is not None]
    requests.put(turn, made)
    asked = {draft.parent for draft in made if draft.parent}
    under_way = asked | {row.parent for row in live if row.action == Action.RELEASE}
    proposed = _propose(turn, [hold for hold in standing if hold.request_id not in under_way | kept], fell)
    gone = cancelled | asked | proposed
    _spend(turn, gone)
    fresh = [row for row in acts if row.request_id in gone and row.action not in ABOUT_HOLDS]
    withdrawn = [row for row in fresh if fell[row.request_id] is Cause.WITHDRAWN]
    _count(turn, sorted({row.case_id for row in withdrawn if row.attempt > cases[row.case_id].releases}))


def _goes_on(row: Any, kept: Collection[UUID]) -> bool:
    """What makes a hold less lets somebody go, and what its unit asks about a hold that it keeps is not of the fall."""
    return row.action == Action.REDUCE or (row.action in ABOUT_HOLDS and row.parent in kept)


def _cancel(turn: Turn, rows: Sequence[Any], fell: Fallen) -> set[UUID]:
    cancelled: set[UUID] = set()
    for cause in Cause:
        ids = [row.request_id for row in rows if fell[row.request_id] is cause]
        cancelled |= requests.cancel(turn, ids, cause.value)
    return cancelled


def _propose(turn: Turn, standing: Sequence[Any], fell: Fallen) -> set[UUID]:
    proposed: set[UUID] = set()
    for cause in Cause:
        ids = [hold.hold_id for hold in standing if fell.get(hold.request_id) is cause]
        proposed |= holds.propose_release(turn, ids, cause.value)
    return proposed


def _spend(turn: Turn, request_ids: set[UUID]) -> None:
    """Of what was let go only new evidence permits another attempt."""
    gone = among(RequestRow.request_id, request_ids)
    turn.db.execute(update(RequestRow).where(gone).values(spent_at=turn.now))


def _count(turn: Turn, case_ids: Sequence[UUID]) -> None:
    """What newly supports these cases begins anew. Whatever a fall lets go, and however late, it is counted once."""
    turn.db.execute(update(Case).where(among(Case.case_id, case_ids)).values(releases=Case.releases + 1))
    for case_id in case_ids:
        turn.trail.note("grounds fell", case_id)


def _requests(turn: Turn, case_ids: Sequence[UUID]) -> Sequence[Any]:
    """All of the cases, also what came to nothing: money was followed from there."""
    return turn.db.execute(_ASKED, {"case_ids": list(case_ids)}).all() if case_ids else ()
