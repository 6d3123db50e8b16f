"""The registrar's own copy of the rulebook, and its record in the registry.

The copy is the registrar's word: what somebody has written over the record must never take its place.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from alliance import kafka
from alliance.embedded.datadir import DataDir
from alliance.errors import Refused
from alliance.files import write_atomically
from alliance.kafka import KafkaLogin
from alliance.registrar import publish, registrar_keys
from alliance.roll import proven
from alliance.rulebook.loading import STANDARD, read
from schemas.rulebook import RULEBOOK_KEY, Rulebook
from schemas.topics import MEMBERS


def provide(data: DataDir, login: KafkaLogin) -> None:
    """Have the registry say what the registrar's copy says; the first copy is what the product ships."""
    path = _copy(data)
    if not path.exists():
        write_atomically(path, (files("alliance.rulebook") / STANDARD).read_bytes(), mode=0o600)
    book = read(path)
    if standing(data, login) != book:
        publish(login, registrar_keys(data), [book])


def change(data: DataDir, login: KafkaLogin, file: Path) -> Rulebook:
    """Put the file in the place of the rulebook. Raises SetupError, and changes nothing, if it is none."""
    book = read(file)
    # The copy first: if the broker is away, the next start of the run says it.
    write_atomically(_copy(data), file.read_bytes(), mode=0o600)
    publish(login, registrar_keys(data), [book])
    return book


def standing(data: DataDir, login: KafkaLogin) -> Rulebook | None:
    """The newest rulebook in the registry that the registrar has signed, if there is one."""
    found = None
    for record in kafka.whole(login, MEMBERS.name):
        if record.key == RULEBOOK_KEY.encode():
            try:
                found = proven(record, registrar_keys(data).public.verifier())
            except Refused:
                # Not the registrar's, or of another version: the copy is what counts.
                found = None
    return found if isinstance(found, Rulebook) else None


def _copy(data: DataDir) -> Path:
    registrar_keys(data)
    return data.path / "registrar" / "rulebook.toml"
