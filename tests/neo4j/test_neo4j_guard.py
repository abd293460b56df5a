"""What the read-only console lets through, on a server without hardening: every attempt is refused, nothing changes."""

import http.server
import re
import threading
from typing import ClassVar

import pytest

from lineage.errors import LineageError, Refused

FORBIDDEN = [
    # neo4j.md, section 4
    "CREATE (n:X) RETURN n",
    "MERGE (n:X {id: 1}) RETURN n",
    "MATCH (m:Model) SET m.likes = 1",
    "MATCH (m:Model) DETACH DELETE m",
    "MATCH (m:Model) DELETE m",
    "MATCH (m:Model) REMOVE m.likes",
    "FOREACH (x IN [1] | CREATE (:X))",
    "MATCH (m:Model) CALL (m) { SET m.x = 1 } IN TRANSACTIONS",
    "INSERT (:X {id: 1})",
    "PROFILE MATCH (m) RETURN m",
    "PROFILE CREATE (:X)",
    "/* reading */ CREATE (:X)",
    "// reading\nCREATE (:X)",
    "CYPHER 5 CREATE (:X)",
    "CYPHER runtime=slotted CREATE (:X)",
    "CREATE INDEX sly FOR (n:X) ON (n.y)",
    "DROP INDEX lineage_model_text",
    "CREATE CONSTRAINT sly FOR (n:X) REQUIRE n.y IS UNIQUE",
    "DROP CONSTRAINT lineage_model_key",
    "CREATE USER eve SET PASSWORD 'longenough'",
    "ALTER USER neo4j SET PASSWORD 'longenough'",
    "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'longenough'",
    "CALL db.createLabel('X')",
    "RETURN 1; CREATE (:X)",
    "\\u0043REATE (:X)",
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "LOAD CSV FROM '{web}' AS line RETURN line",
    "CALL dbms.killConnection('bolt-1')",
    "CALL dbms.killConnections(['bolt-1', 'bolt-2'])",
    "CALL db.clearQueryCaches()",
    "CALL dbms.listConfig()",
    "TERMINATE TRANSACTION 'neo4j-transaction-1'",
    "TERMINATE TRANSACTIONS 'neo4j-transaction-1', 'neo4j-transaction-2'",
    "SHOW TRANSACTIONS",
    "SHOW SETTINGS",
    "SHOW USERS",
    "CALL db.prepareForReplanning()",
    "CALL db.resampleOutdatedIndexes()",
    # and more
    "",
    "   ",
    ";",
    "EXPLAIN CREATE (:X)",
    "MATCH (n) RETURN n UNION CREATE (n:X) RETURN n",
    "MATCH (n) RETURN n UNION ALL LOAD CSV FROM 'file:///etc/passwd' AS n RETURN n",
    "CALL { LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line } RETURN line",
    "CALL () { LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line } RETURN line",
    "MATCH (m:Model) WHERE EXISTS { LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line } RETURN m",
    "RETURN COUNT { LOAD CSV FROM '{web}' AS line RETURN line }",
    "RETURN COLLECT { LOAD CSV FROM '{web}' AS line RETURN line }",
    "LOAD CSV WITH HEADERS FROM '{web}' AS line FIELDTERMINATOR ';' RETURN line",
    "load\ncsv\nfrom '{web}' as line return line",
    "LOAD/**/CSV/**/FROM '{web}' AS line RETURN line",
    "LOAD CSV FROM $address AS line RETURN line",
    "WITH '{web}' AS address LOAD CSV FROM address AS line RETURN line",
    "WITH 'fi' + 'le:///etc/passwd' AS address LOAD CSV FROM address AS line RETURN line",
    "LOAD CSV FROM 'ftp://127.0.0.1/x' AS line RETURN line",
    "UNWIND ['{web}'] AS address CALL (address) { LOAD CSV FROM address AS l RETURN l } RETURN l",
    "CYPHER 5 LOAD CSV FROM '{web}' AS line RETURN line",
    "OPTIONAL MATCH (n:Nothing) LOAD CSV FROM '{web}' AS line RETURN line",
    "CALL `dbms`.`killConnection`('bolt-1')",
    "CALL `dbms.killConnection`('bolt-1')",
    "CALL  dbms . killConnection ( 'bolt-1' )",
    "CALL dbms.killConnection('bolt-1') YIELD message RETURN message",
    "MATCH (m:Model) CALL dbms.killConnection(m.id) YIELD message RETURN message",
    "CALL () { CALL dbms.listConfig() YIELD value RETURN value } RETURN value",
    "RETURN COUNT { CALL dbms.listConfig() YIELD value RETURN value }",
    "CALL dbms.listConnections()",
    "CALL dbms.listActiveLocks('x')",
    "CALL dbms.queryJmx('*:*')",
    "CALL dbms.setConfigValue('db.transaction.timeout', '0')",
    "CALL dbms.upgrade()",
    "CALL dbms.checkConfigValue('a', 'b')",
    "CALL dbms.info()",
    "CALL dbms.listCapabilities()",
    "CALL dbms.security.createUser('eve', 'longenough')",
    "CALL dbms.cluster.checkConnectivity()",
    "CALL dbms.routing.getRoutingTable({}, 'neo4j')",
    "CALL db.createProperty('x')",
    "CALL db.createRelationshipType('X')",
    "CALL db.awaitIndexes(1)",
    "CALL db.awaitIndex('lineage_model_text')",
    "CALL db.resampleIndex('lineage_model_text')",
    "CALL db.checkpoint()",
    "CALL db.stats.clear('QUERIES')",
    "CALL db.stats.collect('QUERIES')",
    "CALL db.stats.retrieve('GRAPH COUNTS')",
    "CALL db.listLocks()",
    "CALL db.info()",
    "CALL db.create.setNodeVectorProperty(null, 'x', [1.0])",
    "CALL tx.setMetaData({user: 'root'})",
    "CALL tx.getMetaData()",
    "CALL apoc.load.json('{web}')",
    "CALL apoc.cypher.doIt('CREATE (:X)', {})",
    "RETURN apoc.cypher.runFirstColumnSingle('CREATE (:X)', {})",
    "RETURN genai.vector.encode('a', 'OpenAI', {token: 'x'})",
    "SHOW TRANSACTIONS YIELD * TERMINATE TRANSACTIONS 'neo4j-transaction-9' YIELD message RETURN message",
    "SHOW DATABASES",
    "SHOW DEFAULT DATABASE",
    "SHOW CURRENT USER",
    "SHOW SERVERS",
    "SHOW ALIASES FOR DATABASE",
    "SHOW ROLES",
    "SHOW PRIVILEGES",
    "SHOW SUPPORTED PRIVILEGES",
    "CREATE DATABASE other",
    "DROP DATABASE neo4j",
    "STOP DATABASE neo4j",
    "START DATABASE neo4j",
    "ALTER DATABASE neo4j SET ACCESS READ ONLY",
    "ENABLE SERVER 'x'",
    "GRANT ALL ON DBMS TO PUBLIC",
    "DENY LOAD ON ALL DATA TO PUBLIC",
    "RENAME USER neo4j TO root",
    "USE system SHOW USERS",
    "USE system MATCH (n) RETURN n",
    "CREATE FULLTEXT INDEX sly FOR (n:X) ON EACH [n.y]",
    "CREATE VECTOR INDEX sly FOR (n:X) ON (n.y)",
    "CREATE LOOKUP INDEX sly FOR (n) ON EACH labels(n)",
    "MATCH (m:Model) SET m += {likes: 9} RETURN m",
    "MATCH (m:Model) SET m:Other RETURN m",
    "MATCH (m:Model) WITH m LIMIT 1 FOREACH (x IN [1] | SET m.likes = x) RETURN m",
    "MERGE (m:Model {id: 'sim-a/m0'}) ON MATCH SET m.likes = 9 RETURN m",
    "MERGE (m:Model {id: 'sim-a/m0'}) RETURN m",
    "MATCH (a:Model), (b:Model) MERGE (a)-[:DERIVED_FROM]->(b)",
    "UNWIND range(1, 3) AS x CALL (x) { CREATE (:X {x: x}) } IN CONCURRENT TRANSACTIONS",
    "MATCH (m:Model) CALL (m) { RETURN 1 AS one } IN TRANSACTIONS OF 1 ROW RETURN one",
    "BEGIN",
    "COMMIT",
    ":use system",
    "CALL db.labels() YIELD label CREATE (:X {label: label})",
]

ALLOWED = [
    ("MATCH (m:Model) RETURN count(m) AS n", (("n",), ((4,),))),
    ("MATCH (m:Model {id: $id}) RETURN m.id", (("m.id",), (("sim-a/m1",),))),
    ("MATCH (d:Model)-[:DERIVED_FROM*]->(:Model {id: 'sim-a/m0'}) RETURN count(DISTINCT d) AS n", (("n",), ((3,),))),
    ("CALL db.labels() YIELD label RETURN label ORDER BY label LIMIT 1", (("label",), (("Family",),))),
    ("SHOW INDEXES YIELD name WHERE name ENDS WITH 'el_text' RETURN name", (("name",), (("lineage_model_text",),))),
    ("RETURN date.truncate('year', date('2026-08-09')) AS d", (("d",), (("2026-01-01",),))),
    ("CYPHER 5 RETURN 'CREATE (:X) apoc.load(1)' AS text", (("text",), (("CREATE (:X) apoc.load(1)",),))),
    ("// CREATE\nRETURN 1 AS `LOAD CSV`", (("LOAD CSV",), ((1,),))),
    ("MATCH p = shortestPath(({id: 'sim-a/m3'})-[:DERIVED_FROM*]-({id: 'sim-a/m0'})) RETURN length(p) AS n",
     (("n",), ((3,),))),
    ("RETURN COUNT { (:Model)-[:DERIVED_FROM]->() } AS n;", (("n",), ((3,),))),
]  # fmt: skip


class Listener(http.server.BaseHTTPRequestHandler):
    """Remembers who asked for something."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a,b\n")

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def web():
    """The address of a server that must never be asked."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/x.csv"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(opened, tools):
    made = opened()
    made.load(tools["chain"](4), tools["quiet"])
    return made


def test_this_server_would_do_it(link, web):
    """The attempts below mean something: without the guard, this server reads files and asks addresses."""
    assert link.read("LOAD CSV FROM 'file:///etc/passwd' AS line RETURN count(line) > 0") == [(True,)]
    assert link.read(f"LOAD CSV FROM '{web}' AS line RETURN line") == [(["a", "b"],)]
    Listener.asked.clear()


def test_no_attempt_passes(store, tools, link, web):
    assert len(FORBIDDEN) > 100
    before, schema = tools["dump"](link), link.read("SHOW INDEXES YIELD name RETURN collect(name)")
    for text in FORBIDDEN:
        with pytest.raises(Refused) as caught:
            store.cypher(text.replace("{web}", web), {"address": web}, limit=10, timeout=5.0)
        assert re.fullmatch(r"[^\n]+\.", str(caught.value)), text
    assert Listener.asked == []
    assert (tools["dump"](link), link.read("SHOW INDEXES YIELD name RETURN collect(name)")) == (before, schema)


@pytest.mark.parametrize(("text", "wanted"), ALLOWED, ids=range(len(ALLOWED)))
def test_reading_is_allowed(store, text, wanted):
    table = store.cypher(text, {"id": "sim-a/m1"}, limit=10, timeout=20.0)
    assert (table.columns, table.rows) == wanted


def test_rows_are_capped_and_the_cap_is_told(store):
    table = store.cypher("UNWIND range(1, 50000000) AS n RETURN n", {}, limit=3, timeout=20.0)
    assert (table.rows, table.truncated) == (((1,), (2,), (3,)), True)
    whole = store.cypher("UNWIND range(1, 3) AS n RETURN n", {}, limit=3, timeout=20.0)
    assert (len(whole.rows), whole.truncated) == (3, False)


def test_a_query_that_runs_on_is_stopped(store):
    endless = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a + b < 0 RETURN count(*)"
    with pytest.raises(Refused, match="stopped after 1 s"):
        store.cypher(endless, {}, limit=3, timeout=1.0)


def test_values_are_plain(store):
    text = (
        "MATCH p = (c:Model {id: 'sim-a/m1'})-[e:DERIVED_FROM]->(b) "
        "RETURN b, e, p, c.created_at, [1.5, null], {a: point({x: 1, y: 2})}, duration('P1D')"
    )
    row = store.cypher(text, {}, limit=1, timeout=20.0).rows[0]
    base, edge, path, moment, numbers, mapped, span = row
    assert (base["label"], base["id"], edge["label"]) == ("Model", "sim-a/m0", "DERIVED_FROM")
    assert edge["properties"]["relations"] == ["finetune"]
    assert ([n["id"] for n in path["nodes"]], len(path["relationships"])) == (["sim-a/m1", "sim-a/m0"], 1)
    assert (moment, numbers, mapped, span) == ("2025-03-01T12:30:00+00:00", [1.5, None], {"a": [1.0, 2.0]}, "P1D")


def test_a_bad_query_and_a_missing_parameter_are_one_sentence(store):
    for text in ("MATCH (m RETURN m", "RETURN $missing", "RETURN nosuch(1)", "MATCH (n) RETURN n.x / 0, 1/0"):
        with pytest.raises(LineageError) as caught:
            store.cypher(text, {}, limit=1, timeout=5.0)
        assert "\n" not in str(caught.value)
