"""Where files that are not code lie: templates, translations; in a checkout, an editable install or a wheel.

The repository keeps `templates/` beside the packages; the wheel carries it inside this one, so that no
package called "templates" lands in anybody's site-packages.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def templates_folder() -> Path:
    """The folder with base.html. Raises FileNotFoundError where an installation is incomplete."""
    for folder in (_HERE / "templates", _HERE.parent / "templates"):
        if (folder / "lti_tool").is_dir():
            return folder
    raise FileNotFoundError("the page templates were not installed with the package")


def translations_folder() -> Path:
    """The folder with one folder per language."""
    return _HERE / "translations"


def migrations_folder() -> Path:
    """The folder of the database migrations."""
    return _HERE / "migrations"
