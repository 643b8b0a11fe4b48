"""Every template parses, extends the frame, and keeps to the strict content security policy."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment, nodes

from tests.house import house

TEMPLATES = house.template_files()
DEMO_TEMPLATES = [
    p for p in house.files() if Path("lti_tool/demo_lms/templates") in p.parents and p.suffix == ".html"
]
STATIC = [p for p in house.files() if "static" in p.parts and "vendor" not in p.parts]
FRAME = Path("base.html")
LEAVING = {Path("lti_tool/placed.html")}
"""Its form goes to the platform, which must not learn the session's token."""

INLINE_HANDLER = re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE)
INLINE_STYLE = re.compile(r"<[^>]*\sstyle\s*=|<style\b", re.IGNORECASE)
INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE)
ELSEWHERE = re.compile(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", re.IGNORECASE)
POST_FORM = re.compile(r"<form\b[^>]*method=[\"']?post.*?</form>", re.IGNORECASE | re.DOTALL)


def names(paths: list[Path]) -> list[str]:
    """Readable ids of parameters."""
    return [p.as_posix() for p in paths]


def source(path: Path) -> str:
    """Text of a template of the tool."""
    return (house.ROOT / "templates" / path).read_text(encoding="utf-8")


def is_part(path: Path) -> bool:
    """A piece included by pages: its name begins with an underscore."""
    return path.name.startswith("_")


def test_there_are_templates() -> None:
    """The tests below would pass on an empty folder."""
    assert FRAME in TEMPLATES
    assert len([p for p in TEMPLATES if not is_part(p)]) > 5


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_template_compiles(app: Flask, path: Path) -> None:
    """With the application's own environment: filters and tests that do not exist fail here."""
    assert app.jinja_env.get_template(path.as_posix()) is not None


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_page_extends_the_frame(path: Path) -> None:
    """Directly or through another page; so that each has language, skip link and title."""
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source(path))
    parents = [
        node.template.value for node in tree.find_all(nodes.Extends) if isinstance(node.template, nodes.Const)
    ]
    if path == FRAME or is_part(path):
        assert parents == []
    else:
        assert len(parents) == 1
        assert Path(parents[0]) in TEMPLATES


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_template_keeps_to_the_policy(path: Path) -> None:
    """No inline script, style or handler; nothing loaded from elsewhere."""
    _check_policy(source(path))


@pytest.mark.parametrize("path", DEMO_TEMPLATES, ids=names(DEMO_TEMPLATES))
def test_page_of_the_demo_platform_keeps_to_the_policy(path: Path) -> None:
    """Links to the data's source are links a person may follow, nothing is loaded from there."""
    text = (house.ROOT / path).read_text(encoding="utf-8")
    _check_policy(re.sub(r"<a\b[^>]*>", "", text))


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_every_posting_form_carries_the_token(path: Path) -> None:
    """A form without it would be refused by the door."""
    for form in POST_FORM.findall(source(path)):
        assert ("csrf_field()" in form) is (path not in LEAVING)


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_nothing_escapes_escaping(path: Path) -> None:
    """Platforms' and people's words are never trusted as HTML."""
    assert not re.search(r"\|\s*safe\b|autoescape\s+false", source(path))


def test_every_rendered_template_exists_and_every_page_is_rendered() -> None:
    """Names in code against files, both ways."""
    rendered = set()
    for path in house.python_files(*house.PACKAGES):
        if Path("lti_tool/demo_lms") in path.parents:
            continue
        for node in ast.walk(house.tree_of(path)):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value.endswith(".html")
            ):
                rendered.add(node.value)
    pages = {p.as_posix() for p in TEMPLATES if not is_part(p) and p != FRAME}
    extended = {n for p in TEMPLATES for n in re.findall(r'extends "([^"]+)"', source(p))}
    assert rendered - {p.as_posix() for p in TEMPLATES} == set()
    assert pages - rendered - extended == set()


def test_styles_and_scripts_load_nothing_from_elsewhere() -> None:
    """Fonts and pictures are shipped with the tool."""
    assert STATIC
    for path in STATIC:
        text = house.text_of(path) or ""
        if path.suffix in {".css", ".js"}:
            assert not re.search(r"url\(\s*[\"']?(?:https?:)?//|@import|\beval\(|new Function", text), path


def _check_policy(text: str) -> None:
    for pattern in (INLINE_HANDLER, INLINE_STYLE, INLINE_SCRIPT, ELSEWHERE):
        found = pattern.search(text)
        assert found is None, found and found.group()
