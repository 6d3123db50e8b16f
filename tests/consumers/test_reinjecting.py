"""What officers have put back from the quarantine: on record once it is judged, by an officer of police alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from alliance.errors import Refused
from consumers.casebook.authority import reinjecting
from consumers.casebook.tables import Outbox
from schemas.receipts import TO_MEMBER
from schemas.reinjection import Reinject, Reinjected
from tests.consumers import facts
from tests.consumers.office import Office
from tests.consumers.test_inquiries import acts
from tests.consumers.test_signatures import leaves

pytestmark = pytest.mark.services

PLACE = "suspicious-account/2/113"


def word(office: Office, **over: Any) -> Reinject:
    said = {"topic": "suspicious-account", "partition": 2, "offset": 113, "member": "bank-one", "bundle": "0" * 64}
    return Reinject.model_validate({**said, "reason": "a wrong rule", "at": office.now, **over})


def judged(office: Office, said: Reinject, kid: str = "police-one/p100/k1", by: str = "p100") -> str | None:
    with office.engine.begin() as db:
        number = reinjecting.file_reinjection(db, said, office.keys[by], kid, office.now)
    with office.engine.connect() as db:
        assert reinjecting.judgement(db, number) is None
    office.take()
    with office.engine.connect() as db:
        found = reinjecting.judgement(db, number)
    assert found is not None
    return found.refusal


def refused(office: Office, statement: str) -> str:
    with office.engine.connect() as db, pytest.raises(DBAPIError) as error:
        db.execute(text(statement))
    return str(error.value.orig)


def test_an_officers_word_is_on_record_by_the_place_of_the_bundle(office: Office) -> None:
    assert judged(office, word(office)) is None
    assert acts(office)[-1] == ("reinjection verified", PLACE)
    assert office.is_audited()


def test_its_member_is_told_once_and_of_nothing_that_was_refused(office: Office) -> None:
    assert judged(office, word(office, at=office.now - timedelta(minutes=1))) is None
    assert judged(office, word(office, offset=114), "police-one/p101/k1") is not None
    assert "no member" in (judged(office, word(office, offset=115, member="bank-nobody")) or "")
    with office.engine.connect() as db:
        [(member, value)] = db.execute(select(Outbox.member, Outbox.value)).all()
    told = TO_MEMBER.validate_json(value)
    said = {"topic": "suspicious-account", "partition": 2, "offset": 113, "reason": "a wrong rule", "at": office.now}
    assert (member, told) == ("bank-one", Reinjected.model_validate(said))


def test_the_same_word_is_filed_once(office: Office) -> None:
    assert judged(office, word(office)) is None
    with pytest.raises(Refused, match="filed before"):
        judged(office, word(office))


@pytest.mark.parametrize("kid", ["police-one/p101/k1", "bank-one/p100/k1", "police-one/k1"])
def test_what_no_officer_of_police_has_signed_is_refused_and_that_is_on_record(office: Office, kid: str) -> None:
    assert "does not verify" in (judged(office, word(office), kid) or "")
    assert acts(office)[-1] == ("reinjection refused", PLACE)


def test_an_officer_who_has_left_puts_nothing_back(office: Office) -> None:
    leaves(office, "p100")
    assert "does not verify" in (judged(office, word(office)) or "")


def test_an_officer_of_another_sector_puts_nothing_back(office: Office) -> None:
    officers = office.police("p100").officers
    office.registry.apply("bank-one", facts.member("bank-one").model_copy(update={"officers": officers}))
    assert judged(office, word(office), "bank-one/p100/k1") is not None


def test_a_word_on_another_bundle_or_on_something_else_puts_nothing_back(office: Office) -> None:
    for signed, why in (
        (word(office, offset=114).model_dump(mode="json"), "on another bundle"),
        ({"kind": "reveal"}, "puts no bundle back"),
    ):
        with office.engine.begin() as db:
            filed = text("insert into reinjection (place, jws, filed_at) values (:place, :jws, :now) returning number")
            values = {"place": PLACE, "jws": office.sign(signed), "now": office.now}
            number = db.execute(filed, values).scalar_one()
        office.take()
        with office.engine.connect() as db:
            found = reinjecting.judgement(db, number)
        assert found is not None and why in (found.refusal or "")


def test_the_database_refuses_any_change_and_any_early_end(office: Office) -> None:
    assert judged(office, word(office)) is None
    for change in ("place = 'x'", "jws = 'x'", "judged_at = null", "refusal = 'x'", "filed_at = now()"):
        assert "stays as it is" in refused(office, f"update reinjection set {change}")
    assert "not past its time" in refused(office, "delete from reinjection")
    assert "append-only" in refused(office, "truncate reinjection")
