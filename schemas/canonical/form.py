"""What a canonicaliser gives back and what it raises.

An error never repeats the value: messages travel to logs and receipts, and the value is somebody's personal data.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Reason = Literal["placeholder", "impossible", "malformed"]


class Canonical(NamedTuple):
    """The one form of an identifier. Tokens are made of `namespace` and `value`; `warnings` are short fixed codes."""

    namespace: str
    value: str
    warnings: tuple[str, ...] = ()


class Form(NamedTuple):
    """What the rule of one kind returns, before the namespace is known."""

    value: str
    warnings: tuple[str, ...] = ()


class CanonicalError(ValueError):
    """The value has no canonical form.

    `reason` is `placeholder` (it stands for "not known", and would join everyone), `impossible` (the right shape, but
    no such identifier can exist) or `malformed` (not of the kind's shape). The message says what is wrong and the
    remedy.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


def malformed(message: str) -> CanonicalError:
    return CanonicalError("malformed", message)


def impossible(message: str) -> CanonicalError:
    return CanonicalError("impossible", message)


def placeholder() -> CanonicalError:
    return CanonicalError("placeholder", "a placeholder, not an identifier; leave the field out when it is not known")
