"""A rotation on a real broker: a worker learns while it runs which epoch leads, and says of each lead how it was known
before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from alliance.keys.tokens import TokenKeys
from alliance.registrar import signed
from schemas.epochs import EPOCHS_KEY, FORMER_HEADER, RETIRED_HEADER, Epoch, Epochs
from schemas.topics import LEADS, QUARANTINE, RULES
from tests.streams.support import NOW, TOKENS, World, number, unique
from tests.streams.test_worker import call, transfer

pytestmark = pytest.mark.services
BOTH = TOKENS.rotated()


@pytest.fixture
def rotating(world: World) -> Iterator[World]:
    """The world, in which two epochs overlap, and after the test the first is alone again."""
    lead_under(world, "e1", "e2")
    yield world
    lead_under(world, "e1")


def lead_under(world: World, *epochs: str) -> None:
    value = Epochs(epochs=[Epoch(epoch=name, since=NOW) for name in epochs], at=NOW).model_dump_json().encode()
    headers = [signed(world.registrar, value)]
    world.producer.send(RULES.name, key=EPOCHS_KEY.encode(), value=value, headers=headers).get(10)


def named(made: Any, keys: TokenKeys) -> Any:
    """What was made of a value under the first epoch, as a member with these keys names it."""
    if isinstance(made, list):
        return [named(each, keys) for each in made]
    if not isinstance(made, dict):
        return made
    if "tokens" not in made:
        return {field: named(each, keys) for field, each in made.items()}
    (old,) = made["tokens"]
    return {**made, "tokens": [old.replace("e1:", f"{epoch}:") for epoch in keys.epochs]}


def test_a_lead_comes_under_the_older_name_until_the_cut_over_and_then_under_the_newer(rotating: World) -> None:
    victim, payee, moment = unique("victim"), unique("payee"), datetime.now(UTC)
    old = number("account", payee)["tokens"][0]
    new = old.replace("e1:", "e2:")
    heard: list[tuple[str, str, dict[str, bytes]]] = []

    def told(token: str, *levels: str) -> Any:
        def found(record: Any) -> bool:
            lead = orjson.loads(record.value)
            heard.append((lead["subject"]["token"], lead["level"], dict(record.headers)))
            return heard[-1][0] == token and heard[-1][1] in levels

        return found

    with rotating.worker():
        called = call(unique("caller"), victim)
        rotating.send("carrier-a", rotating.event("carrier-a", called, moment - timedelta(hours=1)))
        paid = named(transfer(payee, unique("payer"), victim), BOTH)
        rotating.send("bank-a", rotating.event("bank-a", paid, moment))
        rotating.send("carrier-a", rotating.event("carrier-a", named(called, BOTH), moment - timedelta(minutes=50)))
        rotating.read_until(LEADS.name, told(old, "medium", "high", "very-high"))
        assert new not in {token for token, _, _ in heard}

        lead_under(rotating, "e2")
        rotating.read_until(LEADS.name, told(new, "medium", "high", "very-high"))
        assert heard[-1][2] == {FORMER_HEADER: old.encode()}
        rotating.read_until(LEADS.name, told(old, "none"))
        assert heard[-1][2] == {RETIRED_HEADER: b""}

        late = rotating.event("bank-a", transfer(payee, unique("payer"), victim), moment)
        rotating.send("bank-a", late)
        rotating.read_until(QUARANTINE.name, lambda record: late["id"].encode() in record.value)
