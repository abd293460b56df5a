"""What `lineage neo4j up` leaves in the home folder, so that a store finds its server and password by itself.

Written by `ingest.neo4j_server`, read by the Neo4j store. The file holds a password: mode 0600, never printed.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lineage.errors import Damaged


@dataclass(frozen=True)
class Local:
    """A server that this home owns; `pid` or `container` while it was last seen running, else None.

    `release` is the asked line (5.26, 2026), `version` the exact server, `engine` is `jars` or `docker`.
    """

    url: str
    release: str
    version: str
    engine: str
    username: str = "neo4j"
    password: str = field(default="", repr=False)
    pid: int | None = None
    container: str | None = None


def folder(home: Path) -> Path:
    """Where the local server of this home lives."""
    return (home / "neo4j").absolute()


def read_local(home: Path) -> Local | None:
    """The server that this home knows of, or None; raises Damaged where its file is no such record."""
    path = folder(home) / "server.json"
    try:
        return Local(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise Damaged(
            f"{path} is not the record of a local server. Stop that server, remove the file and run `lineage neo4j up`."
        ) from error


def write_local(home: Path, local: Local) -> None:
    """Keep `local` for this home, readable by its owner only, replaced in one step."""
    path = folder(home) / "server.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.chmod(beside, 0o600)
        json.dump(asdict(local), file)
    beside.replace(path)
