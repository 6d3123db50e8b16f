"""Where an invite says that Kafka is: by TLS, unless that is on this machine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from afa.registrar import broker_at
from alliance.kafka import KafkaLogin

RUN: Any = SimpleNamespace(admin=KafkaLogin("127.0.0.1:9092", "admin", "secret"), reached_at="127.0.0.1:9092")


@pytest.mark.parametrize(
    ("address", "ca", "protocol"),
    [
        (None, False, "SASL_PLAINTEXT"),
        ("localhost:19092", False, "SASL_PLAINTEXT"),
        ("localhost:19092", True, "SASL_SSL"),
        ("kafka.example:19092", False, "SASL_SSL"),
        ("localhost:19092,kafka.example:19092", False, "SASL_SSL"),
    ],
)
def test_an_invite_to_another_machine_is_by_tls(tmp_path: Path, address: str | None, ca: bool, protocol: str) -> None:
    (tmp_path / "ca.pem").write_text("an authority", encoding="utf-8")
    made = broker_at(RUN, address, tmp_path / "ca.pem" if ca else None)
    assert made.security_protocol == protocol
    assert made.bootstrap == (address or "127.0.0.1:9092")
    assert made.ca == ("an authority" if ca else None)
