"""The wheel carries everything the tool needs to run, and nothing that gets in anybody's way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house import house

SEE = """
import sys
from pathlib import Path
import lti_tool
from lti_tool.app import create_app
from lti_tool.config import load_settings
home = Path(lti_tool.__file__).resolve().parent
assert home.is_relative_to(Path(sys.argv[1]).resolve()), home
app = create_app(load_settings({
    "EMENTOR_SECRET_KEY": "a-secret-of-a-wheel-that-is-only-tested-01",
    "EMENTOR_DATABASE_URL": f"sqlite:///{sys.argv[1]}/wheel.sqlite3",
}))
found = Path(app.jinja_env.get_template("base.html").filename).resolve()
assert found.is_relative_to(home), found
with app.app_context():
    from lti_tool.migrating import upgrade
    upgrade()
assert app.test_client().get("/readyz").status_code == 200
page = app.test_client().get("/lti/launch")
assert 400 <= page.status_code < 500 and b"<html" in page.data, page.status
french = app.test_client().get("/lti/launch", headers={"Accept-Language": "fr"})
assert b'lang="fr"' in french.data and french.data != page.data
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tracked files, without the network."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in house.files():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(house.ROOT / path, copy / path)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def contents(wheel: Path) -> set[str]:
    """Names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_only_our_three_packages_are_installed(contents: set[str]) -> None:
    """No global `templates`, `tests` or `scripts`."""
    assert {name.split("/")[0] for name in contents if ".dist-info/" not in name} == set(house.PACKAGES)


def test_everything_the_tool_reads_is_inside(contents: set[str]) -> None:
    """Each file of the packages and each template, under the name it is looked for."""
    expected = {p.as_posix() for p in house.files() if p.parts[0] in house.PACKAGES}
    expected |= {f"lti_tool/{p.as_posix()}" for p in house.files() if p.parts[0] == "templates"}
    missing = {name for name in expected - contents if not name.endswith((".po", "babel.cfg"))}
    assert missing == set()
    for ending in ("fr/LC_MESSAGES/messages.mo", "base.html", "console.css", ".json.gz", "env.py", ".woff2"):
        assert any(name.endswith(ending) for name in contents), ending


def test_the_licence_comes_along(contents: set[str]) -> None:
    """Ours, and those of what we ship."""
    assert any(".dist-info/" in name and name.endswith("LICENSE") for name in contents)


def test_the_tool_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """Templates, translations and migrations are found in the unpacked wheel, far from the checkout."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("EMENTOR_")}
    ran = subprocess.run(
        [sys.executable, "-c", SEE, str(tmp_path)],
        cwd=tmp_path,
        env=environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
