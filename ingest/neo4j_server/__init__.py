"""A local Neo4j of this home: `up`, `down`, `status`. Loopback only, hardened, its password generated.

The password reaches the server as a salted hash in the file that neo4j-admin itself would write (`data/dbms/auth.ini`),
made before the first start: `set-initial-password` takes it as an argument, where every process of the machine could
read it, and a first start with the default password would open a window, however short.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.neo4j_server.engine import RELEASES, Docker, Jars, Memory, Release, docker_runs, find_jars
from lineage import locks
from lineage.errors import Fatal, Refused, Unreachable
from lineage.settings import Settings
from lineage.stores.neo4j_local import Local, folder, read_local, write_local

Pause = Callable[[float], None]
_START, _STOP = 180.0, 120.0
_OTHERS = range(17_687, 18_687)
"""Ports that no system gives to callers by itself: Linux from 32768 on, others from 49152."""
_FOLDERS = ("conf", "data/dbms", "logs", "run", "import", "plugins")


@dataclass(frozen=True)
class Status:
    """Whether this home's server answers, where, and which version it is; url and version are None before any `up`."""

    running: bool
    url: str | None
    version: str | None


def conf(port: int, memory: Memory, *, published: int | None = None, hardened: bool = True) -> str:
    """The text of neo4j.conf: loopback, no HTTP, no usage report, no LOAD CSV from the file system or the network.

    Without `hardened` (tests of the read-only guard) LOAD CSV reads what the server can, and nothing is capped. Inside
    a container the server listens on all of its own addresses; Docker publishes `published` on loopback alone.
    """
    bolt = f"127.0.0.1:{port}" if published is None else f"0.0.0.0:{port}"
    return (
        (_HARDENED if hardened else "")
        + (_QUICK if memory.quick else "")
        + f"""\
dbms.security.auth_enabled=true
server.memory.heap.initial_size={min(memory.heap, 512)}m
server.memory.heap.max_size={memory.heap}m
server.memory.pagecache.size={memory.pages}m
server.default_listen_address=127.0.0.1
server.bolt.listen_address={bolt}
server.bolt.advertised_address=127.0.0.1:{published or port}
server.http.enabled=false
server.https.enabled=false
dbms.usage_report.enabled=false
db.tx_log.rotation.retention_policy=1 files
"""
    )


_HARDENED = """\
server.directories.import=import
dbms.security.allow_csv_import_from_file_urls=false
internal.dbms.cypher_ip_blocklist=0.0.0.0/0,::/0
db.transaction.timeout=20s
db.memory.transaction.max=256m
dbms.memory.transaction.total.max=512m
"""

_QUICK = """\
server.config.strict_validation.enabled=false
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
"""
"""Stop at once, where the server waits ten seconds for callers; a release that does not know the setting warns."""


def auth_line(password: str, salt: bytes) -> str:
    """The line of auth.ini that gives user `neo4j` this password: SHA-256 of salt and password, 1,024 times."""
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(1023):
        digest = hashlib.sha256(digest).digest()
    return f"neo4j:SHA-256,{digest.hex()},{salt.hex()},1024:\n"


def status(settings: Settings) -> Status:
    """What this home's server is doing now."""
    local = read_local(settings.home)
    if local is None:
        return Status(False, None, None)
    return Status(_alive(settings.home, local) and _answers(_port(local.url)), local.url, local.version)


def up(
    settings: Settings,
    *,
    release: str | None = None,
    memory: Memory | None = None,
    env: Mapping[str, str] = os.environ,
    pause: Pause = time.sleep,
    cache: Path | None = None,
    hardened: bool = True,
) -> Status:
    """Start this home's server where it is not running, and return once it answers.

    `release` is a key of RELEASES, by default the one this home has, else 5.26; jars come from `cache`, by default the
    user's cache folder. Raises Fatal where nothing can run it, Unreachable where it does not come up.
    """
    memory = memory or Memory()
    known = read_local(settings.home)
    if known is not None and _alive(settings.home, known):
        _wait(settings.home, known, pause)
        return status(settings)
    chosen = _release(release, known)
    home, kept = _folders(settings.home), cache or _cache()
    engine = None if docker_runs() else find_jars(chosen, env, kept)
    # Until the server has taken the port that was free, nobody else here may find it free.
    with locks.exclusive(kept / "neo4j-start.lock", locks.myself(), wait=True):
        local = _prepared(home, known, chosen, env)
        port = _port(local.url)
        if engine is None:
            local = replace(local, engine="docker", container=_container(home))
            _write(home / "conf" / "neo4j.conf", conf(7687, memory, published=port, hardened=hardened))
            write_local(settings.home, local)
            _run(Docker(chosen).server(home, port, _container(home)), "start the container")
        else:
            _write(home / "conf" / "neo4j.conf", conf(port, memory, hardened=hardened))
            local = replace(local, engine=engine.name, pid=_started(engine, home, memory))
            write_local(settings.home, local)
        try:
            _wait(settings.home, local, pause)
        except BaseException:
            down(settings, pause=pause)
            raise
    return status(settings)


def down(settings: Settings, *, pause: Pause = time.sleep) -> Status:
    """Stop this home's server and wait until its process is gone; nothing to do where none runs."""
    local = read_local(settings.home)
    if local is None:
        return Status(False, None, None)
    if local.container is not None and _alive(settings.home, local):
        _run(["docker", "stop", "--time", str(int(_STOP)), local.container], "stop the container")
    elif local.pid is not None:
        _stop(settings.home, local.pid, pause)
    write_local(settings.home, replace(local, pid=None, container=None))
    return Status(False, local.url, local.version)


def admin(
    settings: Settings,
    arguments: list[str],
    *,
    memory: Memory | None = None,
    env: Mapping[str, str] = os.environ,
    cache: Path | None = None,
) -> None:
    """Run neo4j-admin on this home's stopped server; `{name}` files stand in its `import` folder."""
    local = read_local(settings.home)
    if local is None:
        raise Fatal("There is no local Neo4j in this home. Start one with `lineage neo4j up`.")
    if _alive(settings.home, local):
        raise Fatal(f"The local Neo4j at {local.url} is running; stop it with `lineage neo4j down` first.")
    home = folder(settings.home)
    release = RELEASES[local.release]
    engine = Docker(release) if local.engine == "docker" else find_jars(release, env, cache or _cache())
    places = {"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}
    seen = [word.replace("{import}", str(engine.seen(home, home / "import"))) for word in arguments]
    _run(engine.admin(home, seen, memory or Memory()), f"run neo4j-admin {arguments[0]}", {**env, **places})


def _release(asked: str | None, known: Local | None) -> Release:
    name = asked or (known.release if known else "5.26")
    if name not in RELEASES:
        raise Fatal(f"Neo4j {name!r} is not one that lineage starts. Choose from {', '.join(RELEASES)}.")
    if known is not None and known.release != name:
        raise Refused(
            f"This home's database was made by Neo4j {known.version}; it is not opened by another line. "
            "Use another --home, or remove its neo4j folder and load again."
        )
    return RELEASES[name]


def _prepared(home: Path, known: Local | None, release: Release, env: Mapping[str, str]) -> Local:
    """The record to start with: the known password, or a new one written where the first start reads it."""
    port = _free_port(_port(known.url) if known else 7687)
    url = f"bolt://127.0.0.1:{port}"
    if known is not None:
        return replace(known, url=url, version=release.version, pid=None, container=None)
    password = env.get("NEO4J_PASSWORD") or secrets.token_urlsafe(24)
    if len(password) < 8:
        raise Refused("NEO4J_PASSWORD is shorter than the 8 characters that Neo4j asks for.")
    _write(home / "data" / "dbms" / "auth.ini", auth_line(password, secrets.token_bytes(16)))
    return Local(url, release.name, release.version, "jars", password=password)


def _started(engine: Jars, home: Path, memory: Memory) -> int:
    with open(home / "logs" / "console.log", "ab") as log:
        process = subprocess.Popen(
            engine.server(home, memory), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    _children[process.pid] = process
    return process.pid


_children: dict[int, subprocess.Popen[bytes]] = {}
"""Servers that this very process started: they must be waited for, or they stay as zombies."""


def _wait(home: Path, local: Local, pause: Pause) -> None:
    port, until = _port(local.url), time.monotonic() + _START
    while time.monotonic() < until:
        if _answers(port):
            return
        if not _alive(home, local):
            raise Unreachable(f"The local Neo4j ended while it started: {_last_words(folder(home))}")
        pause(0.1)
    raise Unreachable(f"The local Neo4j did not answer at {local.url} within {_START:.0f} s; see its logs folder.")


def _stop(home: Path, pid: int, pause: Pause) -> None:
    for kill in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + _STOP
        if _is_ours(home, pid):
            os.kill(pid, kill)
        while _is_ours(home, pid):
            if time.monotonic() > until:
                break
            pause(0.1)
        else:
            return
    raise Fatal(f"The local Neo4j (process {pid}) does not end, not even by SIGKILL.")


def _alive(home: Path, local: Local) -> bool:
    if local.container is not None:
        line = ["docker", "ps", "--quiet", "--filter", f"name=^{local.container}$"]
        answer = subprocess.run(line, capture_output=True, text=True, check=False)
        return bool(answer.stdout.strip())
    return local.pid is not None and _is_ours(home, local.pid)


def _is_ours(home: Path, pid: int) -> bool:
    """Whether that process is this home's server: a number alone may have gone to another process meanwhile."""
    child = _children.get(pid)
    if child is not None:
        return child.poll() is None
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            line = proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return False
    else:
        shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        line = shown.stdout
    return f"--home-dir={folder(home)}" in line


def _answers(port: int) -> bool:
    """Whether a Bolt server shakes hands on that port of this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            link.sendall(bytes.fromhex("6060b017 00080805 00000004 00000000 00000000"))
            return len(link.recv(4)) == 4
    except OSError:
        return False


def _free_port(wanted: int) -> int:
    """The port wanted, else another that is free now; the server takes it only seconds later."""
    for port in (wanted, *random.SystemRandom().sample(_OTHERS, 20), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise Fatal("No free port on this machine's loopback address.")


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def _folders(home: Path) -> Path:
    top = folder(home)
    for name in _FOLDERS:
        (top / name).mkdir(parents=True, exist_ok=True)
    top.chmod(0o700)
    return top


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _container(home: Path) -> str:
    return f"lineage-neo4j-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("lineage", appauthor=False)


def _run(command: list[str], doing: str, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        told = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise Unreachable(f"Could not {doing}: {' '.join(told) or 'no reason given'}")


def _last_words(home: Path) -> str:
    lines = (home / "logs" / "console.log").read_text(encoding="utf-8", errors="replace").splitlines()
    told = [line for line in lines if "ERROR" in line or "Exception" in line] or lines
    return told[-1] if told else "it said nothing"
