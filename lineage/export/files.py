"""Charts and parcels as files: the same answer gives the same bytes, and no clock is read."""

from __future__ import annotations

import shlex
from pathlib import Path

from lineage.answers import ClaimsAnswer
from lineage.domain import Receipt
from lineage.export import chart, csv, json, published, receipts, svg
from lineage.export.picture import Picture
from lineage.export.sheet import Sheet
from lineage.registry import texts


def charted(out: Path, picture: Picture, sheet: Sheet, receipt: Receipt) -> None:
    """Write the picture, or as `.csv` the sheet with the receipt in comment lines at its end."""
    kind = out.suffix.lower()
    if kind == ".csv":
        foot = [receipts.BANNER] * receipt.simulated + list(receipts.lines(receipt))
        data = (csv.written(sheet) + "".join(f"# {line}\n" for line in foot)).encode()
    elif kind == ".png":
        from lineage.export import png

        data = png.written(picture)
    else:
        data = svg.written(picture).encode()
    out.write_bytes(data)


def parcel(out: Path, answer: ClaimsAnswer, manifest: str, registry: Path | None) -> tuple[str, ...]:
    """All that one claim's check rests on, in a folder: returns the names of its files, sorted.

    `manifest` is the snapshot's; `registry` the user's own file. `receipt.json` is what `verify` takes.
    """
    (claim,) = answer.claims
    files = {f"registry/{name}": text for name, text in texts(registry).items()}
    files |= {
        "manifest.json": manifest,
        "receipt.json": json.text(published.claims_json(answer)) + "\n",
        "claim.csv": csv.written(published.claims_sheet(answer)),
        "claim.svg": svg.written(chart.claims(answer)),
        "again.txt": _line(claim.slug, answer.receipt.snapshot, registry is not None) + "\n",
    }
    for name, text in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return tuple(sorted(files))


def _line(slug: str, snapshot: str, own: bool) -> str:
    """The one line that makes the folder again, beside its snapshot."""
    words = ["lineage", *(("--registry", "registry/own.toml") if own else ())]
    return shlex.join([*words, "reproduce", slug, "--snapshot", snapshot, "--out", slug])
