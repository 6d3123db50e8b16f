"""`afa leads`, `afa requests`, `afa holds`, `afa tasks`: what the casebook has, as it stands or as it changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel
from sqlalchemy import Connection

from afa import output
from afa.live import subject
from afa.options import Data, Follow, Json
from afa.output import Column, amount, amounts, when
from afa.place import Run, database
from consumers.casebook.model import LINES
from consumers.casebook.views import listings
from consumers.casebook.views.listings import ListedLead, Page
from schemas.requests import HoldView, RequestStatus, RequestView
from schemas.risk import Level
from schemas.tasks import TaskView

T = TypeVar("T", bound=BaseModel)
_EVERY_S = 0.5


def leads(
    level: Annotated[Level | None, typer.Option(help="Only this level; none are those that fell.")] = None,
    disputed: Annotated[bool, typer.Option("--disputed", help="Only those that a member disputes.")] = False,
    data: Data = None,
    json: Json = False,
    follow: Follow = False,
) -> None:
    """Leads as they stand, the oldest change first; with --follow each change as it comes.

    Example: afa leads --json --follow | jq -c '[.lead_id, .level, .sectors]'
    """
    chosen = (
        [one for one in page if (level is None or one.level is level) and (one.disputed or not disputed)]
        for page in pages(data, listings.leads, follow)
    )
    output.follow(chosen, _LEADS, as_json=json, empty="There is no lead yet.", on=follow)


def requests(
    status: Annotated[RequestStatus | None, typer.Option(help="Only those of this status.")] = None,
    data: Data = None,
    json: Json = False,
    follow: Follow = False,
) -> None:
    """Requests and what was answered; one that nobody can be asked says why.

    Example: afa requests --status executed
    """
    chosen = (
        [request for request in page if status is None or request.status is status]
        for page in pages(data, listings.requests, follow)
    )
    output.follow(chosen, REQUEST_COLUMNS, as_json=json, empty="There is no request yet.", on=follow)


def holds(data: Data = None, json: Json = False, follow: Follow = False) -> None:
    """Money that is or was held, and lines that are or were suspended, each with its end date.

    Example: afa holds --json | jq 'select(.status == "active") | .amount.minor'
    """
    output.follow(
        pages(data, listings.holds, follow), HOLD_COLUMNS, as_json=json, empty="There is no hold yet.", on=follow
    )


def tasks(data: Data = None, json: Json = False, follow: Follow = False) -> None:
    """Deadlines that were missed, and calls that helped no victim: which unit must look.

    Example: afa tasks --json | jq 'select(.closed_at == null) | .why'
    """
    output.follow(pages(data, listings.tasks, follow), _TASKS, as_json=json, empty="There is no task.", on=follow)


def pages(data: Path | None, view: Callable[[Connection, int], Page[T]], follow: bool) -> Iterator[Sequence[T]]:
    """All there is, then what changes."""
    with database(Run(data).database_url) as engine:
        since = 0
        while True:
            with engine.connect() as db:
                page = view(db, since)
            yield page.items
            if not follow:
                return
            since = page.after
            time.sleep(_EVERY_S)


def _subject(lead: ListedLead) -> str:
    return f"{subject(lead)}, disputed" if lead.disputed else subject(lead)


def _to(request: RequestView) -> str:
    return request.to or f"nobody: {request.unroutable}"


def _status(request: RequestView) -> str:
    """What waits says for whom: by whom it is signed, and what is missing."""
    if request.missing is None:
        return request.status.value.removesuffix("-authorisation")
    signed = f"signed by {', '.join(request.officers)}; " if request.officers else ""
    return f"{signed}awaiting {request.missing}"


def _held(hold: HoldView) -> str:
    """Money may be held by a phone's number too."""
    return "the line" if hold.target.kind in LINES and not hold.amount.minor else amount(hold.amount)


def _action(request: RequestView) -> str:
    return f"{request.action.value}, hop {request.hop}" if request.hop else request.action.value


_LEADS = (
    Column[ListedLead]("Lead", 24, lambda lead: lead.lead_id),
    Column[ListedLead]("Evidence", 14, lambda lead: when(lead.at)),
    Column[ListedLead]("Level", 9, lambda lead: lead.level.value),
    Column[ListedLead]("Score", 5, lambda lead: f"{lead.score:.2f}", "right"),
    Column[ListedLead]("Subject", 10, _subject),
    Column[ListedLead]("Sectors", 16, lambda lead: ", ".join(lead.sectors)),
    Column[ListedLead]("At risk", 14, lambda lead: amounts(lead.amount_at_risk), "right"),
)
REQUEST_COLUMNS = (
    Column[RequestView]("Request", 36, lambda request: str(request.request_id)),
    Column[RequestView]("To", 13, _to),
    Column[RequestView]("Action", 14, _action),
    Column[RequestView]("Status", 15, _status),
    Column[RequestView]("Amount", 16, lambda request: amount(request.amount), "right"),
)
_TASKS = (
    Column[TaskView]("Task", 11, lambda task: task.kind.value),
    Column[TaskView]("Unit", 12, lambda task: task.unit or "–"),
    Column[TaskView]("Why", 36, lambda task: task.why),
    Column[TaskView]("Since", 14, lambda task: when(task.since)),
    Column[TaskView]("Told", 4, lambda task: str(task.told), "right"),
    Column[TaskView]("Closed", 14, lambda task: when(task.closed_at)),
)
HOLD_COLUMNS = (
    Column[HoldView]("Hold", 36, lambda hold: str(hold.hold_id)),
    Column[HoldView]("Member", 12, lambda hold: hold.member),
    Column[HoldView]("Scope", 7, lambda hold: hold.scope.value),
    Column[HoldView]("Status", 9, lambda hold: hold.status.value),
    Column[HoldView]("Amount", 16, _held, "right"),
    Column[HoldView]("Until", 14, lambda hold: when(hold.until)),
)
