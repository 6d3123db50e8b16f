"""Who: a citizen id (GB 11643) or a firm's unified social credit code (GB 32100). Names are never identifiers."""

from __future__ import annotations

import re

from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent, ValidationError

from schemas.canonical.form import Form, impossible, malformed
from schemas.canonical.placeholders import refuse_filler
from schemas.canonical.text import compact

_CITIZEN = re.compile(r"\d{17}[\dX]")
_OLD_CITIZEN = re.compile(r"\d{15}")
_CREDIT_CODE = re.compile(r"[0-9A-Z]{18}")


def person(text: str) -> Form:
    bare = compact(text).upper()
    refuse_filler(bare)
    if _OLD_CITIZEN.fullmatch(bare):
        raise malformed("a 15-digit citizen id, void since 2013; give the 18-character one")
    if _CITIZEN.fullmatch(bare) and _is_citizen(bare):
        return Form(bare, _region_warnings(bare))
    if _CREDIT_CODE.fullmatch(bare) and uscc.is_valid(bare):
        return Form(bare)
    if _CREDIT_CODE.fullmatch(bare):
        raise impossible("neither a citizen id nor a credit code: the check digit does not hold; copy it again")
    raise malformed("not a citizen id or credit code, which have 18 characters; passports and names do not match")


def _is_citizen(bare: str) -> bool:
    try:
        ric.get_birth_date(bare)
    except ValidationError:
        return False
    return str(ric.calc_check_digit(bare)) == bare[-1]


def _region_warnings(bare: str) -> tuple[str, ...]:
    # Region codes are split and merged every year, so one that the tables do not hold yet is a warning and no more.
    try:
        ric.get_birth_place(bare)
    except InvalidComponent:
        return ("unknown-region",)
    return ()
