"""`afa reveal` and `afa reseal`: an identifier in clear, for the officer who asks or for the member that is asked."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError

from afa.inquiring import Asker, JsonAnswer, Purpose
from afa.options import As, Data, OfficerId
from afa.output import note
from afa.place import Run
from alliance.errors import Refused
from consumers.casebook.views import listings
from schemas.base import Token
from schemas.identifiers import Identifier
from schemas.inquiries import Reseal, Resealed, Reveal, Revealed

_TOKEN: TypeAdapter[str] = TypeAdapter(Token)


def reveal(
    case: Annotated[UUID, typer.Argument(metavar="CASE", help="The case, as in `afa case show`.")],
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="An identifier of it; see `afa case show --json`.")],
    purpose: Purpose,
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: JsonAnswer = False,
) -> None:
    """Show an identifier of a case in clear. It is on the audit record before it is shown.

    An officer of the unit that has the case asks. The value is what a member sealed to police, if it makes this token.

    Example: afa reveal 019a… e1:gSvS… --purpose "call the victim" --as police-ty --officer chen-guoqiang
    """
    named, asker = _token(token), Asker(Run(data), unit, officer)
    shown = asker.ask(
        lambda key, at: Reveal(case_id=case, token=named, purpose=purpose, answer_to=key, at=at), Revealed
    )
    print(shown.model_dump_json() if json else f"{shown.identifier} {shown.value}")
    note(f"Sealed by {shown.member} in its event {shown.event_id}; that you asked is on record.")


def reseal(
    request_id: Annotated[UUID, typer.Argument(metavar="REQUEST", help="A request that was sent; see `afa requests`.")],
    purpose: Purpose,
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: JsonAnswer = False,
) -> None:
    """Have the target of a request told in clear to the member that is asked, where it can't find it by its token.

    It goes sealed to that member; the officer does not see it. The member reads it by `afa unseal`.

    Example: afa reseal 019a… --purpose "the number was ported" --as police-ty --officer chen-guoqiang
    """
    asker = Asker(Run(data), unit, officer)
    with asker.run.database() as db:
        asked = listings.request(db, request_id)
    if asked is None or (to := asked.to) is None:
        raise Refused(f"There is no request {request_id} of a member; see `afa requests`.")
    case, token = asked.case_id, newest(asked.target)
    told = asker.ask(
        lambda key, at: Reseal(
            case_id=case, request_id=request_id, to=to, token=token, purpose=purpose, answer_to=key, at=at
        ),
        Resealed,
    )
    if json:
        print(told.model_dump_json())
    note(f"It goes to {told.to}, sealed; {told.member} had sealed it in its event {told.event_id}.")


def newest(target: Identifier) -> str:
    """The name that its member can prove: after a rotation it has no key of the first."""
    return target.tokens[-1]


def _token(text: str) -> str:
    try:
        return _TOKEN.validate_python(text)
    except ValidationError:
        raise typer.BadParameter("a token looks like e1:… and has 22 characters more", param_hint="TOKEN") from None
