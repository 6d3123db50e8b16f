"""What to do about one request, in the order that the law needs: whose is it, who allows it, is it still to be done.

Pure: books, registry, law and alliance time in; the answer, and what the books take with it, out.
"""

from __future__ import annotations

from datetime import datetime

from alliance.profiles import Profile
from alliance.registry import Registry
from producers.reference.authority import EASES, NotProven, prove
from producers.reference.decision import Decided, Stub, refused
from schemas.requests import Request

__all__ = ["Decided", "handle"]


def handle(request: Request, stub: Stub, registry: Registry, profile: Profile, now: datetime) -> Decided:
    """Decide; nothing is changed. A request that was answered before must not come here again."""
    if request.to != stub.member:
        return refused(request, "the request is addressed to another member")
    try:
        proof = prove(request, registry, profile, now)
    except NotProven as error:
        return refused(request, str(error)[:500])
    # What lets go is heard however late: a holder is not held for the night in which its bank did not read its mail.
    if now >= request.void_after and request.action not in EASES:
        return refused(request, "the request was void before it came")
    return stub.decide(request, proof, now)
