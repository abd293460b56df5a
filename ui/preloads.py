"""Which of Streamlit's script files a page will want, so that the browser fetches them while it starts.

Streamlit loads the code of an element when the first one arrives, in a second round after the page has connected. Named
in the document's `Link` header, the large files are there by then.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

_EVERYWHERE = ("Html", "TextInput", "ButtonGroup", "Selectbox", "DownloadButton")
_BESIDES = {
    "": ("DataFrame", "EChartsChart", "DateInput"),
    "families": ("DataFrame", "EChartsChart", "DateInput"),
    "tree": ("BidiComponent", "DataFrame"),
    "model": ("DataFrame", "Metric"),
    "trends": ("EChartsChart", "Multiselect"),
    "query": ("TextArea", "DataFrame"),
    "data": ("DataFrame", "Metric"),
}
"""Streamlit's names for the elements of a page, by the page's path; one that a release lacks is left out."""

_LARGE = 8_192
"""Bytes below which a file is not worth its place in a header, whose length proxies bound."""

_IMPORTS = re.compile(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")
_KNOWN = re.compile(r"static/js/([\w.-]+\.js)")


@cache
def header(path: str) -> str:
    """The `Link` header's value for the page at `path`; empty where there is no such page."""
    page = path.strip("/")
    if page not in _BESIDES:
        return ""
    static = Path(str(files("streamlit"))) / "static"
    known = set(_KNOWN.findall((static / "index.html").read_text(encoding="utf-8")))
    names = wanted(static / "static" / "js", (*_EVERYWHERE, *_BESIDES[page]))
    return ", ".join(f"</static/js/{name}>; rel=modulepreload; crossorigin" for name in names if name not in known)


def wanted(folder: Path, elements: tuple[str, ...]) -> tuple[str, ...]:
    """The large files among those of these elements and all that they import, sorted."""
    left = [path.name for name in elements for path in folder.glob(f"{name}.*.js")]
    found: set[str] = set()
    while left:
        name = left.pop()
        if name not in found and (folder / name).is_file():
            found.add(name)
            left += _IMPORTS.findall((folder / name).read_text(encoding="utf-8"))
    return tuple(sorted(name for name in found if (folder / name).stat().st_size >= _LARGE))
