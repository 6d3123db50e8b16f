"""The names of one subject over rotations of the token epoch: the casebook goes on by the one that it knew first.

Pure. So nothing is asked anew because a key was changed, and the stops of an account in a case count together.
"""

from __future__ import annotations

from collections.abc import Iterable


class Names:
    """Tokens by subject; a token that was never tied to another is a subject's only name."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._first: dict[str, str] = {}
        self._all: dict[str, list[str]] = {}
        for newer, first in pairs:
            self.learn(newer, first)

    def __bool__(self) -> bool:
        return bool(self._first)

    def learn(self, newer: str, first: str) -> None:
        """`newer` is one more name of the subject that is known by `first`, which is no later name itself."""
        self._first[newer] = first
        self._all.setdefault(first, [first]).append(newer)

    def of(self, token: str) -> str:
        """The name that the subject was known by first."""
        return self._first.get(token, token)

    def all_of(self, token: str) -> list[str]:
        """Every name of the subject, the first first."""
        return self._all.get(self.of(token), [token])

    def every(self, tokens: Iterable[str]) -> set[str]:
        """Every name of these subjects."""
        return {name for token in tokens for name in self.all_of(token)}

    def told(self, tokens: list[str]) -> list[str]:
        """How a member is told of the identifier: by the first name, and by the newest, which it has the key of."""
        names = self.all_of(tokens[0])
        return tokens if len(names) == 1 else [names[0], names[-1]]
