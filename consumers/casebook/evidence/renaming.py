"""Subjects that a rotation of the token epoch gave a new name: what leads say of it, kept, and leads read by the first
name.

A name is tied only to one that a lead, a request or a dispute had before, and never where both had leads: two cases are
one by a person's act.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from consumers.casebook.evidence.names import Names
from consumers.casebook.rows import among, insert_rows
from consumers.casebook.tables import DisputeRow, LeadRow, Renamed, RequestRow
from consumers.casebook.turn import Turn
from schemas.leads import Lead

Pair = tuple[str, str]
"""A token, and the one under the epoch before."""


def load(db: Connection) -> Names:
    return Names((row.token, row.first) for row in db.execute(select(Renamed.token, Renamed.first)))


def learn(turn: Turn, pairs: Iterable[Pair]) -> None:
    """Keep what is not known yet of subjects that the casebook knows: one that was asked about or vouched for, too."""
    names = turn.names
    new = {newer: names.of(older) for newer, older in pairs if names.of(newer) == newer != names.of(older)}
    if not new:
        return
    led = _among(turn, LeadRow.token, {*new, *new.values()})
    unled = set(new.values()) - led
    known = led | _among(turn, RequestRow.target, unled) | _among(turn, DisputeRow.token, unled)
    tied = {newer: first for newer, first in new.items() if first in known and newer not in led}
    insert_rows(turn.db, Renamed, [{"token": newer, "first": first} for newer, first in tied.items()])
    for newer, first in sorted(tied.items()):
        names.learn(newer, first)
        turn.trail.note("subject renamed", newer, first.encode())


def _among(turn: Turn, column: Any, tokens: set[str]) -> set[str]:
    return set(turn.db.scalars(select(column).distinct().where(among(column, tokens)))) if tokens else set()


def names_of(db: Connection, token: str) -> list[str]:
    """Every name of the subject, for who reads without a turn."""
    first = db.scalar(select(Renamed.first).where(Renamed.token == token)) or token
    return [first, *db.scalars(select(Renamed.token).where(Renamed.first == first))]


def by_first_name(turn: Turn, leads: Sequence[Lead]) -> list[Lead]:
    """The leads as the casebook has known their subjects from the beginning."""
    firsts = {lead.subject.token: turn.names.of(lead.subject.token) for lead in leads}
    renamed = {first for token, first in firsts.items() if first != token}
    if not renamed:
        return list(leads)
    query = select(LeadRow.role, LeadRow.token, LeadRow.lead_id).where(among(LeadRow.token, renamed))
    known = {(row.role, row.token): row.lead_id for row in turn.db.execute(query.order_by(LeadRow.lead_id))}
    return [_renamed(lead, firsts[lead.subject.token], known) for lead in leads]


def _renamed(lead: Lead, first: str, known: dict[tuple[str, str], str]) -> Lead:
    if first == lead.subject.token:
        return lead
    subject = lead.subject.model_copy(update={"token": first})
    lead_id = known.get((subject.role.value, first), lead.lead_id)
    return lead.model_copy(update={"lead_id": lead_id, "subject": subject})
