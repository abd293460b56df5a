"""Write the real 7,999-row sample as JSON Lines, as a listing gives it: `bench/sample.py PARQUET > sample.jsonl`.

The rows are radar-huggingface-dataset (HF//RADAR, CC-BY-4.0), data of the Hugging Face Hub, 2026-08-22.
"""

import sys
from pathlib import Path

import orjson

from ingest.simulated.dump import listing_rows

for row in listing_rows(Path(sys.argv[1])):
    sys.stdout.buffer.write(orjson.dumps(row) + b"\n")
