"""What every test folder may lean on: the shared material beside the checkout, and how hypothesis runs."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "developer")


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
