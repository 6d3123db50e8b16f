"""The live view of a run: what came in, what it led to, what is held, in total and per second.

On a terminal a picture that renews itself, elsewhere a line every few seconds. Only draws: what there is to show is a
`Sample`, taken by `afa.sample`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from afa.output import WIDTH, amounts, when
from afa.sample import Sample
from schemas.leads import Lead, SubjectRole

_WINDOW = 6
"""Samples over which a rate is taken: some seconds, so that it can be read."""
_NEWEST = 8
_PLAIN_EVERY_S = 5.0
_LEVEL_STYLES = {"very-high": "bold red", "high": "yellow"}
"""Only these are shown: on an ordinary day most leads are medium, and fall again."""


class View:
    """`with View(console) as view:` then `view.update(sample)` as often as there is one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._window: deque[Sample] = deque(maxlen=_WINDOW)
        self._newest: deque[Lead] = deque(maxlen=_NEWEST)
        self._live = Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None
        self._said_at = -_PLAIN_EVERY_S

    def __enter__(self) -> View:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live:
            self._live.stop()

    def say(self, sentence: str) -> None:
        """A line that stays."""
        self._console.print(Text(sentence))

    def update(self, sample: Sample) -> None:
        self._window.append(sample)
        for lead in sample.changed:
            self._remember(lead)
        if self._live:
            self._live.update(self._picture(sample), refresh=True)
        elif sample.up_s - self._said_at >= _PLAIN_EVERY_S:
            self._said_at = sample.up_s
            self._console.print(Text(self._line(sample)), soft_wrap=True)

    def _remember(self, lead: Lead) -> None:
        for known in self._newest:
            if known.lead_id == lead.lead_id:
                self._newest.remove(known)
                break
        if lead.level.value in _LEVEL_STYLES:
            self._newest.appendleft(lead)

    def _picture(self, sample: Sample) -> RenderableType:
        head = Text.assemble(
            ("Anti-fraud alliance", "bold"),
            f"   {_clock(sample.now)} alliance time, {sample.rate:g} × as fast   up {_span(sample.up_s)}",
            ("   Ctrl-C stops", "dim"),
        )
        return Group(head, self._numbers(sample), _leads(self._newest))

    def _numbers(self, sample: Sample) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("", width=14)
        table.add_column("total", width=18, justify="right")
        table.add_column("a second", width=9, justify="right")
        table.add_column("of which", width=50)
        for name, total, rate, parts in self._rows(sample):
            table.add_row(name, total, rate, Text(parts))
        return table

    def _rows(self, sample: Sample) -> Iterable[tuple[str, str, str, str]]:
        for name, parts in sample.counts().items():
            total = sum(parts.values())
            yield name.capitalize(), f"{total:,}", self._rate(name), _parts(parts)
        yield "Held", amounts(sample.held), "", f"{_holds(sample)} active"

    def _rate(self, name: str) -> str:
        first, last = self._window[0], self._window[-1]
        span = last.up_s - first.up_s
        if span <= 0:
            return ""
        more = sum(last.counts()[name].values()) - sum(first.counts()[name].values())
        return f"{max(more, 0) / span:,.1f}"

    def _line(self, sample: Sample) -> str:
        counts = [f"{name} {sum(parts.values()):,}" for name, parts in sample.counts().items()]
        held = f"held {amounts(sample.held)} in {_holds(sample)}"
        return f"{_clock(sample.now)}  up {sample.up_s:.0f} s: {', '.join(counts)}, {held}"


def _holds(sample: Sample) -> str:
    return f"{sample.holds:,} {'hold' if sample.holds == 1 else 'holds'}"


def _leads(newest: Iterable[Lead]) -> RenderableType:
    table = Table(
        box=None,
        title="Newest leads of level High and above",
        title_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for title, width in (("Evidence", 14), ("Level", 9), ("Score", 5), ("Subject", 16), ("Sectors", 24), ("Stage", 12)):
        table.add_column(title, width=width)
    table.add_column("At risk", width=16, justify="right")
    for lead in newest:
        table.add_row(
            when(lead.at),
            Text(lead.level.value, style=_LEVEL_STYLES[lead.level.value]),
            f"{lead.score:.2f}",
            subject(lead),
            ", ".join(lead.sectors),
            lead.stage.value,
            amounts(lead.amount_at_risk),
        )
    return table if table.row_count else Text("No lead of level High or above yet.", style="dim")


def subject(lead: Lead) -> str:
    """What the lead is about, in two words."""
    kind = lead.subject.kind.value
    return f"victim's {kind}" if lead.subject.role is SubjectRole.VICTIM else kind


def _parts(parts: Mapping[str, int]) -> str:
    shown = [f"{name} {count:,}" for name, count in sorted(parts.items(), key=lambda part: -part[1]) if name and count]
    return "  ".join(shown)


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def console() -> Console:
    """Where the view is drawn: the terminal, or lines of any length into a file or pipe."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=max(WIDTH, screen.width))
