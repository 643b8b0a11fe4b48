"""Who may take an action back: whoever did it, while they may see the learner, and the trainer of the course.

Also whether a line may offer it. Which learners somebody sees is decided in access.py.
"""

from __future__ import annotations

from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.support_lines import Undo


def require_doer(viewer: Viewer, doer_id: int, membership_id: int) -> Membership:
    """The learner, if the viewer may undo what `doer_id` did there. Raises AccessDenied."""
    learner = get_learner(viewer, membership_id)
    if not _may_undo(viewer, doer_id, learner.context_id):
        raise AccessDenied("undo")
    return learner


def undo_of(viewer: Viewer, learner: Membership, kind: str, row_id: int, doer_id: int) -> Undo | None:
    """What a line about a learner offers whom the viewer may see; None where it is somebody else's."""
    return Undo(kind, row_id) if _may_undo(viewer, doer_id, learner.context_id) else None


def _may_undo(viewer: Viewer, doer_id: int, context_id: int) -> bool:
    is_trainer_there = viewer.is_trainer and viewer.context_id == context_id
    return doer_id == viewer.person_id or is_trainer_there
