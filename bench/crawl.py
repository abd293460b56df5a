"""What a whole-Hub crawl costs the client: processor time a row from socket to sealed Parquet, and the quota's floor.

python bench/crawl.py [MODELS...]     100,000 and 1,000,000 unless given; then 100,000 with a quota scaled down

The simulated Hub is a process of its own that serves pages rendered and packed beforehand. Each client is a process of
its own too: its processor time is its own. The baseline is the client library's `list_models` over a slice.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

SERVER = """
import sys
from dataclasses import replace
from ingest.hub import addresses
from ingest.simulated import connection
from ingest.simulated.answers import Asked, Hub
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import WorldSource
from ingest.simulated.world import World
from urllib.parse import urlsplit

models, quota, window = (int(word) for word in sys.argv[1:])
hub = SimulatedHub(World(models, 7), quota=quota or None, window=window)
ready, pack = {}, connection._packed.__wrapped__
for newest in (False, True):
    url = addresses.everything(hub.url, addresses.fields(True), newest_first=newest)
    while url:
        parts = urlsplit(url)
        answer = hub._hub.answer(Asked("GET", parts.path, parts.query))
        ready[parts.query] = answer
        packed = pack(answer.body)
        ready[answer.body] = packed
        link = answer.headers.get("Link", "")
        url = link[1:link.index(">")] if link else None
connection._packed = lambda body: ready.get(body) or pack(body)
answering = hub._hub.answer
hub._hub.answer = lambda asked: ready.get(asked.query) or answering(asked)
with hub:
    print(hub.url, flush=True)
    sys.stdin.read()
"""

CRAWL = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from ingest import crawl as crawling, parse
from ingest.crawl import chain, pages
from ingest.hub import HubSource
from lineage.settings import Settings

spent = {}
def measured(name, function):
    def run(*args, **more):
        began, busy = time.perf_counter(), time.thread_time()
        try:
            return function(*args, **more)
        finally:
            wall, cpu = spent.get(name, (0, 0))
            spent[name] = wall + time.perf_counter() - began, cpu + time.thread_time() - busy
    return run
HubSource.fetch = measured("fetch", HubSource.fetch)
parse.pages = measured("parse", parse.pages)
pages.Pages.commit = measured("commit", pages.Pages.commit)
parse.pages([b"[]"])
began, busy = time.perf_counter(), os.times()
source = HubSource(sys.argv[1], False)
snapshot = crawling.crawl(Settings(Path(sys.argv[2])), source)
wall, done = time.perf_counter() - began, os.times()
cpu = done.user + done.system - busy.user - busy.system
rows, told = snapshot.manifest.models, source.spending.so_far
spent["seal and the rest"] = wall - told.seconds, cpu - sum(cpu for _, cpu in spent.values())
print(f"{rows:>9,} models crawled in {wall:.1f} s: {cpu / rows * 1e6:.1f} us CPU a row; {told.requests:,} requests for "
      f"{told.pages:,} pages, {told.bytes / rows:.0f} B a row, waited {told.waited:.1f} s, "
      f"fetching held {told.held} times")
for name, (_, cpu) in spent.items():
    print(f"{name:>28} {cpu / rows * 1e6:5.2f} us CPU a row")
if told.quota and told.quota < 100_000:
    print(f"{told.seconds:.1f} s from first to last page: {told.ratio:.3f} of the floor {told.floor:.0f} s "
          f"({told.quota} requests in {told.window} s)")
"""

BASELINE = """
import os, sys
from itertools import islice
from huggingface_hub import HfApi
from ingest.hub import addresses
busy, count = os.times(), 0
listed = HfApi(sys.argv[1], token=False).list_models(sort="createdAt", expand=list(addresses.fields(True)))
for model in islice(listed, 20_000):
    count += 1
done = os.times()
cpu = done.user + done.system - busy.user - busy.system
print(f"{count:>9,} models by list_models, kept nowhere: {cpu / count * 1e6:.1f} us CPU a row")
"""


def main(sizes: list[int]) -> None:
    """Crawl each size with quotas off, then one with a quota."""
    for models in sizes:
        measure(models, quota=0, window=300)
    measure(100_000, quota=40, window=60)


def measure(models: int, *, quota: int, window: int) -> None:
    """One crawl, and the baseline where no quota stands in its way."""
    words = [sys.executable, "-c", SERVER, str(models), str(quota), str(window)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        url = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as home:
            subprocess.run([sys.executable, "-c", CRAWL, url, home], check=True)
        if not quota:
            subprocess.run([sys.executable, "-c", BASELINE, url], check=True)
        server.communicate("")


if __name__ == "__main__":
    main([int(word.replace(",", "")) for word in sys.argv[1:]] or [100_000, 1_000_000])
