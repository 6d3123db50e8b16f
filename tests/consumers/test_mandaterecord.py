"""Every signature under a mandate, and its end, is on record once."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import text

from schemas.decisions import RevokeMandate
from schemas.requests import Mandate
from tests.consumers.office import Office
from tests.consumers.test_inquiries import acts

pytestmark = pytest.mark.services


def about_mandates(office: Office) -> list[tuple[str, str]]:
    return [(act, subject) for act, subject in acts(office) if act.startswith("mandate")]


def contents(office: Office) -> list[str]:
    """SHA-256 of what each act on a mandate covers."""
    with office.engine.connect() as db:
        rows = db.scalars(text("select acts from audit order by number"))
        return [act[2] for row in rows for act in row if act[0].startswith("mandate ")]


def stored(office: Office, column: str) -> list[str]:
    with office.engine.connect() as db:
        return [sha256(each.encode()).hexdigest() for each in db.scalars(text(f"select {column} from mandate"))]


def slip_in(office: Office, mandate: Mandate) -> None:
    with office.engine.begin() as db:
        more = text("update mandate set signatures = signatures || '{d.e.f}' where mandate_id = :id")
        db.execute(more, {"id": mandate.mandate_id})


def test_a_mandate_is_on_record_as_it_is_signed_and_as_it_ends(office: Office) -> None:
    mandate = office.mandate()
    office.take()
    office.take()
    signed = ("mandate signed", str(mandate.mandate_id))
    assert about_mandates(office) == [signed]
    office.revoke(mandate)
    office.take()
    office.take()
    assert about_mandates(office) == [signed, ("mandate revoked", str(mandate.mandate_id))]
    assert contents(office)[1:] == stored(office, "revocation")
    slip_in(office, mandate)
    office.take()
    assert [act for act, _ in about_mandates(office)] == ["mandate signed", "mandate revoked", "mandate not believed"]
    assert office.is_audited()


def forged(office: Office, mandate: Mandate) -> str:
    return f"{office.sign({'reason': 'x'})[:-20]}{'A' * 20}"


def of_another(office: Office, mandate: Mandate) -> str:
    other = office.mandate(mandate_id=uuid4())
    return office.sign(RevokeMandate(mandate_id=other.mandate_id, reason="x", at=office.now).model_dump(mode="json"))


def by_another_unit(office: Office, mandate: Mandate) -> str:
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    said = RevokeMandate(mandate_id=mandate.mandate_id, reason="x", at=office.now)
    return office.sign(said.model_dump(mode="json"), "p101", "police-two")


@pytest.mark.parametrize("word", [forged, of_another, by_another_unit])
def test_an_end_that_no_officer_of_the_unit_has_signed_is_on_record_as_that(
    office: Office, word: Callable[[Office, Mandate], str]
) -> None:
    """As whoever writes to the table can have a mandate ended, and an officer blamed for it."""
    mandate = office.mandate()
    with office.engine.begin() as db:
        end = text("update mandate set revoked_at = :now, revocation = :word where mandate_id = :id")
        db.execute(end, {"now": office.now, "word": word(office, mandate), "id": mandate.mandate_id})
    office.take()
    ends = [one for one in about_mandates(office) if one[0] != "mandate signed"]
    assert ends == [("mandate's end not believed", str(mandate.mandate_id))]


def test_each_officers_signature_is_noted_as_it_comes(office: Office) -> None:
    mandate = office.mandate()
    office.take()
    with office.engine.begin() as db:
        again = text("update mandate set signatures = signatures || signatures[1] where mandate_id = :id")
        db.execute(again, {"id": mandate.mandate_id})
    office.take()
    assert about_mandates(office) == [("mandate signed", str(mandate.mandate_id))] * 2
    slip_in(office, mandate)
    office.take()
    assert contents(office) == stored(office, "unnest(signatures)")


def test_what_no_officer_signed_is_on_record_as_that(office: Office) -> None:
    slipped_in = uuid4()
    with office.engine.begin() as db:
        db.execute(
            text("insert into mandate (mandate_id, signatures, filed_at, begun) values (:id, '{d.e.f}', :now, true)"),
            {"id": slipped_in, "now": office.now},
        )
    office.take()
    assert about_mandates(office) == [("mandate not believed", str(slipped_in))]
