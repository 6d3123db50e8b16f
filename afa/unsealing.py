"""`afa unseal`: as a member, the target of a request in clear, where the police's vault has sealed it to the member."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError

from afa.options import ActsAs, Data, MemberFilePath
from afa.place import Run
from alliance import kafka
from alliance.errors import Refused, SetupError
from alliance.joining import memberfile
from alliance.kafka import KafkaLogin
from producers import cleartarget
from schemas.inquiries import ClearTarget
from schemas.receipts import TO_MEMBER
from schemas.topics import member_topic


def unseal(
    request_id: Annotated[UUID, typer.Argument(metavar="REQUEST", help="A request that you were asked by.")],
    member: ActsAs = None,
    member_file: MemberFilePath = None,
    data: Data = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, by the schema `sought`.")] = False,
) -> None:
    """As a member: the target of a request in clear, if the police's vault has sealed it to you (`afa reseal`).

    Example: afa unseal 019a… --as carrier-cmcc
    """
    if (member is None) == (member_file is None):
        raise SetupError("Say who you are: --member-file FILE for a unit that joined, or --as MEMBER on this run.")
    if member_file is not None:
        held = memberfile.load(member_file)
        keys, login = held.keys, held.login()
    else:
        assert member is not None
        keys, login = Run(data).member(member)
    sought = cleartarget.opened(_letter(login, keys.member, request_id), keys)
    print(sought.model_dump_json() if json else f"{sought.identifier} {sought.value}")


def _letter(login: KafkaLogin, member: str, request_id: UUID) -> ClearTarget:
    """The newest about the request in the member's mail."""
    found: ClearTarget | None = None
    for record in kafka.whole(login, member_topic(member).name):
        # A kind that this version does not know is passed over, as in all mail.
        with suppress(ValidationError):
            letter = TO_MEMBER.validate_json(record.value or b"")
            if isinstance(letter, ClearTarget) and letter.request_id == request_id:
                found = letter
    if found is None:
        raise Refused(f"Nothing in the mail of {member} tells the target of {request_id}; call the police that asked.")
    return found
