"""`afa mandate`: a second officer signs later, nothing is asked before that, and it ends by an officer's word alone."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from consumers.casebook import agenda
from schemas.requests import AuthorityClass
from tests.afa.desk import Desk
from tests.consumers.facts import account
from tests.consumers.test_signatures import waiting

pytestmark = pytest.mark.services
ADD = ("mandate", "add", "--legal-basis", "art. 20", "--per-hold", "1000000", "--per-account", "1000000")
WHY = ("--reason", "the campaign is over")


def filed(desk: Desk, *over: str) -> str:
    code, (view,), _ = desk.afa(*ADD, *over, signer="p100")
    assert code == 0
    return str(view["mandate"]["mandate_id"])


def test_a_second_officer_signs_later_and_nothing_is_asked_before_that(desk: Desk) -> None:
    assert "names too few officers" in desk.afa(*ADD, signer="p100")[2]
    code, (view,), told = desk.afa(*ADD, "--later", "p101", signer="p100")
    assert (code, len(view["signatures"]), view["mandate"]["officers"]) == (0, 1, ["p100", "p101"])
    assert "it wants one more officer" in told
    stop = waiting(desk.office)
    assert (stop.authority, stop.missing) == (AuthorityClass.POLICE_ORDER, "an officer")
    sign = ("mandate", "sign", view["mandate"]["mandate_id"])
    assert "adds nothing" in desk.afa(*sign, signer="p100")[2]
    assert "whom it does not name" in desk.afa(*sign, signer="p200")[2]
    code, (signed,), told = desk.afa(*sign, signer="p101")
    assert (code, len(signed["signatures"]), "it is in force" in told) == (0, 2, True)
    assert "adds nothing" in desk.afa(*sign, signer="p101")[2]
    desk.office.registry_changed()
    (sent,) = desk.office.deliver()
    assert (sent.request_id, len(sent.authority.mandate)) == (stop.request_id, 2)


def test_a_later_signature_is_seen_by_the_casebook(desk: Desk) -> None:
    mandate_id = filed(desk, "--later", "p101")
    with desk.office.engine.connect() as db:
        before = agenda.look(db).mandates
    desk.office.pass_time(seconds=1)
    desk.afa("mandate", "sign", mandate_id, signer="p101")
    with desk.office.engine.connect() as db:
        assert agenda.look(db).mandates != before


def test_a_mandate_is_revoked_by_an_officer_of_its_unit(desk: Desk) -> None:
    desk.office.registry.apply("police-two", desk.office.police("p101", unit="police-two"))
    desk.enrol("police-two", "p101")
    mandate_id = filed(desk, "--per-hold", "1000")
    other = desk.afa("mandate", "revoke", mandate_id, *WHY, "--as", "police-two", "--officer", "p101")
    assert (other[0], "police-one, which alone revokes it" in other[2]) == (1, True)
    code, (view,), _ = desk.afa("mandate", "revoke", mandate_id, *WHY, signer="p200")
    assert (code, bool(view["revoked_at"])) == (0, True)
    assert waiting(desk.office, mule=account()).authority is AuthorityClass.POLICE_ORDER
    code, _, told = desk.afa("mandate", "revoke", mandate_id, *WHY, signer="p200")
    assert (code, "no mandate" in told) == (1, True)


def test_the_database_ends_no_mandate_by_nobodys_word(desk: Desk) -> None:
    filed(desk, "--per-hold", "1000")
    with pytest.raises(IntegrityError, match="revoked_by_an_officer"), desk.office.engine.begin() as db:
        db.execute(text("update mandate set revoked_at = now()"))
