"""`neo4j up`, `status`, `down` on real processes: what is left behind, who may read what, what kills do."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest import neo4j_server
from ingest.neo4j_server import engine
from ingest.neo4j_server.engine import Docker, Jars, Memory
from lineage.errors import Fatal, LineageError, Refused, Unreachable
from lineage.settings import Settings
from lineage.stores.neo4j import Neo4jOptions, open_neo4j
from lineage.stores.neo4j_link import Link
from lineage.stores.neo4j_local import read_local

QUICK = Memory(heap=512, pages=128, quick=True)
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}


def _processes(home: Path) -> list[str]:
    """Command lines of every process of this machine that names this home."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"--home-dir={home}" in line:
            found.append(line)
    return found


@pytest.fixture
def own(neo4j_home, tmp_path):
    """Settings of a home of its own, whose server is stopped after the test; asks for `neo4j_home` to skip alike."""
    settings = Settings(home=tmp_path / "own")
    yield settings
    neo4j_server.down(settings)
    assert _processes(settings.home) == []


def test_up_status_down(own, tools, neo4j_home):
    assert neo4j_server.status(own) == neo4j_server.Status(False, None, None)
    running = neo4j_server.up(own, memory=QUICK, env=CLEAN | {"NEO4J_PASSWORD": "a-chosen-password"})
    local = read_local(own.home)
    assert running == neo4j_server.Status(True, local.url, "5.26.30")
    assert local.url != read_local(neo4j_home).url, "a taken port is left to who has it"
    lines = _processes(own.home)
    assert len(lines) == 1
    assert not any("a-chosen-password" in line for line in lines)
    record = own.home / "neo4j" / "server.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert json.loads(record.read_text())["password"] == "a-chosen-password"
    assert "a-chosen-password" not in repr(local)
    logged = "".join(path.read_text(errors="replace") for path in (own.home / "neo4j" / "logs").rglob("*.log"))
    assert "a-chosen-password" not in logged
    store = open_neo4j(Settings(home=own.home, store=local.url), write=True, env={})
    store.load(tools["chain"](5), tools["quiet"])
    with pytest.raises(LineageError):
        store._link.read("LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line")
    store.close()
    assert neo4j_server.up(own, memory=QUICK, env=CLEAN) == running, "up twice is up once"
    assert neo4j_server.down(own) == neo4j_server.Status(False, local.url, "5.26.30")
    assert _processes(own.home) == []
    assert neo4j_server.status(own).running is False
    assert neo4j_server.down(own).running is False
    with pytest.raises(Unreachable, match="neo4j up"):
        open_neo4j(Settings(home=own.home, store=local.url), env={})
    assert neo4j_server.up(own, memory=QUICK, env=CLEAN).running
    store = open_neo4j(Settings(home=own.home, store="neo4j"), env={})
    assert len(store.edges()) == 4
    store.close()
    neo4j_server.down(own)
    with pytest.raises(Refused, match="another line"):
        neo4j_server.up(own, release="2026", memory=QUICK, env=CLEAN)


def test_where_its_port_is_taken_it_gets_none_that_a_caller_may_be_given_meanwhile():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert neo4j_server._free_port(taken.getsockname()[1]) in range(17_687, 18_687)


def test_two_that_start_at_once_take_two_ports(tmp_path, monkeypatch):
    """A server takes its port seconds after it was found free."""
    doors, both = [], threading.Barrier(2)

    def takes_its_port(home, local, pause):
        threading.Event().wait(0.3)
        doors.append(socket.create_server(("127.0.0.1", int(local.url.rpartition(":")[2]))))

    def up(name):
        both.wait()
        return neo4j_server.up(Settings(home=tmp_path / name), env=CLEAN, cache=tmp_path / "cache").url

    monkeypatch.setattr(neo4j_server, "docker_runs", lambda: False)
    monkeypatch.setattr(neo4j_server, "find_jars", lambda release, *_: Jars(Path("java"), tmp_path, release))
    monkeypatch.setattr(neo4j_server, "_started", lambda *_: os.getpid())
    monkeypatch.setattr(neo4j_server, "_wait", takes_its_port)
    with ThreadPoolExecutor(2) as pool:
        urls = list(pool.map(up, ("one", "other")))
    for door in doors:
        door.close()
    assert len(set(urls)) == len(doors) == 2


def test_the_server_listens_on_loopback_only(neo4j_home):
    port = int(read_local(neo4j_home).url.rsplit(":", 1)[1])
    listening = [
        line.split()[1]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    ours = [address for address in listening if int(address.rsplit(":", 1)[1], 16) == port]
    assert ours
    assert all(address.startswith(("0100007F", "0000000000000000FFFF00000100007F")) for address in ours)


LOADER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import importlib.util
spec = importlib.util.spec_from_file_location("tools", sys.argv[4])
tools = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tools)
from lineage.settings import Settings
from lineage.stores.neo4j import Neo4jOptions, open_neo4j
store = open_neo4j(Settings(home=Path(sys.argv[1]), store="neo4j"), write=True, options=Neo4jOptions(batch=5), env={})
seen = 0
def progress(stage, done, whole):
    global seen
    seen += 1
    print("step", seen, flush=True)
store.load(tools.chain(60, run="run-2", m3={"likes": 8}), progress)
print("finished", flush=True)
"""


def _loading(home: Path) -> subprocess.Popen[str]:
    here = Path(__file__).resolve()
    command = [sys.executable, "-c", LOADER, str(home), "-", str(here.parents[2]), str(here.with_name("conftest.py"))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN)


def _reach(process: subprocess.Popen[str], step: int) -> None:
    for line in process.stdout:
        if line.split() == ["step", str(step)]:
            return
    pytest.fail(f"the loader ended before step {step}: {process.communicate()[1]}")


@pytest.mark.parametrize("step", [2, 9, 17, 30])
def test_a_killed_loader_is_finished_by_the_next(opened, tools, link, neo4j_home, step):
    wanted_tables = tools["chain"](60, run="run-2", m3={"likes": 8})
    store = opened(batch=5)
    store.load(wanted_tables, tools["quiet"])
    wanted = tools["dump"](link)
    link.run("MATCH (n) DETACH DELETE n")
    with _loading(neo4j_home) as process:
        _reach(process, step)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    store.load(wanted_tables, tools["quiet"])
    assert tools["dump"](link) == wanted


def test_a_server_killed_under_a_load_and_a_query(own, tools):
    neo4j_server.up(own, memory=QUICK, env=CLEAN)
    local = read_local(own.home)
    settings = Settings(home=own.home, store=local.url)
    store = open_neo4j(settings, write=True, options=Neo4jOptions(batch=5, patience=0.5), env={})
    tables = tools["chain"](60, run="run-2")
    seen = []

    def killing(stage: str, done: int, whole: int) -> None:
        seen.append(stage)
        if len(seen) == 12:
            os.kill(local.pid, signal.SIGKILL)

    with pytest.raises(Unreachable) as caught:
        store.load(tables, killing)
    assert "\n" not in str(caught.value)
    with pytest.raises(Unreachable):
        store.loaded()
    store.close()
    assert neo4j_server.status(own).running is False
    neo4j_server.up(own, memory=QUICK, env=CLEAN)
    settings = Settings(home=own.home, store="neo4j")
    store = open_neo4j(settings, write=True, env={})
    assert store.loaded() is None
    store.load(tables, tools["quiet"])
    link = Link(read_local(own.home).url, "neo4j", (local.username, local.password), write=True)
    mended = tools["dump"](link)
    link.run("MATCH (n) DETACH DELETE n")
    store.load(tables, tools["quiet"])
    assert tools["dump"](link) == mended
    link.close()
    store.close()


def test_what_is_wrong_is_said_in_one_sentence(opened, tools, local, neo4j_home, capfd):
    opened().load(tools["chain"](3), tools["quiet"])
    settings = Settings(home=neo4j_home, store=local.url)
    secret = "not-the-password"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"bolt://127.0.0.1:{free.getsockname()[1]}"
    cases = [
        (settings, {"NEO4J_PASSWORD": secret}, Refused, "NEO4J_PASSWORD"),
        (settings, {"NEO4J_USERNAME": "eve", "NEO4J_PASSWORD": secret}, Refused, "NEO4J_USERNAME"),
        (Settings(home=neo4j_home / "none", store=local.url), {}, Refused, "wants a password"),
        (settings, {"NEO4J_DATABASE": "nosuch"}, Refused, "no database 'nosuch'"),
        (Settings(home=neo4j_home, store=nobody), {"NEO4J_PASSWORD": secret}, Unreachable, "No Neo4j server answers"),
        (Settings(home=neo4j_home, store=f"bolt://u:{secret}@127.0.0.1"), {}, Refused, "holds a user or password"),
        (Settings(home=neo4j_home, store="bolt://127.0.0.1:x"), {"NEO4J_PASSWORD": secret}, Refused, "port"),
    ]
    for asked, env, kind, said in cases:
        with pytest.raises(kind, match=said) as caught:
            open_neo4j(asked, env=env)
        assert "\n" not in str(caught.value)
        assert secret not in str(caught.value)
    told = capfd.readouterr()
    assert secret not in told.out + told.err


def test_a_user_who_may_only_read_is_told(own, tools, monkeypatch):
    neo4j_server.up(own, memory=QUICK, env=CLEAN)
    neo4j_server.down(own)
    plain = neo4j_server.conf
    monkeypatch.setattr(
        neo4j_server, "conf", lambda *a, **k: plain(*a, **k) + "server.databases.default_to_read_only=true\n"
    )
    neo4j_server.up(own, memory=QUICK, env=CLEAN)
    store = open_neo4j(Settings(home=own.home, store="neo4j"), write=True, env={})
    with pytest.raises(Refused, match="write rights") as caught:
        store.load(tools["chain"](3), tools["quiet"])
    assert "\n" not in str(caught.value)
    store.close()


def test_no_java_and_no_docker_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    with pytest.raises(Fatal, match="Docker, or Java 17"):
        engine.find_java(17, {"PATH": str(tmp_path)})
    with pytest.raises(Fatal, match="Java 99"):
        engine.find_java(99, CLEAN)
    (tmp_path / "java").write_text("#!/bin/sh\necho 'openjdk version \"21.0.2\"' >&2\n")
    (tmp_path / "java").chmod(0o700)
    with pytest.raises(Fatal, match="mvn"):
        engine.find_jars(engine.RELEASES["2026"], {"PATH": str(tmp_path)}, tmp_path / "cache")


def test_a_short_password_and_an_unknown_release_are_refused(tmp_path):
    settings = Settings(home=tmp_path)
    with pytest.raises(Refused, match="8 characters"):
        neo4j_server.up(settings, env=CLEAN | {"NEO4J_PASSWORD": "short"})
    with pytest.raises(Fatal, match=r"5\.26, 2026"):
        neo4j_server.up(settings, release="4", env=CLEAN)


def test_commands_hold_no_password_and_publish_on_loopback(tmp_path):
    docker = Docker(engine.RELEASES["5.26"])
    started = docker.server(tmp_path, 7690, "lineage-neo4j-x")
    assert "127.0.0.1:7690:7687" in started
    assert started[-1] == "neo4j:5.26.30-community"
    jars = Jars(Path("java"), tmp_path, engine.RELEASES["2026"])
    assert "org.neo4j.server.Neo4jCommunity" in jars.server(tmp_path, QUICK)
    for line in (started, jars.server(tmp_path, QUICK), docker.admin(tmp_path, ["x"], QUICK)):
        words = [word.replace(str(tmp_path), "") for word in line]
        assert not any("password" in word.lower() or "auth" in word.lower() for word in words)
    published = neo4j_server.conf(7687, QUICK, published=7690)
    assert "listen_address=0.0.0.0:7687" in published
    assert "advertised_address=127.0.0.1:7690" in published


def test_the_password_file_is_what_neo4j_admin_writes():
    line = neo4j_server.auth_line(
        "dummypass123", bytes.fromhex("a10645f421435b21e23a08d567317f67a8c00c9744e5803fc8f32a41d6501ef4")
    )
    assert line.startswith("neo4j:SHA-256,607ebc6c7f4853c2b0d1ab7c280f23cc932a321ced2afcca8511abdbc187ed5c,")
