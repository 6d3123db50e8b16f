"""Whether a request may be carried out: the member verifies the police's own signatures, by the law that it knows.

Nobody else's word counts: the hub passes requests on and could forge one, but has no officer's key. Pure but for the
registry that it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from alliance import authority
from alliance.authority import Signer
from alliance.errors import AfaError, Refused
from alliance.profiles import Profile
from alliance.profiles.model import ReleaseRule
from alliance.registry import Registry
from schemas.requests import Action, AuthorityClass, Mandate, Request

EASES = frozenset({Action.RELEASE, Action.REDUCE})


class NotProven(AfaError):
    """The request's authority does not verify; the message says why, in words fit for the answer."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What stands behind a request: a police unit's order or mandate, or (both empty) the asker's word alone; and the
    `law` by which a hold may be let go on that word."""

    unit: str = ""
    mandate: Mandate | None = None
    law: ReleaseRule | None = None
    by_name: bool = False
    """Whether the law has the account's name compared before a stop."""
    stops: int = 0
    """How often the law has an account stopped in one case; an extension counts as one."""
    renewals: int = 0
    """How often it has a freeze renewed."""
    ended: bool = False
    """Whether the mandate was over before the request came: only what lets go is heard then."""

    @property
    def police(self) -> bool:
        return bool(self.unit)


def prove(request: Request, registry: Registry, profile: Profile, now: datetime) -> Proof:
    """Raises NotProven. Alliance time `now` decides which keys and mandates are valid."""
    kind = request.authority.authority
    if not authority.allows(profile, request.action, kind):
        raise NotProven(_not_by(request, profile))
    if why := authority.too_long(profile, request.action, request.duration_s):
        raise NotProven(why)
    if kind is AuthorityClass.POLICE_ORDER:
        return _proof(_ordered(request, registry, profile, now), None, profile)
    if kind is AuthorityClass.MANDATE:
        mandate = _mandated(request, registry, profile, now)
        return replace(_proof(mandate.unit, mandate, profile), ended=now >= mandate.valid_to)
    return Proof(law=profile.release)


def _proof(unit: str, mandate: Mandate | None, profile: Profile) -> Proof:
    renewals = profile.freeze.renewals.value if profile.freeze else 0
    stop = profile.stop
    return Proof(unit, mandate, by_name=stop.match_name.value, stops=stop.most.value, renewals=renewals)


def _not_by(request: Request, profile: Profile) -> str:
    rule = profile.authority.get(request.action)
    needed = " or ".join(f"a {kind.value}" for kind in rule.by.value) if rule else "a law that allows it"
    return f"{request.action.value} needs {needed}, and this is a {request.authority.authority.value}"


def _ordered(request: Request, registry: Registry, profile: Profile, now: datetime) -> str:
    signers, signed = _signed(request, request.authority.orders, "order", registry, now)
    if any(signer.officer not in request.authority.officers for signer in signers):
        raise NotProven("the order is signed by an officer whom the request does not name")
    if signed != request.order_text():
        raise NotProven("the signed order says something else than the request")
    if wanting := authority.missing(profile, request.action, request.amount, signers):
        raise NotProven(f"the order is not signed by enough officers: it wants {wanting}")
    on_paper = profile.freeze is not None and profile.freeze.document.value
    if on_paper and request.action in (Action.FREEZE, Action.RENEW) and not request.authority.document_hash:
        raise NotProven(f"a {request.action.value} comes with paper, and the request names none")
    return signers[0].unit


def _mandated(request: Request, registry: Registry, profile: Profile, now: datetime) -> Mandate:
    signers, signed = _signed(request, request.authority.mandate, "mandate", registry, now)
    try:
        mandate = Mandate.model_validate_json(orjson.dumps(signed))
    except ValidationError as error:
        raise NotProven("what is signed as the mandate is none") from error
    if signers[0].unit != mandate.unit or any(signer.officer not in mandate.officers for signer in signers):
        raise NotProven("the mandate is signed by someone else than the unit and the officers that it names")
    if wanting := authority.missing_of_mandate(profile, mandate, signers):
        raise NotProven(f"the mandate is not signed by enough officers: it wants {wanting}")
    if reason := _out_of_bounds(request, mandate, profile, now):
        raise NotProven(reason)
    return mandate


def _out_of_bounds(request: Request, mandate: Mandate, profile: Profile, now: datetime) -> str | None:
    eases = request.action in EASES and mandate.release_at_once
    # As with an order, what lets go is heard however late.
    if now < mandate.valid_from or (now >= mandate.valid_to and not eases):
        return "the mandate is not in force"
    if eases:
        return None
    if request.action not in mandate.actions:
        return f"the mandate does not cover {request.action.value}"
    reported = mandate.report_required or profile.mandate.report_required.value
    if reported and request.authority.covered_by is None:
        return "a mandate covers reported cases only, and the request names no report"
    if request.hop > mandate.max_hop:
        return f"the mandate ends at hop {mandate.max_hop}"
    if request.amount is None or request.amount.currency != mandate.caps.currency:
        return "the mandate is bounded in its currency, and the request names no amount in it"
    if request.amount.minor > mandate.caps.per_hold:
        return f"the amount is above the mandate's cap of {mandate.caps.per_hold} a hold"
    if request.duration_s is None or request.duration_s > mandate.duration_s:
        return f"the mandate allows {mandate.duration_s} s at most"
    return None


def _signed(
    request: Request, signatures: Sequence[str], what: str, registry: Registry, now: datetime
) -> tuple[list[Signer], dict[str, Any]]:
    """The officers, of the one unit that the request names, and the one thing that each of them signed."""
    try:
        found = [authority.verified(jws, what, registry, now) for jws in signatures or [""]]
    except Refused as error:
        raise NotProven(str(error)) from error
    if any(signer.unit != request.authority.unit for signer, _ in found):
        raise NotProven(f"the {what} is signed by an officer of another unit than the request names")
    if any(signed != found[0][1] for _, signed in found):
        raise NotProven(f"the signatures of the {what} are not over the same text")
    return [signer for signer, _ in found], found[0][1]
