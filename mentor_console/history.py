"""The history of one learner: contacts, flags, tasks, answers and what happened in the course, newest first.

Also how stored flags and contacts become the lines of a page. No sentences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Activity, Membership, Progress
from mentor_console.access import Viewer
from mentor_console.course_zones import zone_of_course
from mentor_console.flags.findings import reason_from_json
from mentor_console.local_days import local_day
from mentor_console.models import Contact, Flag
from mentor_console.ownership import undo_of
from mentor_console.quieting import level_rank
from mentor_console.steps import find_required_ids
from mentor_console.support_lines import (
    AnswerLine,
    ContactLine,
    DecisionLine,
    ExtensionLine,
    FlagLine,
    TaskLine,
)
from mentor_console.timeline import TimelineEntry

TIMELINE_KINDS = ("contact", "flag", "task", "answer", "decision", "course")
_TASK_EVENTS = {"done": "task_done", "dropped": "task_dropped", "open": "task_reopened"}


@dataclass(frozen=True)
class Told:
    """What people did and said, as lines; the course's own events come from the facts."""

    contacts: Sequence[ContactLine] = ()
    flags: Sequence[FlagLine] = ()
    tasks: Sequence[TaskLine] = ()
    answers: Sequence[AnswerLine] = ()
    decisions: Sequence[DecisionLine] = ()
    extensions: Sequence[ExtensionLine] = ()


def flag_line(
    flag: Flag, *, contested: Collection[int] = (), asking: Collection[int] | None = None
) -> FlagLine:
    """A stored flag as a line. Raises FindingFormatError for one that cannot be read.

    `contested` holds the ids the learner calls wrong, `asking` those that belong on an open card (None: all).
    """
    return FlagLine(
        flag_id=flag.id,
        rule=flag.rule,
        level=flag.level,
        kind=flag.kind,
        reasons=tuple(reason_from_json(stored) for stored in flag.reasons),
        clears=tuple(reason_from_json(stored) for stored in flag.clears),
        raised_at=flag.raised_at,
        cleared_at=flag.cleared_at,
        is_contested=flag.id in contested,
        is_set_aside=flag.cleared_at is None and asking is not None and flag.id not in asking,
    )


def contact_line(contact: Contact, viewer: Viewer, learner: Membership) -> ContactLine:
    """A stored contact as a line; of one taken back the summary stays away."""
    taken_back = contact.undone_at is not None
    undo = undo_of(viewer, learner, "contact", contact.id, contact.mentor_id)
    return ContactLine(
        contact_id=contact.id,
        occurred_at=contact.occurred_at,
        kind=contact.kind,
        channel=contact.channel,
        outcome=contact.outcome,
        summary="" if taken_back else contact.summary,
        duration_minutes=contact.duration_minutes,
        mentor_name=contact.mentor.display_name,
        is_own=contact.mentor_id == viewer.person_id,
        taken_back=taken_back,
        undo=None if taken_back else undo,
    )


def list_flags(membership: Membership) -> list[Flag]:
    """All flags of a learner, open and ended."""
    statement = select(Flag).where(Flag.membership_id == membership.id).order_by(Flag.id)
    return list(db.session.scalars(statement))


def list_open_flags(flags: Iterable[FlagLine]) -> tuple[FlagLine, ...]:
    """Those that stand, the most urgent level first."""
    standing = [flag for flag in flags if flag.cleared_at is None]
    return tuple(sorted(standing, key=lambda flag: (level_rank(flag.level), flag.raised_at, flag.flag_id)))


def build_timeline(
    membership: Membership,
    activities: Sequence[Activity],
    progress: Mapping[int, Progress],
    told: Told,
    kinds: Collection[str] | None = None,
) -> tuple[TimelineEntry, ...]:
    """Everything known to have happened, newest first; `kinds` (of TIMELINE_KINDS) None = all."""
    entries = [
        *_told_entries(told),
        *_flag_entries(told.flags),
        *_task_entries(told.tasks),
        *_membership_entries(membership),
        *_work_entries(activities, progress, zone_of_course(membership.context_id)),
    ]
    chosen = [entry for entry in entries if kinds is None or entry.kind in kinds]
    return tuple(sorted(chosen, key=lambda entry: entry.mark, reverse=True))


def _told_entries(told: Told) -> Iterable[TimelineEntry]:
    for contact in told.contacts:
        yield TimelineEntry(at=contact.occurred_at, kind="contact", contact=contact)
    for answer in told.answers:
        yield TimelineEntry(at=answer.given_at, kind="answer", answer=answer)
    for decision in told.decisions:
        yield TimelineEntry(at=decision.decided_at, kind="decision", decision=decision)
    for line in told.extensions:
        yield TimelineEntry(at=line.given_at, kind="decision", extension=line, event="extension_given")
        if line.withdrawn_at is not None:
            yield TimelineEntry(
                at=line.withdrawn_at, kind="decision", extension=line, event="extension_withdrawn"
            )


def _flag_entries(flags: Iterable[FlagLine]) -> Iterable[TimelineEntry]:
    for flag in flags:
        yield TimelineEntry(at=flag.raised_at, kind="flag", flag_raised=flag)
        if flag.cleared_at is not None:
            yield TimelineEntry(at=flag.cleared_at, kind="flag", flag_cleared=flag)


def _task_entries(tasks: Iterable[TaskLine]) -> Iterable[TimelineEntry]:
    for task in tasks:
        yield TimelineEntry(at=task.created_at, kind="task", task=task, event="task_added")
        for end in task.ends:
            then = replace(task, state=end.state, outcome=end.outcome)
            yield TimelineEntry(at=end.at, kind="task", task=then, event=_TASK_EVENTS[end.state])


def _membership_entries(membership: Membership) -> Iterable[TimelineEntry]:
    moments = {
        "enrolled": membership.enrolled_at,
        "last_visit": membership.last_access_at,
        "left": membership.left_at,
    }
    return [TimelineEntry(at=at, event=event) for event, at in moments.items() if at is not None]


def _work_entries(
    activities: Sequence[Activity], progress: Mapping[int, Progress], zone: tzinfo
) -> Iterable[TimelineEntry]:
    required = find_required_ids(activities)
    completed: dict[date, list[tuple[datetime, str]]] = defaultdict(list)
    for activity in activities:
        row = progress.get(activity.id)
        if row is None or not activity.visible:
            continue
        if row.submission == "submitted" and row.submitted_at is not None:
            yield TimelineEntry(at=row.submitted_at, event="handed_in", subject=activity.name)
        elif row.completed_at is not None and activity.id in required:
            completed[local_day(row.completed_at, zone)].append((row.completed_at, activity.name))
        if row.graded_at is not None and row.score_ratio is not None:
            yield TimelineEntry(at=row.graded_at, event="graded", subject=activity.name)
    for steps in completed.values():
        at, name = max(steps)
        yield TimelineEntry(at=at, event="completed", subject=name, count=len(steps))
