"""The documented nights: every command of docs/unattended.md and docs/sharing.md is run as it is written there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from ingest.importing import bootstrap
from ingest.simulated.dump import write_dump
from ingest.simulated.repositories import WritableHub
from ingest.simulated.world import World
from lineage import checked, pruning
from lineage.export.plain import size
from lineage.questions import snapshots
from lineage.settings import Settings
from lineage.snapshots import listed, sealed
from tests.reports.homes import TODAY, listing, model, run
from tests.sharing.shared import REPO, TOKEN, left, real

ROOT = Path(__file__).resolve().parents[2]
UNATTENDED = (ROOT / "docs" / "unattended.md").read_text(encoding="utf-8")
SHARING = (ROOT / "docs" / "sharing.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def night(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a shell in which `lineage` is this checkout and the Hub is simulated."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "lineage"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ingest.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    write_dump(World(3_000), tmp_path / "models.parquet")
    files = {bootstrap.DAILY: {bootstrap.FILE: tmp_path / "models.parquet"}}
    with WritableHub(World(3_000, day=1), files=files) as hub:
        yield {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HF_", "LINEAGE_"))},
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp_path / "user"),
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
            "LINEAGE_HOME": str(tmp_path / "work" / "home"),
        }


def shell(script: str, env: dict[str, str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run as a runner's shell does: stop at the first failure."""
    script = script.replace("OWNER/NAME", REPO)
    script = re.sub(r"lineage publish (\S+)", r"lineage publish \1 --as-simulated", script)
    for name in ("work", "user"):
        (tmp_path / name).mkdir(exist_ok=True)
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=tmp_path / "work",
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_workflow_runs_twice(night: dict[str, str], tmp_path: Path) -> None:
    (text,) = blocks(UNATTENDED, "yaml")
    workflow = yaml.safe_load(text)
    steps = [step["run"] for step in workflow["jobs"]["update"]["steps"] if "run" in step]
    assert workflow["permissions"] == {}
    assert any("lineage publish" in step for step in steps)
    for _ in range(2):
        for step in steps:
            if step.startswith("pipx"):
                continue
            done = shell(step, night, tmp_path)
            assert done.returncode == 0, (step, done.stderr)
    settings = Settings(home=tmp_path / "work" / "home")
    assert [manifest.kind for manifest in listed(settings)] == ["dump", "update"]
    assert checked.last(settings, listed(settings)[-1].id) is not None
    assert (tmp_path / "work" / "top.csv").read_text(encoding="utf-8").count("\n") > 5
    pulled = shell("LINEAGE_HOME=other lineage pull OWNER/NAME --layer full --quiet --no-load", night, tmp_path)
    assert pulled.stdout.strip() == listed(settings)[-1].id


def test_the_units_run(night: dict[str, str], tmp_path: Path) -> None:
    service, timer = blocks(UNATTENDED, "ini")
    assert "OnCalendar=" in timer
    assert shell("lineage bootstrap --quiet", night, tmp_path).returncode == 0
    lines = re.findall(r"^ExecStart(?:Post)?=(.+)$", service, re.MULTILINE)
    assert len(lines) >= 2
    assert "StateDirectory=lineage" in service
    (tmp_path / "state" / "lineage").mkdir(parents=True)
    for line in (raw.replace("%h/.local/bin/", "").replace("%S", str(tmp_path / "state")) for raw in lines):
        assert "%" not in line
        done = shell(line, night, tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), line
    assert "done: lineage update" in (tmp_path / "state" / "lineage" / "update.log").read_text(encoding="utf-8")


def test_the_line_of_cron_leaves_a_whole_answer(night: dict[str, str], tmp_path: Path) -> None:
    assert shell("lineage bootstrap --quiet", night, tmp_path).returncode == 0
    (line,) = [line for block in blocks(UNATTENDED, "") for line in block.splitlines() if line.startswith("15 3 * * *")]
    command = re.sub(r"^15 3 \* \* \* +", "", line).replace("$HOME/.local/bin/", "")
    done = shell(command, night, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    told = json.loads((tmp_path / "user" / "lineage.json").read_text(encoding="utf-8"))
    assert (told["kind"], told["loaded"]) == ("update", True)
    kept = (tmp_path / "user" / "lineage.json").read_bytes()
    failed = shell(command, {**night, "HF_TOKEN": "hf_unknown"}, tmp_path)
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert (tmp_path / "user" / "lineage.json").read_bytes() == kept


def test_the_commands_of_sharing_run_in_their_order(night: dict[str, str], tmp_path: Path) -> None:
    assert shell("lineage bootstrap --quiet", night, tmp_path).returncode == 0
    tag = shell("lineage snapshots -q | tail -1", night, tmp_path).stdout.strip()
    commands = [line for block in blocks(SHARING, "sh") for line in block.splitlines() if line.strip()]
    assert {"publish", "pull"} <= {line.split()[1] for line in commands}
    for line in commands:
        done = shell(line.replace("hub-20261124T031500Z", tag), night, tmp_path)
        assert done.returncode == 0, (line, done.stderr)
        assert TOKEN not in done.stdout + done.stderr


def held(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def test_pruning_frees_what_no_kept_snapshot_shares(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    rows = [model(f"a/{n}", hub_id=f"{n:024x}") for n in range(2_000)]
    first = real(settings, rows)
    sealed(
        settings,
        rows=listing([model("a/1", hub_id=f"{1:024x}", likes=9)]).lazy(),
        quarantined=first.quarantined(),
        over=first,
        scope="hub",
        kind="update",
        source="huggingface.co",
        started_at=TODAY + timedelta(days=1),
        finished_at=TODAY + timedelta(days=1),
        as_of=TODAY + timedelta(days=1),
    )
    (gone,) = pruning.doomed(settings, 1)
    before = sum((settings.home / name).stat().st_size for name in left(settings))
    assert 0 < gone.frees < first.manifest.parts[0].bytes < gone.bytes
    lines = snapshots(settings)
    assert (lines[0].id, lines[0].frees) == (gone.name, gone.frees)
    assert [line.bytes for line in lines] == [held(settings.snapshots / line.id) for line in lines]
    planned, shown = (run(settings.home, "prune", "--keep", "1", "--dry-run", *form) for form in (("--json",), ()))
    told = json.loads(planned.stdout)
    assert told["removed"] == [{"kind": "snapshot", "name": gone.name, "bytes": gone.bytes, "frees": gone.frees}]
    assert told["frees"] == gone.frees
    freed, all_of_it = size(gone.frees), size(gone.bytes)
    assert shown.stdout.splitlines() == [
        f"snapshot {gone.name}: frees {freed} of the {all_of_it} that it holds",
        f"{freed} would be free",
    ]
    listed_text = run(settings.home, "snapshots").stdout
    assert re.search(rf"^{gone.name} .* {all_of_it} +{freed} ", listed_text, re.MULTILINE)
    assert "frees: what the disk gets back where that one alone is pruned" in listed_text
    checked.note(settings, gone.name, checked.Checked(TODAY, 1))
    noted = (settings.snapshots / f"{gone.name}.checked.json").stat().st_size
    seen = {(settings.home / name).stat().st_ino: (settings.home / name).stat().st_size for name in left(settings)}
    pruning.remove(settings, (gone,))
    now = {(settings.home / name).stat().st_ino: (settings.home / name).stat().st_size for name in left(settings)}
    assert sum(seen.values()) - sum(now.values()) == gone.frees + noted
    assert checked.last(settings, gone.name) is None
    assert before > sum(seen.values())
