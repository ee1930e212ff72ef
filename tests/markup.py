"""What the HTML tests ask of a page, with the standard library's parser."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "path", "rect", "source"))


@dataclass
class Element:
    """A tag with its attributes, and all text inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    parent: Element | None = field(default=None, repr=False)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    def inside(self, tag: str) -> Element | None:
        """The nearest element of that tag around this one."""
        around = self.parent
        while around is not None and around.tag != tag:
            around = around.parent
        return around


class Page(HTMLParser):
    """A parsed page. A closing tag that closes nothing, or the wrong thing, is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {[one.tag for one in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in {tag}: {names}"
        parent = self._open[-1] if self._open else None
        element = Element(tag, {name: value or "" for name, value in attrs}, parent=parent)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Every element of that tag whose attributes have these values."""
        return [
            element
            for element in self.elements
            if element.tag == tag
            and all(element.get(name) == value for name, value in attributes.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        (element,) = self.all(tag, **attributes)
        return element

    def by_id(self, name: str) -> Element:
        (element,) = [element for element in self.elements if element.get("id") == name]
        return element

    def of_class(self, name: str) -> list[Element]:
        return [one for one in self.elements if name in (one.get("class") or "").split()]

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.elements if "id" in one.attributes]

    @property
    def title(self) -> str:
        return self.one("title").text

    def filled_in(self) -> dict[str, str]:
        """What the controls within a form would send as they stand, as a browser gathers it."""
        sent = {}
        for element in self.elements:
            if element.inside("form") is None:
                continue
            is_chosen = element.get("type") == "text" or "checked" in element.attributes
            if element.tag == "input" and is_chosen:
                sent[element["name"]] = element["value"]
            elif element.tag == "option" and "selected" in element.attributes:
                select = element.inside("select")
                assert select is not None
                sent[select["name"]] = element["value"]
        return sent


def addresses(html: str) -> list[str]:
    """Where a page leads, what it loads, and where it sends its forms."""
    names = ("href", "src", "action", "formaction")
    return [one[name] for one in Page(html).elements for name in names if one.get(name)]
