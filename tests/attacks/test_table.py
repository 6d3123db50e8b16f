"""The table of docs/security.md and the tests that it names: neither without the other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "security.md"
_TEST = re.compile(r"`(?:tests/)?([a-z0-9_/]*\.py)?::([a-z0-9_]+)`")
_ROW = re.compile(r"^\|(?P<attack>[^|]+)\|(?P<stop>[^|]+)\| `(?P<test>[a-z0-9_.]+::[a-z0-9_]+)` \|$")


def rows() -> list[str]:
    """The lines of the table but for its head."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("| Attack | What stops it | Test |")
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append(line)
    return table


def present() -> set[str]:
    """Each test of this folder as pytest names it, without its parameters."""
    return {f"{path.name}::{name}" for path in HERE.glob("test_*.py") for name in functions_of(path)}


def functions_of(path: Path) -> set[str]:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def named() -> list[str]:
    matched = [_ROW.match(row) for row in rows()]
    assert all(matched), [row for row, match in zip(rows(), matched, strict=True) if match is None]
    return [match["test"] for match in matched if match]


def test_each_row_names_a_test_that_there_is() -> None:
    assert len(named()) > 35
    assert set(named()) <= present()


def test_no_test_stands_in_two_rows() -> None:
    assert len(named()) == len(set(named()))


def test_each_file_of_attacks_is_in_the_table() -> None:
    files = {name.split("::")[0] for name in present()} - {"test_table.py"}
    assert {name.split("::")[0] for name in named()} == files


def test_each_guarantee_names_tests_that_there_are() -> None:
    """By its file below `tests/`; of several of one file, one after the other, the first alone names it."""
    attacks, lines = set(rows()), PAGE.read_text(encoding="utf-8").splitlines()
    named_elsewhere = [each for line in lines if line not in attacks for each in _TEST.findall(line)]
    assert len(named_elsewhere) > 60
    file = ""
    for path, name in named_elsewhere:
        file = path or file
        assert name in functions_of(HERE.parent / file), f"{file}::{name}"
