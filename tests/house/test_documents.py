"""Documents say what is: settings, commands and links."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import house

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
KEY = re.compile(r"\bEMENTOR_[A-Z_]+[A-Z]\b")


def documents() -> list[Path]:
    """Every Markdown file of ours."""
    return [
        p
        for p in house.files()
        if p.suffix == ".md" and "recorded" not in p.parts and "vendor" not in p.parts
    ]


def test_every_setting_is_documented_with_its_default() -> None:
    """docs/settings.md has one row for each, no row too many, and the true default."""
    from lti_tool.config import SETTINGS

    rows = {}
    for line in (house.ROOT / "docs/settings.md").read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if cells and KEY.fullmatch(cells[0]):
            rows[cells[0]] = cells[1:]
    assert set(rows) == {setting.name for setting in SETTINGS}
    wrong = [s.name for s in SETTINGS if s.default and not any(s.default in cell for cell in rows[s.name])]
    assert wrong == []


def test_no_document_or_module_speaks_of_a_setting_that_does_not_exist() -> None:
    """A renamed key is renamed everywhere."""
    from lti_tool.config import SETTINGS, TEST_PREFIX

    known = {setting.name for setting in SETTINGS}
    for path in [*documents(), *house.python_files(*house.PACKAGES), Path("Makefile")]:
        named = {
            key for key in KEY.findall(house.text_of(path) or "") if not key.startswith(TEST_PREFIX[:-1])
        }
        assert named <= known, path


def test_settings_are_read_in_one_place() -> None:
    """Only config.py turns the environment into settings; others are handed what they need."""
    readers = [
        str(path)
        for path in house.python_files("course_sync", "mentor_console")
        if re.search(r"\bos\.environ\b|\bgetenv\b", house.text_of(path) or "")
    ]
    assert readers == []


def test_the_first_screen_of_the_readme() -> None:
    """What it is, a picture, the two commands: within the first fifty lines."""
    first = "\n".join((house.ROOT / "README.md").read_text().splitlines()[:50])
    assert "make demo" in first
    assert "make test" in first
    pictures = PICTURE.findall(first)
    assert pictures
    assert all(words.strip() for words, _ in pictures)


@pytest.mark.parametrize(
    "name",
    ["LICENSE", "CHANGELOG.md", "README.md", "tool_config.json"]
    + [f"docs/{n}.md" for n in ("architecture", "glossary", "development", "settings", "demo-data")],
)
def test_the_documents_a_newcomer_looks_for_exist(name: str) -> None:
    """Present, and more than a heading."""
    assert len((house.ROOT / name).read_text()) > 300


def test_links_between_documents_lead_somewhere() -> None:
    """Relative links and pictures point at files of the project."""
    broken = []
    for path in documents():
        text = house.text_of(path) or ""
        for target in LINK.findall(text) + [target for _, target in PICTURE.findall(text)]:
            if "://" in target or target.startswith("mailto:"):
                continue
            if not (house.ROOT / path.parent / target).exists():
                broken.append(f"{path} -> {target}")
    assert broken == []


def test_every_make_target_that_documents_name_exists() -> None:
    """`make x` in a document is a target of the Makefile."""
    makefile = (house.ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    for path in documents():
        named = set(re.findall(r"`make ([a-z][a-z-]*)", house.text_of(path) or ""))
        assert named <= targets, path


def test_every_command_that_documents_name_exists() -> None:
    """`ementor a b` in a document is a command of the tool."""
    import click

    from lti_tool.cli import main

    for path in documents():
        for words in re.findall(
            r"^\s*(?:\$ )?ementor ([a-z-]+(?: [a-z-]+)?)", house.text_of(path) or "", re.MULTILINE
        ):
            command: click.Command = main
            for word in words.split():
                if isinstance(command, click.Group):
                    assert word in command.commands, f"{path}: ementor {words}"
                    command = command.commands[word]


def test_the_command_line_explains_itself() -> None:
    """`ementor --help` works without any setting."""
    ran = subprocess.run(
        [sys.executable, "-m", "lti_tool.cli", "--help"],
        cwd=house.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    for word in ("db", "serve", "worker", "sync", "platform", "person", "demo"):
        assert re.search(rf"^\s+{word}\b", ran.stdout, re.MULTILINE), word
