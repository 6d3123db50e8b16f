"""The registrar's own key, and what it signs, so that nobody need believe the hub's broker: the registry's records, and
what it does beside them, for the record.

The private key is the registrar's alone: the hub's processes and the members get the public one. Nothing must ever be
published unsigned, nor signed because it was there: what is unsigned may be forged.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from alliance import kafka
from alliance.embedded.datadir import DataDir
from alliance.errors import SetupError
from alliance.files import write_atomically
from alliance.kafka import KafkaLogin
from alliance.keys import store
from alliance.keys.encoding import public_key
from alliance.keys.signatures import sign
from alliance.keys.store import MemberKeys
from schemas.base import Message
from schemas.envelope import SIGNATURE_HEADER
from schemas.registrar import RegistrarAct
from schemas.registry import Member
from schemas.rulebook import RULEBOOK_KEY, Rulebook
from schemas.topics import MEMBERS, REGISTRAR_ACTS

_NAME = "registrar"
_SEND_TIMEOUT_S = 15.0


def registrar_keys(data: DataDir) -> MemberKeys:
    """The key with which this alliance's registrar signs; made once, with the public one in a file beside it."""
    folder = data.path / "registrar"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "keys.json"
    if not path.exists():
        # Of two commands that make it at once one wins, and both sign with its key.
        store.generate(_NAME).save(path, replace=False)
    keys = store.load(path)
    if not _public_file(data).exists():
        write_atomically(_public_file(data), f"{keys.public.signing}\n".encode(), mode=0o644)
    return keys


def registrar_public(data: DataDir) -> Ed25519PublicKey:
    """The public key alone, for who must not open the private one. Raises SetupError if there is none here."""
    try:
        return public_key(_public_file(data).read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise SetupError(
            f"{_public_file(data)} is no registrar's public key; `afa member registrar` makes it."
        ) from error


@contextmanager
def alone(data: DataDir) -> Iterator[None]:
    """For whoever writes as the registrar of this folder: one at a time, since each writes anew what it has read, and
    what another wrote meanwhile would be undone: a dismissal by an approval, one epoch's key by another's."""
    registrar_keys(data)
    handle = os.open(data.path / "registrar" / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def publish(login: KafkaLogin, keys: MemberKeys, records: Iterable[Member | Rulebook]) -> None:
    """Write these records, signed, and return when the broker has them."""
    _write(login, keys, MEMBERS.name, ((key_of(record), record) for record in records))


def put_on_record(login: KafkaLogin, keys: MemberKeys, acts: Sequence[RegistrarAct]) -> None:
    """Say these acts, signed, and return when the broker has them: before they are done, or the record could lack one
    that was."""
    if acts:
        _write(login, keys, REGISTRAR_ACTS.name, ((act.member, act) for act in acts))


def _write(login: KafkaLogin, keys: MemberKeys, topic: str, named: Iterable[tuple[str, Message]]) -> None:
    with kafka.producer(login) as sender:
        sent = [
            sender.send(topic, value, name.encode(), headers=[signed(keys, value)])
            for name, value in ((name, message.model_dump_json().encode()) for name, message in named)
        ]
        for future in sent:
            future.get(_SEND_TIMEOUT_S)


def key_of(record: Member | Rulebook) -> str:
    """Under which it lies on the topic."""
    return RULEBOOK_KEY if isinstance(record, Rulebook) else record.member


def signed(keys: MemberKeys, value: bytes) -> tuple[str, bytes]:
    """The header by which these bytes are the registrar's."""
    return SIGNATURE_HEADER, sign(keys.signing, keys.kid, value).encode()


def _public_file(data: DataDir) -> Path:
    return data.path / "registrar" / "key.pub"
