"""The guard of the embedded store: what only reads is run, everything else is refused and leaves no trace."""

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import LineageError, Refused
from lineage.stores import guard, tokens
from lineage.stores.embedded import EmbeddedStore

HOSTILE = [
    # files written
    "COPY (MATCH (m:Model) RETURN m.id) TO 'out.csv'",
    "copy (match (m:Model) return m.id) to 'out.csv'",
    "CoPy(MATCH (m:Model) RETURN m.id)TO'out.parquet'",
    "COPY Model TO 'out.csv'",
    "PROFILE COPY (MATCH (m:Model) RETURN m.id) TO 'out.csv'",
    "EXPLAIN COPY (MATCH (m:Model) RETURN m.id) TO 'out.csv'",
    "EXPLAIN PROFILE COPY (MATCH (m:Model) RETURN m.id) TO 'out.csv'",
    "/* x */ COPY (MATCH (m:Model) RETURN m.id) TO 'out.csv'",
    "// x\nCOPY (MATCH (m:Model) RETURN m.id) TO 'out.csv'",
    "MATCH (m:Model) RETURN m.id; COPY (MATCH (m:Model) RETURN m.id) TO 'out.csv'",
    "RETURN 1;COPY (RETURN 1) TO 'out.csv';",
    "RETURN 1 /* ; */ ; /* */ COPY (RETURN 1) TO 'out.csv'",
    "RETURN 1 // x\r\n; COPY (RETURN 1) TO 'out.csv'",
    "RETURN 1 // x\r; COPY (RETURN 1) TO 'out.csv'\n; COPY (RETURN 1) TO 'out.csv'",
    "RETURN 'a\\'; COPY (RETURN 1) TO \\'out.csv'; COPY (RETURN 1) TO 'out.csv'",
    'RETURN "a\\"b"; COPY (RETURN 1) TO "out.csv"',
    "RETURN `a`; COPY (RETURN 1) TO 'out.csv'",
    "RETURN 1 AS `x``; COPY (RETURN 1) TO 'out.csv'",
    "EXPORT DATABASE 'out'",
    "EXPORT DATABASE 'out' (format='parquet')",
    "CHECKPOINT",
    # files read
    "LOAD FROM '/etc/passwd' RETURN *",
    "LOAD FROM 'secret.csv' RETURN *",
    "LOAD WITH HEADERS (a STRING) FROM '/etc/passwd' RETURN a",
    "load from '/etc/passwd' (header=false, delim='\\n') return *",
    "MATCH (m:Model) LOAD FROM '/etc/passwd' RETURN *",
    "WITH 1 AS x LOAD FROM '/etc/passwd' RETURN *",
    "RETURN EXISTS { LOAD FROM '/etc/passwd' RETURN * }",
    "RETURN COUNT { MATCH (m:Model) LOAD FROM '/etc/passwd' RETURN * }",
    'UNWIND [1] AS x LOAD FROM "/etc/passwd" RETURN *',
    "RETURN 1 UNION LOAD FROM '/etc/passwd' RETURN *",
    "RETURN 1 UNION ALL COPY (RETURN 1) TO 'out.csv'",
    "EXPLAIN LOAD FROM '/etc/passwd' RETURN *",
    "LOAD FROM frame RETURN *",
    "LOAD FROM $frame RETURN *",
    "COPY Model FROM '/etc/passwd'",
    "COPY Model FROM (LOAD FROM '/etc/passwd' RETURN *)",
    "IMPORT DATABASE 'out'",
    "CALL READ_CSV_SERIAL('/etc/passwd') RETURN *",
    "CALL read_parquet('x.parquet') RETURN *",
    "CALL `read_csv_parallel`('/etc/passwd') RETURN *",
    "RETURN read_csv_serial('/etc/passwd')",
    "CALL file_info() RETURN *",
    "CALL storage_info('Model') RETURN *",
    "CALL disk_info() RETURN *",
    "CALL bm_info() RETURN *",
    # other databases, code, network
    "ATTACH 'other.lbug' AS o (dbtype lbug)",
    "ATTACH 'http://127.0.0.1:1/x' AS o (dbtype duckdb)",
    "DETACH o",
    "USE o",
    "INSTALL httpfs",
    "FORCE INSTALL json",
    "LOAD EXTENSION httpfs",
    "LOAD json",
    "UNINSTALL json",
    "UPDATE EXTENSION json",
    # settings and state
    "CALL threads=1",
    "CALL timeout=0",
    "CALL var_length_extend_max_depth=5",
    "CALL home_directory='/tmp'",
    "CALL checkpoint_threshold = 0",
    "CALL debug_enable_multi_writes=true",
    "EXPLAIN CALL threads=1",
    "CALL clear_warnings()",
    "CALL PROJECT_GRAPH('g', ['Model'], ['DERIVED_FROM'])",
    "CALL drop_projected_graph('g')",
    "CALL current_setting('home_directory') RETURN *",
    "CALL show_tables() RETURN * UNION CALL threads=1",
    "MATCH (m:Model) CALL show_attached_databases() RETURN *",
    "CALL { MATCH (m:Model) DELETE m }",
    "CALL",
    "CALL show_tables",
    "BEGIN TRANSACTION",
    "COMMIT",
    "ROLLBACK",
    "RETURN nextval('s')",
    "RETURN setseed(0.5)",
    # the graph
    "CREATE (:Model {id: 'a/evil'})",
    "MATCH (m:Model) CREATE (m)-[:DERIVED_FROM]->(m)",
    "MATCH (m:Model) SET m.likes = 1",
    "MATCH (m:Model) DELETE m",
    "MATCH (m:Model) DETACH DELETE m",
    "MATCH (m:Model) REMOVE m.likes",
    "MERGE (:Model {id: 'a/evil'})",
    "CREATE NODE TABLE Evil(id STRING, PRIMARY KEY(id))",
    "CREATE MACRO f(x) AS x + 1",
    "CREATE SEQUENCE s",
    "CREATE USER evil",
    "DROP TABLE Model",
    "ALTER TABLE Model ADD evil STRING",
    "COMMENT ON TABLE Model IS 'evil'",
    "ANALYZE",
    "FOREACH (x IN [1] | CREATE (:Model {id: 'a/evil'}))",
    # what the two readers might read differently
    "\\u0043OPY (RETURN 1) TO 'out.csv'",
    "\uff23\uff2f\uff30\uff39 (RETURN 1) TO 'out.csv'",
    "RETURN 1\u00a0; COPY (RETURN 1) TO 'out.csv'",
    "RETURN 1\u2028COPY (RETURN 1) TO 'out.csv'",
    "RETURN 1\x00; COPY (RETURN 1) TO 'out.csv'",
    "RETURN 'a\\q'",
    "RETURN 'open",
    'RETURN "open',
    "RETURN `open",
    "RETURN 1 /* open",
    "RETURN 1 /* /* */ COPY */ ",
    "RETURN #x",
    "\ufeffRETURN 1",
    # the process: these end it, or fill its memory outside the engine's bound
    "RETURN size(range(1, 10000000000))",
    "UNWIND range(1, 10000000000) AS i RETURN count(*)",
    "UNWIND range(-9223372036854775808, 9223372036854775807) AS i RETURN i",
    "UNWIND range($a, $b) AS i RETURN i",
    "RETURN size(range(1, 5 * 2000000000))",
    "RETURN size(`range`(1, 10000000000))",
    "RETURN size(repeat('x', 3000000000))",
    "RETURN size(lpad('x', 2000000000, 'y'))",
    "RETURN size(rpad ('x', 2000000000, 'y'))",
    "RETURN list_reduce(range(1, 90), (x, y) -> x + x)",
    "RETURN " + "[" * 2000 + "1" + "]" * 2000,
    "RETURN " + "CASE WHEN true THEN " * 100 + "1" + " END" * 100,
    "MATCH " + "(a)-->" * 20 + "(b) RETURN 1",
    "MATCH " + "(a)-[:DERIVED_FROM]-" * 20 + "(b) RETURN 1",
    "MATCH (m:Model) WHERE m.id = '" + "x" * 20_000 + "' RETURN 1",
]


def everything_below(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder that the process stands in: the store is in it, and a secret."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "secret.csv").write_text("secret,word\n")
    return folder


@pytest.fixture(scope="module")
def store_in_place(place, graph, silent):
    store = EmbeddedStore(place / "store")
    store.load(graph([("a/x", "a/y", "merge"), ("a/z", "a/x", "finetune")]), silent)
    yield store
    store.close()


@pytest.fixture
def loaded(store_in_place, place, monkeypatch):
    """The loaded store; one for all statements, since none may change it."""
    monkeypatch.chdir(place)
    return store_in_place


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_statement_is_refused_and_leaves_no_trace(loaded, place, text):
    loaded.model("a/x")
    before = everything_below(place)
    with pytest.raises(Refused) as caught:
        loaded.cypher(text, {"a": 1, "b": 10**12}, limit=10, timeout=60)
    assert everything_below(place) == before
    assert str(caught.value).isprintable()
    assert loaded.cypher("MATCH (m:Model) RETURN count(*)", {}, limit=1, timeout=60).rows == ((3,),)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("RETURN 'COPY (x) TO y; DROP TABLE Model' AS copy_", (("COPY (x) TO y; DROP TABLE Model",),)),
        ('RETURN "it\'s; LOAD FROM" AS x;', (("it's; LOAD FROM",),)),
        ("RETURN 'a\\'b\\\\' AS x", (("a'b\\",),)),
        ("/* COPY */ RETURN 1 // DROP", ((1,),)),
        ("RETURN/* between */1", ((1,),)),
        ("MATCH (m:Model) WHERE m.id = 'a/x' RETURN m.id AS `load`", (("a/x",),)),
        ("RETURN size(range(1, 1000)) AS n", ((1000,),)),
        ("RETURN size(range(10, 0, -5)) AS n", ((3,),)),
        ("EXPLAIN MATCH (m:Model) RETURN m.id", None),
        ("CALL show_tables() WHERE name = 'Model' RETURN name", (("Model",),)),
        ("CALL table_info('Publisher') RETURN name", (("name",), ("models",))),
        ("RETURN 1 AS x UNION RETURN 2 AS x", None),
        ("MATCH (m:Model) WHERE EXISTS { MATCH (m)-[:DERIVED_FROM]->(:Model) } RETURN count(*)", ((2,),)),
        ("MATCH (a:Model)-[e:DERIVED_FROM]->() RETURN label(e) AS t, count(*) AS n", (("DERIVED_FROM", 2),)),
        ("OPTIONAL MATCH (m:Model {id: 'nobody'}) RETURN m.id", ((None,),)),
        ("WITH 2 AS x RETURN x * 3 AS y", ((6,),)),
        ("MATCH (m:Model) WHERE m.id =~ 'a/[yz]' RETURN count(*)", ((2,),)),
        ("RETURN 'naïve 🦙' AS `имя`", (("naïve 🦙",),)),
        ("MATCH (m:Model) RETURN m.id ORDER BY m.id LIMIT 1;  ", (("a/x",),)),
    ],
)
def test_a_reading_statement_runs(loaded, text, rows):
    table = loaded.cypher(text, {}, limit=100, timeout=60)
    assert table.rows if rows is None else table.rows == rows


def test_the_engine_writes_files_without_the_guard(loaded, place):
    """The guard is needed: should this fail, the engine has become safer and the guard may become smaller."""
    import ladybug

    (path,) = (place / "store").glob("graph-*.lbug")
    with ladybug.Database(path, read_only=True) as database, ladybug.Connection(database) as connection:
        connection.execute("COPY (MATCH (m:Model) RETURN m.id) TO 'out.csv'").close()
    written = place / "out.csv"
    assert written.exists()
    written.unlink()


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("MATCH (m) RETURN m.id, count( DISTINCT m ) AS n, [1, 2][0]", ("m.id", "n", "[1, 2][0]")),
        ("MATCH (m) RETURN DISTINCT m.id AS `a b` ORDER BY m.id", ("a b",)),
        ("MATCH (m) RETURN *", ()),
        ("MATCH (m) RETURN CAST(m.likes AS STRING), count { MATCH (a) RETURN a }", None),
        ("RETURN 1 AS x UNION RETURN 2 AS x", ()),
    ],
)
def test_columns_are_named_as_written(text, columns):
    expected = text.split("RETURN ", 1)[1].split(", ", 1) if columns is None else columns
    assert guard.judged(text, {}, 5).columns == tuple(expected)


@pytest.mark.parametrize(
    ("text", "capped"),
    [
        ("MATCH (m) RETURN m", "MATCH (m) RETURN m LIMIT 6"),
        ("MATCH (m) RETURN m;", "MATCH (m) RETURN m LIMIT 6"),
        ("MATCH (m) RETURN m LIMIT 90", "MATCH (m) RETURN m LIMIT 90"),
        ("MATCH (m) WITH m LIMIT 2 RETURN m", "MATCH (m) WITH m LIMIT 2 RETURN m LIMIT 6"),
        ("RETURN 1 UNION RETURN 2", "RETURN 1 UNION RETURN 2"),
        ("MATCH (m) RETURN m // end", "MATCH (m) RETURN m LIMIT 6"),
        ("EXPLAIN MATCH (m) RETURN m", "EXPLAIN MATCH (m) RETURN m"),
    ],
)
def test_a_statement_is_capped_where_it_has_no_limit(text, capped):
    assert guard.judged(text, {}, 5).text == capped


@pytest.mark.parametrize("value", [object(), {"a": 1}, [[1]], [1, "a"], 2**63, {1}, b"x"])
def test_a_parameter_must_be_plain(value):
    with pytest.raises(Refused, match=r"\$x"):
        guard.judged("RETURN $x", {"x": value}, 5)


@given(st.text())
def test_any_text_is_either_refused_or_read_whole(text):
    try:
        found = tokens.read(text)
    except Refused:
        return
    assert all(token.text.isascii() for token in found if token.kind not in ("string", "quoted"))
    assert tokens.read("".join(token.text for token in found)) == found


@given(st.lists(st.sampled_from(["'", '"', "`", "\\", "/*", "*/", "//", "\n", ";", "COPY", " ", "RETURN", "1", "a"])))
def test_nothing_hides_a_keyword_from_the_guard(pieces):
    """No COPY and no `;` is let through outside quotes, as an independent reading finds them."""
    text = "RETURN 1 " + "".join(pieces)
    try:
        judged = guard.judged(text, {}, 5)
    except LineageError:
        return
    assert "COPY" not in re.split(r"\W+", outside(judged.text))
    assert ";" not in outside(judged.text)


def outside(text: str) -> str:
    """The text without what stands in quotes, read letter by letter."""
    out, quote, at = [], "", 0
    while at < len(text):
        letter = text[at]
        if quote:
            at += 2 if letter == "\\" and quote != "`" else 1
            quote = "" if letter == quote else quote
        else:
            quote = letter if letter in "'\"`" else ""
            out.append(letter)
            at += 1
    return "".join(out)
