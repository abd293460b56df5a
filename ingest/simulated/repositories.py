"""Datasets of a simulated Hub that can be written to: made, uploaded to, committed, tagged, read at any revision."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote

import orjson

from ingest.simulated.answers import Answer, Asked, Hub, error
from ingest.simulated.faults import Fault
from ingest.simulated.files import span
from ingest.simulated.server import ACCEPTED, SimulatedHub
from ingest.simulated.sources import Source
from ingest.simulated.world import World

_FIRST = {".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"}
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_REPO = "/api/datasets/"
_MADE = "2026-11-24T00:00:00.000Z"


@dataclass
class Repository:
    """One dataset: commits by id with their files, the newest, tags, who may look."""

    name: str
    private: bool = False
    commits: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    head: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Mapping[str, bytes], message: str) -> str:
        """A new commit of these files; its id."""
        told = orjson.dumps([self.head, message, sorted((p, hashlib.sha256(b).hexdigest()) for p, b in files.items())])
        new = hashlib.sha256(told).hexdigest()[:40]
        self.commits[new], self.parents[new], self.messages[new] = dict(files), self.head, message
        self.head = new
        return new

    def at(self, revision: str) -> str | None:
        """The commit that a branch, tag or commit's id means."""
        named = {"main": self.head, **self.tags}.get(revision, revision)
        return named if named in self.commits else None


class Repositories:
    """All such datasets. Only namespaces in `owned` may be written to, and only with a token."""

    def __init__(self, owned: Sequence[str] = ("sim",)) -> None:
        self.owned = tuple(owned)
        self.datasets: dict[str, Repository] = {}
        self.stored: dict[str, bytes] = {}
        self.uploads: list[str] = []
        self._lock = threading.Lock()

    def answer(self, asked: Asked, base: str) -> Answer | None:
        """The answer to a request about these datasets, None where it is about something else."""
        path = unquote(asked.path)
        with self._lock:
            if path == "/api/repos/create":
                return self._create(asked, base)
            if path == "/api/validate-yaml":
                return _json({"errors": [], "warnings": []})
            if path.startswith("/simulated-storage/"):
                return self._store(path.rpartition("/")[2], asked.body)
            found = self._named(path)
            if found is None:
                return None
            repo, rest = found
            if repo.private and "authorization" not in asked.headers:
                return error(401, "Invalid username or password.", "RepoNotFound")
            if not path.startswith(_REPO):
                return self._batch(asked, base) if rest.startswith(".git/") else _file(repo, rest, asked)
            return self._api(repo, rest.strip("/").split("/"), asked, base)

    def _named(self, path: str) -> tuple[Repository, str] | None:
        """The dataset that a path is about, and the rest of the path."""
        for prefix in (_REPO, "/datasets/"):
            if path.startswith(prefix):
                for name in sorted(self.datasets, key=len, reverse=True):
                    rest = path.removeprefix(prefix + name)
                    if path.startswith(prefix + name) and rest[:1] in ("", "/", "."):
                        return self.datasets[name], rest
        return None

    def _create(self, asked: Asked, base: str) -> Answer:
        raw = orjson.loads(asked.body)
        owner, name = raw.get("organization") or self.owned[0], raw["name"]
        refused = self._refused(asked, owner)
        if refused is not None:
            return refused
        full = f"{owner}/{name}"
        if full in self.datasets:
            return error(409, "You already created this dataset repo")
        made = Repository(full, private=raw.get("visibility") == "private" or bool(raw.get("private")))
        made.commit(_FIRST, "initial commit")
        self.datasets[full] = made
        return _json({"url": f"{base}/datasets/{full}", "name": full, "id": full})

    def _refused(self, asked: Asked, owner: str) -> Answer | None:
        if "authorization" not in asked.headers:
            return error(401, "Invalid username or password.")
        if owner not in self.owned:
            return error(403, f"You don't have the rights to write under the namespace {owner}")
        return None

    def _api(self, repo: Repository, steps: list[str], asked: Asked, base: str) -> Answer:
        if steps[0] in ("preupload", "commit", "tag"):
            refused = self._refused(asked, repo.name.partition("/")[0])
            if refused is not None:
                return refused
        match steps:
            case [""] | ["revision", _]:
                return _info(repo, steps[1] if len(steps) > 1 else "main")
            case ["refs"]:
                tags = [{"name": t, "ref": f"refs/tags/{t}", "targetCommit": c} for t, c in repo.tags.items()]
                main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head}
                return _json({"branches": [main], "tags": tags, "converts": []})
            case ["tree", revision, *folder]:
                return _tree(repo, revision, "/".join(folder))
            case ["paths-info", revision]:
                return _paths(repo, revision, asked)
            case ["preupload", _]:
                return self._modes(repo, asked)
            case ["commit", revision]:
                return self._commit(repo, revision, asked, base)
            case ["tag", revision]:
                return _tag(repo, revision, asked)
            case _:
                return error(404, "Sorry, we can't find the page you are looking for.")

    def _modes(self, repo: Repository, asked: Asked) -> Answer:
        there = repo.commits[repo.head]
        files = []
        for one in orjson.loads(asked.body)["files"]:
            large = one["path"].endswith(".parquet")
            old = there.get(one["path"])
            oid = None if old is None else hashlib.sha256(old).hexdigest() if large else _git_id(old)
            mode = "lfs" if large else "regular"
            files.append({"path": one["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return _json({"files": files})

    def _batch(self, asked: Asked, base: str) -> Answer:
        refused = self._refused(asked, unquote(asked.path).split("/")[2])
        if refused is not None:
            return refused
        objects: list[dict[str, object]] = []
        for one in orjson.loads(asked.body)["objects"]:
            action = {"upload": {"href": f"{base}/simulated-storage/{one['oid']}"}}
            objects.append(one if one["oid"] in self.stored else {**one, "actions": action})
        return _json({"transfer": "basic", "objects": objects})

    def _store(self, oid: str, body: bytes) -> Answer:
        if hashlib.sha256(body).hexdigest() != oid:
            return error(400, "The content is not what its name says")
        self.stored[oid] = body
        self.uploads.append(oid)
        return Answer(200)

    def _commit(self, repo: Repository, revision: str, asked: Asked, base: str) -> Answer:
        header, *operations = (orjson.loads(line) for line in asked.body.splitlines())
        parent = header["value"].get("parentCommit")
        if revision != "main" or (parent is not None and parent != repo.head):
            return error(412, "A commit has happened since. Please refresh and try again.")
        files = dict(repo.commits[repo.head])
        for one in operations:
            value = one["value"]
            if one["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif one["key"] == "lfsFile":
                if value["oid"] not in self.stored:
                    return error(400, f"The content of {value['path']} was not uploaded")
                files[value["path"]] = self.stored[value["oid"]]
            elif one["key"] == "deletedFile":
                files.pop(value["path"])
        new = repo.commit(files, header["value"]["summary"])
        url = f"{base}/datasets/{repo.name}/commit/{new}"
        return _json({"success": True, "commitOid": new, "commitUrl": url, "hookOutput": ""})


class WritableHub(SimulatedHub):
    """A simulated Hub whose datasets in `repositories` can be written to, beside those that it was given."""

    def __init__(
        self,
        source: Source | World,
        *,
        repositories: Repositories | None = None,
        faults: Sequence[Fault] = (),
        files: Mapping[str, Mapping[str, Path]] | None = None,
        tokens: Sequence[str] = ACCEPTED,
        port: int = 0,
    ) -> None:
        self.repositories = repositories or Repositories()
        super().__init__(source, faults=faults, files=files, tokens=tokens, port=port)

    def show(self, source: Source | World) -> None:
        """Serve another source from the next request on; the datasets stay."""
        super().show(source)
        self._hub = _Writable(self._hub, self.repositories)


class _Writable(Hub):
    def __init__(self, hub: Hub, repositories: Repositories) -> None:
        super().__init__(hub.source, hub.base, hub.repositories)
        self.pages = hub.pages
        self._written = repositories

    def answer(self, asked: Asked) -> Answer:
        return self._written.answer(asked, self.base) or super().answer(asked)


def _json(value: object) -> Answer:
    return Answer(200, orjson.dumps(value), _JSON)


def _git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _unknown() -> Answer:
    return error(404, "Invalid rev id", "RevisionNotFound")


def _info(repo: Repository, revision: str) -> Answer:
    commit = repo.at(revision)
    if commit is None:
        return _unknown()
    siblings = [{"rfilename": path} for path in repo.commits[commit]]
    return _json(
        {
            "_id": commit[:24], "id": repo.name, "author": repo.name.partition("/")[0], "sha": commit,
            "lastModified": _MADE, "createdAt": _MADE, "private": repo.private, "gated": False, "disabled": False,
            "tags": ["simulated"], "siblings": siblings,
        }
    )  # fmt: skip


def _entry(path: str, content: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "oid": _git_id(content), "size": len(content), "path": path}
    if path.endswith(".parquet"):
        entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return entry


def _tree(repo: Repository, revision: str, folder: str) -> Answer:
    commit = repo.at(revision)
    if commit is None:
        return _unknown()
    inside = {p: b for p, b in repo.commits[commit].items() if not folder or p.startswith(f"{folder}/")}
    if folder and not inside:
        return error(404, "Entry not found", "EntryNotFound")
    return _json([_entry(path, content) for path, content in sorted(inside.items())])


def _paths(repo: Repository, revision: str, asked: Asked) -> Answer:
    commit = repo.at(revision)
    if commit is None:
        return _unknown()
    wanted = parse_qs(asked.body.decode()).get("paths", [])
    return _json([_entry(path, repo.commits[commit][path]) for path in wanted if path in repo.commits[commit]])


def _tag(repo: Repository, revision: str, asked: Asked) -> Answer:
    commit, name = repo.at(revision), orjson.loads(asked.body)["tag"]
    if commit is None:
        return _unknown()
    if name in repo.tags:
        return error(409, f"Tag reference exists already: {name}")
    repo.tags[name] = commit
    return Answer(200)


def _file(repo: Repository, rest: str, asked: Asked) -> Answer:
    _, resolve, revision, *steps = f"{rest}//".split("/")
    commit, path = repo.at(revision), "/".join(steps).strip("/")
    if resolve != "resolve" or commit is None:
        return _unknown()
    content = repo.commits[commit].get(path)
    if content is None:
        return error(404, "Entry not found", "EntryNotFound")
    tag = hashlib.sha256(content).hexdigest() if path.endswith(".parquet") else _git_id(content)
    headers = {
        "ETag": f'"{tag}"',
        "X-Repo-Commit": commit,
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
    }
    if asked.method == "HEAD":
        return Answer(200, b"", {**headers, "Content-Length": str(len(content)), "X-Linked-Size": str(len(content))})
    try:
        part = span(asked.headers.get("range"), len(content))
    except ValueError as outside:
        return Answer(416, b"", {"Content-Range": str(outside)})
    if part is None:
        return Answer(200, content, headers)
    start, end = part
    return Answer(206, content[start:end], {**headers, "Content-Range": f"bytes {start}-{end - 1}/{len(content)}"})
