"""The page's own headers, and the socket it answers on."""

import asyncio
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest

from ui import __main__ as served
from ui import serving

ROOT = Path(__file__).resolve().parents[2]


def test_only_documents_get_headers() -> None:
    names = dict(serving.headers([(b"Content-Type", b"text/html; charset=utf-8")]))
    assert b"default-src 'self'" in names[b"content-security-policy"]
    assert serving.headers([(b"content-type", b"text/javascript")]) == []
    assert serving.headers([]) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_small_answers_leave_at_once(address: str) -> None:
    if address == "::1" and not _has(address):
        pytest.skip("no IPv6 here")
    with ThreadPoolExecutor(1) as apart:  # a browser test before this one leaves the thread's event loop running
        assert apart.submit(lambda: asyncio.run(_nodelay(address))).result() == 1


def _has(address: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6) as door:
            door.bind((address, 0))
    except OSError:
        return False
    return True


async def _nodelay(address: str) -> int:
    """What TCP_NODELAY is at the server's end of a connection."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(met, sock=served.listening(address, 0)) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        found = await told
        writer.close()
        return found


def test_the_next_port_is_taken_where_the_first_is_not_free() -> None:
    with served.listening("127.0.0.1", None) as one, served.listening("127.0.0.1", None) as other:
        assert one.getsockname()[1] != other.getsockname()[1]


def test_a_port_that_is_not_free_ends_the_program_with_a_sentence() -> None:
    with served.listening("127.0.0.1", 0) as door, pytest.raises(SystemExit, match=r"cannot listen at 127\.0\.0\.1"):
        served.listening("127.0.0.1", door.getsockname()[1])


def test_it_serves_the_drawing_s_library_and_control_c_ends_it_without_a_word(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ingest.cli", "--home", str(tmp_path), "ui", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as page:
        assert page.stdout is not None
        said = page.stdout.readline()
        assert said.startswith("lineage answers at ")
        door = HTTPConnection(said.rsplit("/", 1)[1].strip(), timeout=60)
        door.request("GET", serving.LIBRARY)
        answer = door.getresponse()
        assert answer.getheader("content-type") == "text/javascript; charset=utf-8"
        assert b"vis-network" in answer.read()
        door.close()
        page.send_signal(signal.SIGINT)
        assert page.stdout.read() == ""
    assert page.returncode == 130
