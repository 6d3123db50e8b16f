"""Rotation of the token epoch: while two overlap leads come under the older, after the cut-over under the newer, and of
neither is anything lost. Held against the same oracle as the law.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core import engine
from streams.core.alert import Alert, Class, Retraction
from streams.core.rules import parse
from tests import oracle
from tests.oracle import OracleLead
from tests.strategies import HOUR, RULES, World, worlds
from tests.streams.network import Network, deliver
from tests.streams.stories import CALLER, NOON, PAYEE, alert, call, suspect, transfer, withdrawal
from tests.streams.test_law import by_subject, compare

OLD, BOTH, NEW = ("e1",), ("e1", "e2"), ("e2",)
Named = tuple[str, ...]
"""The epochs under which a member names what it tells, the older first."""


@pytest.fixture(scope="module", autouse=True)
def _few_at_a_time() -> Iterator[None]:
    """So that a change of the leading epoch is never done with in one flush."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "TURNED_KEYS", 2)
        yield


def renamed(key: str, epoch: str) -> str:
    return key.replace("e1:", f"{epoch}:", 1)


def under(alert: Alert, epochs: Named) -> list[Alert]:
    """The alert as intake makes it of an event with a token of each of these epochs."""
    return [_under(alert, epoch, epochs[0] if epoch != epochs[0] else "") for epoch in epochs]


def _under(alert: Alert, epoch: str, former: str) -> Alert:
    replace = msgspec.structs.replace
    named = tuple(
        replace(n, key=renamed(n.key, epoch), former=renamed(n.key, former) if former else "") for n in alert.named
    )
    transfers = tuple(
        replace(t, payee=renamed(t.payee, epoch), serial=renamed(t.serial, epoch)) for t in alert.transfers
    )
    return replace(alert, named=named, transfers=transfers)


def gone(retraction: Retraction) -> Retraction:
    """A withdrawal repeats both tokens of what it withdraws, where there are two."""
    keys = tuple(renamed(key, epoch) for epoch in BOTH for key in retraction.keys)
    return msgspec.structs.replace(retraction, keys=keys)


def told(
    world: World, alerts: Sequence[Alert], partitions: int, seed: int, epochs: Sequence[str]
) -> dict[tuple[str, str], oracle.OracleLead]:
    """Holds what was published against the oracle, and gives what the oracle says."""
    signals: list[Alert | Retraction] = [*alerts, *map(gone, world.retractions)]
    found = by_subject(deliver(signals, partitions, parse(world.rules), seed, epochs=epochs).leads())
    expected = oracle.leads(alerts, [gone(r) for r in world.retractions], world.rules, epoch=epochs[-1])
    assert found.keys() == {(role, key[1:]) for role, key in expected}
    for (role, key), lead in expected.items():
        compare(found[role, key[1:]], lead)
    return expected


def named_by(data: st.DataObject, world: World, ways: Sequence[Named]) -> list[Alert]:
    """Each event in one of the ways, and its repetitions in the same: its bytes do not change."""
    way = {(alert.member, alert.event, alert.digest): ways[0] for alert in world.alerts}
    way = {identity: data.draw(st.sampled_from(ways)) for identity in sorted(way)}
    return [each for alert in world.alerts for each in under(alert, way[alert.member, alert.event, alert.digest])]


def without_names(leads: dict[tuple[str, str], OracleLead]) -> dict[tuple[str, str], OracleLead]:
    return {(role, renamed(key.replace("e2:", "e1:", 1), "e1")): lead for (role, key), lead in leads.items()}


@given(worlds(conflicts=True), st.data(), st.integers(1, 4), st.integers(0, 10**6))
@settings(deadline=None)
def test_the_last_snapshots_are_what_the_leading_epochs_alerts_say(
    world: World, data: st.DataObject, partitions: int, seed: int
) -> None:
    alerts = named_by(data, world, (OLD, BOTH, NEW))
    epochs = data.draw(st.lists(st.sampled_from(BOTH), min_size=1, max_size=3))
    told(world, alerts, partitions, seed, epochs)


@given(worlds(), st.data(), st.integers(1, 4), st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_a_rotation_changes_no_lead_but_its_name(world: World, data: st.DataObject, partitions: int, seed: int) -> None:
    """Before the cut-over with members that have not taken the new key; after it with those that dropped the old."""
    whole = oracle.leads(world.alerts, world.retractions, world.rules)
    for ways, leading in (((OLD, BOTH), "e1"), ((BOTH, NEW), "e2")):
        found = told(world, named_by(data, world, ways), partitions, seed, ["e1", leading])
        assert without_names(found) == whole


BEFORE, AFTER = call(NOON - HOUR, NOON), transfer(NOON)


def network(*signals: Alert, leading: str | None = None) -> Network:
    made = Network(2, parse(RULES))
    made.leading = leading
    for signal in signals:
        made.publish(signal)
    return settled(made)


def settled(network: Network) -> Network:
    for _ in range(4):
        for partition in range(2):
            network.learn(partition)
            network.step(partition, 100)
        network.now += engine.DEBOUNCE_MS
    return network


def level_of(network: Network, key: str) -> str:
    found = [lead["level"] for lead in network.last.values() if lead["subject"]["token"] == key[1:]]
    return found[-1] if found else "untold"


def test_a_lead_spans_the_rotation() -> None:
    """The call before a member rotated, the transfer after: each lead is told once, under the older name."""
    made = network(*under(BEFORE, OLD), *under(AFTER, BOTH), leading="e1")
    assert [level_of(made, renamed(key, "e1")) for key in (PAYEE, CALLER)] == ["medium", "medium"]
    assert [level_of(made, renamed(key, "e2")) for key in (PAYEE, CALLER)] == ["untold", "untold"]


def test_at_the_cut_over_leads_change_their_name_and_say_what_it_was() -> None:
    made = network(*under(BEFORE, BOTH), *under(AFTER, BOTH), leading="e1")
    assert not made.formers
    made.leading = "e2"
    settled(made)
    for key in (PAYEE, CALLER):
        assert (level_of(made, key), level_of(made, renamed(key, "e2"))) == ("none", "medium")
        assert made.formers[renamed(key, "e2")] == key


def test_the_next_owner_goes_on_with_the_cut_over_where_the_last_one_left_it() -> None:
    made = network(*under(BEFORE, BOTH), *under(AFTER, BOTH), leading="e1")
    made.leading = "e2"
    for partition in range(2):
        made.learn(partition)
        made.step(partition, 0)
        made.hand_over(partition)
    settled(made)
    for key in (PAYEE, CALLER):
        assert (level_of(made, key), level_of(made, renamed(key, "e2"))) == ("none", "medium")


def test_a_withdrawal_by_the_old_name_alone_takes_the_alert_from_both_epochs() -> None:
    made = network(*under(BEFORE, BOTH), *under(AFTER, BOTH), leading="e1")
    made.publish(withdrawal(AFTER))
    settled(made)
    made.leading = "e2"
    settled(made)
    assert (level_of(made, PAYEE), level_of(made, renamed(PAYEE, "e2"))) == ("none", "untold")


def test_what_the_new_key_alone_names_is_told_at_the_cut_over() -> None:
    made = network(*under(BEFORE, NEW), *under(AFTER, BOTH), leading="e1")
    assert level_of(made, PAYEE) == level_of(made, renamed(PAYEE, "e2")) == "untold"
    made.leading = "e2"
    assert level_of(settled(made), renamed(PAYEE, "e2")) == "medium"


def test_where_no_epoch_is_known_everything_is_told() -> None:
    made = network(*under(BEFORE, NEW), *under(AFTER, NEW))
    assert level_of(made, renamed(PAYEE, "e2")) == "medium"


def test_a_member_alone_ties_no_subject_to_another_identifier() -> None:
    """As many say one former name as say another: none is told. With a third voice the most decide."""
    false = _lying(*under(BEFORE, BOTH))
    others = [_called_by(member) for member in ("carrier-b", "platform-a")]
    made = network(*false, *others[0], *under(AFTER, BOTH), leading="e2")
    assert level_of(made, renamed(CALLER, "e2")) not in {"none", "untold"}
    assert renamed(CALLER, "e2") not in made.formers
    made = network(*false, *others[0], *others[1], leading="e2")
    assert made.formers[renamed(CALLER, "e2")] == CALLER


def _called_by(member: str) -> list[Alert]:
    return under(alert(Class.CALL, member, 1, (NOON, NOON), suspect(CALLER)), BOTH)


def _lying(old: Alert, new: Alert) -> list[Alert]:
    """The caller's new name tied to somebody else's old one."""
    named = tuple(msgspec.structs.replace(n, former=PAYEE) for n in new.named)
    return [old, msgspec.structs.replace(new, named=named)]
