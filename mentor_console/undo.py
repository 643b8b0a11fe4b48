"""Taking back what somebody did: one entry for every kind of action, each applied once.

Who may do it, and what stands in its way, is the affair of the module that did the action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from mentor_console import flagging
from mentor_console.access import AccessDenied, Viewer
from mentor_console.caseload_undo import undo_change
from mentor_console.contacts import take_back_contact
from mentor_console.course_breaks import put_back_break, remove_break
from mentor_console.decisions import undo_decision
from mentor_console.extensions import get_context_id, undo_extension, undo_withdrawal
from mentor_console.notes import take_back_note
from mentor_console.support_lines import Undo
from mentor_console.tasks import undo_task_change

_MAX_ID = 2**31 - 1
"""Ids are 32-bit on PostgreSQL; a larger number is nobody's."""

_TAKE_BACK: Mapping[str, Callable[[Viewer, int, datetime], bool]] = {
    "contact": take_back_contact,
    "decision": undo_decision,
    "note": take_back_note,
    "task": undo_task_change,
    "caseload": undo_change,
    "extension": undo_extension,
    "extension_end": undo_withdrawal,
    "break": remove_break,
    "break_end": put_back_break,
}


def undo(viewer: Viewer, what: Undo, now: datetime) -> bool:
    """Take it back. False = it was before, which is as good.

    Raises AccessDenied for somebody who may not, or where there is no such action; Conflict where something
    was built on it: nothing is changed then.
    """
    take_back = _TAKE_BACK.get(what.kind)
    if take_back is None:
        raise AccessDenied("undo")
    done = take_back(viewer, what.id, now)
    _judge_anew(viewer, what, now)
    return done


def _judge_anew(viewer: Viewer, what: Undo, now: datetime) -> None:
    """Deadlines and days of rest hold for the cards at once, not only at the next sync."""
    if what.kind in ("extension", "extension_end"):
        flagging.judge_anew(get_context_id(what.id), now)
    elif what.kind in ("break", "break_end") and viewer.context_id is not None:
        flagging.judge_anew(viewer.context_id, now)


def parse_undo(text: str) -> Undo | None:
    """`kind:id` as a form sends it; None for anything else."""
    kind, _, number = text.partition(":")
    is_number = number.isascii() and number.isdecimal() and len(number) <= len(str(_MAX_ID))
    if kind not in _TAKE_BACK or not is_number or not 0 < int(number) <= _MAX_ID:
        return None
    return Undo(kind, int(number))
