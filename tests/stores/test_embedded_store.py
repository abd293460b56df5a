"""The embedded store's files: swapped whole, swept, locked, versioned, and readable by many processes meanwhile."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lineage.errors import Damaged, Fatal, LineageError, Misuse, NoData, Retriable, TooNew
from lineage.schema import Frames, GraphTables
from lineage.settings import Settings
from lineage.stores import embedded_files, open_store
from lineage.stores.embedded import EmbeddedStore

ROOT = Path(__file__).resolve().parents[2]


def graphs(folder):
    return sorted(path.name for path in folder.glob("graph-*"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def fresh(folder):
    """A function that opens a store on the folder; all are closed at the end."""
    opened = []

    def make():
        opened.append(EmbeddedStore(folder, lambda: datetime(2026, 11, 24, tzinfo=UTC)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def run(code, folder, **more):
    """A Python process of its own that runs `code` with `folder` as its argument, the test's builder at hand."""
    start = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]\n"
    return subprocess.Popen(
        [sys.executable, "-c", start + code, str(folder)], stdout=subprocess.PIPE, text=True, **more
    )


LOADER = """
from pathlib import Path
from conftest import build
from lineage.stores.embedded import EmbeddedStore
def progress(stage, done, whole):
    print(stage, flush=True)
    if stage == "DERIVED_FROM":
        sys.stdin.read()
models = [f"b/{n}" for n in range(2000)]
tables = build([("b/x", "b/0", "merge")], models, run="two", snapshot="later")
EmbeddedStore(Path(sys.argv[1])).load(tables, progress)
"""


def test_a_load_leaves_one_graph_file_that_the_pointer_names(fresh, folder, graph, silent):
    store = fresh()
    store.load(graph(models=["a/x"], run="one"), silent)
    store.load(graph(models=["a/x", "a/y"], run="two", snapshot="next"), silent)
    pointer = embedded_files.current(folder)
    assert graphs(folder) == [pointer.file] == ["graph-next-two.lbug"]
    assert (pointer.snapshot, pointer.digest) == ("next", "ab" * 32)
    assert pointer.loaded_at == "2026-11-24T00:00:00+00:00"
    assert pointer.bytes == (folder / pointer.file).stat().st_size


def test_the_same_run_loaded_again_is_a_file_of_its_own(fresh, folder, graph, silent):
    tables = graph(models=["a/x"])
    reader = fresh()
    fresh().load(tables, silent)
    assert reader.model("a/x") is not None
    fresh().load(tables, silent)
    assert graphs(folder) == ["graph-2026-08-22-run-1-2.lbug"]
    assert reader.model("a/x") is not None


def test_a_hostile_snapshot_name_stays_in_the_folder(fresh, folder, graph, silent, tmp_path):
    fresh().load(graph(models=["a/x"], snapshot="../../evil/\u202e", run="; rm -rf"), silent)
    assert len(graphs(folder)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]
    assert fresh().loaded().snapshot == "../../evil/\u202e"


def test_a_reader_keeps_its_graph_while_another_is_loaded(fresh, graph, silent):
    loader, reader = fresh(), fresh()
    loader.load(graph(models=["a/x"], run="one"), silent)
    assert reader.loaded().run == "one"
    loader.load(graph(models=["a/y"], run="two"), silent)
    assert reader.model("a/x") is not None
    assert reader.model("a/y") is None
    assert fresh().model("a/y") is not None
    assert loader.model("a/y") is not None


def test_a_reader_that_loses_the_race_to_a_load_tries_once_more(fresh, folder, graph, silent, monkeypatch):
    fresh().load(graph(models=["a/x"], run="one"), silent)
    stale = embedded_files.current(folder)
    fresh().load(graph(models=["a/y"], run="two"), silent)
    seen = iter([stale])
    truly = embedded_files.current
    monkeypatch.setattr(embedded_files, "current", lambda place: next(seen, None) or truly(place))
    reader = EmbeddedStore(folder)
    assert reader.model("a/y") is not None
    reader.close()


READER = """
from pathlib import Path
from lineage.stores.embedded import EmbeddedStore
folder, seen = Path(sys.argv[1]), set()
print("up", flush=True)
while "last" not in seen:
    store = EmbeddedStore(folder)
    run = store.loaded().run
    counted = store.cypher("MATCH (m:Model) RETURN count(*), min(m.likes), max(m.likes)", {}, limit=1, timeout=20)
    edges = store.edges().height
    assert counted.rows == ((300, len(run), len(run)),), counted
    assert edges == 299, edges
    assert store.loaded().run == run
    seen.add(run)
    store.close()
print(len(seen), flush=True)
"""


def test_three_processes_read_on_while_the_graph_is_replaced(fresh, folder, graph, silent):
    def tables(run):
        ids = [f"a/{number}" for number in range(300)]
        edges = [(child, "a/0", "merge") for child in ids[1:]]
        return graph(edges, {id: {"likes": len(run)} for id in ids}, run=run)

    store = fresh()
    store.load(tables("r"), silent)
    readers = [run(READER, folder) for _ in range(3)]
    for reader in readers:
        assert reader.stdout.readline() == "up\n"
    for number in range(6):
        store.load(tables("r" * (number + 5)), silent)
    store.load(tables("last"), silent)
    for reader in readers:
        out, _ = reader.communicate(timeout=120)
        assert reader.returncode == 0, out
    assert graphs(folder) == [embedded_files.current(folder).file]


@pytest.mark.parametrize("before", [True, False], ids=["over a graph", "first"])
def test_a_killed_load_leaves_the_old_graph_and_the_next_clears_up(fresh, folder, graph, silent, before):
    if before:
        fresh().load(graph(models=["a/x"], run="one"), silent)
    loader = run(LOADER, folder, stdin=subprocess.PIPE)
    while loader.stdout.readline().strip() != "DERIVED_FROM":
        pass
    loader.send_signal(signal.SIGKILL)
    loader.communicate(timeout=120)
    assert any(name.startswith("graph-later-two") for name in graphs(folder))
    if before:
        assert fresh().model("a/x") is not None
    else:
        assert fresh().loaded() is None
    fresh().load(graph(models=["a/z"], run="three"), silent)
    assert graphs(folder) == ["graph-2026-08-22-three.lbug"]
    assert fresh().model("a/z") is not None


def test_a_second_load_at_the_same_time_is_told_to_wait(fresh, folder, graph, silent):
    loader = run(LOADER, folder, stdin=subprocess.PIPE)
    while loader.stdout.readline().strip() != "DERIVED_FROM":
        pass
    with pytest.raises(Retriable, match="under way"):
        fresh().load(graph(models=["a/z"]), silent)
    loader.communicate("", timeout=120)
    assert loader.returncode == 0
    assert fresh().loaded().run == "two"


def test_an_interrupted_load_leaves_nothing_behind(fresh, folder, graph, silent):
    store = fresh()
    store.load(graph(models=["a/x"], run="one"), silent)

    def interrupt(stage, done, whole):
        if stage == "DERIVED_FROM":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.load(graph([("a/x", "a/y", "merge")], run="two"), interrupt)
    assert graphs(folder) == ["graph-2026-08-22-one.lbug"]
    assert store.model("a/x") is not None
    assert store.model("a/y") is None


FULL = """
import resource, signal
from pathlib import Path
from conftest import build
from lineage.errors import Fatal
from lineage.stores.embedded import EmbeddedStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
models = {f"b/{n}": {"license_link": f"x{n}" * 30} for n in range(5000)}
try:
    EmbeddedStore(Path(sys.argv[1])).load(build(models=models, run="two"), lambda stage, done, whole: None)
except Fatal as error:
    print(error)
"""


def test_a_full_disk_is_one_sentence_and_the_old_graph_stays(fresh, folder, graph, silent):
    fresh().load(graph(models=["a/x"], run="one"), silent)
    out, _ = run(FULL, folder).communicate(timeout=120)
    assert out.count("\n") == 1
    assert "the disk is full" in out
    assert graphs(folder) == ["graph-2026-08-22-one.lbug"]
    assert fresh().model("a/x") is not None


def test_tables_that_do_not_fit_together_leave_the_old_graph(fresh, folder, graph, silent):
    store = fresh()
    store.load(graph(models=["a/x"], run="one"), silent)
    torn = graph([("a/x", "a/y", "merge")], run="two")
    torn.nodes["Model"] = torn.nodes["Model"].head(1)
    with pytest.raises(Fatal, match="could not be built"):
        store.load(torn, silent)
    assert store.loaded().run == "one"
    assert graphs(folder) == ["graph-2026-08-22-one.lbug"]


def test_tables_without_their_meta_row_are_refused(fresh, graph, silent):
    tables = graph(models=["a/x"])
    tables.nodes["LineageMeta"] = tables.nodes["LineageMeta"].clear()
    with pytest.raises(Fatal, match="LineageMeta"):
        fresh().load(tables, silent)


def damaged(folder, how):
    path = folder / embedded_files.current(folder).file
    if how == "cut":
        os.truncate(path, path.stat().st_size // 2)
    elif how == "gone":
        path.unlink()
    elif how == "other":
        path.write_bytes(b"not a graph" + bytes(path.stat().st_size - 11))
    elif how == "folder":
        path.unlink()
        path.mkdir()
    else:
        (folder / "CURRENT").write_text(how)


@pytest.mark.parametrize("how", ["cut", "gone", "other", "", "{", "[]", "{}", "null", '{"file": 1}'])
def test_a_damaged_store_says_so_and_is_made_again(fresh, folder, graph, silent, how):
    fresh().load(graph(models=["a/x"], run="one"), silent)
    damaged(folder, how)
    for question in (lambda store: store.model("a/x"), lambda store: store.loaded()):
        with pytest.raises(Damaged, match="lineage load"):
            question(fresh())
    fresh().load(graph(models=["a/y"], run="two"), silent)
    assert fresh().model("a/y") is not None
    assert graphs(folder) == ["graph-2026-08-22-two.lbug"]


def test_a_pointer_out_of_the_folder_is_not_followed(fresh, folder, graph, silent):
    fresh().load(graph(models=["a/x"]), silent)
    pointer = json.loads((folder / "CURRENT").read_text())
    (folder / "CURRENT").write_text(json.dumps(pointer | {"file": "../graph-x.lbug"}))
    with pytest.raises(Damaged):
        fresh().model("a/x")


def test_a_graph_of_a_newer_lineage_is_too_new_and_can_be_replaced(fresh, graph, silent):
    fresh().load(graph(models=["a/x"], schema_version=99, run="one"), silent)
    with pytest.raises(TooNew):
        fresh().model("a/x")
    with pytest.raises(TooNew):
        fresh().loaded()
    fresh().load(graph(models=["a/x"], run="two"), silent)
    assert fresh().model("a/x") is not None


def test_a_graph_of_an_older_lineage_asks_for_a_load(fresh, graph, silent):
    fresh().load(graph(models=["a/x"], schema_version=0), silent)
    with pytest.raises(Fatal, match="lineage load"):
        fresh().model("a/x")


def test_a_graph_of_another_engine_asks_for_a_load(fresh, folder, graph, silent):
    fresh().load(graph(models=["a/x"]), silent)
    pointer = json.loads((folder / "CURRENT").read_text())
    (folder / "CURRENT").write_text(json.dumps(pointer | {"engine": 1}))
    with pytest.raises(Fatal, match="lineage load"):
        fresh().model("a/x")


def test_threads_share_a_store(fresh, graph, silent):
    store = fresh()
    store.load(graph([(f"a/{n}", "a/base", "merge") for n in range(50)]), silent)
    wrong = []

    def ask(number):
        for _ in range(20):
            if store.model(f"a/{number}").id != f"a/{number}":
                wrong.append(number)
            if store.cypher("MATCH (m:Model) RETURN count(*)", {}, limit=1, timeout=20).rows != ((51,),):
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_closed_store_opens_again_when_asked(fresh, graph, silent):
    store = fresh()
    store.load(graph(models=["a/x"]), silent)
    store.close()
    store.close()
    assert store.model("a/x") is not None


def test_a_query_that_would_fill_the_memory_is_refused(fresh, graph, silent):
    store = fresh()
    store.load(graph(models=[f"a/{n}" for n in range(1000)]), silent)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(LineageError, match=r"memory|stopped"):
        store.cypher(
            "MATCH (a:Model), (b:Model), (c:Model) RETURN collect(a.id + b.id + c.id)", {}, limit=5, timeout=30
        )
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 3 * 2**20
    assert store.model("a/1") is not None


def test_settings_choose_the_store(tmp_path, graph, silent):
    store = open_store(Settings(home=tmp_path), write=True)
    store.load(graph(models=["a/x"]), silent)
    store.close()
    reader = open_store(Settings(home=tmp_path))
    assert (reader.url, reader.model("a/x").id) == ("embedded", "a/x")
    reader.close()
    with pytest.raises(NoData):
        open_store(Settings(home=tmp_path / "elsewhere")).model("a/x")


@pytest.mark.parametrize("name", ["postgres", "embedded2", "http://x", ""])
def test_an_unknown_store_names_the_known_ones(tmp_path, name):
    with pytest.raises(Misuse, match="neo4j"):
        open_store(Settings(home=tmp_path, store=name))


def test_choosing_a_store_imports_no_driver():
    code = "import lineage.stores, sys; print([m for m in ('ladybug', 'neo4j', 'polars') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out == "[]\n"


def test_what_fails_while_a_table_is_made_is_not_told_as_the_engine_s(tmp_path, graph, silent):
    def broken():
        raise ValueError("no such rule")

    whole, asked = graph(models=["a/x"]), []
    nodes = {name: lambda name=name: asked.append(name) or whole.nodes[name] for name in whole.nodes}
    edges = {name: lambda name=name: asked.append(name) or whole.edges[name] for name in whole.edges}
    store = EmbeddedStore(tmp_path)
    with pytest.raises(ValueError, match="no such rule"):
        store.load(GraphTables(Frames(nodes | {"Publisher": broken}), Frames(edges)), silent)
    assert "ATTRIBUTED_TO" not in asked
    assert store.loaded() is None
    store.load(whole, silent)
    assert store.model("a/x").id == "a/x"
