"""A socket of this machine with something behind it that is no Neo4j of ours."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def answered_by(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    """Serve every caller by the handler; yields the Bolt address."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"bolt://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
