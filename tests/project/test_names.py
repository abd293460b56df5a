"""Three import packages with plain names: nothing of ours hides a dependency, nothing of theirs hides us."""

import sys
from collections import Counter
from importlib.metadata import packages_distributions
from pathlib import Path

PACKAGES = {"lineage", "ingest", "ui"}


def test_no_module_of_the_page_hides_another() -> None:
    """Streamlit puts the script's folder first on the path, so `ui/polars.py` would be everyone's polars."""
    folder = Path(__file__).resolve().parents[2] / "ui"
    ours = {entry.stem for entry in folder.iterdir() if entry.suffix == ".py" or (entry / "__init__.py").is_file()}
    taken = PACKAGES | set(sys.stdlib_module_names) | set(packages_distributions())
    assert ours - {"__init__"} & taken == set()
    assert "pages" not in {entry.name for entry in folder.iterdir()}, "Streamlit would list ui/pages/ by itself"


def test_no_dependency_ships_our_names() -> None:
    shipped = packages_distributions()
    for name in PACKAGES:
        assert set(shipped.get(name, [])) <= {"hf-lineage"}


def test_tests_are_no_package(root: Path) -> None:
    assert list((root / "tests").rglob("__init__.py")) == []


def test_test_files_have_names_of_their_own(root: Path) -> None:
    names = Counter(path.name for path in (root / "tests").rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []
