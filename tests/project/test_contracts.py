"""The import contracts in pyproject.toml have no gap that a new module could slip through."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

SEEN_BY_THE_PAGE = {"questions", "answers", "domain", "settings", "errors", "scene", "export", "stores"}


@pytest.fixture(scope="module")
def contracts(pyproject: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {contract["name"]: contract for contract in pyproject["tool"]["importlinter"]["contracts"]}


def test_what_the_page_may_not_see_is_listed_whole(contracts: Mapping[str, Mapping[str, Any]], root: Path) -> None:
    (hidden,) = [contract for name, contract in contracts.items() if name.startswith("the page sees")]
    modules = {
        entry.stem
        for entry in (root / "lineage").iterdir()
        if (entry.suffix == ".py" and entry.stem != "__init__") or (entry / "__init__.py").is_file()
    }
    expected = {f"lineage.{module}" for module in modules - SEEN_BY_THE_PAGE} | {"lineage.stores.*"}
    assert set(hidden["protected_modules"]) == expected


def test_no_import_is_excused(contracts: Mapping[str, Mapping[str, Any]]) -> None:
    assert [name for name, contract in contracts.items() if "ignore_imports" in contract] == []


def test_a_module_without_a_layer_breaks_the_contract(contracts: Mapping[str, Mapping[str, Any]]) -> None:
    layered = [contract for contract in contracts.values() if contract["type"] == "layers"]
    containers = {container for contract in layered for container in contract["containers"]}
    assert containers == {"lineage", "ingest", "ingest.crawl", "ingest.parse"}
    assert all(contract["exhaustive"] for contract in layered)
