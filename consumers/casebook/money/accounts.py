"""Which identifiers are one account: two tokens of one identifier, and what its holder said is the same.

Pure. An account goes by the least of its tokens, so that its name does not depend on the order in which they were told.
"""

from __future__ import annotations

from collections.abc import Iterable


class Accounts:
    """Tokens by account; a token that was never joined is an account of its own."""

    def __init__(self, groups: Iterable[Iterable[str]] = ()) -> None:
        self._same: dict[str, set[str]] = {}
        for tokens in groups:
            self.join(tokens)

    def join(self, tokens: Iterable[str]) -> None:
        """These are one account, with all that any of them was joined to before."""
        joined: set[str] = set()
        for token in tokens:
            joined |= self.all_of(token)
        for token in joined:
            self._same[token] = joined

    def of(self, token: str) -> str:
        """The account's name."""
        return min(self.all_of(token))

    def all_of(self, token: str) -> set[str]:
        """Every token of the account."""
        return self._same.get(token, {token})
