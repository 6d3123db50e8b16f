"""What became of a fuzzer's input, in words: for the table at the end of a run, and to tell the fuzzer what is new."""

from __future__ import annotations

from collections import Counter

from alliance.admission import Admitted
from schemas.reasons import Reason
from schemas.receipts import Refusal

_WITH_PLACES = (Reason.UNKNOWN_FIELD, Reason.INVALID_FIELD, Reason.BAD_SIGNATURE)


def outcomes(admitted: Admitted) -> set[str]:
    """Kinds of which an event was accepted, and reasons for which the bundle or an event was refused."""
    accepted = {f"accepted {accepted.event.data.kind}" for accepted in admitted.accepted}
    return accepted | {f"refused {_what(refusal)} {refusal.reason.value}" for refusal in admitted.refusals}


def places(admitted: Admitted) -> set[str]:
    """Where an event or a signature is not what the contract says: of what is no Python a fuzzer sees no branches."""
    return {_place(refusal) for refusal in admitted.refusals if refusal.reason in _WITH_PLACES}


def _what(refusal: Refusal) -> str:
    return "bundle" if refusal.index is None else "event"


def _place(refusal: Refusal) -> str:
    place, _, message = refusal.detail.partition(": ")
    # An unknown field may have any name: what holds it is what counts.
    return place.rpartition(".")[0] if refusal.reason is Reason.UNKNOWN_FIELD else f"{place} {message[:30]}"


def table(inputs: int, seen: Counter[str]) -> str:
    """What a reader needs to see that not everything fell at the first check."""
    rows = [f"  {count:>10,}  {name}" for name, count in sorted(seen.items())]
    met = {Reason(name.rsplit(" ", 1)[1]) for name in seen if name.startswith("refused")}
    # Two contents under one id are found by the correlation, which remembers.
    unmet = sorted(set(Reason) - met - {Reason.CONFLICT})
    missing = f"Reasons never met: {', '.join(unmet)}" if unmet else "Every reason was met"
    return "\n".join([f"{inputs:,} bundles, among which with an event or as a whole", *rows, missing])
