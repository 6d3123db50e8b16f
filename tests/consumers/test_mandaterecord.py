"""Every signature under a mandate, and its end, is on record once."""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import text

from schemas.requests import Mandate
from tests.consumers.office import Office
from tests.consumers.test_inquiries import acts

pytestmark = pytest.mark.services


def about_mandates(office: Office) -> list[tuple[str, str]]:
    return [(act, subject) for act, subject in acts(office) if act.startswith("mandate ")]


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
