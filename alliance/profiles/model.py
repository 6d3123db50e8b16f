"""What a profile says, section by section; what a section leaves out is not allowed at the place.

The docstring of each field is what docs/profiles.md says of it. Durations are seconds of alliance time.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alliance.profiles.values import (
    Amount,
    Choice,
    Classes,
    Count,
    Data,
    Number,
    Officers,
    Ranks,
    Release,
    Renewals,
    Seconds,
    Sharing,
    Taint,
    Undecided,
)
from schemas.base import Code, Currency
from schemas.requests import Action

Act = Annotated[Action, Field(strict=False)]


class StopRule(Data):
    duration_s: Seconds
    """How long a stop lasts, from its execution."""
    most: Count
    """Stops of one account in one case; an extension counts as one."""
    tolerance_s: Seconds
    """How far the time of a payment may lie from the one reported."""
    approximate_tolerance_s: Seconds
    """The same where the victim gave the time as approximate."""
    match_name: Choice
    """Whether the holder compares the account's name too, and a mandate stops nothing where it can not."""


class Freeze(Data):
    duration_s: Seconds
    """How long a freeze lasts, and each renewal of it."""
    renewals: Renewals
    """How often it may be renewed."""
    document: Choice
    """Whether the order needs a paper, whose hash the request carries."""


class Delay(Data):
    duration_s: Seconds
    """How long a member is asked to delay a payment by its own risk control."""


class Suspend(Data):
    duration_s: Seconds
    """How long a line is suspended, from its execution; then its carrier gives it back, unless police order it anew."""


class OwnHold(Data):
    duration_s: Seconds
    """How long a bank may hold by itself, before police order anything; it only bounds `delay`."""


class AuthorityRule(Data):
    """Who may authorise an action. What is said of officers is of police orders."""

    by: Classes
    """What may authorise it."""
    ranks: Ranks | None = None
    """Ranks of which one officer who signs must be; without any, each officer's signature counts."""
    officers: Officers | None = None
    """How many different officers must sign."""
    second_from: Amount | None = None
    """The amount from which a second officer must sign."""


class Mandates(Data):
    report_required: Choice
    """Whether a mandate covers only what a report or a bank-reported case names, and the money's way from there."""


class AnswerDeadlines(Data):
    acknowledge_s: Seconds
    """Within which a member must say that it has the request."""
    final_s: Seconds
    """Within which it must say what became of it."""


class AnswerRule(Data):
    referred_s: Seconds
    """Within which an officer must have entered what a holder out of the city said."""
    otherwise: AnswerDeadlines
    of: dict[Act, AnswerDeadlines] = {}

    def to(self, action: Action) -> AnswerDeadlines:
        """When a request for this action must have been answered, from its sending."""
        return self.of.get(action, self.otherwise)


class Escalation(Data):
    after_s: Seconds
    """How long after a missed deadline a person is told, and again after that."""
    most: Count
    """How often a missed deadline is told."""


class ReleaseRule(Data):
    member_measure: Release
    """A member's own measure whose grounds have fallen."""
    mandate: Release
    """A hold under a mandate whose grounds have fallen."""
    order: Release
    """A hold by an officer's order whose grounds have fallen."""
    decision_s: Seconds
    """Within which the unit must decide on a proposed release."""
    at_end: Undecided
    """What becomes of the hold if it does not."""
    due_s: Seconds
    """Within which a member lets go, once it is told to."""
    latest_s: Seconds
    """The same where the member must look into it first."""


class AppealRule(Data):
    file_s: Seconds
    """How long after the notice a holder may appeal."""
    review_s: Seconds
    """Within which the appeal must be decided, by another than the one who authorised the hold."""


class DisputeRule(Data):
    review_s: Seconds
    """Within which police must decide on a member's dispute."""
    again_s: Seconds
    """How long after a rejected dispute the same is heard again, if nothing new was asked against the suspect."""


class Returns(Data):
    traceable_first: Choice
    """Whether transfers that can be traced go to their victims before anything is shared."""
    rest: Sharing
    """How the rest is shared among the victims."""
    notice_s: Seconds
    """How long a return is announced before it is carried out."""
    objection_s: Seconds
    """How long of that objections are taken."""


class Claims(Data):
    share: Sharing
    """How several victims' claims on one account share what is held there."""


class TaintOf(Data):
    rule: Taint
    """Which money a payment out of an account is taken to have moved."""


class Hops(Data):
    most: Count
    """How many onward transfers are followed."""


class VoidAfter(Data):
    advisory_s: Seconds
    """How long an advisory may still be acted upon."""
    member_request_s: Seconds
    """How long a member request may still be carried out."""
    authorised_s: Seconds
    """How long a request under an order or a mandate may still be carried out."""


class Call(Data):
    ongoing_s: Seconds
    """How old a call's last sign may be for it to be taken as going on."""


class DeskRule(Data):
    calls_a_day: Number
    """How many dissuasion calls the desks can make a day."""
    again_s: Seconds
    """How soon a victim is called again whom a call did not reach."""
    most: Count
    """How often a victim is called because of one scam before it is a person's task."""
    scam_s: Seconds
    """How long what is asked for a victim at risk is asked for one scam; what is new after that is another."""


class Retention(Data):
    suspicion_s: Seconds
    """How long what has no case of police is kept."""
    case_s: Seconds
    """How long a case is kept with all that belongs to it, from the last that happened in it after its end."""


class Profile(Data):
    name: Code
    currency: Currency
    amount_only: Choice
    """Whether a hold covers the tainted amount and no more; else it may be the whole account."""
    reduce_at_freeze: Choice
    """Whether a hold of the whole account is reduced to the tainted amount when it becomes a freeze."""
    stop: StopRule
    freeze: Freeze | None = None
    delay: Delay
    suspend: Suspend
    own_hold: OwnHold | None = None
    authority: dict[Act, AuthorityRule]
    mandate: Mandates
    answer: AnswerRule
    escalation: Escalation
    release: ReleaseRule
    appeal: AppealRule
    dispute: DisputeRule
    returns: Returns | None = None
    claims: Claims
    taint: TaintOf
    hops: Hops
    void_after: VoidAfter
    call: Call
    desk: DeskRule
    retention: Retention
