"""The house has three packages and one direction; the wheel's list of packages matches the tree."""

from __future__ import annotations

import ast
import configparser
import subprocess
import sys
from pathlib import Path

from tests.house import house

HTTP_CLIENTS = {"requests", "urllib3", "httpx", "aiohttp"}
OUR_TEST_HELPERS = {"conftest.py"}


def test_setup_cfg_names_exactly_the_packages_there_are() -> None:
    """A package that is missing from the list would be missing from the wheel."""
    config = configparser.ConfigParser()
    config.read(house.ROOT / "setup.cfg")
    named = set(config["options"]["packages"].split())
    folders = {p.parent for p in house.files() if p.parts[0] in house.PACKAGES and p.suffix == ".py"}
    assert named == {".".join(folder.parts) for folder in folders} | {"lti_tool.templates"}


def test_there_is_no_fourth_package() -> None:
    """Python outside the three packages is tests or scripts."""
    tops = {p.parts[0] for p in house.files() if p.suffix == ".py"}
    assert tops <= {*house.PACKAGES, "tests", "scripts"}


def test_packages_can_be_imported_as_packages() -> None:
    """Each has an __init__.py; a folder without one would be a namespace anybody can add to."""
    folders = {p.parent for p in house.files() if p.parts[0] in house.PACKAGES and p.suffix == ".py"}
    migrations = Path("lti_tool/migrations")
    assert [
        f
        for f in folders
        if migrations not in (f, *f.parents) and not (house.ROOT / f / "__init__.py").exists()
    ] == []


def test_one_module_speaks_http_to_platforms() -> None:
    """Time limits, address checks and retries live there; nobody goes round it."""
    users = {str(p) for p in house.python_files(*house.PACKAGES) if house.imports_of(p) & HTTP_CLIENTS}
    assert users == {"course_sync/outbound.py"}


def test_procrastinate_is_imported_only_where_it_was_chosen() -> None:
    """An installation without the extra has none; two modules need it, and are asked for within functions."""
    needing = {"procrastinate", "lti_tool.procrastinate_queue", "lti_tool.procrastinate_worker"}
    assert _importing(needing) == {"lti_tool/procrastinate_queue.py", "lti_tool/procrastinate_worker.py"}


def test_alembic_is_imported_only_where_a_database_is_migrated() -> None:
    """Every process that starts would wait for it, and for the template engine it brings."""
    found = _importing({"alembic", "flask_migrate", "lti_tool.migrating"})
    assert {path for path in found if "/migrations/" not in path} == {"lti_tool/migrating.py"}


def _importing(modules: set[str]) -> set[str]:
    """Files that import one of these as soon as they are imported themselves."""
    return {
        str(path)
        for path in house.python_files(*house.PACKAGES)
        for node in house.tree_of(path).body
        if modules & _modules_of(node)
    }


def _modules_of(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        named = {f"{node.module}.{alias.name}" for alias in node.names}
        return named | {node.module, node.module.split(".")[0]}
    return set()


def test_the_import_contracts_hold() -> None:
    """The contracts of setup.cfg, as `make sure` checks them."""
    command = [
        sys.executable,
        "-c",
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())",
    ]
    ran = subprocess.run(command, cwd=house.ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_scripts_can_be_run() -> None:
    """Shell scripts are executable and stop at the first failure."""
    for name in ("scripts/bootstrap", "scripts/browser", ".ci/run"):
        path = house.ROOT / name
        assert path.stat().st_mode & 0o100, name
        assert "set -euo pipefail" in path.read_text(), name


def test_no_test_is_skipped() -> None:
    """A test that needs a browser or a database gets one or fails."""
    words = ("pytest." + "skip(", "mark." + "skip", "importor" + "skip", "mark." + "xfail")
    found = [str(p) for p in house.python_files("tests") if any(w in (house.text_of(p) or "") for w in words)]
    assert found == []
