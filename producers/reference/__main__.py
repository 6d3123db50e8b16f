"""`python -m producers.reference --member-file FILE`, or `--as MEMBER [--data DIR]`: one member unit, until SIGTERM or
Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from alliance import kafka, profiles
from alliance.errors import AfaError, SetupError
from alliance.profiles import Profile
from alliance.roll import Roll
from alliance.settings import Settings
from producers.client import MemberClient
from producers.reference.books import Books
from producers.reference.member import ReferenceMember
from producers.reference.stubs import stub_of
from producers.reference.unit import Unit, enrolled, joined
from schemas.topics import MEMBERS, member_topic


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m producers.reference", description="Run one member unit.")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--member-file", type=Path, help="the file that a unit holds which joined")
    who.add_argument("--as", dest="member", help="the id of a member that was enrolled on a data folder")
    parser.add_argument("--data", type=Path, help="that data folder")
    chosen = parser.parse_args(arguments)
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        settings = Settings()
        unit = joined(chosen.member_file) if chosen.member_file else enrolled(chosen.member, chosen.data, settings)
        serve(unit, profiles.load(settings.profile), stopping)
    except AfaError as error:
        print(f"reference member: {error}", file=sys.stderr)
        return 1
    return 0


def serve(unit: Unit, profile: Profile, stopping: Event) -> None:
    """Run until `stopping` is set; what is on disk at any moment is enough to go on from."""
    member, login = unit.keys.member, unit.login
    kafka.probe(login, reads=[member_topic(member).name, MEMBERS.name], groups=[f"{member}.reference"])
    roll = Roll(unit.registrar)
    roll.take(kafka.whole(login, MEMBERS.name))
    known = roll.registry.member(member)
    if known is None:
        raise SetupError(f"{member} is not in the registry; have the registrar approve or add it first.")
    # The spool first: who holds it holds the books.
    with MemberClient(unit.keys, login, roll.registry, unit.folder / "spool.db", unit.clock) as client:
        books = Books(unit.folder / "books.db", stub_of(known, unit.keys))
        print(f"{member} reads {member_topic(member).name}", file=sys.stderr, flush=True)
        ReferenceMember(client, unit.keys, login, roll, books, unit.clock, profile).run(stopping)
        books.close()


if __name__ == "__main__":
    sys.exit(main())
