"""A page as plain HTTP gave it, read the way a person reads it: title, words, links, forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import html5lib


@dataclass(frozen=True)
class Form:
    """A form with what a browser would send if nothing were changed."""

    action: str
    method: str
    fields: tuple[tuple[str, str], ...]
    element: Element = field(repr=False)

    def __getitem__(self, name: str) -> str:
        """Value of a field. Raises KeyError."""
        return dict(self.fields)[name]

    def filled(self, changes: dict[str, str | list[str]]) -> list[tuple[str, str]]:
        """Fields with some replaced; a list sends a field several times."""
        kept = [(name, value) for name, value in self.fields if name not in changes]
        for name, value in changes.items():
            kept += [(name, one) for one in ([value] if isinstance(value, str) else value)]
        return kept


@dataclass(frozen=True)
class Page:
    """One answer of a server, after its redirects."""

    url: str
    status: int
    headers: dict[str, str]
    text: str
    redirects: tuple[str, ...] = ()

    @property
    def tree(self) -> Element:
        """The parsed document."""
        return self._parsed[0]

    @property
    def title(self) -> str:
        """Words of the title element."""
        return words_of(self.tree.find("head/title"))

    @property
    def words(self) -> str:
        """Everything one reads in the body, with single spaces."""
        return words_of(self.tree.find("body"))

    @cached_property
    def forms(self) -> list[Form]:
        """Every form of the page, in order."""
        return [_form_of(element, self.url) for element in self.tree.iter("form")]

    def form(self, action: str) -> Form:
        """The first form whose action contains these letters. Fails with what there is."""
        for form in self.forms:
            if action in form.action:
                return form
        raise AssertionError(
            f"no form to {action!r} on {self.url}; there are {[f.action for f in self.forms]}"
        )

    @property
    def links(self) -> dict[str, str]:
        """Addresses by the words of the link."""
        return {words_of(a): urljoin(self.url, a.get("href", "")) for a in self.tree.iter("a")}

    def link(self, pattern: str) -> str:
        """Address of the first link whose words match. Fails with what there is."""
        for words, address in self.links.items():
            if re.search(pattern, words):
                return address
        raise AssertionError(f"no link {pattern!r} on {self.url}; there are {sorted(self.links)}")

    def check_html(self) -> None:
        """Fails on markup a browser would have to repair."""
        for where, code, values in self._parsed[1]:
            raise AssertionError(f"{self.url}: {code} {values} at {where}")

    @cached_property
    def _parsed(self) -> tuple[Element, list[tuple[object, str, object]]]:
        """The document and what is wrong with it; parsing costs more than most pages do."""
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        return parser.parse(self.text), parser.errors


def words_of(element: Element | None) -> str:
    """Text of an element and all below it, without scripts, with single spaces."""
    if element is None:
        return ""
    return " ".join(" ".join(_texts(element)).split())


def _texts(element: Element) -> list[str]:
    if element.tag in ("script", "style", "template"):
        return []
    found = [element.text or ""]
    for child in element:
        found += [*_texts(child), child.tail or ""]
    return found


def _form_of(element: Element, base: str) -> Form:
    fields: list[tuple[str, str]] = []
    for control in element.iter():
        name = control.get("name")
        if name and control.get("disabled") is None:
            fields += [(name, value) for value in _values_of(control)]
    action = urljoin(base, element.get("action") or base)
    return Form(action, (element.get("method") or "get").lower(), tuple(fields), element)


def _values_of(control: Element) -> list[str]:
    """What a control sends; buttons send nothing unless pressed."""
    if control.tag == "textarea":
        return ["".join(control.itertext())]
    if control.tag == "select":
        options = list(control.iter("option"))
        chosen = [option for option in options if option.get("selected") is not None]
        if not chosen and control.get("multiple") is None:
            chosen = options[:1]
        return [option.get("value", words_of(option)) for option in chosen]
    if control.tag != "input" or control.get("type") in ("submit", "button", "image", "reset", "file"):
        return []
    if control.get("type") in ("checkbox", "radio") and control.get("checked") is None:
        return []
    return [control.get("value", "on" if control.get("type") in ("checkbox", "radio") else "")]
