"""The registrar's own key, and the registry records that it signs, so that a member need not believe the hub's broker.

The key is the registrar's alone: the hub's processes get no path to it. A record must never be published unsigned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from alliance import kafka
from alliance.embedded.datadir import DataDir
from alliance.kafka import KafkaLogin
from alliance.keys import store
from alliance.keys.signatures import BadSignature, sign, verify
from alliance.keys.store import MemberKeys
from schemas.envelope import SIGNATURE_HEADER
from schemas.registry import Member
from schemas.topics import MEMBERS

_NAME = "registrar"
_SEND_TIMEOUT_S = 15.0


def registrar_keys(data: DataDir) -> MemberKeys:
    """The key with which this alliance's registrar signs; made once."""
    folder = data.path / "registrar"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "keys.json"
    if not path.exists():
        store.generate(_NAME).save(path)
    return store.load(path)


def publish(login: KafkaLogin, keys: MemberKeys, records: Iterable[Member]) -> None:
    """Write these records, signed, and return when the broker has them."""
    with kafka.producer(login) as sender:
        sent = [
            sender.send(MEMBERS.name, value, record.member.encode(), headers=[signed(keys, value)])
            for record in records
            for value in (record.model_dump_json().encode(),)
        ]
        for future in sent:
            future.get(_SEND_TIMEOUT_S)


def sign_all(login: KafkaLogin, keys: MemberKeys) -> None:
    """Sign what stands in the registry from before the registrar had a key."""
    newest = {record.key: record for record in kafka.whole(login, MEMBERS.name)}
    unsigned = [record for record in newest.values() if record.value and not is_signed(record, keys.public.verifier())]
    if unsigned:
        publish(login, keys, [Member.model_validate_json(record.value) for record in unsigned])


def signed(keys: MemberKeys, value: bytes) -> tuple[str, bytes]:
    """The header by which these bytes are the registrar's."""
    return SIGNATURE_HEADER, sign(keys.signing, keys.kid, value).encode()


def is_signed(record: Any, registrar: Ed25519PublicKey) -> bool:
    """Whether the registrar wrote this record of `members`."""
    jws = dict(record.headers).get(SIGNATURE_HEADER) or b""
    try:
        verify(jws.decode("ascii", "replace"), record.value or b"", lambda kid: registrar)
    except BadSignature:
        return False
    return True
