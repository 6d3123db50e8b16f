"""TLS with a certificate of one's choice, and nobody behind it: a broker can't be given another one as it runs."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Front:
    """`believed` counts clients that went on with the certificate that they were shown."""

    server: socket.socket
    context: ssl.SSLContext
    believed: int = 0

    @property
    def port(self) -> int:
        port: int = self.server.getsockname()[1]
        return port

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.server.accept()
                threading.Thread(target=self._meet, args=(client,), daemon=True).start()

    def _meet(self, client: socket.socket) -> None:
        with client, suppress(OSError), self.context.wrap_socket(client, server_side=True):
            self.believed += 1


@contextmanager
def front(certificate: Path) -> Iterator[Front]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Front(server, context)
        threading.Thread(target=made.serve, daemon=True).start()
        yield made
        server.shutdown(socket.SHUT_RDWR)
