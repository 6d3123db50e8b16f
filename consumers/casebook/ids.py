"""Ids that follow from what they name, so that a replay makes the same ones and nothing is asked twice.

A name here must never change: it would let what was asked be asked again.
"""

from __future__ import annotations

from uuid import UUID, uuid5

from schemas.requests import Action

_NAMESPACE = UUID("5f6b1e0c-93a4-5d35-9d5f-0f2ad1c2a7e1")
HOLDER = "holder"
"""Who is asked: whoever holds the target. Anyone else is asked by name."""


def case_id(lead_id: str) -> UUID:
    """The case that a lead opens."""
    return uuid5(_NAMESPACE, f"case/{lead_id}")


def request_id(case: UUID, target: str, action: Action, attempt: int, asked: str = HOLDER) -> UUID:
    """One act, on one target, of one case, for the nth time. `target` is the identifier's older token."""
    return uuid5(_NAMESPACE, f"request/{case}/{target}/{action.value}/{attempt}/{asked}")


def return_id(hold: UUID, number: int) -> UUID:
    """The nth return of a hold."""
    return uuid5(_NAMESPACE, f"return/{hold}/{number}")


def payment_id(request: UUID, claim: str) -> UUID:
    """What the victim of a claim gets by a request."""
    return uuid5(_NAMESPACE, f"payment/{request}/{claim}")


def hold_id(request: UUID) -> UUID:
    """The hold that a request leads to, if it is executed."""
    return uuid5(_NAMESPACE, f"hold/{request}")


def objection_id(about: str, member: str, event: UUID) -> UUID:
    """The appeal or dispute that a member filed by an event."""
    return uuid5(_NAMESPACE, f"{about}/{member}/{event}")
