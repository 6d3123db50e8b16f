"""Who said something about a return, and whether it was theirs to say.

Pure. Only the unit that ordered a hold decides about it; its holder has a say through its bank.
"""

from __future__ import annotations

from dataclasses import dataclass

from alliance.errors import Refused
from schemas.returns import Word


@dataclass(frozen=True, slots=True)
class Said:
    """A verified statement; `officer` is None where a member signed it and no officer."""

    number: int
    statement: Word
    unit: str
    officer: str | None

    @property
    def by(self) -> str:
        return f"{self.unit}/{self.officer}" if self.officer else self.unit


def officer_of_unit(said: Said, unit: str | None) -> str:
    """The officer. Raises Refused unless it is one of the unit that ordered the hold."""
    if said.officer is None:
        raise Refused("That is an officer's to say, and a member signed it.")
    if said.unit != unit:
        raise Refused(f"The hold was ordered by {unit}, which alone decides about it.")
    return said.officer


def may_object(said: Said, holder: str) -> None:
    """Raises Refused unless it is an officer, or the member at which the account is."""
    if said.officer is None and said.unit != holder:
        raise Refused("A holder objects through the member at which the account is, or through police.")
