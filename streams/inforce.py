"""Events that name things by no epoch in force: correlated they would lead to nothing, and so their member is told.

Only where the alliance has rotated its token key. Must never refuse what another reader takes on: a victim report
counts with the casebook by any name, and a withdrawal names its event as that was named.
"""

from __future__ import annotations

from collections.abc import Sequence

from alliance import metrics
from alliance.admission import Accepted, Admitted
from schemas.alerts import VictimReport
from schemas.reasons import REMEDY, Reason
from schemas.receipts import Refusal
from streams.core.alert import Alert


def refuse_over(admitted: Admitted, made: list[list[Alert]], epochs: tuple[str, ...]) -> None:
    """Take from the accepted events, and from the alerts that were made of each, what names by none of these epochs
    alone; `epochs` as tokens begin."""
    over = {at for at, alerts in enumerate(made) if alerts and not _names_by(alerts, epochs)}
    if not over:
        return
    metrics.EPOCH_OVER.inc(len(over))
    places = _places(admitted)
    gone = {at for at in over if not isinstance(admitted.accepted[at].event.data, VictimReport)}
    admitted.refusals += [_refusal(places[at], admitted.accepted[at], epochs) for at in sorted(gone)]
    admitted.accepted[:] = [each for at, each in enumerate(admitted.accepted) if at not in gone]
    made[:] = [each for at, each in enumerate(made) if at not in gone]


def _names_by(alerts: Sequence[Alert], epochs: tuple[str, ...]) -> bool:
    """A state key is a letter and the token. What names nothing is another's to judge."""
    keys = [named.key for alert in alerts for named in alert.named]
    return not keys or any(key.startswith(epochs, 1) for key in keys)


def _places(admitted: Admitted) -> list[int]:
    """Where in the bundle each accepted event stood."""
    refused = {refusal.index for refusal in admitted.refusals}
    return [at for at in range(len(admitted.accepted) + len(refused)) if at not in refused]


def _refusal(place: int, accepted: Accepted, epochs: tuple[str, ...]) -> Refusal:
    names = " or ".join(epoch.rstrip(":") for epoch in epochs)
    detail = f"tokens: none is of an epoch in force, {names}: take the token key, start anew, and send under a new id"
    return Refusal(
        index=place,
        event_id=accepted.event.id,
        reason=Reason.INVALID_FIELD,
        detail=f"{detail}. {REMEDY[Reason.INVALID_FIELD]}",
    )
