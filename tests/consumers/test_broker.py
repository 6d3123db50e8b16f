"""The broker dies under a casebook and a dispatch that go on: what was written meanwhile is sent once it is back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from alliance import kafka
from alliance.embedded.services import EmbeddedServices
from alliance.settings import Settings
from consumers.casebook import views
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import Outbox
from schemas.requests import Action, Request, RequestStatus
from tests.consumers.facts import account, lead
from tests.consumers.test_faults import wait_s
from tests.consumers.world import Hub, Mailbox, World

pytestmark = [pytest.mark.services, pytest.mark.chaos]


def test_what_was_written_while_the_broker_was_away_is_sent_when_it_is_back(tmp_path: Path) -> None:
    with EmbeddedServices(tmp_path / "data", Settings().cache_dir) as services:
        city = World(services, tmp_path)
        hub, box = Hub(city, services.database_url), Mailbox(city, "bank-one")
        first, second = lead(account()), lead(account())
        try:
            processes = [hub.start("casebook"), hub.start("dispatch")]
            city.publish(first)
            asked = box.until(lambda letter: isinstance(letter, Request) and letter.action is Action.DELAY)
            box.close()
            services.kafka.kill()
            again = {"member": "bank-one", "key": str(asked.request_id), "value": asked.model_dump_json()}
            with hub.engine.begin() as db:
                insert_rows(db, Outbox, [again])
            wait_s(5)
            services.kafka.start()
            hub.until(lambda db: db.scalar(select(func.count()).select_from(Outbox)) == 0)
            city.producer = kafka.producer(services.admin)
            city.publish(second)
            hub.until(
                lambda db: [
                    one
                    for one in views.requests(db).items
                    if one.lead_id == second.lead_id and one.status is RequestStatus.SENT
                ]
            )
            assert [process.poll() for process in processes] == [None, None]
        finally:
            hub.close()
            city.producer.close(timeout=1)
