"""From which account victims say that they paid: by one name, whichever of its names each report has for it.

Holders' aliases, and names under other token epochs, matter only where two reports may tell of one payment: most turns
ask for none.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from consumers.casebook.money import aliases
from consumers.casebook.money.accounts import Accounts
from consumers.casebook.turn import Turn
from schemas.alerts import ReportedTransfer
from schemas.base import Money

Told = tuple[UUID, ReportedTransfer]
"""A payment, behind the report that tells of it."""


def accounts(turn: Turn, told: Iterable[Told]) -> Accounts:
    """The payers' accounts."""
    by_tokens = Accounts()
    paid = [(report, transfer, transfer.payer) for report, transfer in told if transfer.payer]
    for _, _, payer in paid:
        by_tokens.join(payer.tokens)
    reports: dict[Money | None, set[UUID]] = {}
    names: dict[Money | None, set[str]] = {}
    for report, transfer, payer in paid:
        reports.setdefault(transfer.amount, set()).add(report)
        names.setdefault(transfer.amount, set()).add(by_tokens.of(payer.tokens[0]))
    if any(min(len(reports[amount]), len(names[amount])) > 1 for amount in names):
        return aliases.accounts(turn, [payer for _, _, payer in paid])
    return by_tokens
