"""Victim reports: which accounts, numbers and handles they name, and whether they stand. A mandate rests on them.

A report can be annulled by police alone, and one id with two contents counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import and_, select, update

from consumers.casebook.evidence import payers
from consumers.casebook.evidence.victims import tokens_of
from consumers.casebook.inbound import Admitted
from consumers.casebook.model import Paid, Reported
from consumers.casebook.rows import among, given, insert_rows
from consumers.casebook.tables import ReportRow, ReportTarget, ReportVictim, Withdrawn
from consumers.casebook.turn import Turn
from schemas.alerts import ReportedTransfer, VictimReport, Withdrawal

_ANNULLED = and_(
    Withdrawn.member == ReportTarget.member, Withdrawn.event_id == ReportTarget.event_id, Withdrawn.by_police
)
_STANDS = Withdrawn.member.is_(None).label("stands")
_NAMING = (
    select(
        ReportTarget.token,
        ReportTarget.member,
        ReportTarget.event_id,
        ReportTarget.payment,
        ReportTarget.transfer,
        ReportRow.taken_at,
        _STANDS,
    )
    .join(ReportRow, and_(ReportRow.member == ReportTarget.member, ReportRow.event_id == ReportTarget.event_id))
    .outerjoin(Withdrawn, _ANNULLED)
    .where(given(ReportTarget.token, "tokens"), ReportRow.conflict.is_(False))
    .order_by(ReportRow.taken_at, ReportRow.event_id, ReportRow.member)
)
_FATES = (
    select(ReportTarget.token, _STANDS)
    .distinct()
    .outerjoin(Withdrawn, _ANNULLED)
    .where(given(ReportTarget.token, "tokens"))
)
Named = dict[str, list[Reported]]
"""The reports that name each subject, by whichever name, in the order in which they were taken. Subjects go by their
first name."""


def apply(turn: Turn, events: Sequence[Admitted]) -> set[str]:
    """File reports; the tokens that they name."""
    rows: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    victims: list[dict[str, Any]] = []
    for admitted in events:
        report = admitted.event.data
        if not isinstance(report, VictimReport):
            continue
        key = {"member": admitted.member, "event_id": admitted.event.id}
        rows.append(
            {**key, "digest": admitted.digest, "conflict": False, "report_id": report.report_id,
             "taken_at": admitted.event.time}
        )  # fmt: skip
        targets += [
            {**key, "token": token, "payment": number, "transfer": transfer}
            for token, number, transfer in _targets(report)
        ]
        victims += [{**key, "token": token} for token in dict.fromkeys(tokens_of(report))]
    if not rows:
        return set()
    fresh = {(row.member, row.event_id) for row in _insert(turn, rows)}
    _mark_conflicts(turn, rows)
    new, whose = ([row for row in of if (row["member"], row["event_id"]) in fresh] for of in (targets, victims))
    insert_rows(turn.db, ReportTarget, new, ignore=True)
    insert_rows(turn.db, ReportVictim, whose, ignore=True)
    for member, event_id in sorted(fresh):
        turn.trail.note("report", f"{member}/{event_id}")
    return _known_as(turn, (target["token"] for target in new))


def naming(turn: Turn, tokens: set[str]) -> Named:
    """By the accepted reports that stand."""
    return _named(turn, [row for row in _rows_naming(turn, tokens) if row.stands])


def naming_ever(turn: Turn, tokens: set[str]) -> tuple[Named, Named]:
    """The same; and with those that were annulled since."""
    rows = _rows_naming(turn, tokens)
    standing = [row for row in rows if row.stands]
    named = _named(turn, standing)
    return named, named if len(standing) == len(rows) else _named(turn, rows)


def _rows_naming(turn: Turn, tokens: set[str]) -> Sequence[Any]:
    return turn.db.execute(_NAMING, {"tokens": list(turn.names.every(tokens))}).all() if tokens else ()


def _named(turn: Turn, rows: Sequence[Any]) -> Named:
    named = [(row, _transfer(row.transfer)) for row in rows]
    payer_of = payers.accounts(turn, ((row.event_id, transfer) for row, transfer in named if transfer))
    found: dict[str, dict[tuple[str, UUID], Reported]] = {}
    for row, transfer in named:
        told, key = found.setdefault(turn.names.of(row.token), {}), (row.member, row.event_id)
        # One report may name it by both names.
        known = told.setdefault(key, Reported(*key, row.taken_at))
        if transfer:
            payer = payer_of.of(transfer.payer.tokens[0]) if transfer.payer else None
            told[key] = known.and_also([Paid(row.payment, transfer, payer)])
    return {token: list(told.values()) for token, told in found.items()}


def named_in(turn: Turn, events: Sequence[Admitted]) -> set[str]:
    """The tokens that the withdrawn reports named."""
    gone = [admitted.event.data.event_id for admitted in events if isinstance(admitted.event.data, Withdrawal)]
    if not gone:
        return set()
    return _known_as(turn, turn.db.scalars(select(ReportTarget.token).where(among(ReportTarget.event_id, gone))))


def fates(turn: Turn, tokens: set[str]) -> tuple[set[str], set[str]]:
    """Those of the tokens that a report names which police have not annulled, and those that one named which they have.
    One in conflict covers nothing new, and releases nothing either."""
    found = turn.db.execute(_FATES, {"tokens": list(turn.names.every(tokens))}).all() if tokens else ()
    stand, fell = ([row.token for row in found if row.stands is stands] for stands in (True, False))
    return _known_as(turn, stand), _known_as(turn, fell)


def named_by(turn: Turn, alerts: Sequence[tuple[str, UUID]]) -> set[str]:
    """The tokens that these reports name."""
    target = ReportTarget
    query = select(target.member, target.event_id, target.token)
    found = turn.db.execute(query.where(among(target.event_id, [event_id for _, event_id in alerts])))
    wanted = set(alerts)
    return _known_as(turn, (token for member, event_id, token in found if (member, event_id) in wanted))


def _transfer(said: Any) -> ReportedTransfer | None:
    return ReportedTransfer.model_validate_json(orjson.dumps(said)) if said else None


def _known_as(turn: Turn, tokens: Iterable[str]) -> set[str]:
    """Every name of whom these name: what was asked before two names were tied may bear either."""
    return turn.names.every(tokens)


def _insert(turn: Turn, rows: Sequence[dict[str, Any]]) -> Sequence[Any]:
    return insert_rows(turn.db, ReportRow, rows, ignore=True, returning=["member", "event_id"])


def _mark_conflicts(turn: Turn, rows: Sequence[dict[str, Any]]) -> None:
    query = select(ReportRow.member, ReportRow.event_id, ReportRow.digest, ReportRow.conflict).where(
        among(ReportRow.event_id, [row["event_id"] for row in rows])
    )
    said = {(row.member, row.event_id): row for row in turn.db.execute(query)}
    for row in rows:
        known = said[row["member"], row["event_id"]]
        if known.digest != row["digest"] and not known.conflict:
            turn.trail.note("report in conflict", f"{row['member']}/{row['event_id']}")
            same = and_(ReportRow.member == row["member"], ReportRow.event_id == row["event_id"])
            turn.db.execute(update(ReportRow).where(same).values(conflict=True))


def _targets(report: VictimReport) -> Iterator[tuple[str, int, str | None]]:
    """Each suspect that the report names: its token with each payment that it got, as JSON behind its place in the
    report; a contact that got none has none."""
    paid: set[str] = set()
    for number, transfer in enumerate(report.transfers):
        for token in transfer.payee.tokens if transfer.payee else ():
            paid.add(token)
            yield token, number, transfer.model_dump_json()
    for token in dict.fromkeys(token for contact in report.contacts for token in contact.tokens):
        if token not in paid:
            yield token, 0, None
