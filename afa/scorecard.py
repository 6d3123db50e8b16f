"""`afa scorecard`: each member's numbers; police see every member's, a member its own alone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from afa.options import Data, Json
from afa.output import Column, amounts, show
from afa.place import Run
from alliance.errors import SetupError
from alliance.membership import load_keys
from alliance.registry import Registry
from alliance.tally import published
from consumers.casebook.views.scorecard import scorecard as card_of
from consumers.casebook.views.scorerows import rows_of
from schemas.registry import Sector
from schemas.scorecard import AnswerTimes, Scorecard


def scorecard(
    member: Annotated[
        str | None, typer.Option("--as", metavar="MEMBER", help="Only this member's own, whose keys must be here.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Requests and alerts since then, alliance time, such as 2026-11-20."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """How fast each member answers, how many of its alerts were useful, what it held too much or released late.

    All members' numbers are for police and for whoever runs the hub; a member asks for its own with --as.

    Example: afa scorecard --as bank-icbc --since 2026-11-20T08:00+08:00 --json | jq .final_answer.p95_s
    """
    after = None if since is None else _moment(since)
    run = Run(data)
    names = _names(run.registry(), member)
    if member is not None:
        # Whoever acts as a member has its keys, here as in every command.
        load_keys(run.data, member)
    with run.database() as db:
        rows = rows_of(db, names, after, published(run.registrar(), after))
    cards = [card_of(name, rows[name], run.clock.now(), after) for name in names]
    show([cards], _COLUMNS, as_json=json, empty="No member has been admitted yet; admit one by `afa member add`.")


def _names(registry: Registry, member: str | None) -> list[str]:
    """Those who send or answer, or the one."""
    if member is None:
        return sorted(one.member for one in registry if one.sector is not Sector.PUBLIC)
    if registry.member(member) is None:
        raise SetupError(f"{member} is not a member; see `afa member list`.")
    return [member]


def _moment(said: str) -> datetime:
    """A time without an offset is in the machine's own zone, as listings show it."""
    try:
        return datetime.fromisoformat(said).astimezone()
    except ValueError as error:
        raise typer.BadParameter(f"{said!r} is no time, such as 2026-11-20T08:00", param_hint="--since") from error


def _times(times: AnswerTimes | None) -> str:
    return f"{times.median_s:,.1f} / {times.p95_s:,.1f}" if times else "–"


def _useful(card: Scorecard) -> str:
    share = card.alerts.useful_share
    return f"{card.alerts.useful:,}" + ("" if share is None else f" ({share:.0%})")


def _of(count: int, whole: int) -> str:
    return f"{count:,} of {whole:,}" if whole else "–"


_COLUMNS = (
    Column[Scorecard]("Member", 18, lambda card: card.member),
    Column[Scorecard]("Asked", 6, lambda card: f"{sum(card.requests.values()):,}", "right"),
    Column[Scorecard]("Answer s (p50/p95)", 18, lambda card: _times(card.final_answer), "right"),
    Column[Scorecard]("Late", 5, lambda card: f"{card.late:,}", "right"),
    Column[Scorecard]("Useful", 9, _useful, "right"),
    Column[Scorecard]("Over-held", 9, lambda card: f"{card.over_holds.stops:,}", "right"),
    Column[Scorecard]("Beyond asked", 14, lambda card: amounts(card.over_holds.beyond), "right"),
    Column[Scorecard]("Late rel.", 9, lambda card: _of(card.releases.late, card.releases.asked), "right"),
)
