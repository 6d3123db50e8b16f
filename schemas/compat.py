"""Whether everything that one JSON Schema allows, another allows too; where not, what and why.

Knows the part of JSON Schema that pydantic writes. What it does not know it must never let pass: a keyword that the
reader's schema adds or changes counts as a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_NOTES = {"$schema", "$id", "$defs", "title", "description", "default", "examples", "discriminator"}
_AT_LEAST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_AT_MOST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
_SHAPE = {"type", "enum", "const", "anyOf", "oneOf", "items", "properties", "required", "additionalProperties"}


def refused(written: Schema, read: Schema) -> list[str]:
    """What a value that `written` allows may hold and `read` refuses, each with its place; empty if nothing."""
    return list(dict.fromkeys(_compare(_expand(written, written), _expand(read, read), "")))


def of_known_kinds(written: Schema, read: Schema) -> Schema:
    """`written` without the alternatives of a kind that `read` does not know; both are unions of messages by kind."""
    known = {_tag(branch) for branch in _branches(_expand(read, read))}
    return {**written, "oneOf": [one for one in written["oneOf"] if _tag(_expand(one, written)) in known]}


def _expand(schema: Any, root: Schema) -> Any:
    """The schema with its references replaced and its annotations taken away."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _expand(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    made = {key: value for key, value in schema.items() if key not in _NOTES}
    for key in ("anyOf", "oneOf"):
        if key in made:
            made[key] = [_expand(branch, root) for branch in made[key]]
    for key in ("items", "additionalProperties"):
        if key in made:
            made[key] = _expand(made[key], root)
    if "properties" in made:
        made["properties"] = {name: _expand(child, root) for name, child in made["properties"].items()}
    return made


def _compare(written: Schema, read: Schema, path: str) -> Iterator[str]:
    if written == read:
        return
    branches = _branches(written)
    if len(branches) > 1 or len(_branches(read)) > 1:
        for branch in branches:
            yield from _best(branch, _branches(read), path)
        return
    yield from _compare_values(written, read, path)
    yield from _compare_bounds(written, read, path)
    if "items" in read:
        yield from _compare(written.get("items", {}), read["items"], f"{path}[]")
    if "properties" in read or "additionalProperties" in read:
        yield from _compare_objects(written, read, path)


def _branches(schema: Schema) -> list[Schema]:
    """The alternatives of a union; pydantic's exclude each other, so that one-of and any-of mean the same."""
    found = schema.get("anyOf") or schema.get("oneOf")
    return found if found else [schema]


def _best(branch: Schema, candidates: list[Schema], path: str) -> Iterator[str]:
    """What the most fitting of the reader's alternatives refuses of one that is written."""
    same = [candidate for candidate in candidates if _tag(candidate) == _tag(branch)]
    if not same:
        yield f"{_at(path)}: {_tag(branch)} is no longer an alternative"
        return
    yield from min((list(_compare(branch, candidate, path)) for candidate in same), key=len)


def _tag(schema: Schema) -> str:
    kind = schema.get("properties", {}).get("kind", {}).get("const")
    return str(kind or schema.get("type", "any"))


def _compare_values(written: Schema, read: Schema, path: str) -> Iterator[str]:
    have, may = written.get("type"), read.get("type")
    if may is not None and have != may and (have, may) != ("integer", "number"):
        yield f"{_at(path)}: {have or 'anything'} instead of {may}"
    allowed, sent = _values(read), _values(written)
    if allowed is None:
        return
    if sent is None:
        yield f"{_at(path)}: only {', '.join(map(repr, allowed))}"
    else:
        yield from (f"{_at(path)}: the value {value!r}" for value in sent if value not in allowed)


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found: list[Any] | None = schema.get("enum")
    return found


def _compare_bounds(written: Schema, read: Schema, path: str) -> Iterator[str]:
    for key, bound in read.items():
        if key in _SHAPE:
            continue
        has = written.get(key)
        within = has is not None and (
            (key in _AT_LEAST and has >= bound) or (key in _AT_MOST and has <= bound) or has == bound
        )
        if not within:
            yield f"{_at(path)}: {key} {has if has is not None else 'free'} instead of {bound}"


def _compare_objects(written: Schema, read: Schema, path: str) -> Iterator[str]:
    sent, known = written.get("properties", {}), read.get("properties", {})
    others = read.get("additionalProperties", True)
    for name, child in sent.items():
        place = f"{path}.{name}".lstrip(".")
        if name in known:
            yield from _compare(child, known[name], place)
        elif others is False:
            yield f"{place}: the field is not known"
        elif isinstance(others, dict):
            yield from _compare(child, others, place)
    for name in read.get("required", []):
        if name not in written.get("required", []):
            yield f"{f'{path}.{name}'.lstrip('.')}: the field is required"
    yield from _compare_other_fields(written.get("additionalProperties", True), others, path)


def _compare_other_fields(sent: Schema | bool, others: Schema | bool, path: str) -> Iterator[str]:
    if sent is False or others is True:
        return
    if others is False:
        yield f"{_at(path)}: fields beyond those named"
    else:
        yield from _compare({} if sent is True else sent, others, f"{path}.*")


def _at(path: str) -> str:
    return path or "(the whole)"
