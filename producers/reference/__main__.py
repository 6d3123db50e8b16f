"""`python -m producers.reference --as MEMBER [--data DIR]`: one member unit, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

from alliance import clock, kafka, profiles
from alliance.embedded.datadir import DataDir
from alliance.errors import AfaError, SetupError
from alliance.membership import load_member, member_dir
from alliance.registrar import registrar_public
from alliance.roll import Roll
from alliance.settings import Settings
from producers.client import MemberClient
from producers.reference.books import Books
from producers.reference.member import ReferenceMember
from producers.reference.stubs import stub_of
from schemas.topics import MEMBERS, member_topic


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m producers.reference", description="Run one member unit.")
    parser.add_argument("--as", dest="member", required=True, help="the member's id, such as bank-icbc")
    parser.add_argument("--data", type=Path, help="the data folder on which the member was enrolled")
    chosen = parser.parse_args(arguments)
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        serve(chosen.member, chosen.data, Settings(), stopping)
    except AfaError as error:
        print(f"reference member: {error}", file=sys.stderr)
        return 1
    return 0


def serve(member: str, folder: Path | None, settings: Settings, stopping: Event) -> None:
    """Run until `stopping` is set; what is on disk at any moment is enough to go on from."""
    data = DataDir(folder or settings.data_dir)
    ticking = clock.load(data.path / "clock.json" if folder else settings.clock_file)
    keys, login = load_member(data, member)
    if settings.kafka_bootstrap:
        protocol, ca = settings.kafka_security_protocol, settings.kafka_ca()
        login = replace(login, bootstrap=settings.kafka_bootstrap, security_protocol=protocol, ca=ca)
    kafka.probe(login, reads=[member_topic(member).name, MEMBERS.name], groups=[f"{member}.reference"])
    roll = Roll(registrar_public(data))
    roll.take(kafka.whole(login, MEMBERS.name))
    known = roll.registry.member(member)
    if known is None:
        raise SetupError(f"{member} is not in the registry; enrol it with `afa member add`.")
    own = member_dir(data, member) / "reference"
    # The spool first: who holds it holds the books.
    with MemberClient(keys, login, roll.registry, own / "spool.db", ticking) as client:
        books = Books(own / "books.db", stub_of(known, keys))
        print(f"{member} reads {member_topic(member).name}", file=sys.stderr, flush=True)
        ReferenceMember(client, keys, login, roll, books, ticking, profiles.load(settings.profile)).run(stopping)
        books.close()


if __name__ == "__main__":
    sys.exit(main())
