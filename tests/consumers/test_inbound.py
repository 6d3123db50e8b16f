"""The stream and the casebook read the same withdrawals and reports: what one lets in, the other must too."""

from __future__ import annotations

import tomllib
from pathlib import Path

from alliance.admission import LIMITS, Limits
from streams.core.rules import parse

RULES = Path(__file__).parents[2] / "streams" / "rules.toml"


def test_the_stream_and_the_casebook_admit_the_same_ages() -> None:
    admission = parse(tomllib.loads(RULES.read_text(encoding="utf-8"))).admission
    assert Limits(admission.max_age_s, admission.max_future_s) == LIMITS
