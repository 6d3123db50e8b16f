"""`afa mandate`: standing police orders, each signed by an officer with the officer's own key and bounded by caps."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Annotated

import typer

from afa.options import As, Data, Json
from afa.output import Column, amount, note, show, when
from afa.place import Run
from alliance.errors import Refused
from alliance.ids import IdSource
from alliance.keys.signatures import sign_object
from alliance.membership import load_officer
from alliance.profiles import Profile
from alliance.registry import Registry
from consumers.casebook.authority.mandates import (
    add_mandate,
    list_mandates,
    missing,
)
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
    run = Run(data)
    with run.database() as db:
        views = list(list_mandates(db))
    show_mandates(run, views, json)


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    unit: As,
    officer: Annotated[list[str], typer.Option(metavar="ID", help="Who signs it now; repeat for a second officer.")],
    legal_basis: Annotated[str, typer.Option(help="The article that the order rests on.")],
    later: Annotated[
        list[str], typer.Option("--later", metavar="ID", help="Who signs it later, with `afa mandate sign`; repeat.")
    ] = [],  # noqa: B006
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
    amount on, a mandate that goes so far wants one too. Both are named in it: one who is not at hand, by --later.
    Nothing is asked under it before all whom the profile wants have signed.

    Example: afa mandate add --as police-ty --officer chen-guoqiang --legal-basis "反电信网络诈骗法第二十条"
    """
    run = Run(data)
    keys = [load_officer(run.data, unit, one) for one in officer]
    now = run.clock.now()
    mandate = Mandate(
        mandate_id=IdSource(run.clock.now_ms, os.urandom).next(),
        unit=unit,
        officers=[*officer, *later],
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
    view = MandateView(mandate=mandate, signatures=signatures)
    show_mandates(run, [view], json)
    if wanting := _missing(run, view, run.registry()):
        note(f"Filed; it wants {wanting}: `afa mandate sign {mandate.mandate_id} --as {unit} --officer ID`.")
    else:
        note(f"Filed; it is valid until {when(mandate.valid_to)} alliance time.")


def show_mandates(run: Run, views: list[MandateView], json: bool) -> None:
    registry = run.registry()
    state = Column[MandateView]("State", 22, lambda view: _state(view, _missing(run, view, registry)))
    show([views], (*_COLUMNS, state), as_json=json, empty="No mandate has been filed yet.")


def _missing(run: Run, view: MandateView, registry: Registry) -> str | None:
    """Whose signature it wants, or why it does not verify any more."""
    try:
        return missing(view.signatures, registry, run.profile, run.clock.now())
    except Refused as refused:
        return f"what is no more: {refused}"


def _state(view: MandateView, wanting: str | None) -> str:
    if view.revoked_at:
        return f"revoked {when(view.revoked_at)}"
    return f"wants {wanting}" if wanting else f"until {when(view.mandate.valid_to)}"


def _caps(view: MandateView) -> str:
    caps = view.mandate.caps
    return amount(Money(minor=caps.per_hold, currency=caps.currency))


_COLUMNS = (
    Column[MandateView]("Mandate", 36, lambda v: str(v.mandate.mandate_id)),
    Column[MandateView]("Unit", 12, lambda v: v.mandate.unit),
    Column[MandateView]("Actions", 8, lambda v: ", ".join(a.value for a in v.mandate.actions)),
    Column[MandateView]("Cap a hold", 17, _caps, "right"),
)
