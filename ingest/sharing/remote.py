"""One dataset of the Hub through its client: what it holds, fetching, uploading, committing; refusals as sentences."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from tenacity import Retrying

from ingest.hub import addresses, client
from ingest.hub.patience import Patience
from lineage.errors import Damaged, Fatal, LineageError, Misuse, NotFound, Refused

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

DATASET = "dataset"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
P = ParamSpec("P")
T = TypeVar("T")


def checked_name(repo: str) -> str:
    """The name of a dataset as OWNER/NAME; raises `Misuse` for what can be none."""
    if not _NAME.fullmatch(repo) or "--" in repo or ".." in repo or repo.endswith((".git", ".", "-")):
        raise Misuse(f"{repo!r} is no dataset's name. Write it as OWNER/NAME, such as somebody/hub-lineage.")
    return repo


@dataclass(frozen=True)
class State:
    """A revision of a dataset: its commit, the sizes of its files by path, its tags with their commits."""

    commit: str
    files: Mapping[str, int]
    tags: Mapping[str, str]


def _patient(call: Callable[Concatenate[Remote, P], T]) -> Callable[Concatenate[Remote, P], T]:
    """The same, tried again where it may work later; only for what may be done twice."""

    @wraps(call)
    def again(remote: Remote, /, *args: P.args, **options: P.kwargs) -> T:
        return remote.tries()(call, remote, *args, **options)

    return again


class Remote:
    """A dataset of an endpoint; `token` None takes HF_TOKEN or the saved login, False sends none.

    `sleep` waits before another try. An answer of which nothing comes for `timeout` seconds is not waited for.
    """

    def __init__(
        self,
        endpoint: str,
        repo: str,
        token: str | bool | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = client.LONGEST,
    ) -> None:
        addresses.origin(endpoint)
        self.endpoint = endpoint
        self.repo = checked_name(repo)
        self._token = token
        self._patience = Patience(sleep)
        self._timeout = timeout

    def tries(self) -> Retrying:
        """Calls again, with rests between, as long as the Hub is busy or does not answer."""
        return self._patience.tries()

    @property
    def _api(self) -> HfApi:
        from huggingface_hub import HfApi
        from huggingface_hub.utils import disable_progress_bars

        from lineage import __version__

        disable_progress_bars()
        return HfApi(endpoint=self.endpoint, token=self._token, library_name="lineage", library_version=__version__)

    def secret(self) -> str | None:
        """The token that would be sent, so that nothing may be published that holds it."""
        from huggingface_hub import get_token

        return self._token if isinstance(self._token, str) else get_token() if self._token is None else None

    @_patient
    def state(self, revision: str | None = None) -> State | None:
        """The dataset at a branch, tag or commit; None where there is no such dataset, `NotFound` for a revision."""
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
        from huggingface_hub.hf_api import RepoFile

        with self._said():
            try:
                refs = self._api.list_repo_refs(self.repo, repo_type=DATASET)
                tags = {ref.name: ref.target_commit for ref in refs.tags}
                info = self._api.dataset_info(self.repo, revision=revision)
                tree = self._api.list_repo_tree(self.repo, repo_type=DATASET, recursive=True, revision=info.sha)
                files = {entry.path: entry.size for entry in tree if isinstance(entry, RepoFile)}
            except RevisionNotFoundError as error:
                newest = sorted(tags, reverse=True)[:3]
                raise NotFound(f"Dataset {self.repo} has no revision {revision!r}.", newest) from error
            except GatedRepoError:
                raise
            except RepositoryNotFoundError:
                return None
            return State(str(info.sha), files, tags)

    @_patient
    def fetched(self, path: str, commit: str, into: Path) -> Path:
        """A file of a commit below the folder `into`; one that is there whole is not fetched again."""
        from huggingface_hub import hf_hub_download

        from lineage import __version__

        with self._said():
            return Path(
                hf_hub_download(
                    self.repo,
                    path,
                    repo_type=DATASET,
                    revision=commit,
                    endpoint=self.endpoint,
                    token=self._token,
                    local_dir=into,
                    library_name="lineage",
                    library_version=__version__,
                )
            )

    @_patient
    def created(self, *, private: bool) -> None:
        """Make the dataset, unless it is there."""
        with self._said():
            self._api.create_repo(self.repo, repo_type=DATASET, private=private or None, exist_ok=True)

    @_patient
    def uploaded(self, local: Path, path: str) -> None:
        """Store a file's content at the Hub, unless it has it; no commit shows it yet."""
        with self._said(), _addition(local, path) as addition:
            self._api.preupload_lfs_files(self.repo, [addition], repo_type=DATASET)

    def committed(self, files: Mapping[str, Path], gone: Sequence[str], message: str, parent: str) -> str:
        """One commit after `parent` with these files and without those; the new commit. Raises `Refused` at a race."""
        from huggingface_hub import CommitOperationDelete

        with self._said(), ExitStack() as stack:
            additions = [stack.enter_context(_addition(local, path)) for path, local in files.items()]
            deletions = [CommitOperationDelete(path_in_repo=path) for path in gone]
            done = self._api.create_commit(
                self.repo,
                [*deletions, *additions],
                commit_message=message,
                repo_type=DATASET,
                parent_commit=parent,
            )
            return done.oid

    @_patient
    def tagged(self, tag: str, commit: str) -> None:
        """Name a commit, unless the tag is there."""
        with self._said():
            self._api.create_tag(self.repo, tag=tag, revision=commit, repo_type=DATASET, exist_ok=True)

    @contextmanager
    def _said(self) -> Iterator[None]:
        """The client's errors as ours, one sentence each; neither the token nor the client's own text is in them."""
        import httpx2
        from huggingface_hub.errors import (
            HfHubHTTPError,
            LocalEntryNotFoundError,
            OfflineModeIsEnabled,
            RemoteEntryNotFoundError,
        )

        try:
            with client.once(self._timeout):
                yield
            self._patience.answered()
        except LineageError:
            raise
        except OfflineModeIsEnabled as error:
            raise Refused("HF_HUB_OFFLINE is set, so no dataset can be reached. Unset it and try again.") from error
        except RemoteEntryNotFoundError as error:
            raise Damaged(
                f"Dataset {self.repo} no longer has a file that it listed. Run the same command again."
            ) from error
        except HfHubHTTPError as error:
            raise self._refusal(error.response.status_code) from error
        except (httpx2.TransportError, LocalEntryNotFoundError, ConnectionError) as error:
            raise client.unanswered(self.endpoint, error) from error
        except OSError as error:
            if error.errno is None:
                raise client.unanswered(self.endpoint, error) from error
            raise Fatal(
                f"A file of {self.repo} could not be kept on disk: {os.strerror(error.errno)}. Make room and run the "
                "same command again; what was fetched is kept."
            ) from error
        except RuntimeError as error:
            cause = error.__cause__
            if isinstance(cause, LineageError):
                raise cause from error
            if isinstance(cause, HfHubHTTPError):
                raise self._refusal(cause.response.status_code) from error
            raise client.unanswered(self.endpoint, cause or error) from error
        except client.UNREADABLE as error:
            raise client.no_hub(self.endpoint, error, f" for {self.repo}") from error

    def _refusal(self, status: int) -> LineageError:
        if status == 401:
            return Refused(
                f"{self.endpoint} asks for a token for {self.repo}, or does not accept the one sent (401). Set "
                "HF_TOKEN to one that is valid; publishing needs one with write access."
            )
        if status == 403:
            return Refused(
                f"{self.endpoint} does not allow this with {self.repo} (403). Check that HF_TOKEN has write access "
                "there, or ask for access on the dataset's page."
            )
        if status == 404:
            return NotFound(f"{self.endpoint} has no dataset {self.repo}, or does not show it without a token (404).")
        if status in (409, 412):
            return Refused(f"Dataset {self.repo} was changed by somebody else meanwhile. Run the same command again.")
        return Refused(f"{self.endpoint} refuses {self.repo} ({status}). Check the name, HF_ENDPOINT and HF_TOKEN.")


@contextmanager
def _addition(local: Path, path: str) -> Iterator[CommitOperationAdd]:
    """A file to commit, open: so the client sends it over HTTP, the one way that any Hub-like server speaks."""
    from huggingface_hub import CommitOperationAdd

    with local.open("rb") as file, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Use 'content=", DeprecationWarning)
        yield CommitOperationAdd(path_in_repo=path, path_or_fileobj=file)
