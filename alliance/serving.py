"""Serves a process's metrics over HTTP: on the loopback alone, with TLS where a certificate is set."""

from __future__ import annotations

from prometheus_client import start_http_server

from alliance.errors import SetupError
from alliance.files import read_private
from alliance.settings import Settings


def serve_metrics(settings: Settings) -> None:
    """Nothing without a port. Raises SetupError for a certificate that can't be used, or a key that others can read."""
    if not settings.metrics_port:
        return
    if settings.metrics_tls_file:
        read_private(settings.metrics_tls_file, "point AFA_METRICS_TLS_FILE at one", "file of key and certificate")
    tls = str(settings.metrics_tls_file) if settings.metrics_tls_file else None
    try:
        start_http_server(settings.metrics_port, addr="127.0.0.1", certfile=tls, keyfile=tls)
    except OSError as error:
        raise SetupError(
            f"Metrics can't be served on port {settings.metrics_port} ({error.strerror or error}); check that the port "
            f"is free{f' and that {tls} holds a key and its certificate' if tls else ''}."
        ) from error
