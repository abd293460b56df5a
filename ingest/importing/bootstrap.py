"""The published daily dump of the Hub's models: where it is, and reading of it by range or as a whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from ingest.hub import addresses, client
from ingest.hub.patience import Patience
from ingest.parse import dump
from lineage.errors import Fatal, LineageError, NotFound, Refused

if TYPE_CHECKING:
    from huggingface_hub import HfApi

DAILY = "cfahlgren1/hub-stats"
WEEKLY = "hfmlsoc/hub_weekly_snapshots"
FILE = "models.parquet"
STALE = timedelta(days=3)

TERMS = {
    WEEKLY: "From the archive {source} under the Open Database License (ODbL): a database derived from it names it and "
    "carries the same licence.",
    DAILY: "From the published dump {source}: whoever passes its rows on names it, by the terms on its page.",
}
"""The note that a snapshot of a dump carries, and every update over it."""

_MOST_READS = 1_500
"""Ranges read before fetching the whole file is kinder to the resolver's quota (3,000 in five minutes, anonymous)."""

_WORTH = 0.8
_BYTES_A_SECOND = 20e6
T = TypeVar("T")


@dataclass(frozen=True)
class Dump:
    """A published dump as found: dataset `repo` at `revision`, its file, its day, its size in bytes."""

    repo: str
    revision: str
    path: str
    day: date
    size: int
    endpoint: str

    @property
    def source(self) -> str:
        """The dump in a word, as a snapshot records it."""
        return f"{self.repo}@{self.day.isoformat()}"

    @property
    def terms(self) -> str:
        """What passing its rows on asks for."""
        return TERMS[self.repo].format(source=self.source)

    @property
    def url(self) -> str:
        """Where a person fetches the file."""
        return f"{self.endpoint}/datasets/{self.repo}/resolve/{self.revision}/{self.path}"


def find(endpoint: str, token: str | bool | None, now: datetime) -> Dump:
    """The daily dump; where it is gone, closed or over three days old the newest weekly one, if that is newer.

    `token` None takes HF_TOKEN or the saved login, False sends none. Raises NotFound where there is neither.
    """
    api = _api(endpoint, token)
    daily = _asked(endpoint, lambda: _daily(api, endpoint))
    if daily is not None and now.date() - daily.day <= STALE:
        return daily
    weekly = _asked(endpoint, lambda: _weekly(api, endpoint))
    found = [dump for dump in (daily, weekly) if dump is not None]
    if not found:
        raise NotFound(
            f"Neither {DAILY} nor {WEEKLY} is to be had from {endpoint}. Try lineage crawl, or lineage import with a "
            "models.parquet of your own."
        )
    return max(found, key=lambda one: one.day)


def weeks(endpoint: str, token: str | bool | None) -> tuple[date, ...]:
    """The first days of all archived weeks, oldest first; raises NotFound where there is no archive."""
    days = _asked(endpoint, lambda: _archived(_api(endpoint, token)))
    if not days:
        raise NotFound(f"{WEEKLY} is not to be had from {endpoint}. Check HF_ENDPOINT.")
    return tuple(sorted(days))


def week(endpoint: str, token: str | bool | None, day: date) -> Dump:
    """The archived week that begins on a day; raises NotFound where its folder holds no models."""
    path = f"models/{day.isoformat()}/{FILE}"
    found = _asked(endpoint, lambda: _described(_api(endpoint, token), endpoint, WEEKLY, path, day))
    if found is None:
        raise NotFound(f"{WEEKLY} has no {path}.")
    return found


@contextmanager
def read(
    found: Dump,
    token: str | bool | None,
    progress: dump.Bytes = lambda done, total: None,
    say: Callable[[str], None] = lambda text: None,
    *,
    cache: Path | None = None,
) -> Iterator[dump.DumpReader]:
    """A reader of the dump while the context lasts: by ranges where that spares enough, else of the whole file.

    `say` is told bytes and time first. A whole file is kept in `cache` (huggingface_hub's own by default) and resumed.
    """
    with ExitStack() as stack, _said(found.endpoint):
        remote = stack.enter_context(_opened(found, token))
        reader = dump.read(remote, progress, name=found.source)
        cost = reader.cost()
        if cost.reads > _MOST_READS or cost.bytes > _WORTH * found.size:
            reader.close()
            say(_estimate(found, found.size, "the whole file"))
            local = _asked(found.endpoint, lambda: _downloaded(found, token, cache))
            reader = dump.read(local, progress, name=found.source)
        else:
            say(_estimate(found, cost.bytes, f"the columns needed, of {_megabytes(found.size)}"))
        stack.callback(reader.close)
        yield reader


def _estimate(found: Dump, size: int, what: str) -> str:
    seconds = size / _BYTES_A_SECOND
    time = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(1, seconds):.0f} s"
    return f"Reading {found.source}: {_megabytes(size)} ({what}), about {time} at {_BYTES_A_SECOND / 1e6:.0f} MB/s."


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size < 100e6 else f"{size / 1e6:,.0f} MB"


def _api(endpoint: str, token: str | bool | None) -> HfApi:
    from huggingface_hub import HfApi

    from lineage import __version__

    addresses.origin(endpoint)
    return HfApi(endpoint=endpoint, token=token, library_name="lineage", library_version=__version__)


def _daily(api: HfApi, endpoint: str) -> Dump | None:
    return _described(api, endpoint, DAILY, FILE, None)


def _archived(api: HfApi) -> list[date]:
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    try:
        folders = [entry.path for entry in api.list_repo_tree(WEEKLY, "models", repo_type="dataset")]
    except (EntryNotFoundError, RepositoryNotFoundError):
        return []
    return list(filter(None, (_day(path) for path in folders)))


def _weekly(api: HfApi, endpoint: str) -> Dump | None:
    for day in sorted(_archived(api), reverse=True)[:3]:
        found = _described(api, endpoint, WEEKLY, f"models/{day.isoformat()}/{FILE}", day)
        if found is not None:
            return found
    return None


def _day(path: str) -> date | None:
    try:
        return date.fromisoformat(path.rpartition("/")[2])
    except ValueError:
        return None


def _described(api: HfApi, endpoint: str, repo: str, path: str, day: date | None) -> Dump | None:
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError
    from huggingface_hub.hf_api import RepoFile

    try:
        info = api.dataset_info(repo)
        files = api.get_paths_info(repo, [path], repo_type="dataset", revision=info.sha)
    except (EntryNotFoundError, RepositoryNotFoundError):
        return None
    changed = day or (info.last_modified and info.last_modified.date())
    for file in files:
        if isinstance(file, RepoFile) and file.path == path and info.sha and changed:
            return Dump(repo, info.sha, path, changed, file.size, endpoint)
    return None


@contextmanager
def _opened(found: Dump, token: str | bool | None) -> Iterator[BinaryIO]:
    from huggingface_hub import HfFileSystem

    files = HfFileSystem(endpoint=found.endpoint, token=token, skip_instance_cache=True, use_listings_cache=False)
    address = f"datasets/{found.repo}@{found.revision}/{found.path}"
    with _asked(found.endpoint, lambda: files.open(address, "rb", cache_type="none")) as file:
        yield cast("BinaryIO", _Ranges(file))


class _Ranges(RawIOBase):
    """A file that is read from afar: a range that does not come is asked for again, as everything of the Hub's."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._patience = Patience()
        self._patience.answered()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        return self._patience.tries()(self._file.read, size)


def _downloaded(found: Dump, token: str | bool | None, cache: Path | None) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(
        hf_hub_download(
            found.repo,
            found.path,
            repo_type="dataset",
            revision=found.revision,
            endpoint=found.endpoint,
            token=token,
            cache_dir=cache,
            library_name="lineage",
        )
    )


def _asked(endpoint: str, call: Callable[[], T]) -> T:
    """What a call of the library's gives, tried again while the Hub is busy or does not answer."""

    def said() -> T:
        """What it gives, or an error of ours."""
        with _said(endpoint):
            try:
                return call()
            except client.UNREADABLE as error:
                raise client.no_hub(endpoint, error) from error

    return Patience().tries()(said)


@contextmanager
def _said(endpoint: str) -> Iterator[None]:
    """The client's errors as ours, one sentence each; the token is in none of them."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        with client.once():
            yield
    except LineageError:
        raise
    except OfflineModeIsEnabled as error:
        raise Refused("HF_HUB_OFFLINE is set, so the dump cannot be fetched. Unset it and try again.") from error
    except HfHubHTTPError as error:
        raise _refusal(endpoint, error.response.status_code) from error
    except (httpx2.TransportError, LocalEntryNotFoundError) as error:
        raise client.unanswered(endpoint, error) from error
    except FileNotFoundError as error:
        raise NotFound(f"The dump is gone from {endpoint} since it was found. Run the same command again.") from error
    except OSError as error:
        if error.errno is None:
            raise
        raise Fatal(
            f"The dump could not be kept on disk: {os.strerror(error.errno)}. Make room, or set HF_HOME to a disk with "
            "2 GB free, and run the same command again; what was fetched is kept."
        ) from error


def _refusal(endpoint: str, status: int) -> LineageError:
    if status == 401:
        return Refused(
            f"{endpoint} does not accept the token (401). Set HF_TOKEN anew, or unset it: the dump is public."
        )
    if status == 404:
        return NotFound(f"{endpoint} has no such dump (404). Check HF_ENDPOINT, or try lineage crawl.")
    return Refused(f"{endpoint} refuses the dump ({status}). Check HF_ENDPOINT and HF_TOKEN.")
