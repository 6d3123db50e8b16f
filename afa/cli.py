"""The command `afa`: every command of the command line, put together. What each does stands in its own module."""

from __future__ import annotations

import typer

from afa import (
    allow,
    appeals,
    audit,
    bench,
    caseacts,
    cases,
    city,
    disputes,
    epochs,
    holds,
    joining,
    listings,
    mandates,
    mandatewords,
    members,
    membershipacts,
    orders,
    publishing,
    quarantine,
    referrals,
    registrar,
    reinjecting,
    retention,
    returns,
    revealing,
    risk,
    rules,
    scorecard,
    searching,
    status,
    unsealing,
    up,
)
from afa.errors import Group, quiet_libraries

app = typer.Typer(
    name="afa",
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A city's anti-fraud alliance: alerts of banks, carriers and platforms become leads, requests and holds.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage. Results go to stdout, everything else to stderr.",
)

_RUN, _MEMBER, _POLICE, _TRY = "Running it", "As a member", "As police", "Trying it out"
_BOTH = "As a member and as police"

app.command(rich_help_panel=_RUN)(up.up)
app.command(rich_help_panel=_RUN)(status.down)
app.command(rich_help_panel=_RUN)(status.status)
members.app.command("invite")(registrar.invite)
members.app.command("pending")(registrar.pending)
members.app.command("approve")(registrar.approve)
members.app.command("uninvite")(membershipacts.uninvite)
members.app.command("suspend")(membershipacts.suspend)
members.app.command("revoke")(membershipacts.revoke)
members.app.command("restore")(membershipacts.restore)
members.app.command("dismiss")(membershipacts.dismiss)
members.app.command("rate")(membershipacts.rate)
members.app.command("rules")(rules.rules)
members.app.command("set-rules")(rules.set_rules)
members.app.command("registrar")(rules.registrar)
members.app.command("join")(joining.join)
members.app.command("accept")(joining.accept)
members.app.command("rotate-key")(joining.rotate_key)
app.add_typer(members.app, name="member", rich_help_panel=_RUN)
app.add_typer(epochs.app, name="epoch", rich_help_panel=_RUN)
quarantine.app.command("reinject")(reinjecting.reinject)
app.add_typer(quarantine.app, name="quarantine", rich_help_panel=_RUN)
app.add_typer(audit.app, name="audit", rich_help_panel=_RUN)
app.add_typer(retention.app, name="retention", rich_help_panel=_RUN)
app.command(rich_help_panel=_MEMBER)(publishing.publish)
app.command(rich_help_panel=_MEMBER)(publishing.withdraw)
app.command(rich_help_panel=_MEMBER)(publishing.token)
app.command(rich_help_panel=_MEMBER)(risk.risk_check)
app.command(rich_help_panel=_MEMBER)(unsealing.unseal)
app.command(rich_help_panel=_POLICE)(listings.leads)
app.command(rich_help_panel=_POLICE)(listings.requests)
app.command(rich_help_panel=_POLICE)(listings.holds)
app.command(rich_help_panel=_POLICE)(scorecard.scorecard)
app.command(rich_help_panel=_POLICE)(listings.tasks)
app.command(rich_help_panel=_POLICE)(orders.order)
app.command(rich_help_panel=_POLICE)(revealing.reveal)
app.command(rich_help_panel=_POLICE)(searching.search)
app.command(rich_help_panel=_POLICE)(revealing.reseal)
app.add_typer(referrals.app, name="refer", rich_help_panel=_POLICE)
cases.app.command("close")(caseacts.close)
cases.app.command("merge")(caseacts.merge)
cases.app.command("transfer")(caseacts.transfer)
app.add_typer(cases.app, name="case", rich_help_panel=_POLICE)
app.add_typer(holds.app, name="hold", rich_help_panel=_POLICE)
mandates.app.command("sign")(mandatewords.sign)
mandates.app.command("revoke")(mandatewords.revoke)
app.add_typer(returns.app, name="return", rich_help_panel=_POLICE)
app.add_typer(mandates.app, name="mandate", rich_help_panel=_POLICE)
app.add_typer(appeals.app, name="appeal", rich_help_panel=_BOTH)
app.add_typer(disputes.app, name="dispute", rich_help_panel=_BOTH)
app.add_typer(allow.app, name="allow", rich_help_panel=_POLICE)
app.command(rich_help_panel=_TRY)(city.city)
app.command(rich_help_panel=_TRY, context_settings=bench.CONTEXT)(bench.bench)


def main() -> None:
    quiet_libraries()
    app()
