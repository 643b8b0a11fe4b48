"""What the house consists of: its files, its modules, its functions."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("course_sync", "mentor_console", "lti_tool")
NOT_OURS = (".git", ".venv", ".demo", "build", "dist", "var", "node_modules")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project that is or will be tracked, relative to the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if asked.returncode == 0:
        found = {Path(name) for name in asked.stdout.split("\0") if name}
    else:  # an unpacked archive has no history
        found = {path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()}
    return tuple(sorted(p for p in found if p.parts[0] not in NOT_OURS and (ROOT / p).is_file()))


def python_files(*folders: str) -> list[Path]:
    """Python files below the folders, without migrations (generated) ."""
    return [p for p in files() if p.suffix == ".py" and p.parts[0] in folders and "versions" not in p.parts]


def template_files() -> list[Path]:
    """Jinja templates of the tool, relative to templates/."""
    return [p.relative_to("templates") for p in files() if p.parts[0] == "templates" and p.suffix == ".html"]


def text_of(path: Path) -> str | None:
    """The file's text; None for binary files."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def tree_of(path: Path) -> ast.Module:
    """The parsed module."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


@dataclass(frozen=True)
class Function:
    """One function, with its length from `def` to its last line."""

    path: Path
    name: str
    lines: int


def functions_of(path: Path) -> Iterator[Function]:
    """Every function and method of a module."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield Function(path, node.name, node.end_lineno - node.lineno + 1)


def imports_of(path: Path) -> set[str]:
    """Names of the top-level packages a module imports, wherever the import stands."""
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names
