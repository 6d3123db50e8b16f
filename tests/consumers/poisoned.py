"""A casebook with a fault: it fails at a lead that has a token, in one of two ways, at an officer's word on a place, or
at every turn."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from consumers.casebook.authority import reinjecting
from consumers.casebook.evidence import leads
from consumers.casebook.main import main
from consumers.casebook.turn import Turn
from consumers.casebook.views import outcomes


def at_lead(named: str, fails: str = "select 1 / 0") -> None:
    whole = leads.apply

    def apply(turn: Turn, values: Iterable[bytes]) -> None:
        told = list(values)
        whole(turn, told)
        if any(named.encode() in value for value in told):
            turn.db.execute(text(fails))

    module: Any = leads
    module.apply = apply


def beyond_a_limit(named: str) -> None:
    """As where a value is longer than an index takes: an operational error, as that the database is away."""
    at_lead(named, "do $$ begin raise exception using errcode = 'program_limit_exceeded'; end $$")


def at_word(place: str) -> None:
    whole = reinjecting._take

    def take(turn: Turn, filed: str, jws: str) -> None:
        if filed == place:
            raise ValueError(jws)
        whole(turn, filed, jws)

    module: Any = reinjecting
    module._take = take


def at_every_turn(_: str) -> None:
    def tell(*_: Any) -> None:
        raise ValueError

    module: Any = outcomes
    module.tell = tell


FAULTS = {"lead": at_lead, "limit": beyond_a_limit, "word": at_word, "turn": at_every_turn}

if __name__ == "__main__":
    FAULTS[sys.argv[1]](sys.argv[2])
    sys.exit(main())
