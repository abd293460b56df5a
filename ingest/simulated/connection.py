"""The sockets of a simulated Hub: HTTP/1.1 with kept-alive connections, compression, and cuts on demand."""

from __future__ import annotations

import gzip
import logging
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ingest.simulated.answers import Answer, Asked

_LOG = logging.getLogger(__name__)
_WORTH_PACKING = 1_024


@dataclass(frozen=True)
class Served:
    """An answer and how its connection ends: `reset` before a byte is sent, `cut` in the middle of the body."""

    answer: Answer
    reset: bool = False
    cut: bool = False


class Listener:
    """A server thread on a loopback port (0: any free one) that asks `serve` for every answer."""

    def __init__(self, port: int, serve: Callable[[Asked], Served]) -> None:
        self._server = _Server(port, serve)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, hang up on everyone, and wait for the threads to end."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, port: int, serve: Callable[[Asked], Served]) -> None:
        self.serve = serve
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Remember the connection, then answer it on a thread of its own."""
        if isinstance(request, socket.socket):
            with self._guard:
                self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget the connection and close it."""
        if isinstance(request, socket.socket):
            with self._guard:
                self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        _LOG.debug("a client of the simulated Hub went away", exc_info=True)

    def hang_up(self) -> None:
        """Close the other end's view of every open connection, so that its thread ends."""
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    _LOG.debug("connection was closed already")


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: _Server

    def do_GET(self) -> None:
        self._respond()

    def do_HEAD(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_PUT(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:
        _LOG.debug(format, *args)

    def _respond(self) -> None:
        served = self.server.serve(self._asked())
        if served.reset:
            self._reset()
            return
        answer = served.answer
        body, packed = answer.body, False
        if (
            len(body) >= _WORTH_PACKING
            and answer.page is not None
            and "gzip" in self.headers.get("Accept-Encoding", "")
        ):
            body, packed = _packed(body), True
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if served.cut:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self._reset()
        elif self.command != "HEAD":
            self.wfile.write(body)

    def _asked(self) -> Asked:
        length = int(self.headers.get("Content-Length") or 0)
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(self.command, path, query, headers, self.rfile.read(length) if length else b"")

    def _reset(self) -> None:
        """Drop the connection with a RST, as a dying peer does; a cut body ends with a plain close instead."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


@lru_cache(maxsize=64)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=1, mtime=0)
