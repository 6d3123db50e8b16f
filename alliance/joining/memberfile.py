"""The one file that a member holds: its keys, its login, the registrar's key, the clock; readable by its owner alone.

Its private keys were made on this machine and are nowhere else. A secret must never reach a log, a repr or an error.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from alliance.clock import AllianceClock
from alliance.errors import SetupError
from alliance.files import read_private, write_atomically
from alliance.kafka import KafkaLogin
from alliance.keys import store
from alliance.keys.encoding import decode, public_key
from alliance.keys.store import MemberKeys
from alliance.keys.tokens import TokenKeys
from alliance.principals import member_principal
from schemas import strictjson
from schemas.joining import Broker, ClockOrigin, Welcome
from schemas.registry import PublicKey

_VERSION = 1


@dataclass(frozen=True, slots=True)
class MemberFile:
    """`password` and `clock` are None until the registrar has approved; `next` are keys that wait for it."""

    path: Path
    keys: MemberKeys
    broker: Broker
    registrar: PublicKey
    password: str | None = field(default=None, repr=False)
    clock_origin: ClockOrigin | None = None
    next: MemberKeys | None = None

    @property
    def member(self) -> str:
        return self.keys.member

    @property
    def trusted(self) -> Ed25519PublicKey:
        """The registrar's key, by which a registry record is believed."""
        return public_key(self.registrar)

    @property
    def spool(self) -> Path:
        """Where what is not yet sent waits: beside the file."""
        return self.path.with_name(f"{self.path.name}.spool.db")

    def login(self) -> KafkaLogin:
        if self.password is None:
            raise SetupError(f"{self.path}: the registrar has not approved {self.member} yet; run `afa member join`.")
        return login_at(self.broker, member_principal(self.member), self.password)

    def clock(self) -> AllianceClock:
        if self.clock_origin is None:
            raise SetupError(f"{self.path}: the registrar has not approved {self.member} yet; run `afa member join`.")
        origin = self.clock_origin
        return AllianceClock(origin.origin_wall, origin.origin_alliance, origin.rate)

    def welcomed(self, welcome: Welcome) -> MemberFile:
        """The file with what the registrar gave, and the keys that it was given to in force."""
        present = self.next or self.keys
        former = (self.keys.sealing, *self.keys.former) if self.next else self.keys.former
        given, held = TokenKeys({entry.epoch: decode(entry.key) for entry in welcome.token_keys}), self.keys.tokens
        # An old answer, shown again, must not bring back token keys that others have followed.
        tokens = given.in_place_of(held) if held is None or given.follows(held) else held
        return replace(
            self,
            keys=replace(present, tokens=tokens, former=former),
            next=None,
            password=welcome.password or self.password,
            clock_origin=welcome.clock,
        )

    def save(self) -> MemberFile:
        """Write it whole or not at all, mode 0600."""
        write_atomically(self.path, orjson.dumps(self._to_json(), option=orjson.OPT_INDENT_2), mode=0o600)
        return self

    def _to_json(self) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "broker": self.broker.model_dump(),
            "registrar": self.registrar,
            "keys": self.keys.to_json(),
            "next": self.next and self.next.to_json(),
            "password": self.password,
            "clock": self.clock_origin and self.clock_origin.model_dump(),
        }


def new_keys(member: str, former: MemberKeys | None = None) -> MemberKeys:
    """Keys made here and now, with an id that no other keys have."""
    made = store.generate(member, former.tokens if former else None)
    digest = hashlib.sha256(made.signing.public_key().public_bytes_raw()).hexdigest()
    return replace(made, key_id=f"k{digest[:12]}")


def load(path: Path) -> MemberFile:
    """The member file. SetupError if it is absent, readable by others, or none of this version."""
    data = read_private(path, "join the alliance with `afa member join INVITE`")
    try:
        return _from_json(path, strictjson.loads(data))
    # The cause may quote what it could not read, and that may be a secret.
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        raise SetupError(f"{path}: not a member file of version {_VERSION}; restore it from a copy") from None


def login_at(broker: Broker, principal: str, password: str) -> KafkaLogin:
    return KafkaLogin(broker.bootstrap, principal, password, broker.security_protocol, broker.ca)


def _from_json(path: Path, content: dict[str, Any]) -> MemberFile:
    if content["version"] != _VERSION:
        raise ValueError("another version")
    public_key(content["registrar"])
    return MemberFile(
        path=path,
        keys=store.from_json(content["keys"]),
        broker=Broker.model_validate(content["broker"]),
        registrar=content["registrar"],
        password=content["password"],
        clock_origin=content["clock"] and ClockOrigin.model_validate(content["clock"]),
        next=content["next"] and store.from_json(content["next"]),
    )
