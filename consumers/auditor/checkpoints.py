"""What the auditor signs, and with what: a key of its own, which neither the hub nor the registrar ever has.

The key file is made where the auditor runs and never leaves it; beside it lies the public half, for whoever verifies.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from alliance.errors import SetupError
from alliance.files import write_atomically
from alliance.keys import store
from alliance.keys.encoding import decode
from alliance.keys.signatures import BadSignature, sign_object, verify_object
from alliance.keys.store import MemberKeys
from schemas.audit import AuditCheckpoint, Checkpoint

AUDITOR = "auditor"


def keys_at(path: Path) -> MemberKeys:
    """The auditor's keys, made the first time. Raises SetupError for a file that others can read."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        store.generate(AUDITOR).save(path)
    keys = store.load(path)
    write_atomically(public_file(path), f"{keys.public.signing}\n".encode(), mode=0o644)
    return keys


def public_file(path: Path) -> Path:
    """Where the public half of a key file lies."""
    return path.with_suffix(".pub")


def signed_file(path: Path) -> Path:
    """Where the auditor that has this key file keeps what it has signed last: out of the hub's reach, as its key is."""
    return path.with_name("signed.json")


def keep(file: Path, record: AuditCheckpoint) -> None:
    write_atomically(file, record.model_dump_json().encode() + b"\n", mode=0o600)


def kept(file: Path, public: Ed25519PublicKey) -> Checkpoint | None:
    """What was signed last; None if nothing was yet. Raises SetupError for a file that this key has not signed."""
    if not file.exists():
        return None
    with suppress(ValidationError, OSError):
        if said := proven(AuditCheckpoint.model_validate_json(file.read_bytes()), public):
            return said
    raise SetupError(f"{file}: this is not what the auditor has signed last; restore it, as its key, from a copy.")


def public_at(path: Path) -> Ed25519PublicKey:
    """A public half. Raises SetupError if the file holds none."""
    try:
        return Ed25519PublicKey.from_public_bytes(decode(path.read_text(encoding="ascii").strip()))
    except (OSError, ValueError) as error:
        raise SetupError(
            f"{path}: there is no public key of the auditor; name the file that the auditor gave out with --key."
        ) from error


def sign(keys: MemberKeys, said: Checkpoint) -> AuditCheckpoint:
    return AuditCheckpoint(jws=sign_object(keys.signing, keys.kid, said.model_dump(mode="json")))


def proven(record: AuditCheckpoint, public: Ed25519PublicKey) -> Checkpoint | None:
    """What the auditor signed; None if this key did not."""
    try:
        _, said = verify_object(record.jws, lambda kid: public if kid.split("/")[0] == AUDITOR else None)
        return Checkpoint.model_validate_json(orjson.dumps(said))
    except (BadSignature, ValidationError):
        return None
