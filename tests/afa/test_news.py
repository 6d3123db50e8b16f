"""What a run reaches for the first time is said once, and what the data folder had before is no news."""

from __future__ import annotations

from afa.news import News, of_day
from schemas.registry import Sector
from tests.afa.test_live import lead, sample

TWO = [Sector.BANK, Sector.CARRIER]


def test_the_first_lead_over_three_sectors_is_said_once_with_its_time() -> None:
    news = News(sample(0.0))
    assert list(news.of(sample(3.0, changed=(lead(sectors=TWO),)))) == []
    told = list(news.of(sample(14.96, changed=(lead(sectors=TWO), lead(2), lead(3)))))
    assert told == ["First lead over three sectors (bank, carrier, platform) 15.0 s after the services were up."]
    assert list(news.of(sample(20.0, changed=(lead(4),)))) == []


def test_the_first_executed_request_is_one_of_this_run() -> None:
    news = News(sample(requests={"executed": 7}))
    assert list(news.of(sample(4.0, requests={"executed": 7, "sent": 2}))) == []
    told = list(news.of(sample(5.0, requests={"executed": 8})))
    assert told == ["First executed request 5.0 s after the services were up."]
    assert list(news.of(sample(6.0, requests={"executed": 9}))) == []


def test_a_day_is_told_in_one_line() -> None:
    verdict = {"day": 2, "scams": 3, "caught": 2, "held_minor": 34980000, "lost_minor": 1, "innocents_held": 0}
    assert of_day(verdict) == "Day 2: 2 of 3 scams caught, 349,800.00 CNY held, 0.01 CNY lost, 0 innocents held."
