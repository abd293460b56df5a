"""What every command shares: the group with its sections and spellings, the options, how answers and errors come out.

Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 usage, 3 interrupted and resumable,
4 not found.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from lineage import failures, signals
from lineage.errors import LineageError
from lineage.settings import Settings, read

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.domain import Receipt
    from lineage.export.json import Json
    from lineage.export.plain import Look
    from lineage.export.sheet import Sheet

SECTIONS = ("Get data", "Ask", "Reports", "Stores")
"""How `--help` groups the commands, in this order."""

T = TypeVar("T")


def american(token: str) -> str:
    """Options, commands and choices are known by either spelling; inside there is one."""
    return token.replace("rganisation", "rganization").replace("icence", "icense")


class Command(click.Command):
    """A command with a section of the help, examples, and the shared options after its name too."""

    def __init__(self, *, section: str = "", examples: Sequence[str] = (), **attributes: Any) -> None:
        super().__init__(**attributes)
        self.section = section
        self.examples = tuple(examples)
        self.params += shared_options()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write_text(example)


class Program(click.Group):
    """The `lineage` group: help by section, one way to print errors, exit codes of the contract."""

    command_class = Command

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.params += shared_options()
        self.context_settings = {
            "token_normalize_func": american,
            "help_option_names": ["-h", "--help"],
            "max_content_width": 100,
        }

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands under their sections."""
        for section in SECTIONS:
            rows = [
                (name, command.get_short_help_str(limit=90))
                for name, command in self.commands.items()
                if getattr(command, "section", "") == section
            ]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whoever reads stdout may leave early."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return result

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, print what went wrong as one sentence, and leave with the contract's code."""
        standalone = extra.pop("standalone_mode", True)
        chosen: dict[str, str] = extra.setdefault("obj", {})
        run = partial(super().main, *args, **extra, standalone_mode=False)
        if not standalone:
            return run()
        given = extra.get("args") or (args[0] if args else None)
        if given is not None:
            sys.exit(_guarded(run, given, chosen))
        signals.heard(signals.Stop())
        code = _guarded(run, sys.argv[1:], chosen)
        signals.heard(lambda number, frame: os._exit(code))
        sys.exit(code)


class Section(click.Group):
    """A group of commands that is itself one line of the help."""

    command_class = Command

    def __init__(self, *, section: str = "", **attributes: Any) -> None:
        super().__init__(**attributes)
        self.section = section
        self.params += shared_options()


def _tolerant(stream: TextIO | Any) -> None:
    """A name that the terminal's encoding lacks is spelt out instead of ending the program."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _guarded(run: Callable[[], object], words: Sequence[str], chosen: Mapping[str, str]) -> int:
    """The exit code of a run; whatever went wrong becomes a sentence on stderr, and JSON where JSON was asked for."""
    try:
        for stream in (sys.stdout, sys.stderr):
            _tolerant(stream)
        code = run()
    except click.ClickException as error:
        error.show()
        failure = failures.usage(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        failure = failures.stop(words)
        complain(failure.message)
    except Exception as error:
        if os.environ.get("LINEAGE_DEBUG") and not isinstance(error, LineageError):
            raise
        failure = failures.of(error, _home(chosen))
        complain(failure.message)
    else:
        return code if isinstance(code, int) else 0
    with suppress(OSError):
        click.echo(failures.told(failure, words), nl=False)
    return failure.exit_code


def _home(chosen: Mapping[str, str]) -> Path:
    return read(home=chosen.get("home")).home


def complain(message: str) -> None:
    """One line on stderr, with nothing in it that could steer a terminal."""
    from lineage.export.plain import printable

    click.echo("lineage: " + "\n".join(printable(line) for line in message.splitlines()), err=True)


def shared_options() -> list[click.Parameter]:
    """Where things are: the same before and after the command's name, the later one wins."""

    def kept(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        if value is not None and param.name:
            ctx.ensure_object(dict)[param.name] = value

    texts = {
        "--home": ("DIR", "Where lineage keeps its data [env: LINEAGE_HOME]."),
        "--store": ("URL", "embedded, neo4j, or a neo4j:// or bolt:// address [env: LINEAGE_STORE]."),
        "--registry": ("FILE", "Your own families, laid over the built-in registry."),
    }
    return [
        click.Option([name], metavar=metavar, help=text, expose_value=False, callback=kept)
        for name, (metavar, text) in texts.items()
    ]


def settings() -> Settings:
    """The settings of the command that runs."""
    chosen = click.get_current_context().ensure_object(dict)
    return read(home=chosen.get("home"), store=chosen.get("store"), registry=chosen.get("registry"))


def atlas() -> Atlas:
    """The opened home of the command that runs."""
    from lineage.atlas import opened

    return opened(settings())


@dataclass(frozen=True)
class Form:
    """How an answer is wanted; text unless asked otherwise."""

    json: bool = False
    csv: bool = False
    ids: bool = False

    def show(
        self,
        answer: T,
        *,
        text: Callable[[T, Look], str],
        json: Callable[[T], Json],
        sheet: Callable[[T], Sheet] | None = None,
        ids: Callable[[T], Iterable[str]] | None = None,
        receipt: Receipt | None = None,
        before: Receipt | None = None,
    ) -> None:
        """Print the answer; beside CSV the receipt goes to stderr, that of what it is held against first."""
        from lineage.export import csv, receipts
        from lineage.export import json as documents
        from lineage.export.plain import printable

        if self.json:
            click.echo(documents.text(json(answer)))
        elif self.csv and sheet is not None:
            click.echo(csv.written(sheet(answer)), nl=False)
            if receipt is not None:
                banner = [receipts.BANNER] * receipt.simulated
                held = [] if before is None else [f"before: {line}" for line in receipts.lines(before)]
                click.echo("\n".join([*banner, *held, *receipts.lines(receipt)]), err=True)
        elif self.ids and ids is not None:
            click.echo("".join(f"{printable(id)}\n" for id in ids(answer)), nl=False)
        else:
            click.echo(text(answer, look()), nl=False)


def open_on_hub(id: str) -> None:
    """Open the Hub's page of a model in the browser, and print its address."""
    from urllib.parse import quote

    address = f"{settings().endpoint}/{quote(id)}"
    click.echo(address, err=True)
    click.launch(address)


def look() -> Look:
    """The terminal on stdout; a pipe or file is wide and without colour."""
    from lineage.export.plain import Look

    seen = sys.stdout.isatty()
    width = shutil.get_terminal_size((100 if seen else 200, 24)).columns
    return Look(width, seen and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb")


def formed(*, csv: bool = True, ids: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--json`, and `--csv` and `-q` where the answer is a table and has ids; the command gets a `form`."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        """The command with its options about form."""

        @wraps(function)
        def run(*args: object, as_json: bool, as_csv: bool = False, as_ids: bool = False, **options: object) -> None:
            """The command, its flags made one `form`."""
            if as_json + as_csv + as_ids > 1:
                raise click.UsageError("Choose one of --json, --csv and -q.")
            function(*args, form=Form(as_json, as_csv, as_ids), **options)

        flags = [click.option("--json", "as_json", is_flag=True, help="JSON, with the receipt.")]
        if csv:
            flags.append(click.option("--csv", "as_csv", is_flag=True, help="CSV; the receipt goes to stderr."))
        if ids:
            flags.append(click.option("-q", "--ids", "as_ids", is_flag=True, help="Ids alone, one a line."))
        for flag in reversed(flags):
            run = flag(run)
        return run

    return decorate
