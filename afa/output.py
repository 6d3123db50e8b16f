"""How results leave: one JSON object a line on stdout for scripts, a table of at most 100 columns for people.

Only results go to stdout; that there are none is said on stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from afa import stopping
from producers.money import minor_from_major
from schemas.base import Money

T = TypeVar("T", bound=BaseModel)
WIDTH = 100


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column of a table; its width is fixed, so that later rows stand under the earlier ones."""

    title: str
    width: int
    cell: Callable[[T], str]
    justify: Literal["left", "right"] = "left"


def follow(
    batches: Iterable[Sequence[T]], columns: Sequence[Column[T]], *, as_json: bool, empty: str, on: bool
) -> None:
    """`show` what there is and, if `on`, what comes. Ctrl-C is the way to end a following, not a failure."""
    if not on:
        show(batches, columns, as_json=as_json, empty=empty)
        return
    # Wherever it strikes: in a query, in the pause, or while a batch is being printed.
    with suppress(KeyboardInterrupt), stopping.interruptible():
        show(_until_told(batches), columns, as_json=as_json, empty=empty)


def _until_told(batches: Iterable[Sequence[T]]) -> Iterator[Sequence[T]]:
    for batch in batches:
        stopping.check()
        yield batch


def show(batches: Iterable[Sequence[T]], columns: Sequence[Column[T]], *, as_json: bool, empty: str) -> None:
    """Print every batch as it comes; if the first has nothing, say so by `empty`."""
    console = _console()
    headed = False
    for number, batch in enumerate(batches):
        if not batch:
            if number == 0:
                note(empty)
            continue
        if as_json:
            for item in batch:
                print(item.model_dump_json())
            sys.stdout.flush()
        else:
            console.print(_table(batch, columns, heading=not headed))
            headed = True


def section(title: str, items: Sequence[T], columns: Sequence[Column[T]]) -> None:
    """A titled table; with columns and nothing in them, nothing."""
    if columns and not items:
        return
    console = _console()
    console.print(Text(title, style="bold"))
    if columns:
        console.print(_table(items, columns, heading=True))
    console.print()


def _console() -> Console:
    """Never narrower than the tables, which would break the ids that other commands take."""
    console = Console(highlight=False)
    console.width = max(WIDTH, console.width) if sys.stdout.isatty() else WIDTH
    return console


def note(sentence: str) -> None:
    """Tell the person at the terminal; scripts don't read it."""
    print(sentence, file=sys.stderr, flush=True)


def when(moment: datetime | None) -> str:
    """A time in the machine's own zone."""
    return moment.astimezone().strftime("%m-%d %H:%M:%S") if moment else "–"


def amount(money: Money | None) -> str:
    """12,345.67 CNY"""
    if money is None:
        return "–"
    unit = minor_from_major("1", money.currency)
    whole, part = divmod(money.minor, unit)
    decimals = f".{part:0{len(str(unit)) - 1}}" if unit > 1 else ""
    return f"{whole:,}{decimals} {money.currency}"


def amounts(sums: Iterable[Money]) -> str:
    return ", ".join(amount(money) for money in sums) or "–"


def _table(batch: Sequence[T], columns: Sequence[Column[T]], *, heading: bool) -> Table:
    table = Table(box=None, show_header=heading, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column.title, width=column.width, justify=column.justify, overflow="fold")
    for item in batch:
        # As text, not markup: what members write may hold brackets.
        table.add_row(*(Text(column.cell(item)) for column in columns))
    return table
