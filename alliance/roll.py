"""The registry as its topic tells it: a record counts if the registrar signed it, and is of whom its key names.

Whoever follows `members` takes its records by a roll and by nothing else. What does not count is said and counted, and
what was known before it stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from alliance import metrics
from alliance.errors import Refused
from alliance.keys.signatures import BadSignature, verify
from alliance.registrar import key_of
from alliance.registry import Registry
from alliance.rulebook import objection
from schemas.envelope import SIGNATURE_HEADER
from schemas.registry import Member
from schemas.rulebook import RULEBOOK_KEY, Rulebook

log = structlog.get_logger(__name__)


class Roll:
    """Keeps `registry` current. For one thread."""

    def __init__(self, registrar: Ed25519PublicKey, registry: Registry | None = None) -> None:
        self.registry = Registry() if registry is None else registry
        self._registrar = registrar
        self._judged = -1

    def take(self, records: Iterable[Any]) -> bool:
        """Take records in the topic's order, each once however often it is read; whether anything changed."""
        changed = False
        for record in records:
            changed |= self._take(record)
        return changed

    def proves(self, record: Any) -> bool:
        """Whether the record counts."""
        try:
            proven(record, self._registrar)
        except Refused:
            return False
        return True

    def vouches(self, record: Any) -> bool:
        """Whether the registrar signed what the record says, on whichever topic."""
        return _is_signed(record, self._registrar)

    def _take(self, record: Any) -> bool:
        # Read again, an old record would undo a newer one until that is read again too.
        if record.offset <= self._judged:
            return False
        self._judged = record.offset
        try:
            return enter(self.registry, proven(record, self._registrar))
        except Refused as refused:
            metrics.REGISTRY_REFUSED.inc()
            log.error("a registry record is not believed", offset=record.offset, why=str(refused))
            return False


def proven(record: Any, registrar: Ed25519PublicKey) -> Member | Rulebook:
    """What the registrar said by this record of `members`. Raises Refused where it did not, or nothing can be made of
    it. That a member was forgotten can't be signed for, and so is never believed."""
    name = (record.key or b"").decode(errors="replace")
    if not _is_signed(record, registrar):
        raise Refused(f"The registry's record of {name} is not signed by the registrar; tell the registrar.")
    entry = read(record)
    # The signature is over the value alone: under another key the record would be another member.
    if key_of(entry) != name:
        raise Refused(f"The registry's record of {name} was signed as that of {key_of(entry)}; tell the registrar.")
    return entry


def _is_signed(record: Any, registrar: Ed25519PublicKey) -> bool:
    jws = dict(record.headers or ()).get(SIGNATURE_HEADER) or b""
    try:
        verify(jws.decode("ascii", "replace"), record.value or b"", lambda kid: registrar)
    except BadSignature:
        return False
    return True


def read(record: Any) -> Member | Rulebook:
    """The record's content, whoever wrote it. Raises Refused if it is none that this version knows."""
    name = (record.key or b"").decode(errors="replace")
    try:
        if name != RULEBOOK_KEY:
            return Member.model_validate_json(record.value or b"")
        book = Rulebook.model_validate_json(record.value or b"")
    except ValidationError as error:
        raise Refused(f"The registry's record of {name} does not parse; it is of another version.") from error
    if found := objection(book):
        raise Refused(f"The rulebook is wrong at {found[0]}: {found[1]}; tell the registrar.")
    return book


def enter(registry: Registry, entry: Member | Rulebook) -> bool:
    """Whether it says anything new."""
    if isinstance(entry, Rulebook):
        changed = registry.rulebook != entry
        registry.adopt(entry)
        return changed
    changed = registry.member(entry.member) != entry
    registry.apply(entry.member, entry)
    return changed
