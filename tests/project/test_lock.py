"""requirements.lock: complete, hashed, and silent about hosts and machines."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENTRY = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [A-Za-z0-9_.'<>=!() ]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}


@pytest.fixture(scope="module")
def lines(root: Path) -> list[str]:
    return (root / "requirements.lock").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def locked(lines: list[str]) -> tuple[Requirement, ...]:
    return tuple(Requirement(line.removesuffix(" \\")) for line in lines if ENTRY.fullmatch(line))


def wanted(pyproject: Mapping[str, Any]) -> Iterator[Requirement]:
    for text in (
        *pyproject["build-system"]["requires"],
        *pyproject["project"]["dependencies"],
        *pyproject["dependency-groups"]["dev"],
    ):
        yield Requirement(text)


def environments() -> Iterator[dict[str, str]]:
    for python, (platform, system) in product(PYTHONS, SYSTEMS.items()):
        yield {
            "python_version": python,
            "python_full_version": f"{python}.0",
            "sys_platform": platform,
            "platform_system": system,
            "platform_machine": "x86_64",
        }


def test_lines_are_pinned_names_and_hashes_and_nothing_else(lines: list[str]) -> None:
    strange = [line for line in lines if not ENTRY.fullmatch(line) and not HASH.fullmatch(line)]
    assert strange == []


def test_each_entry_has_a_hash_of_its_own(lines: list[str]) -> None:
    after = zip(lines, [*lines[1:], ""], strict=True)
    bare = [line for line, following in after if ENTRY.fullmatch(line) and not HASH.fullmatch(following)]
    assert bare == []
    ends = [number for number, line in enumerate(lines) if HASH.fullmatch(line) and not line.endswith("\\")]
    assert len(ends) == sum(1 for line in lines if ENTRY.fullmatch(line))


def test_the_lock_satisfies_what_the_project_asks_for(
    pyproject: Mapping[str, Any], locked: tuple[Requirement, ...]
) -> None:
    for environment in environments():
        pins = {
            canonicalize_name(pin.name): pin for pin in locked if not pin.marker or pin.marker.evaluate(environment)
        }
        for requirement in wanted(pyproject):
            assert not requirement.extras, f"{requirement}: the lock names no extras"
            pin = pins.get(canonicalize_name(requirement.name))
            assert pin is not None, f"{requirement} is not locked for {environment}: make lock"
            version = str(pin.specifier).removeprefix("==")
            assert requirement.specifier.contains(version), f"{requirement} is locked at {version}: make lock"


def test_no_name_is_pinned_twice_in_one_environment(locked: tuple[Requirement, ...]) -> None:
    for environment in environments():
        names = [canonicalize_name(pin.name) for pin in locked if not pin.marker or pin.marker.evaluate(environment)]
        assert sorted(set(names)) == sorted(names)


def test_uv_s_own_lock_which_names_hosts_stays_out(root: Path) -> None:
    assert "uv.lock" in (root / ".gitignore").read_text(encoding="utf-8").split()
