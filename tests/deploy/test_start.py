"""The broker's start script where the storage can't be formatted."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.deploy.containers import ROOT

_TATTLES = """#!/bin/sh
for out in 1 2; do
  (echo "salt=[1]" >&$out; cat "${3#@}"; echo "	at a.frame") >&$out
done
exit 3
"""


def test_a_storage_that_can_not_be_formatted_is_told_in_one_sentence_without_secrets(tmp_path: Path) -> None:
    secrets = {"admin": "secret-of-admin", "controller": "secret-of-controller"}
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret)
    java = tmp_path / "java"
    java.write_text(_TATTLES)
    java.chmod(0o700)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "KAFKA_SECRETS": str(tmp_path),
        "KAFKA_DATA": str(tmp_path / "data"),
        "TMPDIR": str(tmp_path),
    }
    command = ["bash", str(ROOT / "deploy" / "kafka" / "start.sh")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"The broker's storage in {tmp_path / 'data'} can't be formatted (code 3): --config")
    assert "password=…" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not any(secret in ended.stderr for secret in secrets.values())
    assert not list(tmp_path.glob("*/format"))
