"""The payment that a holder must find in its books before it stops anything.

Pure. Source: an urgent stop matches name, account, amount and time; the name travels sealed.
"""

from __future__ import annotations

from alliance.profiles import Profile
from consumers.casebook.model import Reported
from schemas.alerts import ReportedTransfer
from schemas.answers import Outflow
from schemas.identifiers import Identifier
from schemas.requests import Match


def match_of(transfer: ReportedTransfer | None, profile: Profile) -> Match | None:
    """From what the victim told; None where it can not be compared with anything."""
    if transfer is None or not any((transfer.payer, transfer.serial, transfer.amount, transfer.time)):
        return None
    times = profile.stop
    tolerance = times.approximate_tolerance_s if transfer.time_approximate else times.tolerance_s
    return Match(
        payer=transfer.payer,
        serial=transfer.serial,
        amount=transfer.amount,
        time=transfer.time,
        tolerance_s=tolerance.value,
    )


def matches(report: Reported, profile: Profile) -> list[Match | None]:
    """One for each payment that the report names, the greatest first."""
    return [match_of(paid.transfer, profile) for paid in report.payments] or [None]


def match_of_outflow(payer: Identifier, outflow: Outflow, profile: Profile) -> Match:
    """From what the bank before saw leave."""
    return Match(
        payer=payer,
        serial=outflow.serial,
        amount=outflow.amount,
        time=outflow.time,
        tolerance_s=profile.stop.tolerance_s.value,
    )
