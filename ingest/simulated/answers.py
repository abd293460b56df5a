"""What a simulated Hub answers to a request: everything but the socket, the quota and the faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qs, quote, unquote, urlencode

import numpy as np
import orjson

from ingest.simulated.files import COMMIT, Dataset, span
from ingest.simulated.listing import DEFAULT, EXPAND, FULL, ONE_ONLY
from ingest.simulated.paging import Page, Pages, Query, Rejected, query
from ingest.simulated.shape import RELATIONS
from ingest.simulated.sources import Places, Source


@dataclass(frozen=True)
class Asked:
    """A request as it came in; `path` is still percent-encoded, `headers` have lower-case names."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def params(self) -> dict[str, list[str]]:
        """Query parameters, each with all its values."""
        return parse_qs(self.query, keep_blank_values=True)


@dataclass(frozen=True)
class Answer:
    """A status, a body and headers; `page` keeps a listing's rows apart, so that faults can tamper with them."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    page: Page | None = None


def error(status: int, text: str, code: str | None = None) -> Answer:
    """An error as the Hub sends it: JSON, with the reason in headers too."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Error-Message": text.encode("ascii", "replace").decode(),
    }
    if code is not None:
        headers["X-Error-Code"] = code
    return Answer(status, orjson.dumps({"error": text}), headers)


def listed(page: Page, base: str, asked: Asked) -> Answer:
    """A page as an answer, with the `Link` to the next one unless it is the last."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if page.cursor is not None:
        kept = [(name, value) for name, values in asked.params.items() if name != "cursor" for value in values]
        link = f"{base}/api/models?{urlencode([*kept, ('cursor', page.cursor)], quote_via=quote, safe='')}"
        headers["Link"] = f'<{link}>; rel="next"'
    return Answer(200, b"[" + b",".join(page.objects) + b"]", headers, page)


class Hub:
    """The answers of a Hub over one source; `base` is its own address."""

    def __init__(self, source: Source, base: str, repositories: Mapping[str, Dataset]) -> None:
        self.source = source
        self.base = base
        self.repositories = repositories
        self.pages = Pages(source)
        self._page = lru_cache(maxsize=256)(self.pages.page)

    def answer(self, asked: Asked) -> Answer:
        """The answer to a GET, HEAD or POST."""
        path = unquote(asked.path)
        if path == "/api/models":
            return self.listing(asked)
        if path.startswith("/api/models/"):
            return self._model(path.removeprefix("/api/models/"), asked)
        if path.startswith("/api/datasets/"):
            return self._dataset(path.removeprefix("/api/datasets/"), asked)
        if path.startswith("/datasets/") and "/resolve/" in path:
            return self._file(path.removeprefix("/datasets/"), asked)
        return error(404, "Sorry, we can't find the page you are looking for.")

    def query(self, asked: Asked) -> Query:
        """The listing that a request asks for; raises Rejected."""
        return query(asked.params, EXPAND, DEFAULT, FULL)

    def listing(self, asked: Asked) -> Answer:
        """A page of the listing."""
        try:
            page = self._page(self.query(asked), asked.params.get("cursor", [None])[-1])
        except Rejected as reason:
            return error(400, str(reason))
        return listed(page, self.base, asked)

    def _model(self, name: str, asked: Asked) -> Answer:
        name, _, _ = name.partition("/revision/")
        moved = self.source.redirects.get(name)
        if name not in self.pages.places and moved is not None:
            to = f"{self.base}/api/models/{quote(moved)}" + (f"?{asked.query}" if asked.query else "")
            return Answer(307, b"", {"Location": to})
        if name not in self.pages.places:
            return error(404, "Repository not found", "RepoNotFound")
        expand = [value for key in ("expand", "expand[]") for value in asked.params.get(key, ())]
        unknown = [value for value in expand if value not in (*EXPAND, *ONE_ONLY)]
        if unknown:
            names = ", ".join((*EXPAND, *ONE_ONLY))
            return error(400, f"Invalid expand value {unknown[0]!r}. Expected one of: {names}")
        fields = tuple(expand) or (*FULL, "cardData", "safetensors")
        row = orjson.loads(self.pages.source.objects(self._one(name), fields)[0])
        if "baseModels" in expand:
            row |= self._base_models(name)
        if "childrenModelCount" in expand:
            row["childrenModelCount"] = {
                relation: len(self.pages.tagged(f"base_model:{relation}:{name}")) for relation in RELATIONS
            }
        return Answer(200, orjson.dumps(row), {"Content-Type": "application/json; charset=utf-8"})

    def _one(self, name: str) -> Places:
        return np.array([self.pages.places[name]], dtype=np.int64)

    def _base_models(self, name: str) -> dict[str, object]:
        """`baseModels` from the twin tags of a model, nothing where it has none."""
        tags: list[str] = self.source.keys["tags"][self.pages.places[name]].to_list()
        typed = [tag.removeprefix("base_model:").partition(":") for tag in tags if tag.startswith("base_model:")]
        pairs = [(head, tail) for head, _, tail in typed if head in RELATIONS and f"base_model:{tail}" in tags]
        if not pairs:
            return {}
        ids = self.source.keys["_id"]
        models = [
            {"_id": ids[self.pages.places[parent]], "id": parent} for _, parent in pairs if parent in self.pages.places
        ]
        return {"baseModels": {"relation": pairs[0][0], "models": models}}

    def _dataset(self, rest: str, asked: Asked) -> Answer:
        owner, name, *steps = rest.split("/")
        found = self.repositories.get(f"{owner}/{name}")
        if found is None:
            return error(404, "Repository not found", "RepoNotFound")
        match steps:
            case [] | ["revision", _]:
                siblings = [{"rfilename": path} for path in found.files]
                info = {"_id": COMMIT[:24], "id": found.repo, "author": owner, "sha": COMMIT, "siblings": siblings}
                info["lastModified"] = found.modified
                return _json({**info, "private": False, "gated": False, "disabled": False, "tags": ["simulated"]})
            case ["tree", _, *folder]:
                recursive = asked.params.get("recursive", ["false"])[-1].lower() in ("true", "1")
                entries = found.below("/".join(folder), recursive=recursive)
                return error(404, "Entry not found", "EntryNotFound") if entries is None else _json(entries)
            case ["paths-info", _]:
                wanted = parse_qs(asked.body.decode()).get("paths", [])
                return _json([entry for path in wanted if (entry := found.described(path)) is not None])
            case _:
                return error(404, "Sorry, we can't find the page you are looking for.")

    def _file(self, rest: str, asked: Asked) -> Answer:
        repo, _, tail = rest.partition("/resolve/")
        _, _, path = tail.partition("/")
        found = self.repositories.get(repo)
        if found is None:
            return error(404, "Repository not found", "RepoNotFound")
        if path not in found.files:
            return error(404, "Entry not found", "EntryNotFound")
        stored = found.files[path]
        headers = {
            "ETag": f'"{stored.sha256}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        try:
            part = span(asked.headers.get("range"), stored.size)
        except ValueError as outside:
            return Answer(416, b"", {"Content-Range": str(outside)})
        if asked.method == "HEAD":
            return Answer(200, b"", {**headers, "Content-Length": str(stored.size), "X-Linked-Size": str(stored.size)})
        if part is None:
            return Answer(200, stored.read(0, stored.size), headers)
        start, end = part
        return Answer(
            206, stored.read(start, end), {**headers, "Content-Range": f"bytes {start}-{end - 1}/{stored.size}"}
        )


def _json(value: object) -> Answer:
    return Answer(200, orjson.dumps(value), {"Content-Type": "application/json; charset=utf-8"})
