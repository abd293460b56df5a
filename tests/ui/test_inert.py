"""Text from the Hub, as the page may hold it."""

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from ui import inert, tables


class Tags(HTMLParser):
    """Whether a text opens any tag."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)


@given(st.text())
def test_no_text_opens_a_tag(text: str) -> None:
    tags = Tags()
    tags.feed(f"<p title='{inert.html(text)}'>{inert.html(text)}</p>")
    assert tags.opened == ["p"]


@given(st.text(alphabet=st.characters(max_codepoint=0x2FF)))
def test_every_mark_of_markdown_is_escaped(text: str) -> None:
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", inert.words(text))
    assert not re.search(r"[!-/:-@\[-`{-~]", bare)


def test_what_markdown_links_by_itself_is_parted() -> None:
    shown = inert.words("www.example.com https://example.com a@b.org :material/home:").replace("\\", "")
    assert not re.search(r"www\.e|://|@b|:m", shown)


@given(st.lists(st.text(max_size=200), max_size=3))
def test_a_file_name_is_letters_digits_and_dashes(words: list[str]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}", tables.file_name(*words))
