"""Two short days of the city on a real broker, with nobody to correlate them: all is published, and all is lost."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition

from alliance import kafka, profiles
from alliance.clock import load_or_create
from alliance.embedded.services import EmbeddedServices
from alliance.membership import register, token_keys
from alliance.provision import provision
from producers.city import CAST, City
from producers.city.play import Plan
from schemas.topics import SUSPICIOUS_ACCOUNT, VICTIM_REPORT

RATE = 20_000.0
PLAN = Plan(seed=7, alerts=200)


@pytest.fixture
def city(services: EmbeddedServices, tmp_path: Path) -> City:
    clock = load_or_create(tmp_path / "clock.json", RATE)
    provision(services.admin, [spec.member for spec in CAST], services.data.secret)
    register(services.data, services.admin, CAST, token_keys(services.data), clock)
    return City(services.data, clock, profiles.load("cn"), plan=PLAN)


def events(services: EmbeddedServices, topic: str) -> list[dict[str, object]]:
    """All events of the cast on a topic, which the city has flushed."""
    consumer: KafkaConsumer = kafka.consumer(services.admin, [], None)
    places = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(places)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(places)
    cast = {spec.member.encode() for spec in CAST}
    found: list[dict[str, object]] = []
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(200).values():
            found += [event for r in records if r.key in cast for event in orjson.loads(r.value)]
    consumer.close()
    return found


@pytest.mark.services
def test_two_days_are_played_and_judged(services: EmbeddedServices, city: City) -> None:
    first, second = city.run(Event(), days=2)

    assert second.day == first.day + 1
    for verdict in (first, second):
        assert (verdict.scams, verdict.caught, verdict.held_minor, verdict.innocents_held) == (3, 0, 0, 0)
        assert verdict.stolen_minor == verdict.lost_minor > 40_000_000
    transfers, reports = events(services, SUSPICIOUS_ACCOUNT.name), events(services, VICTIM_REPORT.name)
    days = [f"TY-TY{verdict.day:05}-" for verdict in (first, second)]
    assert [sum(day in str(report) for report in reports) for day in days] == [3, 3]
    # A bundle of which the broker's answer was lost is sent again.
    assert len({event["id"] for event in transfers}) > 200
    sources = {str(event["source"]) for event in transfers}
    assert {"/members/bank-icbc", "/members/bank-abc", "/members/bank-ccb", "/members/pay-jinfu"} <= sources


@pytest.mark.services
def test_a_day_that_is_stopped_is_judged_as_it_stood(city: City) -> None:
    stopping = Event()
    stopping.set()

    [verdict] = city.run(stopping, days=3)

    assert (verdict.scams, verdict.stolen_minor) == (3, 0)
