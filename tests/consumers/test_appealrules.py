"""Which appeals are heard, to the second; and that nobody who had a hand in a hold reviews it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alliance import profiles
from alliance.errors import Refused
from alliance.keys.signatures import sign_object
from consumers.casebook.lifecycle import HOLD_ENDS
from consumers.casebook.objections.appealrules import check_reviewer, inadmissible
from schemas.requests import Authority, AuthorityClass, HoldStatus
from tests.consumers.facts import NOW, mandate

CN = profiles.load("cn")
LAST = NOW + timedelta(seconds=CN.appeal.file_s.value)
KEY = Ed25519PrivateKey.generate()


@dataclass
class Hold:
    status: str = "active"
    since: datetime = NOW


def ordered(*officers: str, signed_by: str) -> Authority:
    jws = sign_object(KEY, f"police-one/{signed_by}/k1", {})
    kind = AuthorityClass.POLICE_ORDER
    return Authority(authority=kind, unit="police-one", officers=list(officers), orders=[jws])


def under_mandate(*officers: str, signed_by: str) -> Authority:
    said = mandate(officers=list(officers)).model_dump(mode="json")
    jws = sign_object(KEY, f"police-one/{signed_by}/k1", said)
    return Authority(authority=AuthorityClass.MANDATE, unit="police-one", mandate=[jws])


def test_an_appeal_is_heard_to_the_last_second() -> None:
    assert inadmissible(Hold(), LAST, heard=False, profile=CN) is None
    assert inadmissible(Hold(), LAST + timedelta(seconds=1), heard=False, profile=CN) is not None
    assert inadmissible(Hold(), LAST, heard=True, profile=CN) is not None


@pytest.mark.parametrize("status", HoldStatus)
def test_only_what_has_not_ended_is_appealed_against(status: HoldStatus) -> None:
    refused = inadmissible(Hold(status.value), NOW, heard=False, profile=CN) is not None
    assert refused is (status in HOLD_ENDS)


@pytest.mark.parametrize(
    ("authority", "officers"),
    [
        (ordered("p1", "p2", signed_by="p1"), ("p1", "p2")),
        (ordered(signed_by="p1"), ("p1",)),
        (under_mandate("p1", "p2", signed_by="p1"), ("p1", "p2")),
        (under_mandate("p2", signed_by="p1"), ("p1", "p2")),
    ],
)
def test_who_is_named_and_who_signed_do_not_review(authority: Authority, officers: tuple[str, ...]) -> None:
    for officer in officers:
        with pytest.raises(Refused, match=f"{officer} of police-one authorised the hold"):
            check_reviewer(("police-one", officer), [ordered("p9", signed_by="p9"), authority])
    check_reviewer(("police-one", "p3"), [authority])
    check_reviewer(("police-two", "p1"), [authority])
