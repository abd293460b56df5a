"""A bulk load ends where a load by the driver ends, whatever is written in a cell."""

import pytest

from ingest import neo4j_server
from ingest.neo4j_server.bulk import bulk_load
from ingest.neo4j_server.engine import Memory
from lineage.errors import Fatal, Refused
from lineage.settings import Settings
from lineage.stores.neo4j import open_neo4j
from lineage.stores.neo4j_link import Link
from lineage.stores.neo4j_local import read_local

QUICK = Memory(heap=512, pages=128, quick=True)

CELLS = [
    "",
    " ",
    '"',
    '""',
    'a"b',
    "a,b",
    "a;b",
    "two\nlines",
    "cr\r\nlf",
    "\\",
    "\\n",
    "'",
    "null",
    "模型 \U0001f600",
    "=1+1",
    " edge ",
]


def test_bulk_ends_where_the_driver_does(neo4j_home, tmp_path, tools, clean_env):
    settings = Settings(home=tmp_path / "own")
    with pytest.raises(Fatal, match="neo4j up"):
        bulk_load(settings, tools["chain"](3), tools["quiet"], memory=QUICK, env=clean_env)
    ids = {f"sim-a/m{n}": {"license_name": cell, "license_link": None} for n, cell in enumerate(CELLS)} | {"bare": {}}
    tables = tools["graph"](ids, [("sim-a/m1", "sim-a/m0", "merge"), ("bare", "sim-a/m1", "adapter")])
    neo4j_server.up(settings, memory=QUICK, env=clean_env)
    try:
        stages = []
        bulk_load(settings, tables, lambda stage, done, whole: stages.append(stage), memory=QUICK, env=clean_env)
        after = stages[stages.index("import") :]
        assert set(after) <= {"import", "estimate", "index", "done"}, "the load that follows finds nothing to write"
        local = read_local(settings.home)
        link = Link(local.url, "neo4j", (local.username, local.password), write=True)
        bulked = tools["dump"](link)
        assert len(link.read("SHOW CONSTRAINTS YIELD name RETURN name")) == len(tables.nodes)
        store = open_neo4j(settings.__class__(home=settings.home, store="neo4j"), write=True, env={})
        assert store.loaded().snapshot == "run-1"
        with pytest.raises(Refused, match="not empty"):
            bulk_load(settings, tables, tools["quiet"], memory=QUICK, env=clean_env)
        link.run("MATCH (n) DETACH DELETE n")
        store.load(tables, tools["quiet"])
        assert tools["dump"](link) == bulked
        store.close()
        link.close()
        assert sorted(path.name for path in (settings.home / "neo4j" / "import").iterdir()) == ["report.txt"]
    finally:
        neo4j_server.down(settings)
