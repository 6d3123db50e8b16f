"""The bounds of a mandate that only the holder can check: how much it holds under it, on an account and in a day.

What waits in the queue counts as if it were held: its turn may come.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from producers.reference.entries import Held, Queued
from producers.reference.ledger import Ledger
from schemas.requests import Mandate


def over_mandate(ledger: Ledger, account: str, mandate: Mandate | None, amount: int, now: datetime) -> str | None:
    """Why holding `amount` more would exceed the mandate; None if it does not, or if there is none."""
    if mandate is None:
        return None
    ordered: list[Held | Queued] = [*ledger.holds.values(), *ledger.waiting.values()]
    held = [order for order in ordered if order.mandate == str(mandate.mandate_id)]
    on_account = sum(hold.amount for hold in held if hold.account == account and hold.until > now)
    if on_account + amount > mandate.caps.per_account:
        return f"the account would be held above the mandate's cap of {mandate.caps.per_account}"
    # What was let go since has been stopped all the same.
    today = sum(max(order.amount, _begun(order)) for order in held if order.at > now - timedelta(days=1))
    if today + amount > mandate.caps.per_day:
        return f"the day would be above the mandate's cap of {mandate.caps.per_day}"
    return None


def _begun(order: Held | Queued) -> int:
    return order.begun if isinstance(order, Held) else order.amount
