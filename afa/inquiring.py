"""`afa reveal` and `afa search`: an officer asks the police's vault, by the own key, for a stated purpose.

A clear identifier never stands in an argument, where every process of the machine could read it. What the vault answers
is sealed to a key that this command makes, keeps in memory alone, and forgets.
"""

from __future__ import annotations

import sys
from typing import Annotated
from uuid import UUID

import typer
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine

from afa.judging import await_judgement
from afa.options import As, Data, OfficerId
from afa.output import Column, note, section
from afa.place import Run, database
from alliance.errors import Refused
from alliance.keys.encoding import encode
from alliance.keys.seals import BadSeal, unseal
from alliance.membership import load_officer
from consumers.casebook.authority import inquiries
from consumers.vault.opening import ANSWER_INFO, bound_to, seal_sought
from schemas.base import Token
from schemas.canonical import CanonicalError, canonical
from schemas.identifiers import IdentifierKind
from schemas.inquiries import (
    VAULT_ANSWER,
    Found,
    NamingCase,
    NamingLead,
    Reveal,
    Revealed,
    Search,
    Sought,
    Unanswered,
)

Purpose = Annotated[str, typer.Option(help="For what it is needed; it is kept on record with the signature.")]
Json = Annotated[bool, typer.Option("--json", help="The answer as one JSON object on stdout, by the public schema.")]
_TOKEN: TypeAdapter[str] = TypeAdapter(Token)
_VAULT_S = 120.0
_LACKING = "is on record, but the police's vault has not answered it"


def reveal(
    case: Annotated[UUID, typer.Argument(metavar="CASE", help="The case, as in `afa case show`.")],
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="An identifier of it, as `afa case show --json` has it.")
    ],
    purpose: Purpose,
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show an identifier of a case in clear. It is on the audit record before it is shown.

    An officer of the unit that has the case asks. The value is what a member sealed to police, if it makes this token.

    Example: afa reveal 019a… e1:gSvS… --purpose "call the victim" --as police-ty --officer chen-guoqiang
    """
    named, run, secret = _token(token), Run(data), X25519PrivateKey.generate()
    answer_to, at = encode(secret.public_key().public_bytes_raw()), run.clock.now()
    said = Reveal(case_id=case, token=named, purpose=purpose, answer_to=answer_to, at=at)
    answer = _ask(run, said, (unit, officer), secret)
    if not isinstance(answer, Revealed):
        raise Refused("The vault gave another answer than was asked for; see its log.")
    if json:
        print(answer.model_dump_json())
    else:
        print(f"{answer.identifier} {answer.value}")
    note(f"Sealed by {answer.member} in its event {answer.event_id}; that you asked is on record.")


def search(
    kind: Annotated[IdentifierKind, typer.Argument(metavar="KIND", help="account, number, handle, …")],
    purpose: Purpose,
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: Json = False,
) -> None:
    """The cases and leads that name an identifier, which is asked for, or read from stdin. It goes on record first.

    The hub is told its tokens and not the value.

    Example: afa search number --purpose "the victim asks" --as police-ty --officer chen-guoqiang < number.txt
    """
    run, secret, sought = Run(data), X25519PrivateKey.generate(), _sought(kind)
    police = run.registry().police()
    if police is None:
        raise Refused("The registry knows no active police unit, whose vault could be asked; see `afa member list`.")
    public = secret.public_key().public_bytes_raw()
    sealed = seal_sought(sought, police.seal_key, public)
    said = Search(sealed=sealed, purpose=purpose, answer_to=encode(public), at=run.clock.now())
    answer = _ask(run, said, (unit, officer), secret)
    if not isinstance(answer, Found):
        raise Refused("The vault gave another answer than was asked for; see its log.")
    if json:
        print(answer.model_dump_json())
        return
    section("Cases", answer.cases, _CASES)
    section("Leads", answer.leads, _LEADS)
    note(f"By its tokens {', '.join(answer.tokens)}: {len(answer.cases)} cases, {len(answer.leads)} leads.")


def _ask(run: Run, said: Reveal | Search, signer: tuple[str, str], secret: X25519PrivateKey) -> Revealed | Found:
    kid, key = load_officer(run.data, *signer)
    with database(run.database_url) as engine:
        with engine.begin() as db:
            number = inquiries.file_inquiry(db, said, key, kid, run.clock.now())
        judged = await_judgement(engine, lambda db: inquiries.judgement(db, number), said.kind)
        if judged.refusal:
            raise Refused(f"The casebook refuses the {said.kind}: {judged.refusal}")
        answer = VAULT_ANSWER.validate_json(_opened(engine, number, said.kind, secret))
    if isinstance(answer, Unanswered):
        raise Refused(answer.why)
    return answer


def _opened(engine: Engine, number: int, what: str, secret: X25519PrivateKey) -> bytes:
    """What the vault has sealed to this command alone."""
    sealed, question = await_judgement(
        engine, lambda db: inquiries.answered(db, number), what, _LACKING, within_s=_VAULT_S
    )
    try:
        return unseal(secret, sealed, ANSWER_INFO, bound_to(question))
    except BadSeal as error:
        raise Refused(f"The vault did not answer this {what}: it does not find your signature good.") from error


def _token(text: str) -> str:
    try:
        return _TOKEN.validate_python(text)
    except ValidationError:
        raise typer.BadParameter("a token looks like e1:… and has 22 characters more", param_hint="TOKEN") from None


def _sought(kind: IdentifierKind) -> Sought:
    """From a prompt or from stdin. Raises Refused for what can be no identifier, which is not repeated."""
    value = typer.prompt(f"The {kind} in clear", err=True) if sys.stdin.isatty() else sys.stdin.readline()
    try:
        form = canonical(kind, value)
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
