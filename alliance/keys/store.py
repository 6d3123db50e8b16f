"""A member's own keys and the file that holds them, readable by its owner alone; and what of them the registry shows.

A secret must never reach a log, a repr or an error from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from alliance.errors import SetupError
from alliance.files import read_private, write_atomically
from alliance.keys.encoding import decode, encode
from alliance.keys.seals import BadSeal, unseal
from alliance.keys.tokens import TokenKeys
from schemas import strictjson

_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What others need to verify and to seal; raw 32-byte keys as the registry writes them, base64url."""

    member: str
    key_id: str
    signing: str
    sealing: str

    @property
    def kid(self) -> str:
        return f"{self.member}/{self.key_id}"

    def verifier(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(decode(self.signing))

    def sealing_bytes(self) -> bytes:
        return decode(self.sealing)


@dataclass(frozen=True, slots=True)
class MemberKeys:
    """All keys of one member. `tokens` is None for the hub, which must not be able to make or guess one."""

    member: str
    key_id: str
    signing: Ed25519PrivateKey = field(repr=False)
    sealing: X25519PrivateKey = field(repr=False)
    tokens: TokenKeys | None = field(repr=False)
    former: tuple[X25519PrivateKey, ...] = field(default=(), repr=False)
    """What was sealed to before `sealing`, newest first: what is still on its way opens with these."""

    def __post_init__(self) -> None:
        for part in (self.member, self.key_id):
            if not _NAME.fullmatch(part):
                raise ValueError(f"{part!r} is not a name of 1 to 64 letters, digits, '.', '_' and '-'")

    @property
    def kid(self) -> str:
        """How this member's signatures name their key."""
        return f"{self.member}/{self.key_id}"

    @property
    def public(self) -> PublicKeys:
        signing = encode(self.signing.public_key().public_bytes_raw())
        sealing = encode(self.sealing.public_key().public_bytes_raw())
        return PublicKeys(self.member, self.key_id, signing, sealing)

    def open(self, sealed: str, info: bytes, aad: bytes) -> bytes:
        """The clear bytes of what was sealed to this member, now or before its keys changed. Raises BadSeal."""
        for key in (self.sealing, *self.former):
            try:
                return unseal(key, sealed, info, aad)
            except BadSeal as error:
                refused = error
        raise refused

    def save(self, path: Path, *, replace: bool = True) -> None:
        """Write the key file whole or not at all, mode 0600. With `replace` false one that is there stays."""
        write_atomically(path, orjson.dumps(self.to_json(), option=orjson.OPT_INDENT_2), mode=0o600, replace=replace)

    def to_json(self) -> dict[str, Any]:
        """All of it, secrets too: for a file of mode 0600."""
        epochs, ended = (self.tokens.epochs, self.tokens.ended) if self.tokens else ({}, {})
        return {
            "version": _VERSION,
            "member": self.member,
            "key_id": self.key_id,
            "signing": encode(self.signing.private_bytes_raw()),
            "sealing": encode(self.sealing.private_bytes_raw()),
            "tokens": _entries(epochs),
            **({"ended": _entries(ended)} if ended else {}),
            **({"former": [encode(key.private_bytes_raw()) for key in self.former]} if self.former else {}),
        }


def _entries(epochs: Mapping[str, bytes]) -> list[dict[str, str]]:
    return [{"epoch": epoch, "key": encode(key)} for epoch, key in epochs.items()]


def generate(member: str, tokens: TokenKeys | None = None, key_id: str = "k1") -> MemberKeys:
    """New keys of `member`, who shares the alliance's token keys (none for the hub)."""
    return MemberKeys(member, key_id, Ed25519PrivateKey.generate(), X25519PrivateKey.generate(), tokens)


def load(path: Path) -> MemberKeys:
    """The keys in `path`. Raises SetupError if it is absent, readable by others, or not a key file of this version."""
    data = read_private(path, "make one with `afa member add`")
    try:
        return from_json(strictjson.loads(data))
    # The cause may quote what it could not read, and that may be a secret.
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SetupError(f"{path}: not a key file of version {_VERSION}; restore it from a copy") from None


def from_json(content: dict[str, Any]) -> MemberKeys:
    """What `to_json` gave. Raises ValueError, TypeError, KeyError or AttributeError."""
    if content["version"] != _VERSION:
        raise ValueError("another version")
    epochs = {entry["epoch"]: decode(entry["key"]) for entry in content["tokens"]}
    ended = {entry["epoch"]: decode(entry["key"]) for entry in content.get("ended", ())}
    return MemberKeys(
        member=content["member"],
        key_id=content["key_id"],
        signing=Ed25519PrivateKey.from_private_bytes(decode(content["signing"])),
        sealing=X25519PrivateKey.from_private_bytes(decode(content["sealing"])),
        tokens=TokenKeys(epochs, ended) if epochs else None,
        former=tuple(X25519PrivateKey.from_private_bytes(decode(key)) for key in content.get("former", ())),
    )
