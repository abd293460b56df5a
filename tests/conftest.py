"""What every test folder may lean on: the shared material beside the checkout, and how hypothesis runs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "developer")


LONGEST = ("neo4j", "tests/ui/", "tests/sharing/", "tests/crawl/", "tests/whole/", "tests/faults/", "tests/face/")
"""Goes first, in this order, so that no worker is left with a long file when the others have none."""


class OneServer(LoadFileScheduling):
    """A file stays in one process, for its fixtures' sake, and all tests of Neo4j in the same one: one server runs."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # xdist would sort them by their number of tests
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return "neo4j" if "neo4j" in nodeid else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneServer:
    return OneServer(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by `LONGEST`; what is not in it keeps its order behind it."""
    items.sort(key=lambda item: next((at for at, word in enumerate(LONGEST) if word in item.nodeid), len(LONGEST)))


def _required(flag: str) -> bool:
    return any(os.environ.get(name, "").lower() in {"1", "true", "yes"} for name in ("CI", flag))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded Hub rows: skips where it is not laid beside the checkout, fails there in CI."""
    folder = ROOT.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    reason = "the shared data is not laid beside this checkout (../shared/data)"
    if _required("LINEAGE_REQUIRE_SHARED"):
        pytest.fail(reason + ", and CI or LINEAGE_REQUIRE_SHARED asks for it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def neo4j_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose real Neo4j runs, WITHOUT the hardening of its conf, so that our own guard is what is tested.

    LINEAGE_NEO4J_RELEASE=2026 takes the current line. Skips with the reason where no Docker and no Java can run it;
    fails there in CI.
    """
    from ingest import neo4j_server
    from ingest.neo4j_server.engine import Memory
    from lineage.errors import LineageError
    from lineage.settings import Settings

    settings = Settings(home=tmp_path_factory.mktemp("neo4j"))
    env = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}
    try:
        quick = Memory(heap=512, pages=128, quick=True)
        release = os.environ.get("LINEAGE_NEO4J_RELEASE")
        neo4j_server.up(settings, release=release, memory=quick, env=env, hardened=False)
    except LineageError as error:
        if _required("LINEAGE_REQUIRE_NEO4J"):
            pytest.fail(f"{error} CI or LINEAGE_REQUIRE_NEO4J asks for a real Neo4j.")
        pytest.skip(str(error))
    yield settings.home
    neo4j_server.down(settings)
