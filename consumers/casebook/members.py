"""The registry, kept as the `members` topic tells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from alliance import metrics
from alliance.registry import Registry
from schemas.registry import Member


def apply(registry: Registry, records: Iterable[Any]) -> bool:
    """Take records of the `members` topic; whether anything changed."""
    changed = False
    for record in records:
        name = record.key.decode()
        try:
            member = Member.model_validate_json(record.value) if record.value else None
        except ValidationError:
            # The registrar wrote it, so it is a defect; what was known of the member stands.
            metrics.UNREADABLE.labels("members").inc()
            continue
        changed = changed or registry.member(name) != member
        registry.apply(name, member)
    return changed
