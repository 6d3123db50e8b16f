"""One cell of a table to one value of the clear shape: templates, numbers, money, times. Must never guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from producers.money import minor_from_major

Row = Mapping[str, str]

_COLUMN = re.compile(r"\{([^{}]+)\}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")


class MappingTable(BaseModel):
    """A table of a mapping file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Conversion(MappingTable):
    """A field that is more than text. `from` is a template; `default` stands where the template is empty."""

    source: str = Field(alias="from")
    type: Literal["text", "integer", "number", "boolean", "money", "time", "list"] = "text"
    unit: Literal["minor", "major"] = "minor"
    currency: str = "CNY"
    format: str | None = None
    zone: str | None = None
    separator: str = ";"
    default: Any = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        try:
            return value and ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("no time zone of this name") from error


Spec = str | list[str] | Conversion
"""A template `cnaps:{payer_bank}`, a list of templates, or a conversion."""


def columns_of(spec: Spec) -> set[str]:
    """The columns that a field is made of."""
    if isinstance(spec, Conversion):
        templates = [spec.source, spec.currency]
    else:
        templates = [spec] if isinstance(spec, str) else spec
    return {name for template in templates for name in _COLUMN.findall(template)}


def render(template: str, row: Row) -> str:
    """The template with its columns; empty as soon as one of its columns is."""
    cells = {name: row[name].strip() for name in _COLUMN.findall(template)}
    if not all(cells.values()):
        return ""
    return _COLUMN.sub(lambda match: cells[match[1]], template)


def value_of(spec: Spec, row: Row) -> Any:
    """What stands in the field; empty or None where its columns are empty. ValueError says what is wrong."""
    if isinstance(spec, str):
        return render(spec, row)
    if isinstance(spec, list):
        return [text for template in spec if (text := render(template, row))]
    text = render(spec.source, row)
    return spec.default if text == "" else _convert(spec, text, row)


def _convert(spec: Conversion, text: str, row: Row) -> Any:
    match spec.type:
        case "text":
            return text
        case "integer":
            return _integer(text)
        case "number":
            return _number(text)
        case "boolean":
            return _boolean(text)
        case "money":
            return _money(spec, text, render(spec.currency, row))
        case "time":
            return _time(spec, text)
        case "list":
            return [part.strip() for part in text.split(spec.separator) if part.strip()]


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number; write digits and at most one decimal point")
    return float(text)


def _boolean(text: str) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in known:
        raise ValueError(f"{text!r} is none of true, false, yes, no, 1, 0")
    return known[text.lower()]


def _money(spec: Conversion, text: str, currency: str) -> dict[str, Any]:
    if not currency:
        raise ValueError("an amount without a currency")
    return {"minor": minor_from_major(text, currency) if spec.unit == "major" else _integer(text), "currency": currency}


def _time(spec: Conversion, text: str) -> str:
    if not spec.format and len(text) <= len("2026-11-10"):
        raise ValueError(f"{text!r} has no time of day; take it from its column, too, or give a format")
    moment = datetime.strptime(text, spec.format) if spec.format else datetime.fromisoformat(text)
    if moment.tzinfo is None:
        if spec.zone is None:
            raise ValueError(f"{text!r} has no offset; give the mapping a zone")
        moment = moment.replace(tzinfo=ZoneInfo(spec.zone))
    return moment.isoformat()
