"""Text from the Hub as the page may hold it: it draws nothing, links nowhere and runs nothing."""

from __future__ import annotations

import re
from html import escape

from lineage.export.plain import clip, printable

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_JOINER = "\u2060"


def words(text: str, width: int = 0) -> str:
    """For labels that Streamlit reads as Markdown: every mark is escaped, and what its extensions act on is parted."""
    shown = printable(text)
    if width:
        shown = clip(shown, width)
    marked = _PUNCTUATION.sub(r"\\\1", shown)
    return marked.replace("\\:", f"\\:{_JOINER}").replace("\\@", f"\\@{_JOINER}").replace("www\\.", f"www\\.{_JOINER}")


def html(text: str, width: int = 0) -> str:
    """For our own markup: escaped, control and direction marks spelt out."""
    shown = printable(text)
    return escape(clip(shown, width) if width else shown)
