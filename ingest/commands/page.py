"""Hands this process over to the page, which is found by its name and never imported from here."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from lineage.errors import Fatal
from lineage.settings import Settings


def serve(settings: Settings, *, address: str, port: int | None, browser: bool) -> None:
    """Become the page's server; a signal to this process then reaches it, and nothing is left behind."""
    command = [sys.executable, "-P", "-m", "ui", "--address", address]
    command += ["--port", str(port)] if port is not None else []
    command += [] if browser else ["--no-browser"]
    env = _environment(settings)
    sys.stdout.flush()
    if os.name == "nt":
        raise SystemExit(subprocess.run(command, env=env, check=False).returncode)
    os.execve(sys.executable, command, env)


def _environment(settings: Settings) -> dict[str, str]:
    """What tells the page where the data is, and Python where the page is."""
    spec = find_spec("ui")
    if spec is None or spec.origin is None:
        raise Fatal("The page is not installed: the package `ui` is missing. Install lineage again, whole.")
    env = {**os.environ, "LINEAGE_HOME": str(settings.home.absolute()), "LINEAGE_STORE": settings.store}
    if settings.registry is not None:
        env["LINEAGE_UI_REGISTRY"] = str(settings.registry.absolute())
    root = str(Path(spec.origin).parents[1])
    if "site-packages" not in root:
        env["PYTHONPATH"] = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    return env
