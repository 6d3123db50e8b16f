"""Suspending, revoking and restoring a member: in the registry, for its signatures, and at the broker, for its login;
the end of an officer's key; and the rate that is agreed with a member.

A suspended member keeps its password, which is good for nothing meanwhile; a revoked one gets another if it comes back.
Nothing that it has sent is taken back.
"""

from __future__ import annotations

from collections.abc import Callable

from alliance.errors import Refused
from alliance.joining.desk import Desk, new_password
from alliance.joining.succession import dismissed, with_status
from alliance.membership import give_token_keys, keys_given, members_of, token_keys
from alliance.principals import member_principal
from alliance.provision import (
    add_member,
    agree_rate,
    agreed_rate,
    bar_member,
    has_password,
    readmit_member,
    remove_member,
)
from alliance.registrar import publish, registrar_keys
from schemas.joining import KeyRequest
from schemas.registrar import RateAgreed
from schemas.registry import Member, Status


def bar(desk: Desk, member: str) -> None:
    """Have the broker take nothing from it from now on, whatever else is under way at the desk; then `suspend` or
    `revoke`."""
    _known(desk, member)
    bar_member(desk.login, member)


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


def restore(desk: Desk, member: str, hand_over: Callable[[bytes], object], *, centre: bool = False) -> Member:
    """Undo either. `hand_over` is given the answer for the member, if it needs another password: sealed to it, signed
    by the registrar. The broker takes that password afterwards: where a command broke off, the same one goes on.

    Raises Refused for a police unit that would be the centre in the place of another, unless `centre`."""
    if not centre:
        desk.registry().refuse_centre(member, _known(desk, member).sector)
    record = _changed(desk, member, Status.ACTIVE)
    # Where its keys lie on this folder, it has been given none meanwhile.
    if member in members_of(desk.data):
        tokens = token_keys(desk.data)
        desk.put_on_record(keys_given(member, tokens, desk.clock.now()))
        give_token_keys(desk.data, tokens, [member])
    if has_password(desk.login, member):
        readmit_member(desk.login, member)
    elif desk.data.secret_file(member_principal(member)).exists():
        add_member(desk.login, member, desk.data.secret)
    else:
        newest, password = record.keys[-1], new_password()
        keys = KeyRequest(member=member, key_id=newest.key_id, signing=newest.public, sealing=record.seal_key)
        hand_over(desk.welcome(keys, password))
        add_member(desk.login, member, lambda principal: password)
    return record


def dismiss(desk: Desk, member: str, officer: str) -> Member:
    """The officer's key signs nothing any more: who leaves, or whose key is in other hands."""
    record = dismissed(_known(desk, member), officer, desk.clock.now())
    publish(desk.login, registrar_keys(desk.data), [record])
    return record


def rate(desk: Desk, member: str) -> int:
    """How many alerts a second are agreed with the member. Raises Refused if it was never admitted."""
    known = agreed_rate(desk.login, member)
    if known is None:
        raise Refused(f"{member} was never admitted; see `afa member list`.")
    return known


def agree(desk: Desk, member: str, alerts: int) -> int:
    """Change that, at once; what it was. Raises Refused as `rate`."""
    before = rate(desk, member)
    desk.put_on_record(RateAgreed(member=member, rate=alerts, at=desk.clock.now()))
    agree_rate(desk.login, member, alerts)
    return before


def _changed(desk: Desk, member: str, status: Status) -> Member:
    known = _known(desk, member)
    if status is not Status.REVOKED:
        # Whoever came since may answer for them.
        desk.registry().refuse_taken(member, known.routes)
    desk.withdraw(member)
    record = with_status(known, status)
    publish(desk.login, registrar_keys(desk.data), [record])
    return record


def _known(desk: Desk, member: str) -> Member:
    known = desk.registry().member(member)
    if known is None:
        raise Refused(f"{member} is no member; see `afa member list`.")
    return known
