"""What the vault does with its keys: what it opens it proves, what it can't prove it does not show."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from alliance.clock import AllianceClock
from alliance.errors import Refused, SetupError
from alliance.ids import IdSource
from alliance.joining.memberfile import MemberFile
from alliance.keys import opening, store
from alliance.keys.encoding import encode
from alliance.keys.opening import OpeningKeys
from alliance.keys.seals import EVENT_INFO, BadSeal, seal, unseal
from alliance.keys.tokens import TokenKeys
from alliance.registry import Registry
from consumers.auditor.chain import Entry, Head, follow
from consumers.vault import events, record
from consumers.vault.opening import SealedEvent, bound_to, reveal, seal_answer, seal_sought, tokens_of
from producers.sealing import make_seals
from producers.tokenise import tokenise
from schemas.canonical import canonical
from schemas.identifiers import IdentifierKind
from schemas.inquiries import VAULT_ANSWER, Reveal, Revealed, Search, Sought, Unanswered
from schemas.joining import Broker
from schemas.registry import Sector
from tests.consumers import facts
from tests.consumers.facts import NOW, TOKENS

UNIT = store.generate("police-one", TOKENS)
KEYS = OpeningKeys("police-one", (UNIT.sealing,), TOKENS.epochs)
REGISTRY = Registry([facts.member("police-one", sector=Sector.POLICE, seal_key=UNIT.public.sealing)])
SECRET = X25519PrivateKey.generate()
PUBLIC = SECRET.public_key().public_bytes_raw()
CASE = uuid4()

accounts = st.from_regex(r"62[0-9]{15}", fullmatch=True)
# 179… is how a call over the internet is dialled, and what follows need be no number.
numbers = st.from_regex(r"1([3-689][0-9]|7[0-8])[0-9]{8}", fullmatch=True)


def alert(payload: dict[str, object], keys: TokenKeys = TOKENS) -> tuple[SealedEvent, dict[str, str]]:
    """As a member makes it, and the canonical value of each of its tokens."""
    _, found = tokenise(payload, keys)
    event_id = uuid4()
    seals = make_seals(found, {"name": "张伟"}, "bank-one", REGISTRY, event_id)
    values = {token: one.value for one in found for token in one.tokens}
    return SealedEvent("bank-one", event_id, tuple(one.blob for one in seals)), values


def asked(token: str) -> Reveal:
    return Reveal(case_id=CASE, token=token, purpose="a test", answer_to=encode(PUBLIC), at=NOW)


def sought(kind: IdentifierKind, value: str, answer_to: bytes = PUBLIC) -> Search:
    sealed = seal_sought(Sought(identifier=kind, value=value), UNIT.public.sealing, answer_to)
    return Search(sealed=sealed, purpose="a test", answer_to=encode(PUBLIC), at=NOW)


def forged(content: object, event_id: UUID | None = None) -> SealedEvent:
    """Anybody can seal anything to the police."""
    event_id = event_id or uuid4()
    blob = seal(UNIT.sealing.public_key().public_bytes_raw(), orjson.dumps(content), EVENT_INFO, event_id.bytes)
    return SealedEvent("bank-two", event_id, (blob,))


@given(accounts, numbers)
def test_what_a_member_sealed_is_shown_for_its_own_token_and_for_no_other(account: str, number: str) -> None:
    event, values = alert(
        {"payee": {"kind": "account", "value": account}, "phone": {"kind": "number", "value": f"+86 {number}"}}
    )
    for token, value in values.items():
        answer = reveal(KEYS, asked(token), [event])
        assert isinstance(answer, Revealed)
        assert (answer.value, answer.token, answer.event_id) == (value, token, event.event_id)
    stranger = TOKENS.tokens("number", "another")[0]
    assert isinstance(reveal(KEYS, asked(stranger), [event]), Unanswered)


@given(numbers, numbers)
def test_a_value_that_does_not_make_the_token_is_not_shown_and_who_sealed_it_is_named(true: str, other: str) -> None:
    token = TOKENS.tokens(*canonical("number", true)[:2])[0]
    lie = forged({"identifiers": {token: {"kind": "number", "value": other}}, "clear": {}})
    answer = reveal(KEYS, asked(token), [lie])
    if canonical("number", true) == canonical("number", other):
        assert isinstance(answer, Revealed)
    else:
        assert answer == Unanswered(why="What bank-two has sealed does not make this token, and is not shown.")
        honest, _ = alert({"phone": {"kind": "number", "value": true}})
        assert isinstance(reveal(KEYS, asked(token), [lie, honest]), Revealed)


json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.sampled_from(["kind", "value", "x"]), child),
    max_leaves=8,
)


@given(json, st.dictionaries(st.text(max_size=8), json, max_size=3))
def test_nothing_that_can_be_sealed_breaks_the_vault(whole: object, identifiers: object) -> None:
    token = TOKENS.tokens("number", "nobody's")[0]
    for content in (whole, {"identifiers": identifiers}, {"identifiers": {token: whole}}):
        assert isinstance(reveal(KEYS, asked(token), [forged(content)]), Unanswered)


def test_a_seal_of_another_event_or_to_another_unit_opens_nothing() -> None:
    event, values = alert({"payee": {"kind": "account", "value": "6222020502013348871"}})
    token = next(iter(values))
    for moved in (event._replace(event_id=uuid4()), event._replace(blobs=())):
        answer = reveal(KEYS, asked(token), [moved])
        assert answer == Unanswered(why="None of the case's alerts (1) has it sealed to police-one.")
    another = OpeningKeys("police-two", (X25519PrivateKey.generate(),), TOKENS.epochs)
    assert isinstance(reveal(another, asked(token), [event]), Unanswered)
    gone = reveal(KEYS, asked(token), [])
    assert isinstance(gone, Unanswered) and "on the broker any more" in gone.why


def test_the_vault_keeps_the_token_keys_of_epochs_that_are_over(tmp_path: Path) -> None:
    path = tmp_path / "vault" / "keys.json"
    keys = TOKENS
    for each in (keys, keys := keys.rotated(), keys := keys.cut_over(), keys := keys.rotated()):
        opening.hand_over(replace(UNIT, tokens=each), path)
    held = opening.load(path)
    assert list(held.epochs) == ["e1", "e2", "e3"]
    assert held.tokens("account", "1") == [*TOKENS.tokens("account", "1"), *keys.tokens("account", "1")]


def test_a_units_own_file_finds_by_the_epochs_that_are_over(tmp_path: Path) -> None:
    newer = (both := TOKENS.rotated()).cut_over().in_place_of(both)
    unit, own, given = replace(UNIT, tokens=newer), tmp_path / "own.json", tmp_path / "vault" / "keys.json"
    unit.save(own)
    opening.hand_over(unit, given)
    for path in (own, given):
        assert opening.load(path).tokens("account", "1") == both.tokens("account", "1")


def test_a_former_sealing_key_still_opens_and_both_epochs_count() -> None:
    two = TokenKeys({**TOKENS.epochs, "e2": secrets.token_bytes(32)})
    event, values = alert({"payee": {"kind": "account", "value": "6222020502013348871"}}, two)
    other = X25519PrivateKey.generate()
    assert len(values) == 2
    for sealing in ((other, UNIT.sealing), (UNIT.sealing, other)):
        keys = OpeningKeys("police-one", sealing, two.epochs)
        assert all(isinstance(reveal(keys, asked(token), [event]), Revealed) for token in values)
    newer = [token for token in values if token.startswith("e2:")]
    told = reveal(KEYS, asked(newer[0]), [event])
    assert isinstance(told, Unanswered) and "no key of this token's epoch" in told.why


@given(numbers)
def test_what_is_sought_becomes_the_tokens_that_members_make(number: str) -> None:
    _, values = alert({"phone": {"kind": "number", "value": number}})
    assert tokens_of(KEYS, sought(IdentifierKind.NUMBER, f"0086-{number}")) == list(values)


def test_what_is_sought_is_bound_to_who_asks_and_never_repeated() -> None:
    copied = sought(
        IdentifierKind.NUMBER, "13912345679", answer_to=X25519PrivateKey.generate().public_key().public_bytes_raw()
    )
    for wrong in (copied, sought(IdentifierKind.NUMBER, "no number 424242")):
        with pytest.raises(Refused) as refused:
            tokens_of(KEYS, wrong)
        assert "424242" not in str(refused.value)
        assert refused.value.__cause__ is None


def test_an_answer_opens_for_the_question_and_the_key_that_it_is_for() -> None:
    answer = Unanswered(why="a test")
    sealed = seal_answer(answer, encode(PUBLIC), "question")
    opened = unseal(SECRET, sealed, b"afa-vault-answer-v1", bound_to("question"))
    assert VAULT_ANSWER.validate_json(opened) == answer
    for key, question in ((SECRET, "another"), (UNIT.sealing, "question")):
        with pytest.raises(BadSeal):
            unseal(key, sealed, b"afa-vault-answer-v1", bound_to(question))


def test_what_is_handed_over_opens_and_can_not_sign(tmp_path: Path) -> None:
    given, own, joined = (tmp_path / "vault" / "keys.json", tmp_path / "own.json", tmp_path / "member.json")
    opening.hand_over(UNIT, given)
    UNIT.save(own)
    MemberFile(joined, UNIT, Broker(bootstrap="b:1", security_protocol="SASL_SSL"), encode(bytes(32))).save()
    assert (given.parent.stat().st_mode & 0o777, given.stat().st_mode & 0o777) == (0o700, 0o600)
    assert encode(UNIT.signing.private_bytes_raw()) not in given.read_text()
    event, values = alert({"payee": {"kind": "account", "value": "6222020502013348871"}})
    for path in (given, own):
        keys = opening.load(path)
        assert isinstance(reveal(keys, asked(next(iter(values))), [event]), Revealed)
    assert opening.load(joined).member == "police-one"
    assert encode(UNIT.sealing.private_bytes_raw()) not in repr(opening.load(given))


def test_what_is_no_key_file_is_one_sentence_without_what_is_in_it(tmp_path: Path) -> None:
    bad = tmp_path / "keys.json"
    with pytest.raises(SetupError, match="admit a police unit"):
        opening.load(bad)
    for content in ('"secret-42"', '{"sealing": "secret-42"}', "secret-42", '{"keys": ["secret-42"]}'):
        bad.write_text(content)
        bad.chmod(0o600)
        with pytest.raises(SetupError) as refused:
            opening.load(bad)
        assert "secret-42" not in str(refused.value) and refused.value.__cause__ is None
    bad.chmod(0o640)
    with pytest.raises(SetupError, match="others can read"):
        opening.load(bad)


@given(st.lists(st.integers(0, 10**7)))
def test_spans_cover_every_moment_and_do_not_meet(moments: list[int]) -> None:
    spans = events.near(moments)
    assert all(any(start <= moment <= end for start, end in spans) for moment in moments)
    assert all(earlier[1] < later[0] for earlier, later in pairwise(spans))


@given(st.integers(0, 10**9), st.sampled_from([0.5, 1.0, 60.0, 2400.0]))
def test_an_id_tells_when_by_the_wall_it_was_made(past_ms: int, rate: float) -> None:
    wall = 1_800_000_000.0
    clock = AllianceClock(wall - 10**7, wall, rate, lambda: wall)
    made = int(clock.timestamp() * 1000) - past_ms
    [event_id] = [IdSource(lambda: made, secrets.token_bytes).next()]
    found = events.wall_ms(clock, event_id)
    assert found is not None and abs(found - (wall * 1000 - past_ms / rate)) < 3
    assert events.wall_ms(clock, uuid4()) is None


def test_an_event_is_its_member_s_own_and_what_is_bad_beside_it_hides_nothing() -> None:
    event_id, other = uuid4(), uuid4()
    seals = [{"to": "police-one", "blob": "AAAA"}, {"to": "bank-two", "blob": "BBBB"}]
    good = {"id": str(event_id), "source": "/members/bank-one", "seals": seals}
    bundle = [
        None,
        {"id": 7},
        {**good, "seals": 7},
        {**good, "source": "/members/bank-two"},
        {**good, "id": str(other)},
    ]
    ids = {event_id: "bank-one"}
    assert list(events.named(orjson.dumps([*bundle, good]), ids, "police-one")) == [
        SealedEvent("bank-one", event_id, ("AAAA",))
    ]
    for value in (orjson.dumps(bundle), b"{}", b"7", b"[", b""):
        assert list(events.named(value, ids, "police-one")) == []


@given(st.integers(0, 1500), st.integers(1, 600), st.integers(0, 1500))
@example(size=1500, every=2, number=1)
def test_an_entry_is_found_wherever_on_the_topic_it_lies(size: int, every: int, number: int) -> None:
    """Between entries there are checkpoints."""
    topic: list[Entry | None] = []
    head = Head()
    for place in range(size):
        entry = follow(head, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=place), [bytes([place % 256]) * 32])
        topic.append(None if place % every else entry)
        head = head if place % every else entry.head
    reads: list[tuple[int, int]] = []

    def between(lower: int, upper: int) -> list[Entry]:
        reads.append((lower, upper))
        return [entry for entry in topic[lower:upper] if entry]

    found = record.find(between, 0, len(topic), number)
    assert found == next((entry for entry in topic if entry and entry.number == number), None)
    assert sum(upper - lower for lower, upper in reads) <= len(topic)
    if found:
        assert record.covers(found, found.digests[:32]) and not record.covers(found, bytes(32 * [255])[:31] + b"\0")
