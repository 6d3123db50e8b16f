"""`afa mandate`: standing police orders, each signed by an officer with the officer's own key and bounded by caps."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from afa.options import As, Data, Json
from afa.output import Column, amount, note, show, when
from afa.place import Run
from alliance.ids import IdSource
from alliance.keys.signatures import sign_object
from alliance.membership import load_officer
from alliance.profiles import Profile
from consumers.casebook.authority.mandates import add_mandate, list_mandates, revoke_mandate
from producers.money import minor_from_major
from schemas.base import Money
from schemas.requests import Action, Caps, Mandate, MandateView
from schemas.risk import Level

app = typer.Typer(no_args_is_help=True, help="Standing police orders, under which stops go out at once.")
_HOUR_S = 3600


def _cap(text: str, currency: str) -> int:
    try:
        return minor_from_major(text, currency)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _caps_of(currency: str, per_hold: str, per_account: str, per_day: str) -> Caps:
    return Caps(
        currency=currency,
        per_hold=_cap(per_hold, currency),
        per_account=_cap(per_account, currency),
        per_day=_cap(per_day, currency),
    )


def _duration_s(hours: int | None, profile: Profile) -> int:
    longest = profile.stop.duration_s.value
    if hours is not None and hours * _HOUR_S > longest:
        raise typer.BadParameter(
            f"a stop lasts {longest // _HOUR_S} h at most under the profile {profile.name}", param_hint="--hours"
        )
    return longest if hours is None else hours * _HOUR_S


@app.command("list")
def list_all(data: Data = None, json: Json = False) -> None:
    """Every mandate ever filed, the oldest first.

    Example: afa mandate list --json
    """
    with Run(data).database() as db:
        show([list(list_mandates(db))], _COLUMNS, as_json=json, empty="No mandate has been filed yet.")


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    unit: As,
    officer: Annotated[list[str], typer.Option(metavar="ID", help="Who signs it; repeat for a second officer.")],
    legal_basis: Annotated[str, typer.Option(help="The article that the order rests on.")],
    action: Annotated[list[Action], typer.Option(help="What may be ordered; repeat for more.")] = [Action.STOP],  # noqa: B006
    min_level: Annotated[Level, typer.Option(help="From which level of a lead on.")] = Level.HIGH,
    max_hop: Annotated[int, typer.Option(min=0, max=5, help="How many onward transfers it follows.")] = 5,
    per_hold: Annotated[str, typer.Option(metavar="AMOUNT", help="At most so much by one order.")] = "500000",
    per_account: Annotated[str, typer.Option(metavar="AMOUNT", help="At most so much on one account.")] = "1000000",
    per_day: Annotated[str, typer.Option(metavar="AMOUNT", help="At most so much in a day.")] = "20000000",
    hours: Annotated[
        int | None, typer.Option(min=1, help="How long a stop lasts; as long as the profile lets it, unless given.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long the mandate is valid, from now.")] = 90,
    release_at_once: Annotated[bool, typer.Option(help="Release when the grounds fall, or propose it.")] = True,
    data: Data = None,
    json: Json = False,
) -> None:
    """Sign and file a mandate. It covers reported cases only; its amounts are in the currency of the run's profile.

    It is signed as the greatest order under it would have to be: where the profile wants a second officer from an
    amount on, a mandate that goes so far wants one too.

    Example: afa mandate add --as police-ty --officer chen-guoqiang --legal-basis "反电信网络诈骗法第二十条"
    """
    run = Run(data)
    keys = [load_officer(run.data, unit, one) for one in officer]
    now = run.clock.now()
    mandate = Mandate(
        mandate_id=IdSource(run.clock.now_ms, os.urandom).next(),
        unit=unit,
        officers=officer,
        actions=action,
        min_level=min_level.value,
        max_hop=max_hop,
        caps=_caps_of(run.profile.currency, per_hold, per_account, per_day),
        duration_s=_duration_s(hours, run.profile),
        release_at_once=release_at_once,
        legal_basis=legal_basis,
        valid_from=now,
        valid_to=now + timedelta(days=days),
    )
    signatures = [sign_object(key, kid, mandate.model_dump(mode="json")) for kid, key in keys]
    with run.database() as db:
        add_mandate(db, signatures, run.registry(), run.profile, now)
    show([[MandateView(mandate=mandate, signatures=signatures)]], _COLUMNS, as_json=json, empty="")
    note(f"Filed; it is valid until {when(mandate.valid_to)} alliance time.")


@app.command("revoke")
def revoke(
    mandate_id: Annotated[UUID, typer.Argument(metavar="MANDATE", help="The mandate, as in `afa mandate list`.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Let nothing more be asked under a mandate. What was asked stands, until it ends or is released.

    Example: afa mandate revoke 019a…
    """
    run = Run(data)
    with run.database() as db:
        revoke_mandate(db, mandate_id, run.clock.now())
        (view,) = [one for one in list_mandates(db) if one.mandate.mandate_id == mandate_id]
    show([[view]], _COLUMNS, as_json=json, empty="")
    note("Revoked; what waits for it from now on waits for an officer.")


def _state(view: MandateView) -> str:
    return f"revoked {when(view.revoked_at)}" if view.revoked_at else f"until {when(view.mandate.valid_to)}"


def _caps(view: MandateView) -> str:
    caps = view.mandate.caps
    return amount(Money(minor=caps.per_hold, currency=caps.currency))


_COLUMNS = (
    Column[MandateView]("Mandate", 36, lambda v: str(v.mandate.mandate_id)),
    Column[MandateView]("Unit", 12, lambda v: v.mandate.unit),
    Column[MandateView]("Actions", 8, lambda v: ", ".join(a.value for a in v.mandate.actions)),
    Column[MandateView]("Cap a hold", 17, _caps, "right"),
    Column[MandateView]("State", 22, _state),
)
