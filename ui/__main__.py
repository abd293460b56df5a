"""`python -m ui`: serve the page, say where, and end when told to. `lineage ui` runs this."""

from __future__ import annotations

import argparse
import signal
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
    with listening(asked.address, asked.port) as door:
        url = f"http://{_host(asked.address)}:{door.getsockname()[1]}"
        threading.Thread(target=_announce, args=(url, asked.browser), daemon=True).start()
        try:
            _serve(door)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)


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


def listening(address: str, port: int | None) -> socket.socket:
    """Listens at the port asked for, else at the first free one from `PORT` on; ends the program where none is free.

    Names its protocol: asyncio sets TCP_NODELAY on no other, and then every small answer waits for an acknowledgement.
    """
    for number in [port] if port is not None else range(PORT, PORT + _TRIES):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind((address, number))
            door.listen()
        except OSError as error:
            door.close()
            reason = error.strerror or str(error)
        else:
            return door
    where = f"port {port}" if port is not None else f"any port from {PORT} to {PORT + _TRIES - 1}"
    sys.exit(f"lineage: the page cannot listen at {address}, {where}: {reason}. Try another --port or --address.")


def _serve(door: socket.socket) -> None:
    import uvicorn
    from streamlit.web import bootstrap

    from ui.serving import Page

    address, port = door.getsockname()[:2]
    bootstrap.load_config_options({**_configured(), "server.address": address, "server.port": port})
    page = Page(Path(__file__).with_name("app.py"))
    uvicorn.Server(uvicorn.Config(page, log_level="warning", ws_per_message_deflate=False)).run(sockets=[door])


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
