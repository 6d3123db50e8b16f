"""Metrics are served with a key that is its owner's alone, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance import certificates
from alliance.clock import wall_now
from alliance.errors import SetupError
from alliance.serving import serve_metrics
from alliance.settings import Settings


def test_a_key_that_others_can_read_serves_no_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[object] = []
    monkeypatch.setattr("alliance.serving.start_http_server", lambda *port, **told: served.append(told["keyfile"]))
    certificates.make(tmp_path / "tls", {}, wall_now())
    file = tmp_path / "tls" / "metrics.pem"
    settings = Settings(metrics_port=1, metrics_tls_file=file)
    serve_metrics(settings)
    assert served == [str(file)]
    file.chmod(0o644)
    with pytest.raises(SetupError, match=r"metrics\.pem: others can read this .*key.* \(mode 0644\); run `chmod 600"):
        serve_metrics(settings)
    file.unlink()
    with pytest.raises(SetupError, match=r"metrics\.pem: there is no .*; point AFA_METRICS_TLS_FILE"):
        serve_metrics(settings)
    assert len(served) == 1
