"""TLS with a certificate of one's choice before a server that has none: the PostgreSQL that comes as a package is built
without it. Speaks what PostgreSQL says before TLS, and then passes on bytes."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@dataclass
class Front:
    """`behind` is PostgreSQL's socket; without one TLS begins at once, and nobody is there. `believed` counts clients
    that went on with the certificate that they were shown."""

    server: socket.socket
    context: ssl.SSLContext
    behind: Path | None
    believed: int = 0

    @property
    def port(self) -> int:
        port: int = self.server.getsockname()[1]
        return port

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.server.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.behind is not None:
                if client.recv(len(_SSL_REQUEST), socket.MSG_WAITALL) != _SSL_REQUEST:
                    return
                client.sendall(b"S")
            with self.context.wrap_socket(client, server_side=True) as secure:
                self.believed += 1
                if self.behind is not None:
                    with socket.socket(socket.AF_UNIX) as server:
                        server.connect(str(self.behind))
                        _both_ways(secure, server)


@contextmanager
def front(certificate: Path, behind: Path | None = None) -> Iterator[Front]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Front(server, context, behind)
        threading.Thread(target=made.serve, daemon=True).start()
        yield made
        server.shutdown(socket.SHUT_RDWR)


def _both_ways(secure: ssl.SSLSocket, server: socket.socket) -> None:
    other: dict[socket.socket, socket.socket] = {secure: server, server: secure}
    while True:
        for source in [secure] if secure.pending() else select.select([secure, server], [], [])[0]:
            if not (passed := source.recv(65_536)):
                return
            other[source].sendall(passed)
