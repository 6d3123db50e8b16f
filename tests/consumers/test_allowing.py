"""The allow-list as the casebook follows it, record by record, each once however often it is read. No service."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from consumers.casebook.evidence.allowing import Allowing
from tests.alliance.test_allowlist import ENTRY, changed, record, registry

NOW = datetime(2026, 11, 10, 13, tzinfo=UTC)
ADDED, REMOVED = record(), record(changed(removed=True))


def at(offset: int, value: bytes, key: str = ENTRY.key()) -> Any:
    return SimpleNamespace(offset=offset, key=key.encode(), value=value)


def test_an_entry_counts_from_its_record_to_its_removal() -> None:
    allowing = Allowing()
    assert allowing.take([at(0, ADDED)])
    allowing.judge(registry())
    assert allowing.tokens(NOW) == frozenset(ENTRY.tokens)
    assert allowing.take([at(1, REMOVED)])
    allowing.judge(registry())
    assert allowing.tokens(NOW) == frozenset()


def test_an_entry_that_is_read_again_is_not_in_force_until_its_removal_is_read_again() -> None:
    allowing = Allowing()
    allowing.take([at(0, ADDED), at(3, REMOVED)])
    assert not allowing.take([at(0, ADDED)])
    allowing.judge(registry())
    assert allowing.tokens(NOW) == frozenset()
    assert allowing.take([at(3, REMOVED), at(4, ADDED)])
    allowing.judge(registry())
    assert allowing.tokens(NOW) == frozenset(ENTRY.tokens)


def test_a_record_without_a_key_is_nothing() -> None:
    allowing = Allowing()
    assert allowing.take([SimpleNamespace(offset=0, key=None, value=ADDED)])
    allowing.judge(registry())
    assert allowing.tokens(NOW) == frozenset()
