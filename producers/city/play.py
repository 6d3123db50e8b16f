"""Days of the city, played against the real services by the alliance clock: acts when they are due, no sooner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from threading import Event

import structlog

from alliance.clock import AllianceClock
from alliance.embedded.datadir import DataDir
from alliance.profiles import Profile
from producers.city import diary, town
from producers.city.acts import Story
from producers.city.cast import CAST
from producers.city.honest import ALERTS
from producers.city.members import Players
from producers.city.officer import DutyOfficer
from producers.city.stage import Stage, due
from producers.city.story import tell
from producers.city.truth import Verdict, judge

RATE = 600.0
"""Alliance seconds a second, at which a day takes about two and a half minutes."""
Authorise = Callable[[DutyOfficer], int]
"""Puts what the casebook drafted before the officer and passes the signed orders on; how many those were."""

_LEAD_S = 2.0
_TICK_S = 0.1
_SIGNS_EVERY_S = 1.0
_FLUSH_S = 30.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played: the seed of all chance, and how many honest alerts a day has beside its scams."""

    seed: int = 1
    alerts: int = ALERTS


class City:
    """Members must be enrolled on `data`, and know the law of `profile`. `authorise` takes the place of the officer's
    console; without it nothing that needs a signature of its own is ordered."""

    def __init__(
        self,
        data: DataDir,
        clock: AllianceClock,
        profile: Profile,
        *,
        authorise: Authorise | None = None,
        plan: Plan | None = None,
        bootstrap: str = "",
    ) -> None:
        self._data = data
        self._clock = clock
        self._profile = profile
        self._authorise = authorise
        self._plan = plan or Plan()
        self._bootstrap = bootstrap

    def run(self, stopping: Event, days: int = 1) -> Iterator[Verdict]:
        """Play so many days, or until `stopping` if 0. A day that is broken off is judged as it stood."""
        with Players(self._data, self._clock, CAST, self._profile, self._bootstrap) as players:
            stage = Stage(players, self._clock)
            with stage.clearing.session():
                stage.clearing.deliver_late(self._clock.now())
            if self._authorise is not None:
                players.start(self._sign)
            for played in count(1):
                yield self._day(stage, players, stopping)
                if played == days or stopping.is_set():
                    break

    def _day(self, stage: Stage, players: Players, stopping: Event) -> Verdict:
        path = self._data.path / "city.json"
        past = diary.load(path)
        day = past.days + 1
        people = town.build(self._plan.seed, day)
        stage.set_up(town.openings(people, self._clock.now()))
        begin = self._clock.now() + timedelta(seconds=_LEAD_S * self._clock.rate)
        story = tell(people, begin, day, self._plan.seed, self._plan.alerts)
        known = past.with_day(story)
        known.save(path)
        stage.set_up(story.openings)
        self._play(story, stage, players, stopping)
        if not stopping.is_set():
            players.flush(_FLUSH_S)
        return judge(story, stage.clearing.banks, known, self._clock.now())

    def _play(self, story: Story, stage: Stage, players: Players, stopping: Event) -> None:
        done = 0
        while not stopping.is_set():
            now = self._clock.now()
            upto = due(story.acts, done, now)
            stage.perform(story.acts[done:upto])
            players.check()
            done = upto
            following = story.acts[done].at if done < len(story.acts) else story.end
            if done == len(story.acts) and now >= story.end:
                return
            stopping.wait(max(_TICK_S, self._clock.wall_seconds((following - now).total_seconds())))

    def _sign(self, stopping: Event) -> None:
        assert self._authorise is not None
        officer = DutyOfficer.on_duty(self._data)
        while not stopping.wait(_SIGNS_EVERY_S):
            if signed := self._authorise(officer):
                _log.info("orders signed", officer=officer.officer, orders=signed)
