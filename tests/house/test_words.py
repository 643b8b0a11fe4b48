"""One vocabulary, and nothing that ties the project to one machine."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house import house

OTHER_WORDS = re.compile(r"student|mentee", re.IGNORECASE)
ROLE_NAME = re.compile(r"""(["'])student\1""")
"""Moodle's own short name of a role, as a string of its own."""
PLATFORM_WORDS = (Path("lti_tool/demo_lms"), Path("course_sync/sources"), Path("course_sync/vocabulary.py"))
"""Rooms that speak the platforms' language."""

MACHINE_PATH = re.compile(r"(?<![\w.~$}/-])/(?:work|tmp|root|home/\w+)(?=[/\s\"'`)]|$)", re.MULTILINE)
OUTSIDE = re.compile(r"\.\./(?:\.\./)*" + "shared")
REGISTRIES = re.compile("pypi" + r"\.org|pythonhosted\.org|npmjs\.(?:org|com)|deb\.debian" + r"\.org")


def test_a_learner_is_a_learner() -> None:
    """No second word in our code and pages, outside what platforms themselves say."""
    found = []
    for path in house.files():
        ours = (path.parts[0] in house.PACKAGES and path.suffix == ".py") or path.parts[0] == "templates"
        if not ours or any(room in (path, *path.parents) for room in PLATFORM_WORDS):
            continue
        for number, line in enumerate((house.text_of(path) or "").splitlines(), 1):
            if OTHER_WORDS.search(ROLE_NAME.sub("", line)):
                found.append(f"{path}:{number}: {line.strip()}")
    assert found == []


def test_no_file_names_a_place_on_one_machine() -> None:
    """The project works from any folder of any machine, and installs from whatever registry pip is told."""
    found = []
    for path in house.files():
        text = house.text_of(path)
        if text is None or "vendor" in path.parts or "recorded" in path.parts or path == _this_file():
            continue
        for pattern in (MACHINE_PATH, OUTSIDE, REGISTRIES):
            found += [f"{path}: {match.group()}" for match in pattern.finditer(text)]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    """No marker of unfinished work stays in the code."""
    marker = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
    found = []
    for path in house.python_files(*house.PACKAGES, "tests", "scripts"):
        found += [f"{path}: {m.group()}" for m in marker.finditer(house.text_of(path) or "")]
    assert found == []


def test_files_are_tidy() -> None:
    """UTF-8, one newline at the end, no tabs in Python, no conflict markers, nothing huge."""
    untidy = []
    for path in house.files():
        if (house.ROOT / path).stat().st_size > 1_000_000:
            untidy.append(f"{path}: over 1 MB")
        text = house.text_of(path)
        if text is None or "vendor" in path.parts or "recorded" in path.parts:
            continue
        if text and not text.endswith("\n"):
            untidy.append(f"{path}: no newline at the end")
        if "<" * 7 + " " in text or (path.suffix == ".py" and "\t" in text):
            untidy.append(f"{path}: tab or conflict marker")
    assert untidy == []


def _this_file() -> Path:
    return Path(__file__).resolve().relative_to(house.ROOT)
