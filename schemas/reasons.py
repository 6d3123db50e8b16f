"""Why a bundle or an event was quarantined: the documented codes, each with its meaning and the sender's remedy."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad-signature"
    UNKNOWN_MEMBER = "unknown-member"
    SUSPENDED_MEMBER = "suspended-member"
    UNKNOWN_KEY = "unknown-key"
    WRONG_SOURCE = "wrong-source"
    WRONG_SECTOR = "wrong-sector"
    WRONG_TOPIC = "wrong-topic"
    MALFORMED = "malformed"
    DUPLICATE_KEY = "duplicate-key"
    NOT_FINITE = "not-finite"
    UNKNOWN_FIELD = "unknown-field"
    WRONG_VERSION = "wrong-version"
    INVALID_FIELD = "invalid-field"
    OVERSIZED = "oversized"
    TOO_MANY_EVENTS = "too-many-events"
    FUTURE = "future"
    TOO_OLD = "too-old"
    CONFLICT = "conflict"
    NOT_YOURS = "not-yours"


REMEDY: dict[Reason, str] = {
    Reason.UNSIGNED: "The bundle has no signature header: sign its exact bytes as a detached JWS (EdDSA).",
    Reason.BAD_SIGNATURE: "The signature does not fit the bytes: sign exactly what is sent, with the key of `kid`.",
    Reason.UNKNOWN_MEMBER: "The member that `kid` names is not in the registry: join first.",
    Reason.SUSPENDED_MEMBER: "The member is suspended or revoked: ask the registrar.",
    Reason.UNKNOWN_KEY: "The key of `kid` is not the member's, or not valid now: register it or use the present one.",
    Reason.WRONG_SOURCE: "An event's source is another member than the one that signed: send only your own events.",
    Reason.WRONG_SECTOR: "The rulebook does not let this unit send this kind: `afa member rules` shows who may.",
    Reason.WRONG_TOPIC: "This kind does not belong on this topic: each has its own; what contests goes on `answers`.",
    Reason.MALFORMED: "The bytes are not a JSON array of event objects in UTF-8: check what encodes them.",
    Reason.DUPLICATE_KEY: "An object has the same key twice: write each once.",
    Reason.NOT_FINITE: "NaN and Infinity are not JSON: leave out what is not known.",
    Reason.UNKNOWN_FIELD: "A field is not in the contract: remove it, or check its name.",
    Reason.WRONG_VERSION: "The event names a version that the alliance does not speak: write the present one.",
    Reason.INVALID_FIELD: "A field's value is not what the contract says: correct the one that the detail names.",
    Reason.OVERSIZED: "The bundle has more than 1,000,000 bytes: send smaller ones.",
    Reason.TOO_MANY_EVENTS: "The bundle has more than 500 events: send smaller ones.",
    Reason.FUTURE: "A time that the event tells is more than 5 minutes ahead: set the clock right, tell what was.",
    Reason.TOO_OLD: "The event is older than 7 days: send within this admission age; only victim reports may be older.",
    Reason.CONFLICT: "The id was used with two contents, and neither counts: send the right one under a new id.",
    Reason.NOT_YOURS: "The event speaks of what is another member's: keep to your own; police alone may do more.",
}
"""What the sender should know and do."""

WHOLE_BUNDLE: frozenset[Reason] = frozenset(
    {
        Reason.UNSIGNED,
        Reason.BAD_SIGNATURE,
        Reason.UNKNOWN_MEMBER,
        Reason.SUSPENDED_MEMBER,
        Reason.UNKNOWN_KEY,
        Reason.MALFORMED,
        Reason.DUPLICATE_KEY,
        Reason.NOT_FINITE,
        Reason.OVERSIZED,
        Reason.TOO_MANY_EVENTS,
    }
)
"""What leaves no event of a bundle trusted or readable; every other reason is of one event alone."""
