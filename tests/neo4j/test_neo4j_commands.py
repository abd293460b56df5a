"""The commands of `lineage` against a real server, each a process: scopes, bounds, refusals, what stays secret."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.commands.loading import usual_scope
from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World
from lineage.settings import Settings

MODELS = 1200
WRONG = "wrong-password-of-a-test"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with one crawl of a simulated Hub, made by the first test that needs it."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def served():
    """One simulated Hub: an update follows the crawl of the same address."""
    with SimulatedHub(World(MODELS)) as running:
        yield running


@pytest.fixture(scope="module")
def hub(served):
    """What makes it the Hub of a command."""
    return {"HF_ENDPOINT": served.url, "HF_TOKEN": ""}


@pytest.fixture
def lineage(home, local, clean_env):
    """Run a command on that home and the session's server; answers the finished process."""
    env = clean_env | {"NEO4J_PASSWORD": local.password, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    seen = []

    def run(*words, store=local.url, **extra):
        line = [sys.executable, "-m", "ingest.cli", "--home", str(home), "--store", store, *words]
        done = subprocess.run(line, env=env | extra, capture_output=True, text=True, timeout=300, check=False)
        seen.append(done)
        return done

    yield run
    told = "".join(done.stdout + done.stderr for done in seen)
    assert local.password not in told
    assert "Traceback" not in told


@pytest.fixture
def crawled(home, lineage, link, hub):
    """The snapshot's folder; the database is empty."""
    if not (home / "snapshots").exists():
        done = lineage("crawl", "-q", "--no-load", **hub)
        assert done.returncode == 0, done.stderr
    return home / "snapshots"


def _sums(folder):
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


def _models(link):
    return link.read("MATCH (m:Model) RETURN count(m)")[0][0]


def _scope(link):
    return link.read("MATCH (l:LineageMeta) RETURN l.scope")[0][0]


def test_crawl_loads_the_server_and_load_narrows_it(lineage, crawled, link, tools, hub):
    done = lineage("crawl", "--fresh", **hub)
    assert done.returncode == 0, done.stderr
    assert "To load, scope all: " in done.stderr
    whole, before = _models(link), tools["dump"](link)
    assert whole >= MODELS
    answer = lineage("cypher", "MATCH (m:Model) RETURN count(m) AS n", "--json")
    assert json.loads(answer.stdout) == [{"n": whole}]
    assert lineage("load", "-q", "--scope", "lineage").returncode == 0
    assert (_scope(link), 0 < _models(link) < whole) == ("lineage", True)
    assert link.read("MATCH (m:Model) WHERE NOT (m)-[:DERIVED_FROM|MEMBER_OF]-() RETURN count(m)") == [(0,)]
    assert lineage("load", "-q", "--scope", "family:qwen").returncode == 0
    assert _scope(link) == "family:qwen"
    assert lineage("load", "-q").returncode == 0
    after = tools["dump"](link)
    assert after[1] == before[1]
    assert [row for row in after[0] if "LineageMeta" not in row] == [r for r in before[0] if "LineageMeta" not in r]


def test_an_update_keeps_the_scope_that_was_loaded(lineage, crawled, link, hub, served):
    assert lineage("load", "-q", "--scope", "family:qwen").returncode == 0
    served.show(World(MODELS, day=1))
    for new in (True, False):
        done = lineage("update", "--json", **hub)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["new"], told["loaded"]) == (new, True)
        assert _scope(link) == "family:qwen"
        assert link.read("MATCH (l:LineageMeta) RETURN l.snapshot") == [(told["id"],)]


def test_what_is_too_much_or_not_ours_is_refused_before_anything_is_written(lineage, crawled, link, tools):
    done = lineage("load", "--max-nodes", "100")
    assert (done.returncode, done.stderr.count("--max-nodes")) == (1, 1)
    assert link.read("MATCH (n) RETURN count(n)") == [(0,)]
    link.run("CREATE (:Car {name: 'T'})-[:DERIVED_FROM]->(:Car {name: 'A'})")
    before = tools["dump"](link)
    done = lineage("load")
    assert done.returncode == 1
    assert "--into-existing" in done.stderr
    assert tools["dump"](link) == before
    assert lineage("load", "--into-existing", "--scope", "family:qwen", "--max-nodes", "5000").returncode == 0
    assert set(before[1]) <= set(tools["dump"](link)[1])
    unknown = lineage("load", "--scope", "family:nosuch")
    assert (unknown.returncode, unknown.stdout) == (4, "")


@pytest.mark.parametrize(
    "words", [("--scope", "lineage"), ("--max-nodes", "5"), ("--into-existing",), ("--bulk",)], ids=lambda w: w[0]
)
def test_what_is_for_a_server_is_no_option_of_the_embedded_store(lineage, crawled, words):
    done = lineage("load", *words, store="embedded")
    assert (done.returncode, "Neo4j" in done.stderr) == (2, True)


def test_what_goes_wrong_is_one_sentence_and_leaves_the_snapshot(lineage, crawled, local):
    before = _sums(crawled)
    cases = [
        (lineage("load", "-q", NEO4J_PASSWORD=WRONG), "NEO4J_PASSWORD"),
        (lineage("load", "-q", NEO4J_USERNAME="eve"), "NEO4J_USERNAME"),
        (lineage("load", "-q", NEO4J_DATABASE="nosuch"), "'nosuch'"),
        (lineage("load", "-q", store="bolt://127.0.0.1:1"), "No Neo4j server answers"),
        (lineage("load", "-q", store=f"bolt://neo4j:{WRONG}@127.0.0.1:1"), "holds a user or password"),
        (lineage("load", "-q", "--bulk"), "neo4j up"),
    ]
    for done, said in cases:
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert WRONG not in done.stderr
    assert _sums(crawled) == before
    assert lineage("snapshots", "--json").returncode == 0


def test_no_secret_in_arguments_logs_or_doctor(lineage, crawled, local, tmp_path, hub, neo4j_home):
    log = tmp_path / "run.log"
    assert lineage("update", "--log", str(log), **hub).returncode == 0
    assert lineage("update", "--log", str(log), **hub, NEO4J_PASSWORD=WRONG).returncode == 1
    doctor = lineage("doctor")
    written = [log, *(neo4j_home / "neo4j" / "logs").rglob("*"), *(neo4j_home / "neo4j" / "conf").rglob("*")]
    texts = [path.read_text(errors="replace") for path in written if path.is_file()]
    assert all(local.password not in text and WRONG not in text for text in texts)
    assert local.password not in doctor.stdout + doctor.stderr
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert local.password.encode() not in entry.read_bytes()
        except OSError:
            continue


@pytest.mark.parametrize(
    ("url", "scope"),
    [
        ("bolt://127.0.0.1:7690", "all"),
        ("bolt://localhost", "all"),
        ("bolt://[::1]:7687", "all"),
        ("neo4j+s://x.databases.neo4j.io", "lineage"),
        ("bolt://10.0.0.7", "lineage"),
    ],
)
def test_another_machine_is_given_what_has_an_edge(tmp_path, url, scope):
    assert usual_scope(Settings(tmp_path, store=url)) == scope


@pytest.mark.parametrize("question", ["model", "tree"])
def test_a_model_is_known_by_its_address_and_in_other_capitals(lineage, crawled, question):
    assert lineage("load", "-q").returncode == 0
    for typed in ("https://huggingface.co/Qwen/Qwen2.5-7B/tree/main", "qwen/QWEN2.5-7b"):
        told = json.loads(lineage(question, typed, "--json").stdout)
        assert "Qwen/Qwen2.5-7B" in (told.get("id"), told.get("root"))
