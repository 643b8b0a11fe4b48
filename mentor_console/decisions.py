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
from mentor_console.answers import Said, list_standing_answers, sum_up
from mentor_console.contacts import NO_CONTACTS, find_last_contacts
from mentor_console.errors import Conflict, NewsSince
from mentor_console.form_checks import check_choice, check_length, clean_text, refuse
from mentor_console.local_days import local_day, start_of_day
from mentor_console.models import Flag, FlagDecision, LearnerAnswer
from mentor_console.ownership import require_doer, undo_of
from mentor_console.quieting import Seen, find_covered, is_news, note_seen, see
from mentor_console.support_lines import DecisionLine, Undo
from mentor_console.writes import SAME_CLICK, update_rows

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


def dismiss_flags(
    viewer: Viewer,
    membership: Membership,
    *,
    reason: str,
    text: str = "",
    seen: Seen | None = None,
    now: datetime,
) -> Undo:
    """What is flagged of this learner is no problem; holds for each flag until it clears or gets worse.

    `seen` is what the page showed, None = what stands now. Raises AccessDenied; InvalidInput for reason and
    text; NewsSince where more has come up than was seen; Conflict("nothing_open") where nothing is flagged
    and the learner has said nothing, Conflict("awaits_reply") where only a reply is left to do.
    """
    learner = get_learner(viewer, membership.id)
    said = clean_text(text)
    missing = reason == "other" and not said
    problem = "required" if missing else check_length(said, TEXT_MAX_CHARACTERS)
    refuse({"reason": check_choice(reason, REASONS), "text": problem})
    return _decide(viewer, learner, FlagDecision(action="dismiss", reason=reason, text=said), seen, now)


def snooze(
    viewer: Viewer,
    membership: Membership,
    *,
    until: date | None,
    seen: Seen | None = None,
    now: datetime,
    zone: tzinfo = UTC,
) -> Undo:
    """Not now: until a day begins in `zone`, and in any case only until something new happens.

    New is: a flag that was not there, a worse level, another piece of work, an answer of the learner.
    Raises AccessDenied; InvalidInput for `until`; NewsSince and Conflict as for `dismiss_flags`.
    """
    learner = get_learner(viewer, membership.id)
    refuse({"until": _check_until(until, local_day(now, zone))})
    until_at = start_of_day(until, zone) if until else None
    return _decide(viewer, learner, FlagDecision(action="snooze", until=until, until_at=until_at), seen, now)


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
    answer_id: int = 0,
) -> DecisionLine:
    """A stored decision as a line; `flags` are the learner's open ones, `answer_id` their newest answer."""
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
        is_active=bool(find_covered(decision, flags, now, answer_id=answer_id)),
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


def _decide(
    viewer: Viewer, learner: Membership, decision: FlagDecision, seen: Seen | None, now: datetime
) -> Undo:
    """The decision keeps what was seen: what is committed beside it meanwhile is news to it all the same."""
    flags = _list_open_flags(learner)
    answers = list_standing_answers([learner.id]).get(learner.id, [])
    if not flags and not answers:
        raise Conflict("nothing_open")
    known = seen or see(flags, max((answer.id for answer in answers), default=0))
    _refuse_news(known, flags, answers)
    decision.seen = note_seen(flag for flag in flags if flag.id in known.flags)
    decision.seen_answer_id = max((answer.id for answer in answers), default=0)
    if not flags and _only_waits(_sum_up(learner, answers, now)):
        raise Conflict("awaits_reply")
    decision.membership_id, decision.decided_by_id, decision.decided_at = learner.id, viewer.person_id, now
    _wait_for_others(learner)
    made = _find_twin(viewer, learner, decision, now) or decision
    db.session.add(made)
    db.session.commit()
    return Undo("decision", made.id)


def _wait_for_others(learner: Membership) -> None:
    """Let no other decision about the learner in before the commit: of one click sent twice the later copy is
    to find the earlier. An UPDATE that changes nothing locks the row, on SQLite the one place for writers.
    """
    update_rows(update(Membership).where(Membership.id == learner.id).values(standing=Membership.standing))


def _list_open_flags(learner: Membership) -> Sequence[Flag]:
    statement = (
        select(Flag).where(Flag.membership_id == learner.id, Flag.cleared_at.is_(None)).order_by(Flag.id)
    )
    return db.session.scalars(statement).all()


def _refuse_news(seen: Seen, flags: Sequence[Flag], answers: Sequence[LearnerAnswer]) -> None:
    news = [flag.id for flag in flags if is_news(flag, seen.flags.get(flag.id))]
    said = [answer.id for answer in answers if answer.id > seen.answer_id]
    if news or said:
        raise NewsSince(news, said)


def awaits_reply(learner: Membership, now: datetime) -> bool:
    """Whether the learner's card stays open, whatever is decided, because an answer waits for a reply."""
    answers = list_standing_answers([learner.id]).get(learner.id, [])
    return _sum_up(learner, answers, now).awaits_reply


def _sum_up(learner: Membership, answers: Sequence[LearnerAnswer], now: datetime) -> Said:
    return sum_up(answers, find_last_contacts([learner.id]).get(learner.id, NO_CONTACTS).reply, 0, now)


def _only_waits(said: Said) -> bool:
    """Nothing but a reply is left to do: no decision would change a card."""
    return said.awaits_reply and said.paused_until is None


def _find_twin(
    viewer: Viewer, learner: Membership, decision: FlagDecision, now: datetime
) -> FlagDecision | None:
    statement = select(FlagDecision).where(
        FlagDecision.membership_id == learner.id,
        FlagDecision.decided_by_id == viewer.person_id,
        FlagDecision.action == decision.action,
        FlagDecision.decided_at > now - SAME_CLICK,
        FlagDecision.decided_at < now + SAME_CLICK,  # the copy may have been faster
        FlagDecision.undone_at.is_(None),
    )
    same = [row for row in db.session.scalars(statement) if _speaks_of(row) == _speaks_of(decision)]
    return same[0] if same else None


def _speaks_of(decision: FlagDecision) -> tuple[object, ...]:
    seen = decision.seen, decision.seen_answer_id
    return decision.reason or "", decision.text or "", decision.until, *seen
