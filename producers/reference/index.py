"""The member's own way from a token back to what it knows: it makes the token of each thing it holds, and looks.

Nobody else can do this for it: the hub has no key. Must never give a value to anyone but the member itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from alliance.keys.tokens import TokenKeys
from schemas.canonical import canonical
from schemas.identifiers import Basis, Identifier, IdentifierKind


class TokenIndex:
    """Values by token, under each epoch that the keys hold."""

    def __init__(self, keys: TokenKeys) -> None:
        self._keys = keys
        self._values: dict[str, str] = {}

    def add(self, kind: str, value: str, name: str) -> None:
        """Whoever asks for the identifier `value` shall find the record `name`."""
        for token in self._tokens(kind, value):
            self._values[token] = name

    def find(self, identifier: Identifier) -> str | None:
        """The record's name, if the member has one of that identifier."""
        return next((self._values[token] for token in identifier.tokens if token in self._values), None)

    def means(self, identifier: Identifier, kind: str, value: str) -> bool:
        """Whether a token stands for this clear value."""
        return not set(identifier.tokens).isdisjoint(self._tokens(kind, value))

    def identifier(
        self, kind: IdentifierKind, value: str, holders: Iterable[str] = (), basis: Basis = Basis.OBSERVED
    ) -> Identifier:
        """A clear value as it travels."""
        return Identifier(kind=kind, tokens=self._tokens(kind, value), holders=list(holders), basis=basis)

    def _tokens(self, kind: str, value: str) -> list[str]:
        form = canonical(kind, value)
        return self._keys.tokens(form.namespace, form.value)
