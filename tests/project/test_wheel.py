"""The wheel: three packages and no more, and it runs anywhere with the run-time dependencies alone."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import distribution, requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

IMPORT_ALL = """
import importlib, pkgutil
for package in ("lineage", "ingest"):
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        importlib.import_module(module.name)
        print(module.name)
"""


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=root)
    (built,) = folder.glob("*.whl")
    return built


def needed(requirements: Iterable[str]) -> set[str]:
    """Canonical names of what these requirements bring here, and what those ask for in turn."""
    seen: set[str] = set()
    left = list(requirements)
    while left:
        requirement = Requirement(left.pop())
        name = canonicalize_name(requirement.name)
        if name not in seen and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            seen.add(name)
            left += requires(name) or ()
    return seen


def lend(names: Iterable[str], site: Path) -> None:
    """Links what these distributions put at the top of this environment into another one's site-packages."""
    for name in names:
        dist = distribution(name)
        tops = {file.parts[0] for file in dist.files or ()} - {"..", "__pycache__"}
        assert tops, f"{name} lists no files"
        for top in tops:
            (site / top).symlink_to(Path(str(dist.locate_file(top))))


@pytest.fixture(scope="module")
def installed(pyproject: Mapping[str, Any], wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment of the wheel and what it asks for at run time, lent by this one: no network, no cache."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv.parent)
    (site,) = venv.glob("lib/python*/site-packages")
    lend(needed(pyproject["project"]["dependencies"]), site)
    uv = (sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps")
    run(*uv, "--python", venv, wheel, cwd=venv.parent)
    return venv


def alone(home: Path) -> dict[str, str]:
    """An environment that leads to no other Python code and to no data of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LINEAGE_", "HF_"))}
    return {**kept, "LINEAGE_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def test_the_wheel_holds_three_packages(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"lineage", "ingest", "ui"}


def test_the_wheel_holds_all_that_the_packages_hold(root: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    ours = {
        file.relative_to(root).as_posix()
        for package in ("lineage", "ingest", "ui")
        for file in (root / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert ours - held == set()


def test_the_command_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    for script in ("lineage", "hf-lineage"):
        text = run(installed / "bin" / script, "--help", cwd=tmp_path, env=alone(tmp_path))
        assert "Usage:" in text
    assert list(tmp_path.iterdir()) == []


def test_every_module_imports_without_the_developers_packages(installed: Path, tmp_path: Path) -> None:
    absent = (
        "import importlib.util as u; assert u.find_spec('pytest') is None; assert u.find_spec('hypothesis') is None"
    )
    run(installed / "bin" / "python", "-c", absent, cwd=tmp_path, env=alone(tmp_path))
    imported = run(installed / "bin" / "python", "-c", IMPORT_ALL, cwd=tmp_path, env=alone(tmp_path)).split()
    assert {"lineage.domain", "lineage.stores.embedded", "ingest.cli"} <= set(imported)
