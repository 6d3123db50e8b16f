"""The rulebook: which kinds a unit may send and what it may be sent, by sector and alliance; and the three matrices.

Travels on `members` within the registrar's signature. What lets somebody go is no rule's to say, and stands in none.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Code, Message, Text
from schemas.registry import Alliance, Sector

RULEBOOK_KEY = "/rulebook"
"""Its key on `members`: no member can have such a name."""

_SECTORS, _ALLIANCES = "|".join(Sector), "|".join(Alliance)
Party = Annotated[str, StringConstraints(pattern=rf"^({_SECTORS})(@({_ALLIANCES}))?$")]
"""A sector, `bank`, or that sector's units of one alliance, `public@police-media`."""
Table = dict[Code, Annotated[list[Party], Field(max_length=70)]]


class Matrix(Message):
    """What some of the alliances do together."""

    purpose: Text
    kinds: Annotated[list[Code], Field(min_length=1, max_length=64)]
    alliances: Annotated[list[Alliance], Field(min_length=1, max_length=7)]


class Matrices(Message):
    publicity: Matrix
    crackdown: Matrix
    governance: Matrix


class Rulebook(Message):
    """A unit may send or be sent what the table names its sector for, if its alliance takes part in a matrix that has
    it."""

    send: Table
    """Each kind of event, and who may send it."""
    receive: Table
    """Each action that may be asked, an `advisory`, an `outcome`; and who may be sent it."""
    matrices: Matrices
