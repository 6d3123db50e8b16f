"""Writes the table of docs/profiles.md from the profiles, so that the page says what they say.

`python -m alliance.profiles.page` writes it. What stands between its marks must never be edited by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from alliance import profiles
from alliance.profiles.model import Profile
from alliance.profiles.values import Data, Sourced
from schemas.base import Money

PAGE = Path(__file__).parents[2] / "docs" / "profiles.md"
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_DAYS_FROM_S = 3 * 86_400
"""A law says 48 h, and not two days."""


def rows(part: Data | dict[Any, Any], path: str = "", meaning: str = "") -> Iterator[tuple[str, str, Sourced[Any]]]:
    """Path, meaning and value of all that a profile says, in the order of the model."""
    if isinstance(part, Sourced):
        yield path, meaning, part
    elif isinstance(part, dict):
        for key, below in part.items():
            yield from rows(below, _under(path, key.value))
    else:
        for name, field in type(part).model_fields.items():
            below = getattr(part, name)
            if isinstance(below, (Data, dict)):
                yield from rows(below, _under(path, name), field.description or "")


def table(known: list[Profile]) -> str:
    """Markdown: each value of each profile with its mark, and the list of the sources that the marks name."""
    said = {one.name: {path: value for path, _, value in rows(one)} for one in known}
    meanings = {path: meaning for one in known for path, meaning, _ in rows(one)}
    sources = list(dict.fromkeys(v.source for values in said.values() for v in values.values() if v.source))
    lines = [f"| Value | Meaning | {' | '.join(f'`{name}`' for name in said)} |", "|---" * (2 + len(said)) + "|"]
    lines += [f"| `currency` | What its amounts are in. | {' | '.join(one.currency for one in known)} |"]
    sections = list(Profile.model_fields)
    for path in sorted(meanings, key=lambda path: sections.index(path.partition(".")[0])):
        cells = (_cell(values.get(path), path, sources) for values in said.values())
        lines.append(f"| `{path}` | {meanings[path]} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"{number}. {source}" for number, source in enumerate(sources, 1))])


def with_table(page: str) -> str:
    """The page with the table between its two marks; ValueError if a mark is missing."""
    before, _, rest = page.partition("<!-- profiles -->\n")
    _, mark, after = rest.partition("<!-- /profiles -->")
    if not mark:
        raise ValueError("docs/profiles.md has lost the marks between which the table stands")
    known = [profiles.load(name) for name in profiles.names()]
    return f"{before}<!-- profiles -->\n{table(known)}\n\n{mark}{after}"


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _cell(value: Sourced[Any] | None, path: str, sources: list[str]) -> str:
    if value is None:
        return "–"
    source = f" [{sources.index(value.source) + 1}]" if value.source else ""
    return f"{_shown(value.value, path)}{source}{'' if value.verified else ' *'}"


def _shown(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_shown(one, path) for one in value)
    if isinstance(value, Money):
        return f"{value.minor:,} minor units {value.currency}"
    if isinstance(value, Enum):
        return str(value.value)
    return duration(value) if path.endswith("_s") else f"{value:,}" if isinstance(value, int) else str(value)


def duration(seconds: int) -> str:
    """In the greatest unit in which it is whole; days from three on."""
    units = _UNITS if seconds >= _DAYS_FROM_S else _UNITS[1:]
    size, unit = next((size, unit) for size, unit in units if seconds % size == 0)
    return f"{seconds // size:,} {unit}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
