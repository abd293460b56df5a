"""Dataset repositories of a simulated Hub: the published dumps, served whole or by range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import Final

COMMIT: Final = "51d0" * 10
"""The one commit of every simulated dataset."""


@dataclass(frozen=True)
class Stored:
    """One file of a dataset."""

    path: str
    local: Path

    @cached_property
    def sha256(self) -> str:
        """Digest of the content, which is its ETag."""
        with self.local.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    @cached_property
    def size(self) -> int:
        return self.local.stat().st_size

    @property
    def entry(self) -> dict[str, object]:
        """As the tree and paths-info endpoints describe it."""
        lfs = {"oid": self.sha256, "size": self.size, "pointerSize": 134}
        return {"type": "file", "oid": self.sha256[:40], "size": self.size, "path": self.path, "lfs": lfs}

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`."""
        with self.local.open("rb") as file:
            file.seek(start)
            return file.read(end - start)


@dataclass(frozen=True)
class Dataset:
    """A dataset repository: its files by path."""

    repo: str
    files: Mapping[str, Stored]

    @property
    def modified(self) -> str:
        """When the newest of its files was written."""
        newest = max((stored.local.stat().st_mtime for stored in self.files.values()), default=0.0)
        return datetime.fromtimestamp(newest, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def below(self, folder: str, *, recursive: bool) -> list[dict[str, object]] | None:
        """Entries of a folder, deeper ones too if `recursive`; None where there is no such folder."""
        prefix = f"{folder}/" if folder else ""
        inside = sorted(path for path in self.files if path.startswith(prefix))
        if not inside and folder:
            return None
        entries: dict[str, dict[str, object]] = {}
        for path in inside:
            steps = path.removeprefix(prefix).split("/")
            for depth in range(1, len(steps) if recursive else min(2, len(steps))):
                name = prefix + "/".join(steps[:depth])
                entries[name] = folder_entry(name)
            if recursive or len(steps) == 1:
                entries[path] = self.files[path].entry
        return list(entries.values())

    def described(self, path: str) -> dict[str, object] | None:
        """The entry of a file or folder, None where there is neither."""
        if path in self.files:
            return self.files[path].entry
        return folder_entry(path) if any(name.startswith(f"{path}/") for name in self.files) else None


def folder_entry(path: str) -> dict[str, object]:
    """A folder as the tree endpoint describes it."""
    return {"type": "directory", "oid": COMMIT, "size": 0, "path": path}


def datasets(given: Mapping[str, Mapping[str, Path]]) -> dict[str, Dataset]:
    """Datasets from repository → path in it → local file."""
    return {
        repo: Dataset(repo, {path: Stored(path, local) for path, local in files.items()})
        for repo, files in given.items()
    }


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and end of a single `Range`, None where none is asked for; ValueError where it lies outside."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last) + 1 if last and first else size, size)
    if start >= end:
        raise ValueError(f"bytes */{size}")
    return start, end
