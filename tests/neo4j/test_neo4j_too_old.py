"""A server older than we can use, as it sounds on the wire: every answer a success, a name that says its age."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lineage.errors import Refused
from lineage.settings import Settings
from lineage.stores.neo4j import open_neo4j
from tests.neo4j.sockets import answered_by

BOLT_4_4 = b"\x00\x00\x04\x04"
GOODBYE = 0x02


def _text(value: str) -> bytes:
    raw = value.encode()
    return bytes([0xD0, len(raw)]) + raw


class Old(socketserver.StreamRequestHandler):
    """Answers each message with one success that suits all of them."""

    def handle(self) -> None:
        self.rfile.read(20)
        self.wfile.write(BOLT_4_4)
        told = {
            "server": _text("Neo4j/4.4.30"),
            "connection_id": _text("bolt-1"),
            "fields": b"\x90",
            "has_more": b"\xc2",
        }
        success = b"\xb1\x70" + bytes([0xA0 + len(told)]) + b"".join(_text(key) + value for key, value in told.items())
        while (message := self._message()) and message[1] != GOODBYE:
            self.wfile.write(len(success).to_bytes(2, "big") + success + b"\x00\x00")

    def _message(self) -> bytes:
        whole = b""
        while size := int.from_bytes(self.rfile.read(2), "big"):
            whole += self.rfile.read(size)
        return whole


@pytest.fixture
def url() -> Iterator[str]:
    with answered_by(Old) as address:
        yield address


@pytest.mark.parametrize("write", [False, True])
def test_an_old_server_is_refused_in_one_sentence(tmp_path, url, write):
    settings = replace(Settings(tmp_path), store=url)
    with pytest.raises(Refused, match=r"^The server at .* is too old; lineage needs Neo4j 5\.7 or newer"):
        open_neo4j(settings, write=write, env={"NEO4J_PASSWORD": "not-used-here"})
