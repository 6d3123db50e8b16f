"""A signal that comes where Python drops what is raised still ends a run."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from afa import output, stopping
from schemas.base import Money


class Dying:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_comes_in_a_finaliser_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt), stopping.interruptible():
        stopping.check()
        Dying()
        stopping.check()
        pytest.fail("it was lost")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_it_ends_a_following_too_and_is_no_failure() -> None:
    def batches() -> Iterator[list[Money]]:
        yield []
        Dying()
        yield []
        pytest.fail("it was lost")

    output.follow(batches(), (), as_json=True, empty="", on=True)


def test_what_was_told_to_a_former_run_does_not_end_the_next() -> None:
    with pytest.raises(KeyboardInterrupt), stopping.interruptible():
        signal.raise_signal(signal.SIGTERM)
    with stopping.interruptible():
        stopping.check()
