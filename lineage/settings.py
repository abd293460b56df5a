"""One frozen record of where things are and whom to ask, read once at the start of a command."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HUB = "https://huggingface.co"


@dataclass(frozen=True)
class Settings:
    """Where data lives and which store answers.

    `home` holds snapshots, caches and the embedded store; `store` is `embedded`, `neo4j` or a bolt/neo4j URL;
    `registry` names a user's own registry file, laid over the built-in one.
    """

    home: Path
    store: str = "embedded"
    endpoint: str = HUB
    registry: Path | None = None

    @property
    def snapshots(self) -> Path:
        """Sealed snapshots, one folder each."""
        return self.home / "snapshots"

    @property
    def crawls(self) -> Path:
        """Crawls under way, one folder a scope."""
        return self.home / "crawls"

    @property
    def resolved(self) -> Path:
        """Resolved edges and counts of snapshots; safe to delete."""
        return self.home / "resolved"

    @property
    def stores(self) -> Path:
        """The embedded store's files and its pointer."""
        return self.home / "store"


def read(
    env: Mapping[str, str] = os.environ,
    *,
    home: str | None = None,
    store: str | None = None,
    registry: str | None = None,
) -> Settings:
    """Settings from flags, then the environment, then defaults."""
    chosen = home or env.get("LINEAGE_HOME")
    if chosen is None:
        from platformdirs import user_data_dir

        chosen = user_data_dir("lineage", appauthor=False)
    return Settings(
        home=Path(chosen).expanduser(),
        store=store or env.get("LINEAGE_STORE") or "embedded",
        endpoint=(env.get("HF_ENDPOINT") or HUB).rstrip("/"),
        registry=Path(registry).expanduser() if registry else None,
    )
