"""Profiles are read from the files beside this one; the first thing that is wrong in one is said in one sentence."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from alliance.errors import SetupError
from alliance.profiles.checks import contradictions
from alliance.profiles.model import Profile

DEFAULT = "cn"
_SUFFIX = ".toml"


def names() -> list[str]:
    """Of all profiles that there are."""
    found = (file.name for file in files("alliance.profiles").iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX))


def load(name: str) -> Profile:
    """The profile `name`. Raises SetupError if there is none of that name, or it names what is wrong in it."""
    if name not in names():
        raise SetupError(f"There is no profile {name!r}; set AFA_PROFILE to one of: {', '.join(names())}.")
    return parse(name, (files("alliance.profiles") / f"{name}{_SUFFIX}").read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Profile:
    """The profile that `text` is. Raises SetupError with the place where it is wrong, or contradicts itself."""
    try:
        return checked(name, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"The profile {name} is no TOML: {error}.") from error


def checked(name: str, raw: dict[str, Any]) -> Profile:
    """The profile that was read as `raw`; raises as `parse` does."""
    try:
        profile = Profile.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _wrong(name, place, first["msg"].removeprefix("Value error, ")) from error
    if profile.name != name:
        raise _wrong(name, "name", f"the file is called {name}, and the profile {profile.name}")
    for place, why in contradictions(profile):
        raise _wrong(name, place, why)
    return profile


def _wrong(name: str, place: str, why: str) -> SetupError:
    return SetupError(f"The profile {name} is wrong at {place}: {why}.")
