"""Rooms stay small enough to be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

from tests.house import house

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_MEDIAN_LINES = 10


def test_files_are_short() -> None:
    """Source, tests and templates alike."""
    checked = [p for p in house.files() if p.suffix in {".py", ".html"} and "versions" not in p.parts]
    lengths = {path: len((house.text_of(path) or "").splitlines()) for path in checked}
    assert len(lengths) > 50
    assert {str(p): n for p, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_functions_are_short() -> None:
    """No function needs scrolling."""
    found = [f for path in house.python_files(*house.PACKAGES, "scripts") for f in house.functions_of(path)]
    assert len(found) > 300
    assert [f"{f.path}:{f.name} has {f.lines} lines" for f in found if f.lines > MAX_FUNCTION_LINES] == []


@pytest.mark.parametrize("package", house.PACKAGES)
def test_the_usual_function_is_very_short(package: str) -> None:
    """Half of the functions of each package have at most ten lines."""
    assert (
        median(f.lines for path in house.python_files(package) for f in house.functions_of(path))
        <= MAX_MEDIAN_LINES
    )


def test_every_module_says_what_lives_in_it() -> None:
    """A docstring, in scripts and test tools too; in our packages one long enough to say something."""
    silent, curt = [], []
    for path in [*house.python_files(*house.PACKAGES, "scripts"), *_tools_of_tests()]:
        says = ast.get_docstring(house.tree_of(path))
        if not says and (house.text_of(path) or "").strip():
            silent.append(str(path))
        elif says and len(says) < 30 and path.name != "__init__.py" and path.parts[0] in house.PACKAGES:
            curt.append(str(path))
    assert (silent, curt) == ([], [])


def _tools_of_tests() -> list[Path]:
    return [p for p in house.python_files("tests") if "harness" in p.parts or p.name == "conftest.py"]
