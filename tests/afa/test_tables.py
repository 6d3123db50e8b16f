"""Every table fits into the width that is promised, so that no id is broken that another command takes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import afa
from afa.output import WIDTH, Column


def tables() -> Iterator[tuple[str, tuple[Column, ...]]]:  # type: ignore[type-arg]
    for found in pkgutil.iter_modules(afa.__path__):
        module = importlib.import_module(f"afa.{found.name}")
        for name, value in vars(module).items():
            if isinstance(value, tuple) and value and all(isinstance(each, Column) for each in value):
                yield f"{found.name}.{name}", value


@pytest.mark.parametrize(("name", "columns"), list(tables()), ids=lambda value: value if isinstance(value, str) else "")
def test_its_columns_and_the_gaps_between_them(name: str, columns: tuple[Column, ...]) -> None:  # type: ignore[type-arg]
    assert sum(column.width for column in columns) + len(columns) - 1 <= WIDTH, name
