"""Every signature under a mandate, and its end, is on record once."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.consumers.office import Office
from tests.consumers.test_inquiries import acts

pytestmark = pytest.mark.services


def about_mandates(office: Office) -> list[tuple[str, str]]:
    return [(act, subject) for act, subject in acts(office) if act.startswith("mandate ")]


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
    assert office.is_audited()


def test_each_officers_signature_is_noted_as_it_comes(office: Office) -> None:
    mandate = office.mandate()
    office.take()
    with office.engine.begin() as db:
        again = text("update mandate set signatures = signatures || signatures[1] where mandate_id = :id")
        db.execute(again, {"id": mandate.mandate_id})
    office.take()
    assert about_mandates(office) == [("mandate signed", str(mandate.mandate_id))] * 2


def test_what_no_officer_signed_is_on_record_as_that(office: Office) -> None:
    slipped_in = uuid4()
    with office.engine.begin() as db:
        db.execute(
            text("insert into mandate (mandate_id, signatures, filed_at, begun) values (:id, '{d.e.f}', :now, true)"),
            {"id": slipped_in, "now": office.now},
        )
    office.take()
    assert about_mandates(office) == [("mandate not believed", str(slipped_in))]
