"""Rulebooks are read from TOML; the first thing that is wrong in one is said in one sentence."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import orjson
from pydantic import ValidationError

from alliance.errors import SetupError
from alliance.rulebook.checks import objection
from schemas.rulebook import Rulebook

STANDARD = "taiyuan.toml"


@lru_cache(maxsize=1)
def standard() -> Rulebook:
    """The rulebook that is in force where the registrar has signed none."""
    return parse(STANDARD, (files("alliance.rulebook") / STANDARD).read_text(encoding="utf-8"))


def read(path: Path) -> Rulebook:
    """Raises SetupError as `parse` does, also for what is no text."""
    try:
        return parse(str(path), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} can't be read ({error}); give a TOML file as `afa member rules` writes.") from error


def parse(name: str, text: str) -> Rulebook:
    """The rulebook that `text` is. Raises SetupError with the place where it is wrong."""
    try:
        # As JSON, by which the contract reads names of sectors and alliances from text.
        book = Rulebook.model_validate_json(orjson.dumps(tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, orjson.JSONEncodeError) as error:
        raise SetupError(f"{name} is no TOML of a rulebook: {error}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _wrong(name, ".".join(str(part) for part in first["loc"]), first["msg"]) from error
    if found := objection(book):
        raise _wrong(name, *found)
    return book


def _wrong(name: str, place: str, why: str) -> SetupError:
    return SetupError(f"{name} is wrong at {place}: {why}.")
