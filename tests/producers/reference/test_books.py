"""A member that is killed acts once: the hold and the answer about it are on disk together, or neither is."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from alliance.errors import SetupError, Stop
from producers.reference.bank import Bank
from producers.reference.books import Books
from producers.reference.decision import Decided
from producers.reference.handler import handle
from schemas.answers import AnswerStatus
from schemas.requests import Request
from tests.producers.reference.support import CN, MULE, NOW, bank, ordered, registry, request


def opened(path: Path) -> tuple[Books, Bank]:
    stub = bank()
    return Books(path, stub), stub


def decide(books: Books, asked: Request) -> Decided:
    return handle(asked, books.stub, registry(), CN, NOW)


@pytest.mark.parametrize(("moment", "held"), [("before-commit", 0), ("after-commit", 500_000)])
def test_a_killed_member_goes_on_where_it_stood(tmp_path: Path, moment: str, held: int) -> None:
    path = tmp_path / "books.db"
    command = [sys.executable, "-m", "tests.producers.reference.child", str(path), moment]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL

    books, stub = opened(path)
    assert stub.ledger.held(MULE, NOW) == held
    asked = ordered(request())
    answer, new = books.answer_once(asked, lambda: decide(books, asked))

    assert (answer.status, new) == (AnswerStatus.EXECUTED, held == 0)
    assert stub.ledger.held(MULE, NOW) == 500_000
    assert len(stub.ledger.holds) == 1


def test_the_same_request_gets_the_same_answer_and_is_not_decided_again(tmp_path: Path) -> None:
    books, stub = opened(tmp_path / "books.db")
    asked = ordered(request())
    first, _ = books.answer_once(asked, lambda: decide(books, asked))
    books.close()

    books, stub = opened(tmp_path / "books.db")
    again, new = books.answer_once(asked, lambda: pytest.fail("decided twice"))

    assert (again, new) == (first, False)
    assert stub.ledger.held(MULE, NOW + timedelta(hours=47)) == 500_000


def test_what_the_disk_does_not_take_did_not_happen(tmp_path: Path) -> None:
    books, _ = opened(tmp_path / "books.db")
    asked = ordered(request())
    books._disk.execute("drop table answered")
    books._disk.execute("create table answered (request_id blob primary key, action text, answer blob check (0))")

    with pytest.raises(Stop, match="can not be written"):
        books.answer_once(asked, lambda: decide(books, asked))
    books.close()

    _, stub = opened(tmp_path / "books.db")
    assert not stub.ledger.holds


def test_two_processes_on_one_file_do_not_both_act(tmp_path: Path) -> None:
    """The second was started before the first had ended: what it knows of the money is no longer true."""
    (books, _), (later, stub) = (opened(tmp_path / "books.db") for _ in range(2))
    for number in (1, 2):
        asked = ordered(request(number, case_id=UUID(int=number), match=None))
        books.answer_once(asked, lambda asked=asked: decide(books, asked))  # type: ignore[misc]
    other = ordered(request(3, case_id=UUID(int=3), match=None))
    with pytest.raises(Stop, match="another process"):
        later.answer_once(other, lambda: decide(later, other))
    assert not stub.ledger.holds
    assert books.answered(other.request_id) is None


def test_only_its_owner_may_read_what_customers_have(tmp_path: Path) -> None:
    books, _ = opened(tmp_path / "books.db")
    with books.batch():
        books.record([])
    for path in tmp_path.glob("books.db*"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_books_is_named(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    path.write_text("no database" * 100, encoding="utf-8")

    with pytest.raises(SetupError, match=r"books\.db"):
        opened(path)
