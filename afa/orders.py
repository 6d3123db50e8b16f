"""`afa order`: an officer signs a drafted request with the officer's own key, or sees what waits for a signature.

What is signed is what was drafted, word for word, and is shown before; whether the signature holds, and whether more
are wanted, is the casebook's to say.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Connection, Engine

from afa import drafts
from afa.judging import await_judgement
from afa.listings import REQUEST_COLUMNS
from afa.options import Data, Json, Yes, confirm
from afa.output import note, show
from afa.place import Run, database
from alliance.errors import Refused
from alliance.membership import load_officer
from consumers.casebook.authority.orders import file_order, read_draft, refusal_of
from consumers.casebook.views import listings, returnviews
from schemas.requests import Request, RequestStatus, RequestView


def order(
    request_id: Annotated[
        UUID | None, typer.Argument(metavar="REQUEST_ID", help="The request to sign; without it all that wait.")
    ] = None,
    unit: Annotated[str | None, typer.Option("--as", metavar="MEMBER", help="The police unit that orders.")] = None,
    officer: Annotated[str | None, typer.Option(metavar="ID", help="The officer who signs.")] = None,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Sign a drafted request, which goes out as a police order once all have signed whom the law wants.

    What will be signed is shown first. Without --as and --officer it is only shown; without an id: all that waits, the
    most urgent first.

    Example: afa order 019a… --as police-ty --officer chen-guoqiang
    """
    if (unit is None) != (officer is None) or (unit and request_id is None):
        raise typer.BadParameter("a signature needs --as, --officer and the request", param_hint="REQUEST_ID")
    run = Run(data)
    if request_id is None:
        with run.database() as db:
            show([listings.desk(db)], REQUEST_COLUMNS, as_json=json, empty="Nothing waits for a signature.")
        return
    with database(run.database_url) as engine:
        request, view = _draft(engine, request_id)
        with engine.connect() as db:
            drafts.tell(request, view, returnviews.paid_by(db, request))
        if unit is not None and officer is not None:
            confirm(f"Sign this as {officer} of {unit}?", yes)
            view = _signed(engine, run, request, unit, officer)
    show([[view]], REQUEST_COLUMNS, as_json=json, empty="")
    if unit is None:
        note(f"Sign it with `afa order {request_id} --as MEMBER --officer ID`.")
    elif view.status is RequestStatus.AWAITING_AUTHORISATION:
        note(f"Signed by {officer} of {unit}; it still wants {view.missing}.")
    else:
        note(f"Signed by {officer} of {unit}; the order goes out.")


def _draft(engine: Engine, request_id: UUID) -> tuple[Request, RequestView]:
    with engine.connect() as db:
        request, view = read_draft(db, request_id), listings.request(db, request_id)
    assert view is not None
    return request, view


def _signed(engine: Engine, run: Run, shown: Request, unit: str, officer: str) -> RequestView:
    kid, key = load_officer(run.data, unit, officer)
    with engine.begin() as db:
        jws = file_order(db, shown, key, kid, run.clock.now())
    refusal = await_judgement(engine, lambda db: _refusal(db, shown.request_id, jws), "order")
    if refusal:
        raise Refused(f"The casebook refuses the order: {refusal}")
    with engine.connect() as db:
        view = listings.request(db, shown.request_id)
    assert view is not None
    return view


def _refusal(db: Connection, request_id: UUID, jws: str) -> str | None:
    """Why it was refused, "" if it was not; None while it waits to be judged."""
    judged, refusal = refusal_of(db, request_id, jws)
    return (refusal or "") if judged else None
