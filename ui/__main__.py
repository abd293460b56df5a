"""`python -m ui`: serve the page, say where, and end when told to. `lineage ui` runs this."""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import tomllib
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

PORT = 8501
"""Tried first where no port is asked for."""

_TRIES = 50


def main() -> None:
    """Serve until a signal ends it."""
    asked = _arguments()
    port = _free(asked.address, asked.port)
    url = f"http://{_host(asked.address)}:{port}"
    threading.Thread(target=_announce, args=(url, asked.browser), daemon=True).start()
    _serve(asked.address, port)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ui", description="Serve the lineage explorer.")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=None)
    parser.add_argument("--no-browser", dest="browser", action="store_false")
    return parser.parse_args()


def _host(address: str) -> str:
    """The address as a browser takes it."""
    if not address.strip("0.:"):
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address


def _free(address: str, port: int | None) -> int:
    """The port asked for, else the first free one from `PORT` on; ends the program where it is taken."""
    for number in [port] if port is not None else range(PORT, PORT + _TRIES):
        try:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with closing(socket.socket(family, socket.SOCK_STREAM)) as door:
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                door.bind((address, number))
                return int(door.getsockname()[1])
        except OSError as error:
            reason = error.strerror or str(error)
    where = f"port {port}" if port is not None else f"any port from {PORT} to {PORT + _TRIES - 1}"
    sys.exit(f"lineage: the page cannot listen at {address}, {where}: {reason}. Try another --port or --address.")


def _serve(address: str, port: int) -> None:
    from ui.serving import Page

    page = Page(Path(__file__).with_name("app.py"))
    page.run(config={**_configured(), "server.address": address, "server.port": port})


def _configured() -> dict[str, object]:
    """The options of our own configuration file: named one by one, so that no other file overrules them."""
    text = (Path(__file__).parent / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text), ""))


def _flat(table: Mapping[str, object], above: str) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _announce(url: str, browser: bool) -> None:
    """Print the address once it answers, open it, and get the first answers ready."""
    waiting = threading.Event()
    for _ in range(600):
        try:
            with closing(HTTPConnection(url.removeprefix("http://"), timeout=2)) as asking:
                asking.request("GET", "/_stcore/health")
                if asking.getresponse().status == HTTPStatus.OK:
                    break
        except OSError:
            waiting.wait(0.1)
    else:
        return
    sys.stdout.write(f"lineage answers at {url}\n")
    sys.stdout.flush()
    if browser:
        webbrowser.open(url)
    from ui.warming import warm

    warm()


if __name__ == "__main__":
    main()
