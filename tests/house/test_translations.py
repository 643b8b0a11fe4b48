"""French is complete, nothing in it is a guess, and its compiled form is fresh."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from tests.house import house

FOLDER = house.ROOT / "lti_tool" / "translations"
LANGUAGES = sorted(p.parent.parent.name for p in FOLDER.glob("*/LC_MESSAGES/messages.po"))
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|%%")


@cache
def catalogue(language: str) -> Catalog:
    """The catalogue a translator edits."""
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def messages(language: str) -> list[Message]:
    """All messages but the header."""
    return [message for message in catalogue(language) if message.id]


def texts(value: str | list[str] | tuple[str, ...]) -> list[str]:
    """Singular and plural forms as a list."""
    return [value] if isinstance(value, str) else list(value)


@cache
def extracted() -> frozenset[str]:
    """First form of every sentence in code and templates."""
    with (FOLDER / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = set()
    for package in (*house.PACKAGES, "templates"):
        folder = house.ROOT / package
        for name, _, message, _, _ in extract_from_dir(
            str(folder), _below(methods, package), options, keywords=KEYWORDS, comment_tags=()
        ):
            if not (package == "lti_tool" and Path(name).parts[0] == "demo_lms"):
                found.add(texts(message)[0])
    return frozenset(found)


def _below(methods: list[tuple[str, str]], package: str) -> list[tuple[str, str]]:
    """Patterns of babel.cfg, which are relative to the root, as seen from one folder of it."""
    return [(pattern.removeprefix(f"{package}/"), method) for pattern, method in methods]


def test_french_is_there() -> None:
    """English is the language of the source; French is the second one from the start."""
    assert "fr" in LANGUAGES


def test_extraction_sees_code_and_templates() -> None:
    """The comparison below would pass on an extraction that finds nothing."""
    assert len(extracted()) > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_none_is_left_over(language: str) -> None:
    """What the code says now, no more and no less."""
    known = {texts(message.id)[0] for message in messages(language)}
    assert extracted() - known == set()
    assert known - extracted() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_empty_or_a_guess(language: str) -> None:
    """Fuzzy ones would not be compiled, empty ones would show English."""
    assert [m.id for m in messages(language) if m.fuzzy or not all(texts(m.string or ""))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_survive_translation(language: str) -> None:
    """Each form uses only values that are given, and together they use all of them."""
    broken = []
    for message in messages(language):
        given = {m.group() for text in texts(message.id) for m in PLACEHOLDER.finditer(text)}
        forms = [{m.group() for m in PLACEHOLDER.finditer(text)} for text in texts(message.string or "")]
        if not all(form <= given for form in forms) or set().union(*forms) != given:
            broken.append(message.id)
    assert broken == []


def test_french_is_set_as_french_is_printed() -> None:
    """No line breaks before a colon or inside quotation marks, and apostrophes are typographic."""
    loose = re.compile("[ '](?=[:;?!»])|« |'| %%")
    assert [text for m in messages("fr") for text in texts(m.string or "") if loose.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_all_given(language: str) -> None:
    """As many as the language has."""
    count = catalogue(language).num_plurals
    assert [m.id for m in messages(language) if m.pluralizable and len(texts(m.string)) != count] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_fresh(language: str) -> None:
    """`pybabel compile -d lti_tool/translations` was run after the last change."""
    compiled = (FOLDER / language / "LC_MESSAGES" / "messages.mo").read_bytes()
    have = {_key(m): texts(m.string) for m in read_mo(io.BytesIO(compiled)) if m.id}
    want = {_key(m): texts(m.string) for m in messages(language) if m.string and not m.fuzzy}
    assert have == want


def _key(message: Message) -> tuple[str | None, tuple[str, ...]]:
    """Context and every form; one file format gives contexts as bytes and forms as a list."""
    context = message.context
    return context.decode() if isinstance(context, bytes) else context, tuple(texts(message.id))
