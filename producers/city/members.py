"""All members of the city in one process: each with its client, its books and a thread that answers its mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Event

from alliance.clock import AllianceClock
from alliance.embedded.datadir import DataDir
from alliance.errors import SetupError
from alliance.membership import MemberSpec, load_member, member_dir, proven_registry
from alliance.profiles import Profile
from alliance.registrar import registrar_public
from alliance.registry import Registry
from alliance.roll import Roll
from producers.client import MemberClient
from producers.reference.bank import Bank
from producers.reference.books import Books
from producers.reference.member import ReferenceMember
from producers.reference.stubs import stub_of
from schemas.registry import Member


@dataclass(frozen=True, slots=True)
class Player:
    """One member: what it publishes with, what it keeps, and what answers for it."""

    client: MemberClient
    books: Books
    member: ReferenceMember


class Players:
    """`with Players(…) as players:` — all of them answer until the block ends. SetupError for one not enrolled here."""

    def __init__(
        self, data: DataDir, clock: AllianceClock, specs: Sequence[MemberSpec], profile: Profile, bootstrap: str = ""
    ) -> None:
        self._data = data
        self._clock = clock
        self._specs = specs
        self._profile = profile
        self._bootstrap = bootstrap
        self._stopping = Event()
        self._stack = ExitStack()
        self._running: list[Future[None]] = []
        self.by_name: dict[str, Player] = {}

    def __enter__(self) -> Players:
        with ExitStack() as stack:
            registry: Registry | None = None
            for spec in self._specs:
                registry = self._add(stack, spec, registry)
            self._pool = stack.enter_context(ThreadPoolExecutor(len(self._specs) + 1))
            # The pool waits for its threads when it is left, so that they are told first.
            stack.callback(self._stopping.set)
            self._stack = stack.pop_all()
        for player in self.by_name.values():
            self.start(player.member.run)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def start(self, work: Callable[[Event], None]) -> None:
        """Run beside the members, until the event is set."""
        self._running.append(self._pool.submit(work, self._stopping))

    def check(self) -> None:
        """Raise what ended one of the threads, if one has ended."""
        for running in self._running:
            if running.done():
                running.result()

    def flush(self, timeout_s: float) -> None:
        """Wait until the broker has all that was published. Raises Retry if it takes longer for one of them."""
        for player in self.by_name.values():
            player.client.flush(timeout_s)

    def banks(self) -> dict[str, Books]:
        """The books of the money members."""
        return {name: player.books for name, player in self.by_name.items() if isinstance(player.books.stub, Bank)}

    def _add(self, stack: ExitStack, spec: MemberSpec, shared: Registry | None) -> Registry:
        keys, login = load_member(self._data, spec.member)
        login = replace(login, bootstrap=self._bootstrap or login.bootstrap)
        trusted = registrar_public(self._data)
        shared = shared or proven_registry(login, trusted)
        # Each has its own from here on: its thread keeps it current.
        registry = Registry(list(shared))
        registry.adopt(shared.rulebook)
        own = member_dir(self._data, spec.member) / "city"
        client = stack.enter_context(MemberClient(keys, login, registry, own / "spool.db", self._clock))
        books = Books(own / "books.db", stub_of(_enrolled(registry, spec.member), keys))
        stack.callback(books.close)
        member = ReferenceMember(client, keys, login, Roll(trusted, registry), books, self._clock, self._profile)
        self.by_name[spec.member] = Player(client, books, member)
        return shared


def _enrolled(registry: Registry, name: str) -> Member:
    known = registry.member(name)
    if known is None:
        raise SetupError(f"{name} is not in the registry; start the city once with `afa up`.")
    return known
