"""The page of a published snapshot: what it holds, by which rules, under which terms, how to use it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from ingest.sharing.layers import FULL, LINEAGE
from ingest.sharing.licences import Terms
from lineage import deltas
from lineage.export.plain import size
from lineage.export.receipts import BANNER, BANNER_MEANING
from lineage.snapshots import Manifest

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

_RULES = (
    "Counts are made by the program `lineage` (hf-lineage), which names counter, version, attribution, evidence, date, "
    "snapshot and registry with every number; its docs/definitions.md has the rules. A published number cites the tag "
    "above, and anyone who pulls it can make it again (`lineage verify`)."
)


def card(repo: str, layers: Mapping[str, Manifest], whole: Manifest, terms: Terms, registry: str) -> str:
    """README.md of a dataset: YAML front matter and Markdown; text that came from outside stands only in code spans."""
    body = [
        f"# {'SIMULATED: ' if whole.simulated else ''}The lineage of open models, {whole.as_of:%Y-%m-%d}",
        *([f"**{BANNER}: {BANNER_MEANING}.** Take no number of it for a fact about any model."] * whole.simulated),
        *([f"**Incomplete:** the listing of {_code(whole.scope)} was not read to its end; counts are lower bounds."]
          * (not whole.complete)),
        _facts(whole),
        "## Layers",
        *(_layer(name, manifest) for name, manifest in layers.items()),
        "## Use",
        _use(repo, whole, layers),
        "## Rules",
        f"{_RULES} Families were told by registry {_code(registry)}.",
        "## Licence",
        terms.sentence,
        *_notes(whole),
    ]  # fmt: skip
    return f"{_front(layers, whole, terms)}\n" + "\n\n".join(part for part in body if part) + "\n"


def _front(layers: Mapping[str, Manifest], whole: Manifest, terms: Terms) -> str:
    """The front matter: every value is JSON, which is YAML too, so no text of ours can become anything else."""
    tags = ["model-lineage", "hub-metadata", "base-model", *(["simulated"] if whole.simulated else [])]
    lines = {
        "license": terms.id,
        "license_name": terms.name,
        "license_link": terms.link,
        "pretty_name": f"{'SIMULATED ' if whole.simulated else ''}Model lineage {whole.as_of:%Y-%m-%d}",
        "tags": tags,
        "size_categories": [_category(whole.models)],
        "configs": [config for name, manifest in layers.items() for config in _configs(name, manifest)],
    }
    said = [f"{name}: {json.dumps(value)}" for name, value in lines.items() if value is not None]
    return "\n".join(("---", *said, "---", ""))


def _category(models: int) -> str:
    return next((name for most, name in _SIZES if models < most), "1M<n<10M")


def _configs(layer: str, manifest: Manifest) -> list[dict[str, object]]:
    """The layer as a configuration of the viewer; later rows, which replace earlier ones, apart."""
    late = [part.name for part in manifest.parts if deltas.is_delta(part.name)]
    base = [part.name for part in manifest.parts if not deltas.is_delta(part.name)]
    found: list[dict[str, object]] = []
    for name, parts in ((layer, base), (f"{layer}-later", late)):
        if parts:
            found.append({"config_name": name, "data_files": [f"{layer}/{part}" for part in parts]})
    if found and layer == LINEAGE:
        found[0]["default"] = True
    return found


def _facts(whole: Manifest) -> str:
    rows = {
        "Snapshot": f"{_code(whole.id)}, SHA-256 {_code(whole.sha256)}",
        "Scope": "the whole Hub" if whole.scope == "hub" else _code(whole.scope),
        "As of": f"{whole.as_of:%Y-%m-%d %H:%M} UTC",
        "Source": f"{_code(whole.source)} ({_code(whole.kind)})",
        "Models": f"{whole.models:,}, and {whole.quarantined:,} rows that could not be read",
        "Card front matter": "read" if whole.card else "not read: parents that only a card names are missing",
        "Complete": "yes" if whole.complete else "no",
        "Last listed in full": f"{(whole.full_as_of or whole.as_of):%Y-%m-%d}",
        "Written by": f"lineage {_code(whole.tool_version)}",
    }
    return "\n".join(("|  |  |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())))


def _layer(name: str, manifest: Manifest) -> str:
    held = f"`{name}`: {manifest.models:,} models, {size(sum(part.bytes for part in manifest.parts))}"
    late = any(deltas.is_delta(part.name) for part in manifest.parts)
    said = {
        LINEAGE: ", those with a parent, a child or a family. Edges count the same as on all; the numbers of the whole "
        "stand in its `manifest.json`. Models without edges are not in it.",
        FULL: ", every model of the scope.",
    }[name]
    over = (
        " A row of a `delta-` file takes the place of all earlier ones with its `hub_id` or its `id`." if late else ""
    )
    return f"{held}{said}{over}"


def _use(repo: str, whole: Manifest, layers: Mapping[str, Manifest]) -> str:
    first = next(iter(layers))
    lines = [f"lineage pull {repo} --revision {whole.id}   # this snapshot, whatever is published later"]
    if LINEAGE in layers and FULL in layers:
        lines.append(f"lineage pull {repo} --layer full")
    lines += ["lineage top", "lineage count qwen llama"]
    return (
        "```sh\n" + "\n".join(lines) + "\n```\n\nOr as plain Parquet: "
        f'`datasets.load_dataset("{repo}", "{first}", revision="{whole.id}")`. Every file\'s SHA-256 is in '
        f"`{first}/manifest.json`, and `lineage pull` checks them."
    )


def _notes(whole: Manifest) -> list[str]:
    return ["## Notes", "\n".join(f"- {_code(note)}" for note in whole.notes)] if whole.notes else []


def _code(text: str) -> str:
    """Text as a code span that nothing in it can leave: no line ends, no backticks, no table bars, no controls."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"`{re.sub(r'[`|]', chr(0x27), plain).strip() or '-'}`"
