"""What a person chose for themselves: the language of the pages. And how the pages address them.

Nobody changes anybody else's choice here: the viewer is the only person touched.
"""

from __future__ import annotations

from collections.abc import Collection

from course_sync.database import db
from course_sync.models import Person
from mentor_console.access import Viewer
from mentor_console.errors import InvalidInput


def get_short_name(viewer: Viewer) -> str:
    """How one addresses the viewer."""
    return _get_person(viewer).short_name


def get_full_name(viewer: Viewer) -> str:
    """The viewer's whole name."""
    return _get_person(viewer).display_name


def choose_locale(viewer: Viewer, locale: str, offered: Collection[str]) -> None:
    """Remember the viewer's language. Raises InvalidInput for one that is not offered."""
    if locale not in offered:
        raise InvalidInput("locale", "unknown")
    _get_person(viewer).chosen_locale = locale
    db.session.commit()


def _get_person(viewer: Viewer) -> Person:
    return db.session.get_one(Person, viewer.person_id)
