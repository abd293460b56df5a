"""Help is cheap: asking for it loads no engine, no driver, no table library."""

import subprocess
import sys
from pathlib import Path

HEAVY = (
    *("polars", "pyarrow", "numpy", "pandas", "ladybug", "neo4j", "huggingface_hub", "httpx2", "streamlit"),
    *("pyvis", "IPython", "networkx", "tenacity", "zstandard", "ingest.hub", "lineage.questions"),
)
ASK = """
import sys
from ingest.cli import main
sys.argv = ["lineage", *sys.argv[1:]]
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def loaded(*arguments: str, cwd: Path) -> set[str]:
    """The modules that a command line has loaded when it ends well."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, *arguments],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
    return set(done.stderr.split())


def test_help_loads_nothing_heavy(root: Path) -> None:
    assert loaded("--help", cwd=root) & set(HEAVY) == set()


def test_help_of_a_command_loads_nothing_heavy(root: Path) -> None:
    assert loaded("count", "--help", cwd=root) & set(HEAVY) == set()
