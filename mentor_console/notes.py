"""Private notes: a mentor's own memory of a learner. Nobody but the author ever reads one, trainer and admin
included.

Appended and at most taken back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, update

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.errors import Conflict
from mentor_console.form_checks import check_key, check_length, clean_text, refuse
from mentor_console.models import PrivateNote
from mentor_console.support_lines import NoteLine, Undo
from mentor_console.writes import insert_once, is_as_sent, update_rows

TEXT_MAX_CHARACTERS = 2000


def add_note(viewer: Viewer, membership: Membership, *, text: str, request_key: str, now: datetime) -> Undo:
    """Keep a note on a learner whom the viewer may see; the same form sent twice is one note.

    Raises AccessDenied; InvalidInput for text and request_key; Conflict("request_key_used") for a form that
    said something else before, or was taken back.
    """
    learner = get_learner(viewer, membership.id)
    said = clean_text(text)
    problem = check_length(said, TEXT_MAX_CHARACTERS, required=True)
    refuse({"text": problem, "request_key": check_key(request_key)})
    row = {"membership_id": learner.id, "author_id": viewer.person_id, "text": said}
    insert_once(PrivateNote, [{**row, "written_at": now, "request_key": request_key}])
    db.session.commit()
    note = db.session.scalars(select(PrivateNote).where(PrivateNote.request_key == request_key)).one()
    if note.taken_back_at is not None or not is_as_sent(note, row):
        raise Conflict("request_key_used")
    return Undo("note", note.id)


def take_back_note(viewer: Viewer, note_id: int, now: datetime) -> bool:
    """Remove an own note from sight. False = it was before. Raises AccessDenied for anybody else's."""
    note = db.session.get(PrivateNote, note_id)
    if note is None or note.author_id != viewer.person_id:
        raise AccessDenied("note")
    get_learner(viewer, note.membership_id)
    statement = (
        update(PrivateNote)
        .where(PrivateNote.id == note_id, PrivateNote.taken_back_at.is_(None))
        .values(taken_back_at=now)
    )
    taken_back = update_rows(statement) == 1
    db.session.commit()
    return taken_back


def list_notes(viewer: Viewer, membership: Membership) -> tuple[NoteLine, ...]:
    """The viewer's own notes on a learner they may see, newest first. Raises AccessDenied."""
    learner = get_learner(viewer, membership.id)
    statement = (
        select(PrivateNote)
        .where(PrivateNote.membership_id == learner.id, PrivateNote.author_id == viewer.person_id)
        .where(PrivateNote.taken_back_at.is_(None))
        .order_by(PrivateNote.written_at.desc(), PrivateNote.id.desc())
    )
    return tuple(_note_line(note) for note in db.session.scalars(statement))


def find_last_notes(viewer: Viewer, membership_ids: Collection[int]) -> dict[int, NoteLine]:
    """The viewer's newest note on each of these learners, in one query; who they are was decided before."""
    newest = (
        select(func.max(PrivateNote.id))
        .where(PrivateNote.author_id == viewer.person_id, PrivateNote.taken_back_at.is_(None))
        .where(PrivateNote.membership_id.in_(membership_ids))
        .group_by(PrivateNote.membership_id)
    )
    notes = db.session.scalars(select(PrivateNote).where(PrivateNote.id.in_(newest)))
    return {note.membership_id: _note_line(note) for note in notes}


def _note_line(note: PrivateNote) -> NoteLine:
    return NoteLine(note.id, note.membership_id, note.text, note.written_at, Undo("note", note.id))
