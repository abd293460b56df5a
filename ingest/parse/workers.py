"""Chunks of JSON Lines parsed by processes of their own, in order: decoding holds the interpreter's lock.

A worker reads a length and that many bytes from its input, and answers with two tables in Arrow's form, each after its
length. It ends when its input does, so none outlives the one that started it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import polars as pl

from ingest import parse
from ingest.parse import Parsed
from lineage.errors import Fatal

_LENGTH = 8
_ENDED = (
    "A process that reads the file ended early (the machine may be out of memory). Nothing was sealed; run the same "
    "command again."
)


def parsed(chunks: Iterable[bytes], workers: int) -> Iterator[Parsed]:
    """`parse.lines` of each chunk, in their order, on that many processes. Raises Fatal where one ends early."""
    started = [_Worker() for _ in range(workers)]
    idle, busy = deque(started), deque[_Worker]()
    try:
        for chunk in chunks:
            done = None if idle else busy[0].answer()
            worker = idle.popleft() if idle else busy.popleft()
            worker.ask(chunk)
            busy.append(worker)
            if done is not None:
                yield done
        for worker in busy:
            yield worker.answer()
    finally:
        for worker in started:
            worker.end()


def main() -> None:
    """Parse what comes until nothing does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while chunk := _take(sys.stdin.buffer):
        done = parse.lines(chunk)
        for table in (done.rows, done.quarantined):
            buffer = BytesIO()
            table.write_ipc(buffer)
            _put(sys.stdout.buffer, buffer.getbuffer())


class _Worker:
    def __init__(self) -> None:
        here = str(Path(__file__).parents[2])
        path = os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH", "")) if part)
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from ingest.parse.workers import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )

    def ask(self, chunk: bytes) -> None:
        """Hand it a chunk; it must have answered the one before."""
        try:
            _put(self._process.stdin, chunk)
        except BrokenPipeError:
            raise Fatal(_ENDED) from None

    def answer(self) -> Parsed:
        """What became of the chunk."""
        rows, quarantined = _take(self._process.stdout), _take(self._process.stdout)
        if not quarantined:
            raise Fatal(_ENDED)
        return Parsed(pl.read_ipc(rows), pl.read_ipc(quarantined))

    def end(self) -> None:
        """Stop it, whatever it is doing."""
        self._process.kill()
        self._process.communicate()


def _put(pipe: IO[bytes] | None, content: bytes | memoryview) -> None:
    if pipe is not None:
        pipe.write(len(content).to_bytes(_LENGTH, "big"))
        pipe.write(content)
        pipe.flush()


def _take(pipe: IO[bytes] | None) -> bytes:
    return b"" if pipe is None else pipe.read(int.from_bytes(pipe.read(_LENGTH), "big"))
