"""The group's own behaviour, with commands made for the purpose: real click, real exit codes."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import click
import pytest
from click.testing import CliRunner

from ingest.commands.live import Live, span
from ingest.progress import Progress
from lineage import console
from lineage.console import Command, Program
from lineage.errors import Fatal, HubBusy, Interrupted, LineageError, NotFound, Refused
from lineage.wording import Back, Day, Given


def program(error: BaseException | None = None) -> Program:
    @click.group(cls=Program, name="lineage")
    def group() -> None:
        """Test."""

    @group.command(cls=Command, section="Ask", examples=["lineage go"])
    def go() -> None:
        """Go."""
        if error is not None:
            raise error
        settings = console.settings()
        click.echo(f"{settings.home} {settings.store}")

    return group


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Fatal("It broke. Try X."), 1, "lineage: It broke. Try X."),
        (HubBusy("Busy."), 1, "Busy."),
        (Refused("No."), 1, "No."),
        (NotFound("No model 'x'.", ["a/x", "b/x"]), 4, "Nearest: a/x, b/x."),
        (Interrupted("Stopped.", "lineage crawl"), 3, "Resume with: lineage crawl"),
        (KeyboardInterrupt(), 3, "run the command again"),
        (ValueError("odd"), 1, "Unexpected ValueError: odd. LINEAGE_DEBUG=1"),
        (OSError(28, "No space left on device", "file"), 1, "No space left on device: file"),
        (LineageError("\x1b[2Jhidden\u202e"), 1, "\\x1b[2Jhidden\\u202e"),
    ],
)
def test_every_error_is_a_sentence_on_stderr_and_a_code(error: BaseException, code: int, said: str) -> None:
    result = CliRunner().invoke(program(error), ["go"])
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback() -> None:
    result = CliRunner().invoke(program(ValueError("odd")), ["go"], env={"LINEAGE_DEBUG": "1"})
    assert isinstance(result.exception, ValueError)


def test_home_and_store_work_before_and_after_and_the_later_wins() -> None:
    runner = CliRunner()
    group = program()
    before = runner.invoke(group, ["--home", "a", "--store", "bolt://x", "go"])
    after = runner.invoke(group, ["go", "--home", "a", "--store", "bolt://x"])
    both = runner.invoke(group, ["--home", "z", "go", "--home", "a", "--store", "bolt://x"])
    env = runner.invoke(group, ["go"], env={"LINEAGE_HOME": "a", "LINEAGE_STORE": "bolt://x"})
    assert {result.stdout for result in (before, after, both, env)} == {"a bolt://x\n"}


def test_usage_errors_end_with_2() -> None:
    assert CliRunner().invoke(program(), ["go", "--nonsense"]).exit_code == 2
    assert CliRunner().invoke(program(), ["gone"]).exit_code == 2


def test_help_groups_commands_and_shows_examples() -> None:
    assert "Ask:\n  go  Go." in CliRunner().invoke(program(), ["--help"]).stdout
    assert "Examples:\n  lineage go" in CliRunner().invoke(program(), ["go", "--help"]).stdout


AS_OF = datetime(2026, 9, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", AS_OF - timedelta(days=7)),
        ("12h", AS_OF - timedelta(hours=12)),
        ("2W", AS_OF - timedelta(days=14)),
        ("2026-02-28", datetime(2026, 2, 28, tzinfo=UTC)),
        ("2026-02-28T10:00:00+02:00", datetime(2026, 2, 28, 8, tzinfo=UTC)),
    ],
)
def test_since_is_a_date_or_a_span_before_the_snapshot(text: str, moment: datetime) -> None:
    assert Back().convert(text, None, None).before(AS_OF) == moment


def test_days_and_months() -> None:
    assert Day().convert("2026-02-28", None, None) == date(2026, 2, 28)
    assert Day().convert("2024-02", None, None) == date(2024, 2, 29)
    assert Day().convert("2025-12", None, None) == date(2025, 12, 31)


@pytest.mark.parametrize("kind", [Day(), Back(), Given()])
@pytest.mark.parametrize("text", ["soon", "7", "-3d", "2026-13-01", "9" * 40 + "d"])
def test_what_is_no_date_is_a_usage_error(kind: click.ParamType[object], text: str) -> None:
    with pytest.raises(click.BadParameter):
        kind.convert(text, None, None)


def test_parameters_are_json_where_they_read_as_json() -> None:
    assert [Given().convert(text, None, None) for text in ("n=3", "id=Qwen/Qwen3", "l=[1]", "s=a=b")] == [
        ("n", 3),
        ("id", "Qwen/Qwen3"),
        ("l", [1]),
        ("s", "a=b"),
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress(rows: int) -> Progress:
    return Progress(rows=rows, pages=2, requests=2, rate=1234.5, total=10_000, left=75, doing="every\x1bthing")


def test_progress_is_one_live_line_on_a_terminal() -> None:
    out, now = Terminal(), [0.0]
    with Live(out=out, clock=lambda: now[0]) as live:
        for step in range(3):
            live.report(progress(1000 * step))
            now[0] += 1
    assert out.getvalue().count("\n") == 0
    assert "2,000 rows of about 10,000 · 2 pages · 1,234 rows/s · 75 s left" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().endswith("\r")


def test_progress_is_sparse_lines_elsewhere_and_nothing_when_quiet() -> None:
    out, now = io.StringIO(), [0.0]
    with Live(out=out, clock=lambda: now[0]) as live:
        for _ in range(100):
            now[0] += 1
            live.stage("resolve", 5, 10)
    assert out.getvalue().splitlines() == ["resolve · 50 % of 10"] * 10
    silent = io.StringIO()
    with Live(quiet=True, out=silent, clock=lambda: now[0]) as live:
        live.stage("resolve", 5, 10)
        live.say("hello")
    assert silent.getvalue() == ""


def test_spans() -> None:
    assert [span(value) for value in (45, 720, 11_100)] == ["45 s", "12 min", "3 h 05 min"]
