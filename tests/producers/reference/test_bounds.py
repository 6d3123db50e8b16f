"""What no order, no mandate and no word of the hub can make of a measure: another's, a longer or a further one than the
law has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from alliance.admission import MAX_CONTENT, content_of
from alliance.keys.encoding import encode
from producers import naming
from producers.bundles import MAX_EVENT_BYTES
from producers.reference.bank import Bank
from producers.reference.entries import AccountRef, Held, Measure, Moved, Way
from producers.reference.handler import handle
from producers.reference.ledger import PaymentRefused
from schemas.answers import Answer, AnswerStatus, OutflowType
from schemas.requests import Action, Caps, Request
from tests.producers.reference.support import (
    BANK,
    CHEN,
    CN,
    LI,
    MULE,
    NOW,
    PAPER,
    POLICE_2,
    TOKENS,
    ZHAO,
    account,
    bank,
    done,
    mandate,
    mandated,
    ordered,
    registry,
    request,
    signed_by,
    yuan,
)

HOLD = UUID(int=7)
ELSEWHERE = AccountRef("cnaps:105161000015", "6217000000009992")
HOUR, DAYS = timedelta(hours=1), 86_400


def asked(number: int, action: Action, **over: Any) -> Request:
    return request(number, action, **{"hold_id": HOLD, "amount": None, "match": None, "duration_s": None, **over})


def held(books: Bank) -> list[tuple[Measure, int, Any]]:
    return [(hold.measure, hold.amount, hold.until) for hold in books.ledger.active(MULE, NOW)]


def stopped() -> Bank:
    books = bank()
    assert done(books, ordered(request(hold_id=HOLD))).answer.status is AnswerStatus.EXECUTED
    return books


def frozen() -> Bank:
    books = stopped()
    paper = signed_by(asked(2, Action.FREEZE, duration_s=30 * DAYS), LI, CHEN, paper=PAPER)
    assert done(books, paper).answer.status is AnswerStatus.EXECUTED
    return books


def theirs(asked: Request) -> Request:
    return signed_by(asked, ZHAO, unit=POLICE_2)


OTHER_CASE: dict[str, Any] = {"case_id": UUID(int=40), "match": None}
HALF, EASES = yuan(250_000), mandate(actions=[Action.STOP, Action.EXTEND, Action.REDUCE])
UNLAWFUL = {
    "a delay under the stop's id": asked(9, Action.DELAY),
    "a stop of another unit under its id": theirs(request(9, hold_id=HOLD, amount=yuan(1), **OTHER_CASE)),
    "a reduction under a mandate that did not stop it": mandated(asked(9, Action.REDUCE, amount=HALF), EASES),
    "a release under a mandate that did not stop it": mandated(asked(9, Action.RELEASE)),
    "an extension under a mandate that did not stop it": mandated(
        asked(9, Action.EXTEND, amount=HALF, duration_s=2 * DAYS), EASES
    ),
    "a renewal of what is not frozen": signed_by(asked(9, Action.RENEW, duration_s=30 * DAYS), LI, CHEN, paper=PAPER),
    "a reduction in another currency": ordered(asked(9, Action.REDUCE, amount={"minor": 1, "currency": "USD"})),
    "an extension beyond the law": signed_by(asked(9, Action.EXTEND, duration_s=2 * DAYS + 1), LI, CHEN),
}


@pytest.mark.parametrize("unlawful", UNLAWFUL.values(), ids=UNLAWFUL)
def test_a_stop_stays_what_it_is(unlawful: Request) -> None:
    books = stopped()
    before = held(books)
    assert done(books, unlawful).answer.status is AnswerStatus.REFUSED
    assert held(books) == before


OF_A_FREEZE = {
    "a delay under its id": asked(9, Action.DELAY),
    "an extension by officers who can not renew": signed_by(asked(9, Action.EXTEND, duration_s=DAYS), LI, CHEN),
    "a release under the mandate of its stop": mandated(asked(9, Action.RELEASE)),
    "a reduction under the mandate of its stop": mandated(asked(9, Action.REDUCE, amount=HALF), EASES),
    "a freeze beyond the law": signed_by(asked(9, Action.FREEZE, duration_s=181 * DAYS), LI, CHEN, paper=PAPER),
}


@pytest.mark.parametrize("unlawful", OF_A_FREEZE.values(), ids=OF_A_FREEZE)
def test_a_freeze_stays_what_it_is(unlawful: Request) -> None:
    books = bank()
    done(books, mandated(request(hold_id=HOLD)))
    done(books, signed_by(asked(2, Action.FREEZE, duration_s=30 * DAYS), LI, CHEN, paper=PAPER))
    before = held(books)
    assert before == [(Measure.FREEZE, 500_000, NOW + timedelta(days=30))]
    assert done(books, unlawful).answer.status is AnswerStatus.REFUSED
    assert held(books) == before


def test_a_reduction_lengthens_nothing_and_is_for_the_mandate_of_the_stop() -> None:
    books = bank()
    done(books, mandated(request(hold_id=HOLD)))
    less = done(books, mandated(asked(2, Action.REDUCE, amount=HALF, duration_s=10**8), EASES)).answer
    assert (less.status, less.until) == (AnswerStatus.EXECUTED, NOW + 48 * HOUR)
    assert held(books) == [(Measure.STOP, 250_000, NOW + 48 * HOUR)]


def test_a_third_stop_of_an_account_in_a_case_is_refused_and_an_extension_counts() -> None:
    for second in (False, True):
        books = stopped()
        if second:
            again = signed_by(asked(3, Action.EXTEND, duration_s=2 * DAYS), LI, CHEN)
            assert done(books, again).answer.status is AnswerStatus.EXECUTED
            once_more = again.model_copy(update={"request_id": UUID(int=1)})
            signed = signed_by(once_more, LI, CHEN)
            assert "2 times at most" in (done(books, signed).answer.reason or "")
        said = []
        for number in range(2):
            later = NOW + (number + 1) * 49 * HOUR
            stop = request(10 + number, hold_id=UUID(int=10 + number), attempt=2 + number, match=None)
            said.append(done(books, ordered(stop.model_copy(update={"void_after": later + HOUR})), later).answer.status)
        expected = [AnswerStatus.REFUSED] * 2 if second else [AnswerStatus.EXECUTED, AnswerStatus.REFUSED]
        assert said == expected


def test_a_freeze_is_renewed_as_often_as_the_law_has_it() -> None:
    books = frozen()
    renewals = [signed_by(asked(n, Action.RENEW, duration_s=DAYS), LI, CHEN, paper=PAPER) for n in range(3, 7)]
    said = [done(books, renewal).answer.status for renewal in renewals]
    assert said == [AnswerStatus.EXECUTED] * 3 + [AnswerStatus.REFUSED]


@pytest.mark.parametrize("duration_s", [10**12, 10**18])
def test_a_time_beyond_the_calendar_ends_no_member(duration_s: int) -> None:
    for action in (Action.DELAY, Action.STOP, Action.EXTEND, Action.FREEZE, Action.RENEW, Action.REDUCE):
        endless = asked(3, action, duration_s=duration_s)
        for authority in (endless, signed_by(endless, LI, CHEN, paper=PAPER), mandated(endless, EASES)):
            answer = done(stopped(), authority).answer
            assert answer.until is None or answer.until <= NOW + 48 * HOUR


def test_a_mandate_with_a_cap_beyond_all_amounts_ends_no_member() -> None:
    endless = mandate(caps=Caps(currency="CNY", per_hold=10**18, per_account=10**18, per_day=10**18))
    answer = done(bank(), mandated(request(), endless)).answer
    assert "it wants one more officer" in (answer.reason or "")


@pytest.mark.parametrize(("action", "fields"), [(Action.RELEASE, {}), (Action.REDUCE, {"amount": yuan(1)})])
@pytest.mark.parametrize("prolonged", [Action.EXTEND, Action.FREEZE])
def test_what_was_void_before_a_hold_was_prolonged_lets_go_of_nothing(
    prolonged: Action, action: Action, fields: dict[str, Any]
) -> None:
    """A hub could keep it back until then."""
    books = frozen() if prolonged is Action.FREEZE else stopped()
    if prolonged is Action.EXTEND:
        assert done(books, signed_by(asked(2, Action.EXTEND, duration_s=2 * DAYS), LI, CHEN)).entries
    before = held(books)
    late = signed_by(asked(3, action, void_after=NOW, **fields), LI, CHEN)
    assert "order it anew" in (done(books, late).answer.reason or "")
    assert held(books) == before


def test_what_lets_go_is_heard_however_late_and_nothing_else_is() -> None:
    late: dict[str, Any] = {"void_after": NOW}
    acts: list[tuple[Action, dict[str, Any], bool]] = [
        (Action.EXTEND, {"duration_s": 2 * DAYS}, False),
        (Action.REDUCE, {"amount": HALF}, True),
        (Action.RELEASE, {}, True),
    ]
    for action, over, goes in acts:
        books = stopped()
        answer = done(books, signed_by(asked(3, action, **late, **over), LI, CHEN)).answer
        assert (answer.status is AnswerStatus.EXECUTED) is goes, action
    assert "was void" in (done(bank(), ordered(request(**late))).answer.reason or "")


def test_a_clock_that_was_set_back_opens_no_hold_and_brings_none_back() -> None:
    books = stopped()
    assert books.ledger.free(MULE, NOW - HOUR) == 0
    assert done(books, ordered(asked(2, Action.RELEASE))).answer.status is AnswerStatus.EXECUTED
    assert books.ledger.free(MULE, NOW - HOUR) == 500_000


def test_a_delay_of_payments_elsewhere_is_ended_by_its_id_alone() -> None:
    books = bank([Moved("T00000003", Way.OUT, MULE, 1, NOW - HOUR, other=ELSEWHERE)])
    payment = Moved("T00000004", Way.OUT, MULE, 1, NOW, other=ELSEWHERE)
    about: dict[str, Any] = {"target": account(ELSEWHERE.number)}
    for number in (1, 2):
        done(books, asked(number, Action.DELAY, hold_id=UUID(int=number), **about))
    for number, goes in ((3, False), (1, True), (1, False)):
        release = asked(10 + number, Action.RELEASE, hold_id=UUID(int=number), **about)
        assert (done(books, release).answer.status is AnswerStatus.EXECUTED) is goes
        with pytest.raises(PaymentRefused, match="delayed"):
            books.ledger.pay(payment)
    done(books, asked(12, Action.RELEASE, hold_id=UUID(int=2), **about))
    assert books.ledger.pay(payment)


def spent(count: int, **over: Any) -> list[Moved]:
    payee = "漢" * 200
    fields = {"means": OutflowType.TRANSFER, "other": ELSEWHERE, "payee": payee, **over}
    return [Moved(f"P{n}", Way.OUT, MULE, 1, NOW - HOUR + timedelta(seconds=n), **fields) for n in range(count)]


def test_the_payment_that_matters_is_not_hidden_behind_many_of_a_cent() -> None:
    great = Moved("T00000009", Way.OUT, MULE, 400_000, NOW - HOUR / 2, other=ELSEWHERE)
    answer = done(bank([*spent(250), great]), ordered(request())).answer
    assert (len(answer.outflows), answer.outflows[-1].amount.minor) == (200, 400_000)
    assert [outflow.time for outflow in answer.outflows] == sorted(outflow.time for outflow in answer.outflows)


def test_long_names_make_no_answer_that_the_hub_refuses() -> None:
    known, key = registry(), X25519PrivateKey.from_private_bytes(b"k" * 32).public_key().public_bytes_raw()
    holder = known.member(BANK)
    assert holder is not None
    known.apply(BANK, holder.model_copy(update={"routes": [ELSEWHERE.route], "seal_key": encode(key)}))
    books = bank(spent(250, place="漢" * 600), TOKENS.rotated())
    made = handle(ordered(request()), books, known, CN, NOW)
    answer = naming.seal_outflows(made.answer, made.payees, known)
    assert all(outflow.payee_name for outflow in answer.outflows)
    event = {"type": "", "time": "", "data": answer.model_dump(mode="json", exclude_none=True)}
    assert len(orjson.dumps(event)) < MAX_EVENT_BYTES - 1000
    assert len(content_of(event)) < MAX_CONTENT - 1000


@pytest.mark.parametrize(("place", "told"), [("Bar\x07 21", "Bar  21"), ("x" * 600, "x" * 100), ("\n", None)])
def test_what_a_shop_calls_its_place_keeps_no_answer_from_being_given(place: str, told: str | None) -> None:
    books = bank([Moved("T00000003", Way.OUT, MULE, 1, NOW - HOUR / 2, means=OutflowType.POS, place=place)])
    answer: Answer = done(books, ordered(request())).answer
    assert (answer.status, answer.outflows[0].place) == (AnswerStatus.PARTIAL, told)


def test_a_hold_of_an_older_journal_is_read() -> None:
    hold = Held("h", "r", "c", MULE, Measure.STOP, 1, "u", NOW, NOW + HOUR, extended=1)
    old = {key: value for key, value in msgspec.to_builtins(hold).items() if key not in ("extended", "renewed")}
    assert bank().decode(msgspec.json.encode(old)) == msgspec.structs.replace(hold, extended=0)
