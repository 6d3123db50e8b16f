"""The member's own way from a token back to what it knows: it makes the token of each thing it holds, and looks.

Nobody else can do this for it: the hub has no key. Must never give a value to anyone but the member itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from alliance.keys.tokens import TokenKeys
from schemas.canonical import Canonical, CanonicalError, canonical
from schemas.identifiers import Basis, Identifier, IdentifierKind


class TokenIndex:
    """Values by token: found under each epoch that the keys hold, named under those in force alone."""

    def __init__(self, keys: TokenKeys) -> None:
        self._keys = keys
        self._names: dict[str, list[str]] = {}

    def add(self, kind: str, value: str, name: str) -> None:
        """Whoever asks for the identifier `value` shall find the record `name`; nobody, if it has no canonical form."""
        for token in self._every(kind, value):
            names = self._names.setdefault(token, [])
            if name not in names:
                names.append(name)

    def find(self, identifier: Identifier) -> list[str]:
        """The records of that identifier: one of an account, perhaps several of a customer's number."""
        return self.known_as(identifier.tokens)

    def known_as(self, tokens: Iterable[str]) -> list[str]:
        return next((self._names[token] for token in tokens if token in self._names), [])

    def means(self, identifier: Identifier, kind: str, value: str) -> bool:
        """Whether a token stands for this clear value."""
        return not set(identifier.tokens).isdisjoint(self._every(kind, value))

    def identifier(
        self, kind: IdentifierKind, value: str, holders: Iterable[str] = (), basis: Basis = Basis.OBSERVED
    ) -> Identifier | None:
        """A clear value as it travels; None if it has no canonical form, and so would join nothing."""
        form = _form(kind, value)
        tokens = self._keys.tokens(form.namespace, form.value) if form else []
        return Identifier(kind=kind, tokens=tokens, holders=list(holders), basis=basis) if tokens else None

    def _every(self, kind: str, value: str) -> list[str]:
        form = _form(kind, value)
        return self._keys.every(form.namespace, form.value) if form else []


def _form(kind: str, value: str) -> Canonical | None:
    try:
        return canonical(kind, value)
    except CanonicalError:
        return None
