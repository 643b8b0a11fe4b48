"""The e-mentor's first page: the caseload of all their courses, ranked by who needs them most.

A constant number of queries whatever the caseload. Who belongs to it is decided in access.py; what was set
aside, in quieting.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from sqlalchemy import and_
from sqlalchemy.orm import contains_eager, joinedload, load_only

from course_sync.database import db
from course_sync.models import Context, Membership, Person
from mentor_console.access import Viewer, visible_learners
from mentor_console.answers import NOTHING_SAID, Said, answer_line, list_standing_answers, sum_up
from mentor_console.cohort_figures import list_weeks
from mentor_console.contacts import NO_CONTACTS, LastContacts, find_last_contacts
from mentor_console.decisions import decision_line, list_standing_decisions
from mentor_console.flags.findings import Reason, reason_from_json
from mentor_console.freshness import freshness_by_context, merge_freshness
from mentor_console.freshness_lines import DataFreshness
from mentor_console.history import contact_line, flag_line
from mentor_console.local_days import end_of_day, local_day
from mentor_console.models import Contact, Flag, FlagDecision, LearnerAnswer, SupportTask
from mentor_console.notes import find_last_notes
from mentor_console.playbooks import suggest
from mentor_console.quieting import (
    find_answered,
    find_covered,
    follow_up_at,
    is_alarm,
    is_paused,
    level_rank,
    list_asking,
    see,
)
from mentor_console.reading_times import find_unread_since, is_read
from mentor_console.screens import Card, QuietLearner, SetAside, Today, WeekActivity
from mentor_console.support_lines import DecisionLine, NoteLine, TaskLine
from mentor_console.tasks import list_open_tasks, task_line

WEEKS_SHOWN = 7
REASONS_SHOWN = 2
CARDS_SHOWN = 7
"""More than this nobody calls in a day; the rest waits, ranked, behind a count."""
LEVELS = ("act", "week", "watch", "praise")
ALARMS = ("act", "week")
_COLUMNS = (
    load_only(
        Membership.context_id,
        Membership.person_id,
        Membership.status,
        Membership.last_access_at,
        Membership.access_as_of,
        Membership.progress_as_of,
        Membership.as_of,
    ),
    contains_eager(Membership.person).load_only(
        Person.name, Person.given_name, Person.family_name, Person.external_id
    ),
    joinedload(Membership.context, innerjoin=True).load_only(
        Context.title, Context.starts_at, Context.organisation_id
    ),
)
"""Only what a card or a line shows: reading all columns of 300 learners takes longer than all the rest."""


@dataclass(frozen=True)
class _Learner:
    """One active learner with everything that decides whether there is a card."""

    membership: Membership
    flags: Sequence[Flag]
    """Open ones, the most urgent first."""
    asking: Sequence[Flag]
    """Those that were neither set aside nor answered by a contact."""
    answered: Collection[int]
    """Ids of the flags that the last contact took up."""
    answers: Sequence[LearnerAnswer]
    said: Said
    decisions: Sequence[FlagDecision]
    contacts: LastContacts

    @property
    def last_contact(self) -> Contact | None:
        return self.contacts.newest

    @property
    def has_card(self) -> bool:
        return bool(self.asking) or self.said.is_news

    @property
    def level(self) -> str:
        """ "" where the card is there for an answer alone."""
        return self.asking[0].level if self.asking else ""

    @property
    def is_good_news(self) -> bool:
        return self.level == "praise" and not self.said.is_news


@dataclass(frozen=True)
class _Surroundings:
    """What the shown cards need beside that, read once for all of them."""

    viewer: Viewer
    now: datetime
    zone: tzinfo
    weeks: Mapping[int, tuple[WeekActivity, ...]]
    freshness: Mapping[int, DataFreshness]
    notes: Mapping[int, NoteLine]
    tasks: Mapping[int, int]


def get_today(viewer: Viewer, now: datetime, *, zone: tzinfo = UTC, limit: int | None = CARDS_SHOWN) -> Today:
    """Cards for learners who ask for somebody, names for the others. Empty for a viewer without caseload.

    `zone` says which day it is for tasks and for a contact's follow-up; `limit` None = every card.
    """
    flags = _list_caseload(viewer)
    active = [membership for membership in flags if membership.status == "active"]
    learners = _gather({membership: flags[membership] for membership in active}, now, zone)
    cards = sorted((learner for learner in learners if learner.has_card), key=_rank)
    shown = _choose(cards, limit)
    tasks = list_open_tasks([membership.id for membership in active])
    around = _read_surroundings(viewer, flags, shown, tasks, now, zone)
    lines = _list_tasks(tasks, active, viewer, now, zone)
    due = tuple(line for line in lines if line.is_overdue or line.is_due_today)
    aside = [learner for learner in learners if not learner.has_card and _is_aside(learner, now)]
    others = [item.membership for item in learners if not item.has_card and not _is_aside(item, now)]
    quiet = _quiet_learners(others, around)
    back = [item.membership for item in aside if _comes_back(item, now, zone)]
    return Today(
        cards=tuple(_card(learner, around) for learner in shown),
        quiet=tuple(line for line in quiet if line.is_read),
        unread=tuple(line for line in quiet if not line.is_read),
        counts=_count(cards, due),
        needed=sum(card.level in ALARMS or card.said.awaits_reply for card in cards),
        freshness=merge_freshness(around.freshness.values()),
        caseload_size=len(active),
        departed=_quiet_learners((person for person in flags if person.status != "active"), around),
        waiting=len(cards) - len(shown),
        due_tasks=due,
        set_aside=_set_aside(aside, around),
        due_tomorrow=tuple(line for line in lines if line.due_on == _tomorrow(now, zone)),
        back_tomorrow=_quiet_learners(back, around),
    )


def _list_caseload(viewer: Viewer) -> dict[Membership, list[Flag]]:
    """Who is looked after, with open flags; without the part of trainer, which would show a whole course."""
    caseload = replace(viewer, is_trainer=False)
    statement = (
        visible_learners(caseload)
        .outerjoin(Flag, and_(Flag.membership_id == Membership.id, Flag.cleared_at.is_(None)))
        .add_columns(Flag)
        .options(*_COLUMNS)
        .order_by(Membership.id, Flag.urgency.desc(), Flag.id)
    )
    found: dict[Membership, list[Flag]] = defaultdict(list)
    for membership, flag in db.session.execute(statement):
        found[membership].extend([flag] if flag is not None else [])
    for flags in found.values():
        flags.sort(key=lambda flag: level_rank(flag.level))
    return found


def _gather(flags: Mapping[Membership, Sequence[Flag]], now: datetime, zone: tzinfo) -> list[_Learner]:
    answers = list_standing_answers([membership.id for membership in flags])
    concerned = [item.id for item in flags if flags[item] or item.id in answers]
    contacts = find_last_contacts(concerned)
    decisions = list_standing_decisions(concerned, _oldest(flags, answers, now))
    return [
        _learner(
            item,
            flags[item],
            answers.get(item.id, ()),
            decisions,
            contacts.get(item.id, NO_CONTACTS),
            now,
            zone,
        )
        for item in flags
    ]


def _oldest(
    flags: Mapping[Membership, Sequence[Flag]], answers: Mapping[int, Sequence[LearnerAnswer]], now: datetime
) -> datetime:
    """No decision before this can be about anything that stands."""
    raised = (flag.raised_at for standing in flags.values() for flag in standing)
    given = (answer.given_at for said in answers.values() for answer in said)
    return min((*raised, *given), default=now)


def _learner(
    membership: Membership,
    flags: Sequence[Flag],
    answers: Sequence[LearnerAnswer],
    all_decisions: Mapping[int, Sequence[FlagDecision]],
    contacts: LastContacts,
    now: datetime,
    zone: tzinfo,
) -> _Learner:
    decisions = all_decisions.get(membership.id, ())
    said = NOTHING_SAID
    if answers:
        seen_id = max((decision.seen_answer_id for decision in decisions), default=0)
        said = sum_up(answers, contacts.reply, seen_id, now)
    answered = find_answered(contacts.newest, flags, now, zone)
    asking = list_asking(
        flags,
        decisions,
        now,
        answer_id=said.newest_id,
        paused_until=said.paused_until,
        answered=answered,
    )
    return _Learner(membership, flags, asking, answered, answers, said, decisions, contacts)


def _rank(learner: _Learner) -> tuple[bool, float, int, float, str, int]:
    """Who waits for a reply first, the longest wait foremost; then level and urgency; then names."""
    said, person = learner.said, learner.membership.person
    waits_since = said.waits_since.timestamp() if said.waits_since else 0.0
    return (
        not said.awaits_reply,
        waits_since,
        level_rank(learner.level or "watch"),
        -max((flag.urgency for flag in learner.asking), default=0.0),
        person.display_name.casefold(),
        learner.membership.id,
    )


def _choose(cards: Sequence[_Learner], limit: int | None) -> list[_Learner]:
    """The first `limit`, with a place kept for good news: a day should not be alarms alone."""
    if limit is None or len(cards) <= limit:
        return list(cards)
    good = [card for card in cards if card.is_good_news]
    others = [card for card in cards if not card.is_good_news]
    shown = others[: limit - 1 if good else limit]
    return shown + good[: limit - len(shown)]


def _read_surroundings(
    viewer: Viewer,
    caseload: Collection[Membership],
    shown: Sequence[_Learner],
    tasks: Iterable[SupportTask],
    now: datetime,
    zone: tzinfo,
) -> _Surroundings:
    contexts = {membership.context_id: membership.context for membership in caseload}
    # Without anybody to look after, the page still says how fresh the course is.
    course_ids = sorted(contexts) or [one for one in (viewer.context_id,) if one is not None]
    ids = [learner.membership.id for learner in shown]
    return _Surroundings(
        viewer=viewer,
        now=now,
        zone=zone,
        weeks=list_weeks(contexts.values(), ids, now, weeks=WEEKS_SHOWN),
        freshness=freshness_by_context(course_ids, viewer.person_id),
        notes=find_last_notes(viewer, ids),
        tasks=Counter(task.membership_id for task in tasks),
    )


def _card(learner: _Learner, around: _Surroundings) -> Card:
    membership, said, asking = learner.membership, learner.said, learner.asking
    reasons = _order_reasons(asking)
    contact, now = learner.last_contact, around.now
    return Card(
        membership_id=membership.id,
        name=membership.person.display_name,
        short_name=membership.person.short_name,
        course_title=membership.context.title,
        level=learner.level,
        kind=asking[0].kind if asking else "",
        reasons=tuple(reasons[:REASONS_SHOWN]),
        more_reasons=max(0, len(reasons) - REASONS_SHOWN),
        weeks=around.weeks.get(membership.id, ()),
        last_contact=contact_line(contact, around.viewer, membership) if contact else None,
        as_of=_as_of(membership, around.freshness[membership.context_id]),
        answer=answer_line(said.answer, learner.contacts.reply, now) if said.answer else None,
        more_answers=said.more,
        awaits_reply=said.awaits_reply,
        is_contested=any(flag.id in said.contested_flag_ids for flag in asking),
        playbooks=suggest([flag_line(flag) for flag in asking], [said.answer.kind] if said.answer else []),
        tasks_open=around.tasks.get(membership.id, 0),
        note=around.notes.get(membership.id),
        seen=str(see(learner.flags, said.newest_id)),
    )


def _order_reasons(flags: Sequence[Flag]) -> list[Reason]:
    """Each flag's first reason before anybody's second: two rules say more than two details of one."""
    ordered = [(place, stored) for flag in flags for place, stored in enumerate(flag.reasons)]
    return [reason_from_json(stored) for _, stored in sorted(ordered, key=lambda item: item[0])]


def _as_of(membership: Membership, freshness: DataFreshness) -> datetime | None:
    """Visits of one learner may have been read longer ago than those of others."""
    moments = (freshness.as_of, membership.access_as_of)
    return min((moment for moment in moments if moment is not None), default=membership.as_of)


def _quiet_learners(learners: Iterable[Membership], around: _Surroundings) -> tuple[QuietLearner, ...]:
    lines = [_quiet_learner(item, around.freshness[item.context_id].visits_at) for item in learners]
    return tuple(sorted(lines, key=lambda line: (line.name.casefold(), line.membership_id)))


def _quiet_learner(membership: Membership, visits_read_at: datetime | None) -> QuietLearner:
    return QuietLearner(
        membership_id=membership.id,
        name=membership.person.display_name,
        course_title=membership.context.title,
        last_access_at=membership.last_access_at,
        access_known=membership.access_as_of is not None,
        is_read=is_read(membership, visits_read_at),
        unread_since=find_unread_since(membership, visits_read_at),
    )


def _is_aside(learner: _Learner, now: datetime) -> bool:
    """No card although something stands: somebody decided or was in touch, or the learner is away."""
    stands = any(is_alarm(flag.level) or flag.id not in learner.answered for flag in learner.flags)
    return stands or is_paused(learner.said.paused_until, now)


def _comes_back(learner: _Learner, now: datetime, zone: tzinfo) -> bool:
    """Whether there is a card by the end of tomorrow, if nothing happens until then."""
    then = end_of_day(_tomorrow(now, zone), zone) - timedelta(seconds=1)
    decisions = {learner.membership.id: learner.decisions}
    later = (learner.membership, learner.flags, learner.answers, decisions, learner.contacts, then, zone)
    return _learner(*later).has_card


def _tomorrow(now: datetime, zone: tzinfo) -> date:
    return local_day(now, zone) + timedelta(days=1)


def _set_aside(learners: Iterable[_Learner], around: _Surroundings) -> tuple[SetAside, ...]:
    lines = [
        SetAside(
            membership_id=learner.membership.id,
            name=learner.membership.person.display_name,
            course_title=learner.membership.context.title,
            decision=_find_decision(learner, around),
            paused_until=learner.said.paused_until,
            follow_up_at=_find_follow_up(learner, around),
        )
        for learner in learners
    ]
    return tuple(sorted(lines, key=lambda line: (line.name.casefold(), line.membership_id)))


def _find_follow_up(learner: _Learner, around: _Surroundings) -> datetime | None:
    is_answered = any(is_alarm(flag.level) and flag.id in learner.answered for flag in learner.flags)
    return follow_up_at(learner.last_contact, around.zone) if is_answered and learner.last_contact else None


def _find_decision(learner: _Learner, around: _Surroundings) -> DecisionLine | None:
    """The newest decision that covers something."""
    answer_id, flags = learner.said.newest_id, learner.flags
    for decision in learner.decisions:
        if find_covered(decision, flags, around.now, answer_id=answer_id):
            return decision_line(decision, around.viewer, learner.membership, flags, around.now, answer_id)
    return None


def _list_tasks(
    tasks: Iterable[SupportTask],
    learners: Iterable[Membership],
    viewer: Viewer,
    now: datetime,
    zone: tzinfo,
) -> list[TaskLine]:
    """Those due by tomorrow; of the others only the number is shown."""
    by_id, last = {membership.id: membership for membership in learners}, _tomorrow(now, zone)
    near = [task for task in tasks if task.due_on is not None and task.due_on <= last]
    return [task_line(task, viewer, by_id[task.membership_id], now, zone=zone) for task in near]


def _count(cards: Sequence[_Learner], due: Sequence[TaskLine]) -> dict[str, int]:
    worst = Counter(card.level for card in cards)
    return {
        **{level: worst[level] for level in LEVELS},
        "awaiting_reply": sum(card.said.awaits_reply for card in cards),
        "tasks_due": sum(line.is_due_today for line in due),
        "overdue": sum(line.is_overdue for line in due),
    }
