"""Where files that are not code lie: templates, translations; in a checkout, an editable install or a wheel.

The repository keeps `templates/` beside the packages; the wheel carries it inside this one, so that no
package called "templates" lands in anybody's site-packages.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
SOURCE_LANGUAGE = "en"
"""Of the texts in code and templates."""


def templates_folder() -> Path:
    """The folder with base.html. Raises FileNotFoundError where an installation is incomplete."""
    for folder in (_HERE / "templates", _HERE.parent / "templates"):
        if (folder / "lti_tool").is_dir():
            return folder
    raise FileNotFoundError("the page templates were not installed with the package")


def translations_folder() -> Path:
    """The folder with one folder per language."""
    return _HERE / "translations"


def offered_languages() -> list[str]:
    """Languages that have a translation, and the one the texts are written in."""
    return list(_languages_in(translations_folder()))


@cache
def _languages_in(folder: Path) -> tuple[str, ...]:
    """Looked up once: every request asks."""
    translated = (path.parent.parent.name for path in folder.glob("*/LC_MESSAGES/messages.mo"))
    return tuple(sorted({SOURCE_LANGUAGE, *translated}))


def migrations_folder() -> Path:
    """The folder of the database migrations."""
    return _HERE / "migrations"
