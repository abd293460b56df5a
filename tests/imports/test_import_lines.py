"""JSON Lines: plain and packed, whole and cut short, and what is no such file."""

from __future__ import annotations

import gzip
import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.parse import inflate, jsonl
from lineage.errors import Fatal

ROWS = 3_000
TEXT = b"".join(
    json.dumps({"id": f"a/model-{n}", "likes": n, "tags": [f"base_model:b/{n % 7}"]}).encode() + b"\n"
    for n in range(ROWS)
)
IDS = [f"a/model-{n}" for n in range(ROWS)]


def _zstd(text: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(text)


def _two(pack: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda text: pack(text[:70_001]) + pack(text[70_001:])


FORMS = {
    "plain": bytes,
    "with-mark": lambda text: b"\xef\xbb\xbf" + text,
    "no-last-end": lambda text: text[:-1],
    "windows": lambda text: text.replace(b"\n", b"\r\n"),
    "gzip": gzip.compress,
    "gzip-members": _two(gzip.compress),
    "gzip-padded": lambda text: gzip.compress(text) + bytes(512),
    "zstd": _zstd,
    "zstd-frames": _two(_zstd),
}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    return FORMS[request.param]


def _read(path: Path) -> tuple[list[str], list[str], jsonl.LineReader]:
    reader, ids, reasons = jsonl.read(path), [], []
    for parsed in reader:
        ids += parsed.rows["id"].to_list()
        reasons += parsed.quarantined["reason"].to_list()
    return ids, reasons, reader


def test_every_form_gives_the_same_rows_whatever_its_name(tmp_path: Path, form: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(form(TEXT))
    ids, reasons, reader = _read(path)
    assert (ids, reasons, reader.cut, reader.simulated) == (IDS, [], False, False)


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path, form: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "rows"
    path.write_bytes(form(TEXT))
    seen: list[tuple[int, int]] = []
    for _ in jsonl.read(path, lambda done, total: seen.append((done, total))):
        pass
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
    assert seen == sorted(seen)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, _zstd])
def test_many_chunks_keep_their_order(
    tmp_path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "_CHUNK", 5_000)
    path = tmp_path / "rows"
    path.write_bytes(pack(TEXT))
    assert _read(path)[0] == IDS


def test_a_bad_row_between_chunks_read_beside_each_other_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows"
    path.write_bytes(TEXT * 12 + b"nonsense\n" + TEXT)
    monkeypatch.setattr(jsonl, "_CHUNK", 5_000)
    threads = threading.active_count()
    ids, reasons, _ = _read(path)
    assert ids == IDS * 13
    assert reasons == ["not-json"]
    assert threading.active_count() == threads


@pytest.mark.parametrize("pack", [bytes, gzip.compress, _zstd])
def test_a_file_cut_short_keeps_its_whole_rows(
    tmp_path: Path, pack: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "rows"
    packed = pack(TEXT * 10)
    path.write_bytes(packed[: len(packed) * 2 // 3])
    with caplog.at_level(logging.WARNING):
        ids, reasons, reader = _read(path)
    assert ids == (IDS * 10)[: len(ids)]
    assert len(ids) > 1_000
    assert reasons in ([], ["truncated"])
    assert reader.cut
    assert len(caplog.records) == 1


def test_damage_inside_packed_data_keeps_what_came_before(tmp_path: Path) -> None:
    text = TEXT * 20
    packed = bytearray(gzip.compress(text))
    packed[len(packed) // 2 : len(packed) // 2 + 64] = bytes(range(64))
    path = tmp_path / "rows.gz"
    path.write_bytes(packed)
    ids, _, reader = _read(path)
    assert reader.cut
    assert ids[:ROWS] == IDS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "no text in it"),
        (gzip.compress(b"", mtime=0), "no text in it"),
        (b"\x7fELF\x00\x01\x02" * 100, "binary file"),
        (gzip.compress(b"\x00" * 100, mtime=0), "binary file"),
        (gzip.compress(TEXT, mtime=0)[:12], "no listing row"),
        (b"<html>\n<body>\n", "is no JSON"),
        (b'{"likes": 1}\n{"likes": 2}\n', "id is absent"),
        (b"[" + TEXT.replace(b"\n", b",")[:-1] + b"]", "is a list"),
    ],
)
def test_what_holds_no_row_fails_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(Fatal, match=said) as caught:
        _read(path)
    assert "rows.jsonl" in str(caught.value)


def test_what_cannot_be_opened_fails_in_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(Fatal, match="cannot be read"):
            jsonl.read(path)


def test_one_good_row_among_bad_ones_is_an_import(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"nonsense\n" * 500 + b'{"id": "a/B"}\n' + b"[]\n" * 500)
    ids, reasons, _ = _read(path)
    assert ids == ["a/B"]
    assert reasons.count("not-json") == reasons.count("not-an-object") == 500


def test_the_simulated_hub_is_known_by_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b'{"_simulated": true, "id": "sim-a/B"}\n' + TEXT)
    assert _read(path)[2].simulated
    path.write_bytes(b'{"id": "a/B", "tags": ["\\"_simulated\\": true"], "_simulated": "true"}\n' + TEXT)
    assert not _read(path)[2].simulated


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x1f\x8b\x08\x00"]))
@settings(max_examples=150, deadline=None)
def test_no_bytes_raise_anything_but_fatal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, magic: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "rows"
    path.write_bytes(magic + content)
    reader_rows = 0
    try:
        reader_rows = sum(parsed.rows.height for parsed in jsonl.read(path))
    except Fatal:
        return
    assert reader_rows > 0


def test_a_packed_bomb_is_unpacked_in_bounded_pieces(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b" " * 50_000_000))
    with path.open("rb") as file:
        assert max(len(piece) for piece in inflate.Pieces(file)) < 10_000_000
