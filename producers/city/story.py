"""A day of the city as a script, the same for the same seed: three scams among thousands of honest oddities. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from producers.city.acts import Payment, Settlement, Story
from producers.city.honest import ALERTS, Honest
from producers.city.mint import Mint
from producers.city.scams import SCAMS, refund
from producers.city.script import Script
from producers.city.town import Town

DAY = timedelta(hours=24)
# Of what happens in the same moment: money moves before anybody tells of it.
_FIRST, _THEN = 0, 1


def tell(town: Town, start: datetime, day: int, seed: int, alerts: int = ALERTS) -> Story:
    """The day that begins at `start`. `day` numbers it, so that no two days of a city share a serial or a report.

    The town itself must be on the books already; `openings` are of who comes into the story beside it.
    """
    chance = Random(f"day {seed} {day}")
    mint = Mint(chance)
    prefix = f"TY{day:05}"
    story = Story(day, start, start + DAY)
    for scam in SCAMS:
        story.scams.append(scam(Script(story, chance, mint, scam.__name__.replace("_", "-"), prefix)))
    bystander = chance.choice(chance.choice(town.people).accounts)
    story.scams.append(refund(Script(story, chance, mint, "refund", prefix), bystander))
    story.acts += Honest(town, chance, mint, start, prefix).acts(alerts)
    story.acts.sort(key=lambda act: (act.at, _FIRST if isinstance(act, Payment | Settlement) else _THEN))
    return story
