"""What learners say to what is known of them, or ask for, from their own page; and what it means for mentors.

Appended; only the learner takes an answer back. An absence pauses alarms until its last day is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer, get_own_membership
from mentor_console.errors import Conflict
from mentor_console.form_checks import check_choice, check_key, check_length, clean_text, refuse
from mentor_console.local_days import end_of_day, local_day
from mentor_console.models import Contact, Flag, LearnerAnswer
from mentor_console.support_lines import AnswerLine
from mentor_console.writes import insert_once, is_as_sent, update_rows

KINDS = ("ill_until", "working_offline", "need_help", "this_is_wrong")
ASKING = ("need_help", "this_is_wrong")
"""Kinds that wait for a reply; the others only tell."""
PAUSING = ("ill_until", "working_offline")
FACTS = (
    "last_access",
    "active_days",
    "steps_done",
    "submissions",
    "grades",
    "groups",
    "enrolment",
    "identity",
)
"""What of KnownFact.what can be called wrong."""

TEXT_MAX_CHARACTERS = 2000
PAUSE_MAX_DAYS = 90
OPEN_PAUSE_DAYS = 7
"""Working offline without a date: long enough to be left in peace, short enough not to be forgotten."""


@dataclass(frozen=True)
class Said:
    """What a learner's answers come to at one moment."""

    answer: LearnerAnswer | None
    """The one to show: it waits for a reply, or else still holds."""
    waits_since: datetime | None
    """When the oldest question was asked that waits for a reply; None = none waits."""
    more: int
    """How many others there are like the one to show."""
    is_news: bool
    """Nobody has done anything since an answer that still holds: it belongs on an open card."""
    newest_id: int
    """Of the newest answer that was not withdrawn, an absence that is over too; 0 = nothing was said."""
    paused_until: datetime | None
    contested_flag_ids: frozenset[int]

    @property
    def awaits_reply(self) -> bool:
        return self.waits_since is not None


NOTHING_SAID = Said(None, None, 0, False, 0, None, frozenset())


def give_answer(
    viewer: Viewer,
    *,
    kind: str,
    text: str = "",
    until: date | None = None,
    flag_id: int | None = None,
    fact: str = "",
    request_key: str,
    now: datetime,
    zone: tzinfo = UTC,
) -> LearnerAnswer:
    """Say something on the viewer's own page; the same form sent twice is one answer.

    `until` is the last day it holds, in `zone`. Raises AccessDenied for anybody but a learner; InvalidInput
    with every problem at once; Conflict("request_key_used") for a form that said something else before, or
    was taken back.
    """
    own = get_own_membership(viewer)
    said = clean_text(text)
    refuse(
        {
            "kind": check_choice(kind, KINDS),
            "text": check_length(said, TEXT_MAX_CHARACTERS, required=kind in ASKING),
            "until": _check_until(kind, until, local_day(now, zone)),
            **_check_subject(own, kind, flag_id, fact),
            "request_key": check_key(request_key),
        }
    )
    row = {
        "membership_id": own.id,
        "kind": kind,
        "text": said,
        "until": until if kind in PAUSING else None,
        "flag_id": flag_id if kind == "this_is_wrong" else None,
        "fact": fact if kind == "this_is_wrong" else "",
    }
    moments = {"given_at": now, "until_at": _pause_end(kind, until, now, zone)}
    insert_once(LearnerAnswer, [{**row, **moments, "request_key": request_key}])
    db.session.commit()
    return _get_given(request_key, row)


def withdraw_answer(viewer: Viewer, answer_id: int, now: datetime) -> bool:
    """Take an own answer back. False = it was before. Raises AccessDenied for anybody else's."""
    own = get_own_membership(viewer)
    answer = db.session.get(LearnerAnswer, answer_id)
    if answer is None or answer.membership_id != own.id:
        raise AccessDenied("answer")
    statement = (
        update(LearnerAnswer)
        .where(LearnerAnswer.id == answer_id, LearnerAnswer.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    withdrawn = update_rows(statement) == 1
    db.session.commit()
    return withdrawn


def list_answers(membership_ids: Collection[int]) -> dict[int, list[LearnerAnswer]]:
    """Everything each learner said, newest first, withdrawn answers too, in one query."""
    return _list_where(LearnerAnswer.membership_id.in_(membership_ids))


def list_standing_answers(membership_ids: Collection[int]) -> dict[int, list[LearnerAnswer]]:
    """The same without what was withdrawn.

    An absence that is over stays: that it was said has ended a snooze for good.
    """
    return _list_where(LearnerAnswer.membership_id.in_(membership_ids), LearnerAnswer.withdrawn_at.is_(None))


def list_questions(membership_ids: Collection[int]) -> dict[int, list[LearnerAnswer]]:
    """What each learner asks for and has not withdrawn, newest first, answered or not."""
    asks = LearnerAnswer.kind.in_(ASKING)
    return _list_where(
        LearnerAnswer.membership_id.in_(membership_ids), LearnerAnswer.withdrawn_at.is_(None), asks
    )


def _list_where(*where: ColumnElement[bool]) -> dict[int, list[LearnerAnswer]]:
    statement = (
        select(LearnerAnswer).where(*where).order_by(LearnerAnswer.given_at.desc(), LearnerAnswer.id.desc())
    )
    found: dict[int, list[LearnerAnswer]] = defaultdict(list)
    for answer in db.session.scalars(statement):
        found[answer.membership_id].append(answer)
    return found


def find_absences(context_id: int, now: datetime) -> dict[int, tuple[tuple[datetime, datetime], ...]]:
    """(told at, until) of each absence told in a course up to `now`, also of those that are over; what was
    withdrawn is none."""
    statement = (
        select(LearnerAnswer.membership_id, LearnerAnswer.given_at, LearnerAnswer.until_at)
        .join(Membership, Membership.id == LearnerAnswer.membership_id)
        .where(Membership.context_id == context_id, LearnerAnswer.withdrawn_at.is_(None))
        .where(LearnerAnswer.given_at <= now)
        .order_by(LearnerAnswer.given_at, LearnerAnswer.id)
    )
    found: dict[int, tuple[tuple[datetime, datetime], ...]] = {}
    for key, given_at, until_at in db.session.execute(statement):
        if until_at is not None:
            found[key] = (*found.get(key, ()), (given_at, until_at))
    return found


def sum_up(
    answers: Iterable[LearnerAnswer],
    last_reply: Contact | None,
    seen_id: int,
    now: datetime,
) -> Said:
    """What the answers of one learner come to; absences that are over pause nothing any more.

    `last_reply` is LastContacts.reply. `seen_id` is the newest answer that somebody knew who set the flags
    aside; 0 = none.
    """
    kept = [answer for answer in answers if answer.withdrawn_at is None]
    standing = [answer for answer in kept if not _is_past(answer, now)]
    asking = [answer for answer in standing if awaits_reply(answer, last_reply)]
    away = [answer for answer in standing if _is_away(answer, now)]
    shown = asking or away
    told = [answer for answer in away if _is_unseen(answer, last_reply, seen_id)]
    return Said(
        answer=max(shown, key=lambda answer: (answer.given_at, answer.id)) if shown else None,
        waits_since=min((answer.given_at for answer in asking), default=None),
        more=max(0, len(shown) - 1),
        is_news=bool(asking or told),
        newest_id=max((answer.id for answer in kept), default=0),
        paused_until=max((answer.until_at for answer in away if answer.until_at), default=None),
        contested_flag_ids=frozenset(answer.flag_id for answer in standing if answer.flag_id is not None),
    )


def awaits_reply(answer: LearnerAnswer, last_reply: Contact | None) -> bool:
    """Whether it asks for something and nobody has replied since."""
    if answer.withdrawn_at is not None or answer.kind not in ASKING:
        return False
    return not _came_after(last_reply, answer)


def answer_line(answer: LearnerAnswer, last_reply: Contact | None, now: datetime) -> AnswerLine:
    """A stored answer as a line."""
    return AnswerLine(
        answer_id=answer.id,
        kind=answer.kind,
        text=answer.text,
        until=answer.until,
        flag_id=answer.flag_id,
        fact=answer.fact,
        given_at=answer.given_at,
        awaits_reply=awaits_reply(answer, last_reply),
        is_active=answer.withdrawn_at is None and not _is_past(answer, now),
        withdrawn=answer.withdrawn_at is not None,
    )


def _came_after(reply: Contact | None, answer: LearnerAnswer) -> bool:
    """Whether the learner was reached, or written to, since.

    Forms know minutes only, so a contact of the same minute counts if it was logged afterwards.
    """
    if reply is None or reply.recorded_at < answer.given_at:
        return False
    return reply.occurred_at >= answer.given_at.replace(second=0, microsecond=0)


def _is_away(answer: LearnerAnswer, now: datetime) -> bool:
    return answer.until_at is not None and answer.until_at > now


def _is_past(answer: LearnerAnswer, now: datetime) -> bool:
    return answer.until_at is not None and answer.until_at <= now


def _is_unseen(answer: LearnerAnswer, last_reply: Contact | None, seen_id: int) -> bool:
    return answer.id > seen_id and not _came_after(last_reply, answer)


def _check_until(kind: str, until: date | None, today: date) -> str | None:
    if kind not in PAUSING:
        return None
    if until is None:
        return "required" if kind == "ill_until" else None
    if until < today:
        return "in_past"
    return "too_far" if until > today + timedelta(days=PAUSE_MAX_DAYS) else None


def _check_subject(own: Membership, kind: str, flag_id: int | None, fact: str) -> dict[str, str | None]:
    if kind != "this_is_wrong":
        return {}
    if flag_id is None:
        return {"fact" if fact else "flag": check_choice(fact, FACTS)}
    flag = db.session.get(Flag, flag_id)
    return {"flag": None if flag is not None and flag.membership_id == own.id else "unknown"}


def _pause_end(kind: str, until: date | None, now: datetime, zone: tzinfo) -> datetime | None:
    if kind not in PAUSING:
        return None
    return end_of_day(until, zone) if until else now + timedelta(days=OPEN_PAUSE_DAYS)


def _get_given(request_key: str, sent: Mapping[str, Any]) -> LearnerAnswer:
    statement = select(LearnerAnswer).where(LearnerAnswer.request_key == request_key)
    answer = db.session.scalars(statement).one()
    if answer.withdrawn_at is not None or not is_as_sent(answer, sent):
        raise Conflict("request_key_used")
    return answer


def list_lines(
    answers: Sequence[LearnerAnswer], last_reply: Contact | None, now: datetime
) -> tuple[AnswerLine, ...]:
    """Stored answers of one learner as lines, in the order given."""
    return tuple(answer_line(answer, last_reply, now) for answer in answers)
