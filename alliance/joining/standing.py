"""Suspending, revoking and restoring a member: in the registry, for its signatures, and at the broker, for its login.

A suspended member keeps its password, which is good for nothing meanwhile; a revoked one gets another if it comes back.
Nothing that it has sent is taken back.
"""

from __future__ import annotations

from alliance.errors import Refused
from alliance.joining.desk import Desk
from alliance.joining.succession import with_status
from alliance.membership import give_token_keys, token_keys
from alliance.principals import member_principal
from alliance.provision import add_member, bar_member, has_password, readmit_member, remove_member
from alliance.registrar import publish, registrar_keys
from schemas.joining import KeyRequest
from schemas.registry import Member, Status


def suspend(desk: Desk, member: str) -> Member:
    """What it signs is refused, and what it asks of the broker, also on connections that it has open."""
    record = _changed(desk, member, Status.SUSPENDED)
    bar_member(desk.login, member)
    return record


def revoke(desk: Desk, member: str) -> Member:
    """As `suspend`, and its password is taken."""
    record = _changed(desk, member, Status.REVOKED)
    remove_member(desk.login, member)
    return record


def restore(desk: Desk, member: str) -> tuple[Member, bytes | None]:
    """Undo either. The answer to hand over, if the member needs another password: sealed to it, signed by the
    registrar."""
    # Where its keys lie on this folder, it has been given none meanwhile.
    give_token_keys(desk.data, token_keys(desk.data), [member])
    record = _changed(desk, member, Status.ACTIVE)
    if has_password(desk.login, member):
        readmit_member(desk.login, member)
        return record, None
    if desk.data.secret_file(member_principal(member)).exists():
        add_member(desk.login, member, desk.data.secret)
        return record, None
    newest = record.keys[-1]
    keys = KeyRequest(member=member, key_id=newest.key_id, signing=newest.public, sealing=record.seal_key)
    return record, desk.welcome(keys, desk.new_password(member))


def _changed(desk: Desk, member: str, status: Status) -> Member:
    registry = desk.registry()
    known = registry.member(member)
    if known is None:
        raise Refused(f"{member} is no member; see `afa member list`.")
    if status is not Status.REVOKED:
        # Whoever came since may answer for them.
        registry.refuse_taken(member, known.routes)
    desk.withdraw(member)
    record = with_status(known, status)
    publish(desk.login, registrar_keys(desk.data), [record])
    return record
