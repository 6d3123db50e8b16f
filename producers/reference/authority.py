"""Whether a request may be carried out: the member verifies the police's own signature.

Nobody else's word counts: the hub passes requests on and could forge one, but has no officer's key. Pure but for the
registry that it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from alliance.errors import AfaError, Refused
from alliance.keys.signatures import BadSignature, verify_object
from alliance.officers import officer_of
from alliance.registry import Registry
from schemas.requests import NEEDS_POLICE, Action, AuthorityClass, Mandate, Request

_EASES = frozenset({Action.RELEASE, Action.REDUCE})


class NotProven(AfaError):
    """The request's authority does not verify; the message says why, in words fit for the answer."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What stands behind a request: a police unit's order or mandate, or (both empty) the asker's word alone."""

    unit: str = ""
    mandate: Mandate | None = None

    @property
    def police(self) -> bool:
        return bool(self.unit)


def prove(request: Request, registry: Registry, now: datetime) -> Proof:
    """Raises NotProven. Alliance time `now` decides which keys and mandates are valid."""
    kind = request.authority.authority
    if kind is AuthorityClass.POLICE_ORDER:
        return Proof(_ordered(request, registry, now))
    if kind is AuthorityClass.MANDATE:
        mandate = _mandated(request, registry, now)
        return Proof(mandate.unit, mandate)
    if request.action in NEEDS_POLICE:
        raise NotProven(f"{request.action.value} needs a police order or a mandate, and this is a {kind.value}")
    return Proof()


def _ordered(request: Request, registry: Registry, now: datetime) -> str:
    unit, officer, signed = _signed(request.authority.order, "order", registry, now)
    if request.authority.unit != unit:
        raise NotProven("the order is signed by an officer of another unit than the request names")
    if request.authority.officers and officer not in request.authority.officers:
        raise NotProven("the order is signed by an officer whom the request does not name")
    if signed != request.order_text():
        raise NotProven("the signed order says something else than the request")
    return unit


def _mandated(request: Request, registry: Registry, now: datetime) -> Mandate:
    unit, officer, signed = _signed(request.authority.mandate, "mandate", registry, now)
    try:
        mandate = Mandate.model_validate_json(orjson.dumps(signed))
    except ValidationError as error:
        raise NotProven("what is signed as the mandate is none") from error
    if not unit == mandate.unit == request.authority.unit or officer not in mandate.officers:
        raise NotProven("the mandate is signed by someone else than the unit and the officers that it names")
    if reason := _out_of_bounds(request, mandate, now):
        raise NotProven(reason)
    return mandate


def _out_of_bounds(request: Request, mandate: Mandate, now: datetime) -> str | None:
    if not mandate.valid_from <= now < mandate.valid_to:
        return "the mandate is not in force"
    if request.action in _EASES and mandate.release_at_once:
        return None
    if request.action not in mandate.actions:
        return f"the mandate does not cover {request.action.value}"
    if mandate.report_required and request.authority.covered_by is None:
        return "the mandate covers reported cases only, and the request names no report"
    if request.hop > mandate.max_hop:
        return f"the mandate ends at hop {mandate.max_hop}"
    if request.amount is None or request.amount.currency != mandate.caps.currency:
        return "the mandate is bounded in its currency, and the request names no amount in it"
    if request.amount.minor > mandate.caps.per_hold:
        return f"the amount is above the mandate's cap of {mandate.caps.per_hold} a hold"
    if request.duration_s is None or request.duration_s > mandate.duration_s:
        return f"the mandate allows {mandate.duration_s} s at most"
    return None


def _signed(jws: str | None, what: str, registry: Registry, now: datetime) -> tuple[str, str, object]:
    """The police unit, the officer and the object they signed."""

    def key(kid: str) -> Ed25519PublicKey | None:
        return registry.key(kid, now)

    try:
        kid, signed = verify_object(jws or "", key)
        unit, officer = officer_of(kid, registry)
    except BadSignature as error:
        raise NotProven(f"the {what} does not verify ({error})") from error
    except Refused as error:
        raise NotProven(f"the {what} does not count: {error}") from error
    return unit, officer, signed
