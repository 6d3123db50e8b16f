"""From a table's row to the clear shape, as a small TOML file says (docs/publishing.md): column → field, unit, default.

A pure translation: it must never look at a clock, and never guess what a cell means.
"""

from __future__ import annotations

import codecs
import csv
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from alliance.errors import SetupError
from producers.cells import MappingTable, Row, Spec, columns_of, render, value_of

# What a mapping gives as constants; an object with nothing else in it says nothing.
_CONSTANTS = frozenset({"kind", "holders", "basis", "role"})


class Case(MappingTable):
    """Fields of the rows in which `own` renders to one of the member's own routing codes; without it, of all others."""

    own: str | None = None
    fields: dict[str, Spec]


_SHIPPED = Path(__file__).with_name("mappings")


class Mapping(MappingTable):
    """A whole mapping file. The first case that applies counts."""

    kind: str
    encoding: str = "utf-8-sig"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    fields: dict[str, Spec]
    case: list[Case] = []

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "a".encode(value, "surrogateescape")
            name = codecs.lookup(value).name
        except (LookupError, UnicodeError) as error:
            raise ValueError("no text encoding of this name") from error
        # What spreadsheets write begins with a mark, which is no part of the first column's name.
        return "utf-8-sig" if name == "utf-8" else name

    @model_validator(mode="after")
    def _paths_fit(self) -> Mapping:
        for case in self.case or [Case(fields={})]:
            paths = sorted([*self.fields, *case.fields, "data.kind"])
            for path in paths:
                if path.split(".", 1)[0] not in ("id", "time", "data", "clear"):
                    raise ValueError(f"{path} is no path of the clear shape, which has id, time, data and clear")
                if any(other.startswith(f"{path}.") for other in paths):
                    raise ValueError(f"{path} is a value and can not have fields of its own")
        return self

    def columns(self) -> set[str]:
        """Every column that the mapping names."""
        names = {name for case in self.case for name in columns_of(case.own or "")}
        for fields in (self.fields, *(case.fields for case in self.case)):
            names.update(*(columns_of(spec) for spec in fields.values()))
        return names

    def apply(self, row: Row, routes: frozenset[str]) -> dict[str, Any]:
        """The row as a clear event. ValueError says which column or field is wrong."""
        event: dict[str, Any] = {}
        _put(event, "data.kind", self.kind)
        for fields in (self.fields, self._case_of(row, routes)):
            for path, spec in fields.items():
                try:
                    value = value_of(spec, row)
                except ValueError as error:
                    raise ValueError(f"{path}: {error}") from error
                if value not in ("", None, []):
                    _put(event, path, value)
        event["data"] = _without_hollow(event["data"])
        return event

    def _case_of(self, row: Row, routes: frozenset[str]) -> dict[str, Spec]:
        if not self.case:
            return {}
        for case in self.case:
            if case.own is None or render(case.own, row) in routes:
                return case.fields
        wanted = " nor ".join(render(case.own or "", row) for case in self.case)
        raise ValueError(f"no case of the mapping applies: neither {wanted} is a routing code of this member")


def load(path: Path) -> Mapping:
    """SetupError names the file and the key that is wrong."""
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SetupError(f"{path}: the mapping can not be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"{path}: not TOML ({error})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[-1]
        place = ".".join(str(part) for part in first["loc"])
        raise SetupError(f"{path}: {place}: {first['msg']}; see docs/publishing.md") from error


def for_file(path: Path) -> Mapping | None:
    """For a CSV file the mapping of ours whose columns its header has; None for any other file. Raises SetupError."""
    if path.suffix.lower() != ".csv":
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = set(next(csv.reader(file), []))
    except UnicodeDecodeError as error:
        raise SetupError(
            f"{path}: not UTF-8 (byte {error.start}); name its encoding in a mapping, and give that with --map"
        ) from error
    except (OSError, csv.Error) as error:
        raise SetupError(f"{path}: its header can not be read ({error}); check the file, or write a mapping") from error
    for known in sorted(_SHIPPED.glob("*.toml")):
        mapping = load(known)
        if mapping.columns() <= header:
            return mapping
    raise SetupError(f"{path}: no mapping fits its columns; write one (docs/publishing.md) and give it with --map")


def _put(event: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        event = event.setdefault(name, {})
    event[last] = value


def _without_hollow(node: dict[str, Any]) -> dict[str, Any]:
    """Without the objects whose cells were all empty: of an unknown device only the kind, a constant, would be left.

    What has numbers for names becomes a list: `phones.0.role`.
    """
    kept: dict[str, Any] = {}
    for key, child in node.items():
        full = _without_hollow(child) if isinstance(child, dict) else child
        if isinstance(full, dict) and set(full) <= _CONSTANTS:
            continue
        kept[key] = _as_list(full) if isinstance(full, dict) else full
    return kept


def _as_list(node: dict[str, Any]) -> Any:
    return [node[key] for key in sorted(node, key=int)] if all(key.isdecimal() for key in node) else node
