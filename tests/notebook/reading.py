"""Reading HTML as a page would: its tags and its text."""

from __future__ import annotations

from html.parser import HTMLParser


class Reader(HTMLParser):
    """Collects the text and the tags of a document, and whether every tag was closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.attributes: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.open.append(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(self.texts)


def read_safe(html: str) -> Reader:
    """The document, which has nothing that a page would run or fetch, and every tag of which is closed."""
    reader = Reader(html)
    assert not reader.open
    assert not reader.tags & {"script", "style", "link", "iframe", "img", "object", "embed"}
    assert not [name for name in reader.attributes if name.startswith("on") or name in ("href", "src")]
    assert "url(" not in html
    return reader
