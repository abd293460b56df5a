"""Every command helps, and the README names it."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest


def commands(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every visible command under a group, by the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        yield " ".join((*above, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))


@pytest.fixture(scope="module")
def registered(pyproject: Mapping[str, Any]) -> dict[str, click.Command]:
    module, _, name = pyproject["project"]["scripts"]["lineage"].partition(":")
    return dict(commands(getattr(import_module(module), name)))


def test_the_contract_s_commands_are_there(registered: dict[str, click.Command]) -> None:
    job = "crawl bootstrap import snapshots load count top derivatives ancestors model search tree path audit families"
    assert {*job.split(), "cypher", "doctor", "demo", "neo4j up", "neo4j down", "neo4j status"} <= registered.keys()


def test_each_command_has_help(registered: dict[str, click.Command]) -> None:
    assert [name for name, command in registered.items() if not (command.help or "").strip()] == []


def test_each_option_has_help(registered: dict[str, click.Command]) -> None:
    bare = [
        f"{name} {option.opts[0]}"
        for name, command in registered.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and not (option.help or "").strip()
    ]
    assert bare == []


def test_the_readme_names_each_command(registered: dict[str, click.Command], root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    unnamed = [name for name in registered if not re.search(rf"(?:lineage |make |`){re.escape(name)}\b", readme)]
    assert unnamed == []
