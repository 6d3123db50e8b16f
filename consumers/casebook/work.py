"""What a turn does with what came in, in an order that lets each part see what it depends on.

Must never know where it came from: the service reads it from Kafka, a test makes it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from consumers.casebook import clocks, escalations, inbound
from consumers.casebook.agenda import Agenda
from consumers.casebook.asking import answers, consequences, referring, waiting
from consumers.casebook.asking.rerouting import reroute
from consumers.casebook.authority import caseacts, inquiries, mandaterecord, mandates, orders, reinjecting
from consumers.casebook.evidence import leads, renaming, reports, withdrawals
from consumers.casebook.holding import holdacts, keeping
from consumers.casebook.inbound import Admitted, Bundle
from consumers.casebook.money import aliases
from consumers.casebook.objections import appeals, disputes, rulings
from consumers.casebook.release import falling
from consumers.casebook.returning import goingon, statements
from consumers.casebook.turn import Turn
from consumers.casebook.views import outcomes


@dataclass(frozen=True, slots=True)
class Inbox:
    """A batch; `look_again` where the registry or the mandates have changed. `spared` is newly allow-listed;
    `renamed` are subjects of leads, each with its name under the token epoch before."""

    reports: Sequence[Bundle] = ()
    withdrawals: Sequence[Bundle] = ()
    answers: Sequence[Bundle] = ()
    aliases: Sequence[Bundle] = ()
    leads: Sequence[bytes] = ()
    renamed: Sequence[tuple[str, str]] = ()
    look_again: bool = False
    spared: AbstractSet[str] = frozenset()


def take(turn: Turn, waits: Agenda, inbox: Inbox) -> None:
    """All effects of the batch, of what waits, and of the time that has passed."""
    look_again, due = inbox.look_again, waits.is_due(turn.now)
    if due:
        if waits.words:
            keeping.judge_in_time(turn)
        clocks.expire(turn)
        look_again |= mandates.begin(turn.db, turn.now)
    renaming.learn(turn, inbox.renamed)
    if inbox.spared:
        falling.spare(turn, inbox.spared)
    reported = reports.apply(turn, _events(inbox.reports))
    known = reported | aliases.apply(turn, _events(inbox.aliases))
    withdrawn = _events(inbox.withdrawals)
    withdrawals.apply(turn, withdrawn)
    known |= reports.named_in(turn, withdrawn)
    answers.apply(turn, inbox.answers)
    if waits.words:
        heard = referring.heard(turn)
        answers.apply(turn, heard)
        referring.judge(turn, heard)
    appeals.apply(turn, inbox.answers)
    disputes.apply(turn, inbox.answers)
    leads.apply(turn, inbox.leads)
    decided = _judge(turn) if waits.words else set()
    if waits.words or waits.returns:
        goingon.go_on(turn)
    inbound.close(turn, [*inbox.reports, *inbox.withdrawals, *inbox.answers, *inbox.aliases])
    named = {*reported, *reroute(turn), *waiting.targets(turn)} if look_again else reported
    leads.redecide(turn, named | decided, reported)
    consequences.look_again(turn, known)
    if look_again or decided:
        waiting.cover(turn)
    if waits.tasks or due:
        escalations.close(turn)
    outcomes.tell(turn, waits.told_at)


def _judge(turn: Turn) -> set[str]:
    """Officers' words; the suspects whose dispute was decided."""
    mandaterecord.note(turn)
    keeping.judge(turn)
    holdacts.judge(turn)
    statements.judge(turn)
    orders.judge(turn)
    decided = rulings.judge(turn)
    caseacts.judge(turn)
    inquiries.judge(turn)
    reinjecting.judge(turn)
    return decided


def _events(bundles: Sequence[Bundle]) -> list[Admitted]:
    return [admitted for bundle in bundles for admitted in bundle.events]
