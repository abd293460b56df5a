"""What a written parent value is: a repository id, or one of the things people write instead. Pure.

The rule of an id is the Hub's: at most one slash, letters, digits, `-`, `_` and `.`, no `--` or `..`, at most 96
characters a part (huggingface_hub's validate_repo_id).
"""

from __future__ import annotations

import polars as pl

PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
"""One side of an id."""

ID = rf"^(?:{PART}/)?{PART}$"
"""A whole id, `..` and `--` aside."""

PLACEHOLDERS = (
    "none", "null", "nil", "nan", "n/a", "na", "unknown", "undefined", "unspecified", "todo", "tbd", "tba",
    "placeholder", "base_model", "base-model", "basemodel", "model", "model_id", "model-id", "model_name", "model-name",
    "your-base-model", "your_base_model", "your-model", "your_model", "org/model", "org/name", "user/repo",
    "user/model", "username/model", "username/repo", "your-username/your-model", "your-org/your-model", "author/model",
    "owner/repo", "custom", "other", "true", "false", "more information needed", "local", "scratch", "from scratch",
)  # fmt: skip
"""Values that name nothing, lower-cased; the ones seen in cards, and the templates' own words."""


def not_an_id(value: pl.Expr) -> pl.Expr:
    """The finding a value makes when it is no repository id, else null: `not-an-id: path`, `… url`, and so on."""
    text = value.str.strip_chars()
    low = text.str.to_lowercase()

    def kind(word: str) -> pl.Expr:
        return pl.lit(f"not-an-id: {word}")

    return (
        pl.when(text.str.len_bytes() == 0)
        .then(kind("empty"))
        .when(low.is_in(PLACEHOLDERS) | low.str.contains(r"^(?:todo|fixme|tbd)[^a-z]|^<.*>$|^\[more information"))
        .then(kind("placeholder"))
        .when(low.str.contains(r"://|^www\.|^(?:huggingface\.co|hf\.co|github\.com|modelscope\.cn)/"))
        .then(kind("url"))
        .when(low.str.contains(r"^(?:datasets|spaces)/"))
        .then(kind("dataset or space"))
        .when(text.str.contains(r"[,;\n|]|^[\[{]|\s(?:and|und|et|\+|&)\s"))
        .then(kind("list"))
        .when(text.str.contains(r"\\|^[A-Za-z]:|^[/~.]|/.*/|/$|^models--"))
        .then(kind("path"))
        .when(~text.str.contains(ID) | text.str.contains(r"\.\.|--|\.git$") | (text.str.len_bytes() > 193))
        .then(kind("malformed"))
        .otherwise(None)
    )


def namespace(value: pl.Expr) -> pl.Expr:
    """The part before the only slash, null for bare names."""
    parts = value.str.splitn("/", 2).struct
    return pl.when(~parts.field("field_1").str.contains("/", literal=True)).then(parts.field("field_0"))
