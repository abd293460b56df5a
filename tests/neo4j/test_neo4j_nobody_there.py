"""An address of this machine where no Neo4j answers: said at once, and not after half a minute of trying."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lineage.errors import Unreachable
from lineage.settings import Settings
from lineage.stores.neo4j import open_neo4j
from tests.neo4j.sockets import answered_by


class Deaf(socketserver.BaseRequestHandler):
    """Hangs up on everyone, and counts them."""

    callers = 0

    def handle(self) -> None:
        Deaf.callers += 1


@pytest.fixture
def url() -> Iterator[str]:
    Deaf.callers = 0
    with answered_by(Deaf) as address:
        yield address


@pytest.mark.parametrize("write", [False, True])
def test_nobody_on_this_machine_is_asked_once(tmp_path: Path, url: str, write: bool) -> None:
    settings = replace(Settings(tmp_path), store=url)
    with pytest.raises(Unreachable, match="No Neo4j server answers"):
        open_neo4j(settings, write=write, env={"NEO4J_PASSWORD": "not-used-here"})
    assert Deaf.callers == 1
