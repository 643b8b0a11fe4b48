"""Setting flags aside: "not a problem" with its reason, or "not now". Appended, and each can be undone.

What a decision still covers is worked out in quieting.py, each time a page is shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.errors import Conflict
from mentor_console.form_checks import check_choice, check_length, clean_text, refuse
from mentor_console.local_days import local_day, start_of_day
from mentor_console.models import Flag, FlagDecision, LearnerAnswer
from mentor_console.ownership import require_doer, undo_of
from mentor_console.quieting import find_covered, note_seen
from mentor_console.support_lines import DecisionLine, Undo
from mentor_console.writes import update_rows

REASONS = (
    "working_offline",
    "known_absence",
    "agreed_with_trainer",
    "already_handled",
    "wrong_data",
    "other",
)

TEXT_MAX_CHARACTERS = 500
SNOOZE_MAX_DAYS = 90
"""Longer than any holiday; who should be left alone for longer has left."""
_SAME_CLICK = timedelta(minutes=1)
"""The same decision about the same flags again within this time is one click that was sent twice."""


def dismiss_flags(
    viewer: Viewer, membership: Membership, *, reason: str, text: str = "", now: datetime
) -> Undo:
    """What is flagged of this learner is no problem; holds for each flag until it clears or gets worse.

    Raises AccessDenied; InvalidInput for reason and text; Conflict("nothing_open") where nothing is flagged
    and the learner has said nothing.
    """
    learner = get_learner(viewer, membership.id)
    said = clean_text(text)
    missing = reason == "other" and not said
    problem = "required" if missing else check_length(said, TEXT_MAX_CHARACTERS)
    refuse({"reason": check_choice(reason, REASONS), "text": problem})
    return _decide(viewer, learner, FlagDecision(action="dismiss", reason=reason, text=said), now)


def snooze(
    viewer: Viewer, membership: Membership, *, until: date | None, now: datetime, zone: tzinfo = UTC
) -> Undo:
    """Not now: until a day begins in `zone`, and in any case only until something new happens.

    New is: a flag that was not there, a worse level, another piece of work, an answer of the learner.
    Raises AccessDenied; InvalidInput for `until`; Conflict("nothing_open").
    """
    learner = get_learner(viewer, membership.id)
    refuse({"until": _check_until(until, local_day(now, zone))})
    until_at = start_of_day(until, zone) if until else None
    return _decide(viewer, learner, FlagDecision(action="snooze", until=until, until_at=until_at), now)


def undo_decision(viewer: Viewer, decision_id: int, now: datetime) -> bool:
    """What was set aside asks again. False = it was undone before.

    Raises AccessDenied for anybody but who decided and the trainer of the course.
    """
    decision = db.session.get(FlagDecision, decision_id)
    if decision is None:
        raise AccessDenied("undo")
    require_doer(viewer, decision.decided_by_id, decision.membership_id)
    statement = (
        update(FlagDecision)
        .where(FlagDecision.id == decision_id, FlagDecision.undone_at.is_(None))
        .values(undone_at=now, undone_by_id=viewer.person_id)
    )
    undone = update_rows(statement) == 1
    db.session.commit()
    return undone


def list_decisions(membership_ids: Collection[int]) -> dict[int, list[FlagDecision]]:
    """The decisions about each learner, newest first, undone ones too, in one query."""
    return _list_where(FlagDecision.membership_id.in_(membership_ids))


def list_standing_decisions(
    membership_ids: Collection[int], since: datetime
) -> dict[int, list[FlagDecision]]:
    """The same without those undone or older than `since`: what stood before that they cannot speak of."""
    return _list_where(
        FlagDecision.membership_id.in_(membership_ids),
        FlagDecision.undone_at.is_(None),
        FlagDecision.decided_at >= since,
    )


def decision_line(
    decision: FlagDecision,
    viewer: Viewer,
    learner: Membership,
    flags: Collection[Flag],
    now: datetime,
    answered_at: datetime | None = None,
) -> DecisionLine:
    """A stored decision as a line; `flags` are the open ones of the learner."""
    undone = decision.undone_at is not None
    undo = undo_of(viewer, learner, "decision", decision.id, decision.decided_by_id)
    return DecisionLine(
        decision_id=decision.id,
        action=decision.action,
        reason=decision.reason,
        text=decision.text,
        until=decision.until,
        decided_at=decision.decided_at,
        by_name=decision.decided_by.display_name,
        rules=tuple(str(item["rule"]) for item in decision.seen),
        is_active=bool(find_covered(decision, flags, now, answered_at=answered_at)),
        taken_back=undone,
        undo=None if undone else undo,
    )


def _list_where(*where: ColumnElement[bool]) -> dict[int, list[FlagDecision]]:
    statement = (
        select(FlagDecision)
        .options(joinedload(FlagDecision.decided_by))
        .where(*where)
        .order_by(FlagDecision.decided_at.desc(), FlagDecision.id.desc())
    )
    found: dict[int, list[FlagDecision]] = defaultdict(list)
    for decision in db.session.scalars(statement):
        found[decision.membership_id].append(decision)
    return found


def _check_until(until: date | None, today: date) -> str | None:
    if until is None:
        return None
    if until <= today:
        return "in_past"
    return "too_far" if until > today + timedelta(days=SNOOZE_MAX_DAYS) else None


def _decide(viewer: Viewer, learner: Membership, decision: FlagDecision, now: datetime) -> Undo:
    flags = _list_open_flags(learner)
    if not flags and not _has_answered(learner):
        raise Conflict("nothing_open")
    decision.seen = note_seen(flags)
    twin = _find_twin(viewer, learner, decision, now)
    if twin is not None:
        return Undo("decision", twin.id)
    decision.membership_id, decision.decided_by_id, decision.decided_at = learner.id, viewer.person_id, now
    db.session.add(decision)
    db.session.commit()
    return Undo("decision", decision.id)


def _list_open_flags(learner: Membership) -> Sequence[Flag]:
    statement = (
        select(Flag).where(Flag.membership_id == learner.id, Flag.cleared_at.is_(None)).order_by(Flag.id)
    )
    return db.session.scalars(statement).all()


def _has_answered(learner: Membership) -> bool:
    statement = select(LearnerAnswer.id).where(
        LearnerAnswer.membership_id == learner.id, LearnerAnswer.withdrawn_at.is_(None)
    )
    return db.session.scalars(statement.limit(1)).first() is not None


def _find_twin(
    viewer: Viewer, learner: Membership, decision: FlagDecision, now: datetime
) -> FlagDecision | None:
    statement = select(FlagDecision).where(
        FlagDecision.membership_id == learner.id,
        FlagDecision.decided_by_id == viewer.person_id,
        FlagDecision.action == decision.action,
        FlagDecision.decided_at > now - _SAME_CLICK,
        FlagDecision.decided_at <= now,
        FlagDecision.undone_at.is_(None),
    )
    same = [row for row in db.session.scalars(statement) if _speaks_of(row) == _speaks_of(decision)]
    return same[0] if same else None


def _speaks_of(decision: FlagDecision) -> tuple[object, ...]:
    return decision.reason or "", decision.text or "", decision.until, decision.seen
