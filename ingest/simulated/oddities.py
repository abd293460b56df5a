"""What odd rows write for a parent: paths, placeholders, wrong case, lists as text. One small answer a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from ingest.simulated.shape import Odd

_PATHS: Final = (
    "/cache/models/{flat}",
    "C:\\Users\\sim\\models\\{name}",
    "./{name}",
    "../downloads/{name}",
    "/kaggle/input/{name}/transformers/default/1",
    "/data/model_base",
    "/root/.cache/huggingface/hub/models--{flat}/snapshots/0123456789abcdef0123456789abcdef01234567",
)
_PLACEHOLDERS: Final = (
    "none",
    "None",
    "TODO-add-base-model-repo-link",
    "your-base-model",
    "N/A",
    "custom",
    "datasets/sim-gone/corpus",
)


@dataclass(frozen=True)
class Written:
    """What a row says: its `base_model:` tags whole, and the front matter's base_model as JSON."""

    tags: tuple[str, ...]
    card: bytes | None
    stated: str | None = None


def written(odd: Odd, row: int, parent: str, relation: str, other: str) -> Written:
    """The tags and card of an odd row; `row` picks among variants, `other` is some other model's id."""
    twins = (f"base_model:{parent}", f"base_model:{relation}:{parent}")
    variant = row // 7
    name = parent.rsplit("/", 1)[-1]
    path = _PATHS[variant % len(_PATHS)].format(name=name, flat=parent.replace("/", "--"))
    match odd:
        case Odd.WRONG_CASE:
            wrong = parent.lower() if parent.lower() != parent else parent.upper()
            author = (f"base_model:adapter:{wrong}",) if variant % 4 == 0 else ()
            return Written(author, _json(wrong))
        case Odd.PATH:
            return Written((f"base_model:adapter:{path}",), _json(path) if variant % 3 else None)
        case Odd.PATH_BESIDE:
            return Written((f"base_model:adapter:{path}", *twins), _json(parent))
        case Odd.PLACEHOLDER:
            value = _PLACEHOLDERS[variant % len(_PLACEHOLDERS)]
            return Written((f"base_model:adapter:{value}",) if variant % 5 == 0 else (), _json(value))
        case Odd.EMPTY:
            return Written((), (b'""', b"[]", b"null", b'[""]')[variant % 4])
        case Odd.URL:
            return Written((), _json(f"https://huggingface.co/{parent}"))
        case Odd.LIST_TEXT:
            return Written((), _json(f"{parent}, {other}"))
        case Odd.CARD_ONLY:
            return Written((), _json(parent))
        case Odd.REPEATED:
            return Written(twins, _json([parent, parent]))
        case Odd.TWO_RELATIONS:
            return Written(
                (*twins, f"base_model:{'quantized' if relation != 'quantized' else 'finetune'}:{parent}"), _json(parent)
            )
        case Odd.UNTYPED:
            return Written(twins[:1], _json(parent))
        case Odd.DISAGREES:
            return Written(twins, _json(other))
        case Odd.STATED:
            return Written(twins, _json(parent), relation)
        case Odd.NUMBER:
            return Written((), (b"7", b"true", b'{"name":"base"}')[variant % 3])
        case Odd.NONE:
            return Written(twins, _json(parent))


def _json(value: str | list[str]) -> bytes:
    return orjson.dumps(value)
