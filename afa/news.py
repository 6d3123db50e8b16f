"""What a run has reached for the first time, said in one line each: a lead over three sectors, an executed request.

Also the verdict of each day that the city played. Pure: it is given samples and text, and gives sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from afa.output import amount
from afa.sample import Sample
from schemas.base import Money

_SECTORS = 3
_CURRENCY = "CNY"


class News:
    """`before` is the state in which the run found the data folder; only what comes after it is news."""

    def __init__(self, before: Sample) -> None:
        self._executed = before.requests.get("executed", 0)
        self._lead_awaited = True
        self._request_awaited = True

    def of(self, sample: Sample) -> Iterator[str]:
        """The sentences that this sample is the first to allow."""
        if self._lead_awaited:
            for lead in sample.changed:
                if len(lead.sectors) >= _SECTORS:
                    self._lead_awaited = False
                    sectors = ", ".join(lead.sectors)
                    yield f"First lead over three sectors ({sectors}) {sample.up_s:.1f} s after the services were up."
                    break
        if self._request_awaited and sample.requests.get("executed", 0) > self._executed:
            self._request_awaited = False
            yield f"First executed request {sample.up_s:.1f} s after the services were up."


def of_day(verdict: dict[str, Any]) -> str:
    """A day of the city, against the truth that only it holds."""
    held, lost = (amount(Money(minor=verdict[key], currency=_CURRENCY)) for key in ("held_minor", "lost_minor"))
    caught = f"{verdict['caught']} of {verdict['scams']} scams caught"
    return f"Day {verdict['day']}: {caught}, {held} held, {lost} lost, {verdict['innocents_held']} innocents held."
