"""Which events intake refuses after a cut-over, since what they name things by is over."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from prometheus_client import REGISTRY as COUNTED

from alliance.admission import Admitted
from schemas.reasons import Reason
from schemas.topics import VICTIM_REPORT, WITHDRAWAL
from streams.intake import Signals, collect
from tests.streams.bundles import bundle, let_in, report, transfer, withdrawal
from tests.streams.support import NOW, number

ACCOUNT = "6222020502013348871"


def paid(*epochs: str) -> dict[str, Any]:
    """An alert whose account has a token of each of these epochs."""
    named = number("account", ACCOUNT)
    tokens = [named["tokens"][0].replace("e1:", f"{epoch}:") for epoch in epochs]
    return transfer(customer={"account": {**named, "tokens": tokens}})


def taken(admitted: Admitted, *epochs: str) -> tuple[int, Signals]:
    signals: Signals = defaultdict(list)
    return collect(admitted, signals, 1, tuple(f"{epoch}:" for epoch in epochs)), signals


def over() -> float:
    return COUNTED.get_sample_value("afa_intake_epoch_over_total") or 0.0


def test_what_the_older_key_alone_names_is_refused_after_the_cut_over_and_the_rest_let_in() -> None:
    events = [paid("e1"), paid("e2"), {**paid("e2"), "source": "/members/bank-b"}, paid("e1"), paid("e1", "e2")]
    admitted, before = let_in(bundle(*events)), over()
    alerts, signals = taken(admitted, "e2")
    assert (alerts, len(signals[0]), over() - before) == (2, 3, 2)
    assert [str(each.event.id) for each in admitted.accepted] == [events[1]["id"], events[4]["id"]]
    told = {refusal.index: refusal for refusal in admitted.refusals}
    assert {index: refusal.reason for index, refusal in told.items()} == {
        0: Reason.INVALID_FIELD, 2: Reason.WRONG_SOURCE, 3: Reason.INVALID_FIELD,
    }  # fmt: skip
    assert (str(told[3].event_id), "in force, e2" in told[3].detail) == (events[3]["id"], True)


@pytest.mark.parametrize("epochs", [(), ("e1",), ("e1", "e2")])
def test_before_the_cut_over_everything_is_let_in(epochs: tuple[str, ...]) -> None:
    admitted = let_in(bundle(paid("e1"), paid("e1", "e2")))
    assert (taken(admitted, *epochs)[0], admitted.refusals) == (2, [])


def test_an_epoch_is_not_taken_for_one_whose_name_begins_alike() -> None:
    assert len(let_in(bundle(paid("e1"), paid("e11"))).accepted) == 2
    admitted = let_in(bundle(paid("e1"), paid("e11")))
    assert (taken(admitted, "e11")[0], [refusal.index for refusal in admitted.refusals]) == (1, [0])


@pytest.mark.parametrize(("event", "topic"), [
    ({**report(NOW), "id": report(NOW)["id"]}, VICTIM_REPORT),
    (withdrawal("bank-a", None), WITHDRAWAL),
])  # fmt: skip
def test_what_others_take_on_by_any_name_is_let_in(event: dict[str, Any], topic: Any) -> None:
    named = number("account", ACCOUNT)
    field = "identifiers" if topic is WITHDRAWAL else "contacts"
    event["data"] = {key: value for key, value in event["data"].items() if value is not None} | {field: [named]}
    admitted = let_in(bundle(event, topic=topic.name))
    assert len(admitted.accepted) == 1, admitted.refusals
    _, signals = taken(admitted, "e2")
    assert (len(admitted.accepted), len(signals[0]), admitted.refusals) == (1, 1, [])
