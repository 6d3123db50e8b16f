"""`afa search`: what is known of an identifier that an officer has in clear.

It must never stand in an argument, where every process of the machine could read it, nor in an error.
"""

from __future__ import annotations

from typing import Annotated

import typer

from afa.inquiring import Asker, JsonAnswer, Purpose
from afa.options import As, Data, OfficerId, in_clear
from afa.output import Column, note, section
from afa.place import Run
from alliance.errors import Refused
from consumers.vault.opening import seal_sought
from schemas.canonical import CanonicalError, canonical
from schemas.identifiers import IdentifierKind
from schemas.inquiries import Found, NamingCase, NamingLead, Search, Sought


def search(
    kind: Annotated[IdentifierKind, typer.Argument(metavar="KIND", help="account, number, handle, …")],
    purpose: Purpose,
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: JsonAnswer = False,
) -> None:
    """The cases and leads that name an identifier, which is asked for, or read from stdin. It goes on record first.

    The hub is told its tokens and not the value.

    Example: afa search number --purpose "the victim asks" --as police-ty --officer chen-guoqiang < number.txt
    """
    asker = Asker(Run(data), unit, officer)
    police = asker.run.registry().police()
    if police is None:
        raise Refused("The registry knows no active police unit, whose vault could be asked; see `afa member list`.")
    sealed = seal_sought(_sought(kind), police.seal_key, asker.public)
    found = asker.ask(lambda key, at: Search(sealed=sealed, purpose=purpose, answer_to=key, at=at), Found)
    if json:
        print(found.model_dump_json())
        return
    section("Cases", found.cases, _CASES)
    section("Leads", found.leads, _LEADS)
    note(f"By its tokens {', '.join(found.tokens)}: {len(found.cases)} cases, {len(found.leads)} leads.")


def _sought(kind: IdentifierKind) -> Sought:
    """Raises Refused for what can be no identifier."""
    try:
        form = canonical(kind, in_clear(kind))
    except CanonicalError as error:
        raise Refused(f"What was read from stdin is no {kind}: {error}") from None
    for warning in form.warnings:
        note(f"Note: {warning}")
    return Sought(identifier=kind, value=form.value)


_CASES: list[Column[NamingCase]] = [
    Column("Case", 36, lambda case: str(case.case_id)),
    Column("Status", 11, lambda case: case.status),
    Column("Named as", 40, lambda case: ", ".join(case.named_as)),
]
_LEADS: list[Column[NamingLead]] = [
    Column("Lead", 24, lambda lead: lead.lead_id),
    Column("Level", 9, lambda lead: lead.level),
    Column("Case", 36, lambda lead: str(lead.case_id or "–")),
    Column("Named as", 20, lambda lead: ", ".join(lead.named_as)),
]
