"""Where the rules stand that a worker goes by. Must never import what only a worker needs: a command reads them too."""

from __future__ import annotations

import tomllib
from pathlib import Path

from streams.core.rules import Rules, parse

RULES_FILE = Path(__file__).with_name("rules.toml")


def load_rules(path: Path = RULES_FILE) -> Rules:
    """The rules of a TOML file; msgspec.ValidationError names the field that is wrong."""
    return parse(tomllib.loads(path.read_text(encoding="utf-8")))
