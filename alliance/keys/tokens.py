"""Tokens: keyed pseudonyms of canonical identifiers, equal at every member that holds the epoch's key.

Must never see a value that is not canonical, and never show a key. A token hides a value from the hub, which has no
key; it does not hide it from a member, who can try every telephone number.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

KEY_BYTES = 32
KEPT = 8
"""Epochs that are over and still found by: two years of ordinary rotations, as a freeze lasts six months and can be
extended."""
_TOKEN_BYTES = 16
_TOKEN_CHARS = 22
_EPOCH = re.compile(r"[a-z0-9]{1,8}")
_NUMBERED = re.compile(r"e[1-9][0-9]{0,6}")


def token(key: bytes, namespace: str, value: str) -> str:
    """HMAC-SHA256 over namespace, NUL and value, its first 128 bits as 22 base64url characters."""
    digest = hmac.digest(key, f"{namespace}\0{value}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:_TOKEN_BYTES])[:_TOKEN_CHARS].decode("ascii")


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The keys of one epoch, or of two while they overlap; the older stands first. What is `ended` finds what was named
    while it was in force, and names nothing; the oldest stands first.

    Raises ValueError for no or more than two epochs, a bad epoch name or a key that is not 32 bytes.
    """

    epochs: Mapping[str, bytes] = field(repr=False)
    ended: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.epochs) <= 2:
            raise ValueError("token keys: give one epoch, or two while they overlap")
        for epoch, key in (*self.epochs.items(), *self.ended.items()):
            if not _EPOCH.fullmatch(epoch):
                raise ValueError(f"token keys: epoch {epoch!r} is not 1 to 8 lower-case letters and digits")
            if len(key) != KEY_BYTES:
                raise ValueError(f"token keys: the key of epoch {epoch} has {len(key)} bytes instead of {KEY_BYTES}")

    @property
    def rank(self) -> int:
        """Higher with each rotation and each cut-over, so that nobody is given keys back that were followed by others.

        Raises ValueError for an epoch that is not numbered.
        """
        return 2 * max(map(_number, self.epochs)) - (len(self.epochs) - 1)

    def rotated(self) -> TokenKeys:
        """These, and a new key of the epoch that follows. Raises ValueError while two epochs overlap already."""
        if len(self.epochs) > 1:
            raise ValueError(f"the epochs {' and '.join(self.epochs)} overlap; cut over first")
        (present,) = self.epochs
        return TokenKeys({**self.epochs, f"e{_number(present) + 1}": secrets.token_bytes(KEY_BYTES)})

    def cut_over(self) -> TokenKeys:
        """The newer epoch's key alone. Raises ValueError where there is but one."""
        if len(self.epochs) < 2:
            raise ValueError(f"there is no epoch beside {next(iter(self.epochs))}; rotate first")
        newer = list(self.epochs)[-1]
        return TokenKeys({newer: self.epochs[newer]})

    def follows(self, held: TokenKeys) -> bool:
        """Whether who holds `held` may take these in their place: later ones, under which no key became another."""
        same = all(self.epochs[epoch] == key for epoch, key in held.epochs.items() if epoch in self.epochs)
        return same and self.rank > held.rank

    def in_place_of(self, held: TokenKeys | None) -> TokenKeys:
        """These, and to find by what `held` named or found by until now, the newest `KEPT` of it."""
        before = {} if held is None else {**held.ended, **held.epochs}
        over = [(epoch, key) for epoch, key in before.items() if epoch not in self.epochs]
        return TokenKeys(self.epochs, dict(over[-KEPT:]))

    @classmethod
    def generate(cls, epoch: str = "e1") -> TokenKeys:
        return cls({epoch: secrets.token_bytes(KEY_BYTES)})

    def tokens(self, namespace: str, value: str) -> list[str]:
        """`<epoch>:<22 characters>` under each epoch, the older first: what the value is named by."""
        return _tokens(self.epochs, namespace, value)

    def every(self, namespace: str, value: str) -> list[str]:
        """The same under the epochs that are over, too: what the value is found by, and must not be named by."""
        return _tokens({**self.ended, **self.epochs}, namespace, value)


def _tokens(epochs: Mapping[str, bytes], namespace: str, value: str) -> list[str]:
    return [f"{epoch}:{token(key, namespace, value)}" for epoch, key in epochs.items()]


def _number(epoch: str) -> int:
    if not _NUMBERED.fullmatch(epoch):
        raise ValueError(f"token keys: epoch {epoch!r} is not numbered, as e1 is")
    return int(epoch[1:])
