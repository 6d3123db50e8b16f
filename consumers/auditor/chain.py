"""The chain of acts: what an entry's hash covers, so that whoever has it can compute it anew.

An entry covers the digests of its acts and nothing of their text: with an act its salt is erased, and without it nobody
can find by guessing whom the digest was about. Must never make a salt itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

DIGEST = 32
SALT = 16
START = bytes(DIGEST)
"""What the first entry follows."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Act(NamedTuple):
    """One thing that was done, to what, and the SHA-256 of what was decided or received."""

    act: str
    subject: str
    content: bytes
    salt: bytes

    @property
    def digest(self) -> bytes:
        """What the entry covers. All parts but the last have a length of their own, so that no two acts are alike."""
        act, subject, content, salt = self
        name = act.encode()
        return sha256(b"%b%b%b%b%b" % (salt, content, len(name).to_bytes(2, "big"), name, subject.encode())).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry's number and hash."""

    number: int = 0
    hash: bytes = START


class Entry(NamedTuple):
    """All acts of one transaction. `digests` are theirs, one behind the other; `hash` covers all the rest."""

    number: int
    at: datetime
    digests: bytes
    previous: bytes
    hash: bytes

    @property
    def head(self) -> Head:
        return Head(self.number, self.hash)

    @property
    def body(self) -> bytes:
        """What the entry is wherever it stands: by its salts no two are alike."""
        return body(self.at, self.digests)


def follow(after: Head, at: datetime, digests: Sequence[bytes]) -> Entry:
    """The entry behind `after`."""
    joined, number = b"".join(digests), after.number + 1
    return Entry(number, at, joined, after.hash, link(number, after.hash, body(at, joined)))


def body(at: datetime, digests: bytes) -> bytes:
    """SHA-256 of the time, in microseconds since 1970, and the digests."""
    return sha256(((at - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True) + digests).digest()


def link(number: int, previous: bytes, content: bytes) -> bytes:
    """The hash of an entry, by the body that it has."""
    return sha256(number.to_bytes(8, "big", signed=True) + previous + content).digest()
