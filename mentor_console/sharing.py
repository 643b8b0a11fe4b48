"""Sharing a course's learners out in one go, and how many a mentor should have at most.

The plan is made in balancing.py; here it is read, applied and kept as one change that is taken back whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Row, case, select

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer
from mentor_console.balancing import Desk, Seat, even_out, share_out
from mentor_console.caseload_changes import begin_change, end_assignments, finish_change
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.mentorship import is_mentor, is_mentor_now, list_mentors
from mentor_console.models import Assignment, CaseloadChange, Flag, MentorCap
from mentor_console.quieting import is_alarm, level_rank
from mentor_console.support_lines import Balanced, Done
from mentor_console.writes import insert_once

CAP_MAX_LEARNERS = 500


@dataclass(frozen=True)
class Caps:
    """The caps of a course."""

    course: int | None
    own: Mapping[int, int | None]
    """By person id, for mentors who have one of their own."""
    marks: Mapping[int | None, int] = field(default_factory=dict)
    """Ids of the words that hold, by person id; None = of the course."""

    def of(self, mentor_id: int) -> int | None:
        """The cap in force for a mentor; None = none. An own cap that was taken off leaves the course's."""
        own = self.own.get(mentor_id)
        return self.course if own is None else own

    def mark_of(self, mentor_id: int | None) -> int:
        """What a form sends back, so that nobody overwrites a word they have not seen; 0 = none."""
        return self.marks.get(mentor_id, 0)

    def said_of(self, mentor_id: int | None) -> int | None:
        """The own word on a mentor, or that on the course."""
        return self.course if mentor_id is None else self.own.get(mentor_id)


def set_cap(
    viewer: Viewer,
    learners: int | str | None,
    now: datetime,
    mentor_person_id: int | None = None,
    *,
    based_on: int = 0,
) -> Done:
    """How many learners a mentor of the viewer's course should have at most; None = no cap.

    Without a mentor it holds for all who have no own. `based_on` is the mark (`Caps.mark_of`) that the form
    showed. Raises AccessDenied for anybody but its trainer; InvalidInput for somebody who is no e-mentor here
    and, of anybody else, for a number out of range or a text; Conflict("changed_by_other").
    """
    context_id = _own_course(viewer)
    # First, since somebody who is no e-mentor any more has no form to say the rest in.
    if mentor_person_id is not None and not is_mentor_now(mentor_person_id, context_id):
        raise InvalidInput("mentor", "not_named")
    if learners is not None and not _is_cap(learners):
        raise InvalidInput("learners", "out_of_range")
    change = begin_change(viewer, context_id, "cap", now, mentor_person_id)
    caps = get_caps(context_id)
    if caps.said_of(mentor_person_id) == learners:
        return finish_change(change, 0)
    if caps.mark_of(mentor_person_id) != based_on:
        db.session.rollback()
        raise Conflict("changed_by_other")
    row = {"context_id": context_id, "mentor_id": mentor_person_id, "learners": learners}
    db.session.add(MentorCap(**row, set_by_id=viewer.person_id, set_at=now, change_id=change.id))
    return finish_change(change, 0, keep=True)


def get_caps(context_id: int) -> Caps:
    """The newest word that stands on each mentor and on the course."""
    statement = (
        select(MentorCap.mentor_id, MentorCap.learners, MentorCap.id)
        .outerjoin(CaseloadChange, CaseloadChange.id == MentorCap.change_id)
        .where(MentorCap.context_id == context_id, CaseloadChange.undone_at.is_(None))
        .order_by(MentorCap.id)
    )
    rows = db.session.execute(statement).all()
    newest = {row.mentor_id: row.learners for row in rows}
    course = newest.pop(None, None)
    marks = {row.mentor_id: row.id for row in rows}
    return Caps(course, {who: cap for who, cap in newest.items() if who is not None}, marks)


def balance(viewer: Viewer, now: datetime, only_unassigned: bool = True) -> Balanced:
    """Give every active learner of the viewer's course without an e-mentor to one, evenly, within the caps.

    With `only_unassigned` False loads that differ are evened out too, by as few moves as possible. Raises
    AccessDenied for anybody but the trainer; InvalidInput("mentor", "nobody_named").
    """
    context_id = _own_course(viewer)
    change = begin_change(viewer, context_id, "balance", now)
    seats = _list_seats(context_id)
    desks = _list_desks(context_id, seats)
    if not desks:
        finish_change(change, 0)
        raise InvalidInput("mentor", "nobody_named")
    waiting = [seat for seat in seats if seat.mentor_id is None]
    given = share_out(desks, waiting)
    moves = [] if only_unassigned else even_out(desks, _list_movable(seats))
    _end_moved(moves, change)
    pairs = [*given.items(), *((seat.membership_id, mentor_id) for seat, mentor_id in moves)]
    opened = insert_once(Assignment, [_row(change, learner, mentor) for learner, mentor in pairs])
    done = finish_change(change, opened, keep=bool(pairs))
    return Balanced(
        assigned=len(given),
        moved=len(moves),
        remaining=len(waiting) - len(given),
        per_mentor=dict(Counter(mentor_id for _, mentor_id in pairs)),
        undo=done.undo,
    )


def _own_course(viewer: Viewer) -> int:
    if not viewer.is_trainer or viewer.context_id is None:
        raise AccessDenied("course")
    return viewer.context_id


def _is_cap(learners: object) -> bool:
    return isinstance(learners, int) and not isinstance(learners, bool) and 0 <= learners <= CAP_MAX_LEARNERS


def _list_seats(context_id: int) -> list[Seat]:
    """One for each active learner and each of their mentors, in the order in which they were given."""
    levels = _find_worst_alarms(context_id)
    still = is_mentor(Assignment.mentor_id, context_id)
    mentor_id = case((still, Assignment.mentor_id), else_=None).label("mentor_id")
    statement = (
        select(Membership.id, Membership.person_id, mentor_id)
        .outerjoin(Assignment, (Assignment.membership_id == Membership.id) & Assignment.ended_at.is_(None))
        .where(Membership.context_id == context_id)
        .where(Membership.standing == "learner", Membership.status == "active")
        .order_by(Assignment.id, Membership.id)
    )
    return _without_doubles(db.session.execute(statement).all(), levels)


def _without_doubles(rows: Sequence[Row], levels: Mapping[int, str]) -> list[Seat]:
    """A learner with one mentor who still is one here and one who is not has a mentor."""
    looked_after = {row.id for row in rows if row.mentor_id is not None}
    seats: dict[tuple[int, int | None], Seat] = {}
    for row in rows:
        if row.mentor_id is not None or row.id not in looked_after:
            seats[row.id, row.mentor_id] = Seat(row.id, row.person_id, levels.get(row.id, ""), row.mentor_id)
    return list(seats.values())


def _list_movable(seats: Sequence[Seat]) -> list[Seat]:
    """Learners with exactly one mentor; who has several was given so on purpose."""
    mentors = Counter(seat.membership_id for seat in seats)
    return [seat for seat in seats if seat.mentor_id is not None and mentors[seat.membership_id] == 1]


def _list_desks(context_id: int, seats: Sequence[Seat]) -> list[Desk]:
    """The e-mentors of the course, with what they have now."""
    caps = get_caps(context_id)
    desks = {person.id: Desk(person.id, 0, caps.of(person.id)) for person in list_mentors(context_id)}
    for seat in seats:
        if seat.mentor_id in desks:
            desks[seat.mentor_id].take(seat.level)
    return list(desks.values())


def _find_worst_alarms(context_id: int) -> dict[int, str]:
    statement = (
        select(Flag.membership_id, Flag.level)
        .join(Membership, Membership.id == Flag.membership_id)
        .where(Membership.context_id == context_id, Flag.cleared_at.is_(None))
    )
    worst: dict[int, str] = {}
    for membership_id, level in db.session.execute(statement):
        known = worst.get(membership_id)
        if is_alarm(level) and (known is None or level_rank(level) < level_rank(known)):
            worst[membership_id] = level
    return worst


def _end_moved(moves: Sequence[tuple[Seat, int]], change: CaseloadChange) -> None:
    for seat, _ in moves:
        end_assignments(
            (Assignment.membership_id == seat.membership_id) & (Assignment.mentor_id == seat.mentor_id),
            change,
        )


def _row(change: CaseloadChange, membership_id: int, mentor_id: int) -> dict[str, object]:
    return {
        "mentor_id": mentor_id,
        "membership_id": membership_id,
        "assigned_by_id": change.made_by_id,
        "assigned_at": change.made_at,
        "opened_by_change_id": change.id,
    }
