"""Who answers: a unit by its own file, wherever the hub is, or one whose keys a run's data folder keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from alliance import clock
from alliance.clock import AllianceClock
from alliance.embedded.datadir import DataDir
from alliance.joining import memberfile
from alliance.kafka import KafkaLogin
from alliance.keys.store import MemberKeys
from alliance.membership import load_member, member_dir
from alliance.registrar import registrar_public
from alliance.settings import Settings


@dataclass(frozen=True, slots=True)
class Unit:
    """`registrar` signs the registry; books and spool lie in `folder`."""

    keys: MemberKeys
    login: KafkaLogin
    registrar: Ed25519PublicKey
    clock: AllianceClock
    folder: Path


def joined(path: Path) -> Unit:
    """Of a unit's own file. SetupError for one that can't be read, or that the registrar has not approved."""
    held = memberfile.load(path)
    return Unit(held.keys, held.login(), held.trusted, held.clock(), path.with_name(f"{path.name}.reference"))


def enrolled(member: str, folder: Path | None, settings: Settings) -> Unit:
    """By the data folder. SetupError for one that was not enrolled there."""
    data = DataDir(folder or settings.data_dir)
    ticking = clock.load(data.path / "clock.json" if folder else settings.clock_file)
    keys, login = load_member(data, member)
    if settings.kafka_bootstrap:
        protocol, ca = settings.kafka_security_protocol, settings.kafka_ca()
        login = replace(login, bootstrap=settings.kafka_bootstrap, security_protocol=protocol, ca=ca)
    return Unit(keys, login, registrar_public(data), ticking, member_dir(data, member) / "reference")
