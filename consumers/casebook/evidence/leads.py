"""Leads: snapshots read, told apart from repetitions, numbered, filed under their cases, and decided on.

The last snapshot of a lead stands; a batch decides once a lead, on the last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import func, select

from alliance import metrics
from consumers.casebook.asking import calling, redrafting, requests
from consumers.casebook.asking.decide import decide, newest
from consumers.casebook.evidence import renaming, reports, support
from consumers.casebook.evidence.cases import numbers_first, open_cases
from consumers.casebook.lifecycle import UNENDED
from consumers.casebook.model import LINES, RANK, Case
from consumers.casebook.rows import among, given, inserting, parameters
from consumers.casebook.tables import HoldRow, LeadRow
from consumers.casebook.turn import Turn
from schemas.leads import Lead
from schemas.risk import Level

_KNOWN = select(LeadRow.lead_id, LeadRow.revision, LeadRow.digest, LeadRow.case_id).where(
    given(LeadRow.lead_id, "lead_ids")
)
_NEW = inserting(
    LeadRow, ("lead_id", "case_id", "revision", "digest", "role", "token", "level", "snapshot", "taken_at")
)
_SAVE = _NEW.on_conflict_do_update(
    index_elements=["lead_id"],
    set_={
        **{name: _NEW.excluded[name] for name in ("revision", "digest", "level", "snapshot", "taken_at")},
        # A lead that fell below Medium keeps its case.
        "case_id": func.coalesce(_NEW.excluded.case_id, LeadRow.case_id),
    },
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A lead as read, with its exact bytes."""

    lead: Lead
    value: bytes
    digest: bytes


def apply(turn: Turn, values: Iterable[bytes]) -> None:
    """Take a batch of the `leads` topic, in its order."""
    snapshots = _by_first_name(turn, _read(turn, values))
    known = _known(turn, list(snapshots)) if snapshots else {}
    fresh = [s for key, s in snapshots.items() if key not in known or known[key].digest != s.digest]
    metrics.LEADS_REPEATED.inc(len(snapshots) - len(fresh))
    if not fresh:
        return
    leads = numbers_first(snapshot.lead for snapshot in fresh)
    filed = {lead_id: row.case_id for lead_id, row in known.items() if row.case_id}
    cases = open_cases(turn, [lead for lead in leads if RANK[lead.level] >= RANK[Level.MEDIUM]], filed)
    revisions = {lead_id: row.revision for lead_id, row in known.items()}
    _save(turn, fresh, revisions, cases)
    decide_on(turn, [(cases[lead.lead_id], lead) for lead in leads if lead.lead_id in cases])
    metrics.LEADS_TAKEN.inc(len(fresh))


def decide_on(turn: Turn, leads: Sequence[tuple[UUID, Lead]], reported: AbstractSet[str] = frozenset()) -> None:
    """Draft what the leads, filed under these cases, call for now; new reports name `reported`."""
    if not leads:
        return
    renewed = support.remember(turn, leads)
    renewed |= {case_id for case_id, lead in leads if lead.subject.token in reported}
    case_ids = sorted({case_id for case_id, _ in leads})
    rests = support.rests(turn, case_ids)
    named = reports.naming(turn, {lead.subject.token for _, lead in leads})
    suspended = _suspended(turn, (lead for _, lead in leads if lead.subject.token in named))
    known = requests.known_of(turn, case_ids)
    law = turn.law(token for token in named)
    drafts, followed = [], []
    for case_id, lead in leads:
        if rests[case_id].fallen or lead.subject.token in turn.spared:
            continue
        so_far = known.setdefault(case_id, [])
        is_new, is_held = case_id in renewed, lead.subject.token in suspended
        case = Case(case_id, lead.lead_id, lead.level, rests[case_id].releases, so_far, is_new, is_held)
        reports_now = named.get(lead.subject.token, ())
        drafted = decide(lead, case, reports_now, law)
        if case.renewed and reports_now:
            followed.append((case, newest(reports_now)))
        # Another lead of the same victim, later in this batch, must see what was asked just now.
        so_far.extend(draft.known() for draft in drafted)
        drafts += drafted
    calling.put(turn, [*drafts, *redrafting.onward(turn, followed, law)])


def _suspended(turn: Turn, leads: Iterable[Lead]) -> set[str]:
    """The lines among their subjects that are suspended now."""
    row, lines = HoldRow, {lead.subject.token for lead in leads if lead.subject.kind in LINES}
    if not lines:
        return set()
    return set(turn.db.scalars(select(row.target).where(among(row.target, lines), row.line, row.status.in_(UNENDED))))


def redecide(turn: Turn, tokens: Iterable[str], reported: AbstractSet[str]) -> None:
    """Look again at the leads whose subject one of the tokens is: something else about them has changed, or they are
    newly `reported`."""
    names = turn.names.every(tokens)
    if not names:
        return
    query = select(LeadRow.case_id, LeadRow.snapshot).where(
        among(LeadRow.token, names), LeadRow.level != Level.NONE.value
    )
    found = [(case, Lead.model_validate_json(snapshot)) for case, snapshot in turn.db.execute(query) if case]
    decide_on(turn, found, reported)


def _read(turn: Turn, values: Iterable[bytes]) -> dict[str, Snapshot]:
    snapshots: dict[str, Snapshot] = {}
    for value in values:
        try:
            lead = Lead.model_validate_json(value)
        except ValidationError:
            # The stream wrote it, so it is a defect, and the rest must go on.
            metrics.UNREADABLE.labels("leads").inc()
            turn.trail.note("unreadable lead", "leads", value)
            continue
        snapshots.pop(lead.lead_id, None)
        snapshots[lead.lead_id] = Snapshot(lead, value, hashlib.sha256(value).digest()[:16])
    return snapshots


def _by_first_name(turn: Turn, snapshots: dict[str, Snapshot]) -> dict[str, Snapshot]:
    """Of two names of one lead in a batch the later telling stands, as of one."""
    if not turn.names:
        return snapshots
    leads = renaming.by_first_name(turn, [snapshot.lead for snapshot in snapshots.values()])
    known: dict[str, Snapshot] = {}
    for lead, snapshot in zip(leads, snapshots.values(), strict=True):
        value = snapshot.value if lead is snapshot.lead else lead.model_dump_json().encode()
        known.pop(lead.lead_id, None)
        known[lead.lead_id] = Snapshot(lead, value, snapshot.digest)
    return known


def _known(turn: Turn, lead_ids: list[str]) -> dict[str, Any]:
    return {row.lead_id: row for row in turn.db.execute(_KNOWN, {"lead_ids": lead_ids})}


def _save(turn: Turn, fresh: Sequence[Snapshot], revisions: dict[str, int], cases: dict[str, UUID]) -> None:
    rows = [
        {
            "lead_id": s.lead.lead_id,
            "case_id": cases.get(s.lead.lead_id),
            "revision": revisions.get(s.lead.lead_id, 0) + 1,
            "digest": s.digest,
            "role": s.lead.subject.role.value,
            "token": s.lead.subject.token,
            "level": s.lead.level.value,
            "snapshot": s.value.decode(),
            "taken_at": turn.now,
        }
        for s in fresh
    ]
    turn.db.execute(_SAVE, parameters(LeadRow, rows))
    turn.trail.note("leads", f"{len(fresh)} snapshots", b"".join(s.digest for s in fresh))
