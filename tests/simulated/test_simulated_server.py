from __future__ import annotations

import base64
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import orjson
import polars as pl
import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.utils import parse_ratelimit_headers

from ingest.simulated.dump import MARK, listing_rows, write_dump, write_jsonl
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import rows_world
from ingest.simulated.world import World, frames

BASE = "Qwen/Qwen3-8B-Base"


@pytest.fixture(scope="module")
def busy() -> World:
    return World(20_000)


@pytest.fixture(scope="module")
def running(busy: World) -> Iterator[SimulatedHub]:
    with SimulatedHub(busy) as hub:
        yield hub


def test_the_real_client_lists_and_filters(running: SimulatedHub, busy: World) -> None:
    api = HfApi(endpoint=running.url, token=False)
    found = list(api.list_models(filter=f"base_model:{BASE}", sort="created_at", expand=["tags", "createdAt"]))
    rows = pl.concat(frames(busy))
    expected = rows.filter(pl.col("tags").list.contains(f"base_model:{BASE}"))["id"].to_list()
    assert [model.id for model in found] == expected[::-1]
    assert len(found) > 30
    adapters = list(api.list_models(filter=[f"base_model:adapter:{BASE}", "peft"], expand=["tags"]))
    assert 0 < len(adapters) < len(found)
    assert all("peft" in (model.tags or ()) for model in adapters)


def test_the_real_client_parses_every_field(running: SimulatedHub) -> None:
    api = HfApi(endpoint=running.url, token=False)
    fields = [
        "author",
        "cardData",
        "createdAt",
        "lastModified",
        "downloads",
        "downloadsAllTime",
        "likes",
        "tags",
        "gated",
    ]
    fields += ["disabled", "private", "library_name", "pipeline_tag", "safetensors", "trendingScore"]
    models = list(api.list_models(sort="downloads", limit=2_500, expand=fields))
    assert len(models) == 2_500
    assert all(model.created_at and model.last_modified and model.created_at <= model.last_modified for model in models)
    assert any(model.safetensors and model.safetensors.total for model in models)
    assert {model.gated for model in models} == {False, "auto", "manual"}


def test_author_and_search_narrow(running: SimulatedHub) -> None:
    api = HfApi(endpoint=running.url, token=False)
    official = [model.id for model in api.list_models(author="deepseek-ai", expand=["author"])]
    assert "deepseek-ai/DeepSeek-R1" in official
    assert all(name.startswith("deepseek-ai/") for name in official)
    assert {model.id for model in api.list_models(search="nothing-is-called-so", expand=["author"])} == set()
    assert [model.id for model in api.list_models(search="OLMO-2-0425-1b", author="allenai")] == [
        "allenai/OLMo-2-0425-1B"
    ]


def test_one_model_with_its_bases_and_children(running: SimulatedHub, web: httpx2.Client) -> None:
    api = HfApi(endpoint=running.url, token=False)
    info = api.model_info("Qwen/Qwen3-8B", expand=["baseModels", "childrenModelCount"])
    assert info.base_models["relation"] == "finetune"
    assert [model["id"] for model in info.base_models["models"]] == [BASE]
    assert set(info.children_model_count) == {"finetune", "adapter", "quantized", "merge"}
    assert info.children_model_count["adapter"] > 0
    whole = web.get(f"{running.url}/api/models/{BASE}").json()
    assert {"_id", "id", "sha", "siblings", "cardData", "createdAt", "lastModified", "tags"} <= set(whole)


def test_renames_redirect_and_unknown_names_are_not_found(running: SimulatedHub, web: httpx2.Client) -> None:
    api = HfApi(endpoint=running.url, token=False)
    assert api.model_info("gpt2").id == "openai-community/gpt2"
    moved = web.get(f"{running.url}/api/models/THUDM/chatglm-6b?expand=tags")
    assert moved.status_code == 307
    assert moved.headers["Location"].endswith("/api/models/zai-org/chatglm-6b?expand=tags")
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("sim-nobody/nothing")


def test_only_the_named_fields_and_no_nulls(running: SimulatedHub, web: httpx2.Client) -> None:
    rows = web.get(f"{running.url}/api/models?sort=createdAt&limit=500&expand=pipeline_tag&expand[]=likes").json()
    assert {"_id", "id", "likes"} <= set(rows[0])
    assert {name for row in rows for name in row} == {"_id", "id", "likes", "pipeline_tag"}
    assert any("pipeline_tag" not in row for row in rows)
    assert all(value is not None for row in rows for value in row.values())
    full = web.get(f"{running.url}/api/models?sort=createdAt&limit=2&full=true").json()
    assert {"author", "sha", "lastModified", "gated", "siblings", "modelId"} <= set(full[0])


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sort=downloads&direction=1", "ascending"),
        ("sort=likes&direction=1", "ascending"),
        ("sort=lastModified&direction=1", "ascending"),
        ("sort=trendingScore&direction=1", "ascending"),
        ("sort=size", "sort"),
        ("expand=baseModels", "createdAt"),
        ("limit=none", "limit"),
        ("sort=createdAt&cursor=bm9uc2Vuc2U=", "cursor"),
        ("sort=createdAt&cursor=%%%", "cursor"),
    ],
)
def test_what_the_hub_refuses(running: SimulatedHub, web: httpx2.Client, query: str, reason: str) -> None:
    answer = web.get(f"{running.url}/api/models?{query}")
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


def test_cursors_are_the_hubs_and_pages_clamp(running: SimulatedHub, web: httpx2.Client) -> None:
    first = web.get(f"{running.url}/api/models?sort=createdAt&direction=1&limit=5000&filter=region:us")
    rows, link = first.json(), first.links["next"]["url"]
    assert len(rows) == 1_000
    assert link.startswith(f"{running.url}/api/models?sort=createdAt&direction=1&limit=5000&filter=region%3Aus&cursor=")
    cursor = httpx2.URL(link).params["cursor"]
    assert orjson.loads(base64.b64decode(cursor)) == {"_id": {"$gt": rows[-1]["_id"]}}
    assert web.get(link).json()[0]["_id"] > rows[-1]["_id"]


def test_pages_come_packed_where_accepted(running: SimulatedHub) -> None:
    url = f"{running.url}/api/models?sort=createdAt&limit=100"
    packed = httpx2.get(url, headers={"Accept-Encoding": "gzip"})
    plain = httpx2.get(url, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_the_quota_is_told_spent_and_renewed(small: World, web: httpx2.Client) -> None:
    now = [1_000.0]
    with SimulatedHub(small, quota=3, clock=lambda: now[0]) as hub:
        url = f"{hub.url}/api/models?limit=1"
        answers = [web.get(url) for _ in range(3)]
        assert answers[0].headers["RateLimit-Policy"] == '"fixed window";"api";q=3;w=300'
        assert [parse_ratelimit_headers(a.headers).remaining for a in answers] == [2, 1, 0]
        assert [a.status_code for a in answers] == [200] * 3
        now[0] += 100.5
        spent = web.get(url)
        assert spent.status_code == 429
        assert spent.headers["RateLimit"] == '"api";r=0;t=200'
        assert web.get(url, headers={"Authorization": "Bearer hf_simulated"}).status_code == 200
        now[0] += 200
        assert web.get(url).headers["RateLimit"] == '"api";r=2;t=300'
        assert [logged.status for logged in hub.requests] == [200, 200, 200, 429, 200, 200]
        assert [logged.had_token for logged in hub.requests] == [False] * 4 + [True, False]


def test_a_bad_token_is_refused(running: SimulatedHub) -> None:
    with pytest.raises(HfHubHTTPError) as refused:
        HfApi(endpoint=running.url, token="hf_wrong").model_info("gpt2")
    assert refused.value.response.status_code == 401


def test_every_answer_says_simulated(running: SimulatedHub, web: httpx2.Client) -> None:
    for path in ("/api/models?limit=1", "/api/models/nobody/none", "/nothing", "/api/models?expand=x"):
        assert web.get(running.url + path).headers["X-Simulated-Hub"] == "seed=7; models=20000"


def test_a_later_day_is_shown_on_request(small: World, web: httpx2.Client) -> None:
    later = World(small.models, small.seed, day=20)
    with SimulatedHub(small) as hub:
        url = f"{hub.url}/api/models?sort=lastModified&limit=1&expand=lastModified"
        before = web.get(url).json()[0]["lastModified"]
        hub.show(later)
        answer = web.get(url)
        assert answer.headers["X-Simulated-Hub"].endswith("day=20")
        assert answer.json()[0]["lastModified"] > "2026-12-12" > before


def test_given_rows_are_served_as_they_are(web: httpx2.Client) -> None:
    rows = [
        {
            "id": "b/two",
            "createdAt": "2024-01-02T00:00:00.000Z",
            "tags": ["base_model:a/one"],
            "cardData": {"base_model": ""},
        },
        {"id": "a/one", "createdAt": "2024-01-01T00:00:00.000Z", "tags": None, "pipeline_tag": None},
        {"id": "bare", "createdAt": None, "tags": "text"},
    ]
    with SimulatedHub(rows_world(rows, redirects={"old/one": "a/one"})) as hub:
        url = f"{hub.url}/api/models?sort=createdAt&direction=1&expand=tags&expand=cardData&expand=pipeline_tag"
        served = web.get(url).json()
        assert [row["id"] for row in served] == ["bare", "a/one", "b/two"]
        assert served[0]["_id"] < served[1]["_id"] < served[2]["_id"]
        assert served[1].keys() == {"_id", "id"}
        assert served[2]["cardData"] == {"base_model": ""}
        assert web.get(f"{url}&filter=base_model:a/one").json() == served[2:]
        assert web.get(f"{hub.url}/api/models/old/one").status_code == 307


def test_the_radar_rows_become_listing_rows(shared_data: Path, web: httpx2.Client) -> None:
    rows = listing_rows(shared_data / "hub_rows_2026-08-22_a.parquet")
    assert len(rows) == 7_999
    with SimulatedHub(rows_world(rows, label="HF//RADAR 2026-08-22")) as hub:
        url, seen = f"{hub.url}/api/models?sort=createdAt&direction=1&expand=tags&expand=cardData", []
        while url:
            answer = web.get(url)
            seen += answer.json()
            url = answer.links.get("next", {}).get("url", "")
    assert len({row["id"] for row in seen}) == 7_999
    assert any(isinstance(row.get("cardData", {}).get("base_model"), list) for row in seen)


def test_lines_parse_back(small: World, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_jsonl(small, path)
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    expected = pl.concat(frames(small))
    assert [row["id"] for row in rows] == expected["id"].to_list()
    assert [row["tags"] for row in rows] == expected["tags"].to_list()
    assert rows[0]["_simulated"] is True
    assert "_simulated" not in rows[1]
    assert any(isinstance(row.get("cardData"), dict) for row in rows)


@pytest.fixture(scope="module")
def dump(busy: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "models.parquet"
    write_dump(busy, path)
    return path


def test_the_dump_has_the_published_shape(dump: Path, busy: World) -> None:
    assert pq.read_schema(dump).metadata[MARK] == b"true"
    rows = pl.read_parquet(dump)
    assert rows["id"].to_list() == pl.concat(frames(busy))["id"].to_list()
    assert rows.schema["baseModels"] == pl.Struct(
        {"models": pl.List(pl.Struct({"_id": pl.String, "id": pl.String})), "relation": pl.String}
    )
    child = rows.filter(pl.col("id") == "Qwen/Qwen3-8B").row(0, named=True)
    assert child["baseModels"]["relation"] == "finetune"
    assert child["baseModels"]["models"][0]["id"] == BASE
    cards = [orjson.loads(text) for text in rows["cardData"].drop_nulls()]
    assert all(isinstance(card, dict) for card in cards)
    assert rows["baseModels"].is_not_null().mean() == pytest.approx(0.27, abs=0.02)


def test_the_real_file_system_reads_the_dump_by_range(busy: World, dump: Path, tmp_path: Path) -> None:
    files = {
        "cfahlgren1/hub-stats": {"models.parquet": dump},
        "hfmlsoc/hub_weekly_snapshots": {f"models/{day}/models.parquet": dump for day in ("2026-11-15", "2026-11-22")},
    }
    with SimulatedHub(busy, files=files) as hub:
        system = HfFileSystem(endpoint=hub.url, token=False, skip_instance_cache=True)
        assert system.info("datasets/cfahlgren1/hub-stats/models.parquet")["size"] == dump.stat().st_size
        folders = system.ls("datasets/hfmlsoc/hub_weekly_snapshots/models", detail=False)
        assert [name.rsplit("/", 1)[-1] for name in folders] == ["2026-11-15", "2026-11-22"]
        assert len(system.find("datasets/hfmlsoc/hub_weekly_snapshots")) == 2
        with system.open("datasets/cfahlgren1/hub-stats/models.parquet", "rb") as file:
            table = pq.read_table(file, columns=["id"])
        assert table.num_rows == 20_000
        assert any(logged.status == 206 for logged in hub.requests)
        whole = hf_hub_download(
            "cfahlgren1/hub-stats",
            "models.parquet",
            repo_type="dataset",
            endpoint=hub.url,
            cache_dir=tmp_path,
            token=False,
        )
        assert Path(whole).read_bytes() == dump.read_bytes()
        assert HfApi(endpoint=hub.url, token=False).dataset_info("cfahlgren1/hub-stats").id == "cfahlgren1/hub-stats"
        with pytest.raises(RepositoryNotFoundError):
            HfApi(endpoint=hub.url, token=False).dataset_info("sim-nobody/none")


def test_ranges_outside_a_file_are_refused(busy: World, dump: Path, web: httpx2.Client) -> None:
    with SimulatedHub(busy, files={"a/b": {"f": dump}}) as hub:
        url, size = f"{hub.url}/datasets/a/b/resolve/main/f", dump.stat().st_size
        assert web.get(url, headers={"Range": f"bytes={size}-"}).status_code == 416
        last = web.get(url, headers={"Range": "bytes=-8"})
        assert (last.status_code, last.content) == (206, dump.read_bytes()[-8:])
        assert last.headers["Content-Range"] == f"bytes {size - 8}-{size - 1}/{size}"
        head = web.head(url)
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(size))
        assert head.headers["ETag"] == last.headers["ETag"]
        assert web.get(f"{hub.url}/datasets/a/b/resolve/main/none").headers["X-Error-Code"] == "EntryNotFound"


def test_many_clients_at_once(running: SimulatedHub) -> None:
    found: list[int] = []

    def count() -> None:
        with httpx2.Client() as client:
            url, rows = f"{running.url}/api/models?sort=createdAt&direction=1&expand=likes", 0
            while url:
                answer = client.get(url)
                rows += len(answer.json())
                url = answer.links.get("next", {}).get("url", "")
            found.append(rows)

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [20_000] * 6


def test_the_command_serves_and_says_where() -> None:
    command = [sys.executable, "-m", "ingest.simulated", "--models", "2000", "--seed", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            answer = httpx2.get(f"{url}/api/models?limit=1", timeout=60)
            assert answer.headers["X-Simulated-Hub"] == "seed=3; models=2000"
        finally:
            process.terminate()
        assert process.stderr is not None
        assert "Simulated data" in process.stderr.read()
