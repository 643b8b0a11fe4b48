"""A course in the middle of its term: flags by the rules, and what people did about them in weeks of work.

Every eighth learner or so has said something, was set aside, has tasks and notes; the same for any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert, select

from course_sync.database import db
from course_sync.models import Activity, Membership, Person, Progress
from mentor_console import answers, decisions
from mentor_console.flagging import refresh_flags
from mentor_console.models import (
    AccessRequest,
    CourseBreak,
    Extension,
    LearnerAnswer,
    PrivateNote,
    SupportTask,
    TaskChange,
)
from tests.integration.console_world import NOW, World, days_ago, viewer_for

ACTIVITIES = 40
"""On every second day, from before NOW to after it."""
MORE_TIME_DAYS = 40
"""From NOW until the deadlines given by hand, which are after those of the platform."""
GIVEN_NAMES = ("Amélie", "Jean-Baptiste", "Zoë & Co", "Nour", 'Ann "Nan"', "Bartholomäus-Maximilian", "Li")
FAMILY_NAMES = ("Rousseau", "van der Meer-Abendrothsohn", "Ødegård", "O’Neil", "Ng", "Ünsal")
UNBROKEN = 6
"""Which learner has a name as long as the column holds, without a place to break."""
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff".ljust(300, "x")
LONG_TITLE = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
KINDS = ("social", "methodological", "educational", "technical")


@dataclass(frozen=True)
class BusyCourse:
    """The world and who is who in it; ids outlive the database session."""

    world: World
    course_id: int
    platform_id: int
    mentor_id: int
    trainer_id: int
    learner_ids: tuple[int, ...]
    """Memberships, all of the one mentor."""
    person_ids: tuple[int, ...]
    """The same people."""
    asker_id: int
    """Person who waits to be let in."""
    task_id: int
    """An open task of the first learner; 0 = there is none."""
    activity_id: int
    extended_id: int
    """The activity for which the sixth learner has more time, given by hand."""
    extension_id: int
    """That gift; 0 = there is none."""


def fill(learners: int, numbers: Iterator[int] | None = None, activity_count: int = ACTIVITIES) -> BusyCourse:
    """One course with so many learners, a third of them flagged by the rules, all of one mentor.

    Several courses in one database count their rows with the same `numbers`.
    """
    world = World(numbers or count(1))
    world.course.title = LONG_TITLE if learners > UNBROKEN else world.course.title
    activities = [
        world.make_activity(
            accepts_submission=number % 8 == 0,
            due_at=days_ago(40 - number * 80 / activity_count),
            name=f"{number + 1}. Reading and exercise about the things of this week",
        )
        for number in range(activity_count)
    ]
    members = [_enrol(world, number, activities) for number in range(learners)]
    mentor = world.make_mentor(*members, name="Mireille Dupont-Lacroix", given_name="Mireille")
    world.make_mentor(name=LONG_NAME, given_name=LONG_NAME[:150])
    trainer = world.make_member(standing="staff", name="Théo Trainer").person_id
    db.session.commit()
    refresh_flags(world.course.id, NOW)
    asker = world.make_person(name="Vera Visitor")
    _work_on(world, members, activities, mentor)
    _rest(world, trainer, asker)
    db.session.commit()
    return BusyCourse(
        world=world,
        course_id=world.course.id,
        platform_id=world.platform.id,
        mentor_id=mentor.id,
        trainer_id=trainer,
        learner_ids=tuple(member.id for member in members),
        person_ids=tuple(member.person_id for member in members),
        asker_id=asker.id,
        task_id=_find_task(members[:1]),
        activity_id=activities[-1].id,
        extended_id=activities[-8].id,
        extension_id=_find_extension(members[5:6]),
    )


def _find_task(members: Sequence[Membership]) -> int:
    tasks = select(SupportTask.id).where(
        SupportTask.membership_id.in_([member.id for member in members]), SupportTask.state == "open"
    )
    return db.session.scalars(tasks).first() or 0


def _find_extension(members: Sequence[Membership]) -> int:
    given = select(Extension.id).where(Extension.membership_id.in_([member.id for member in members]))
    return db.session.scalars(given).first() or 0


def _enrol(world: World, number: int, activities: Sequence[Activity]) -> Membership:
    """Every third has been silent for three weeks; of those who left or rest there are few."""
    away = 21 if number % 3 == 0 else 1
    given, family = GIVEN_NAMES[number % len(GIVEN_NAMES)], FAMILY_NAMES[number % len(FAMILY_NAMES)]
    names = {"name": f"{given} {family} {number + 1}", "given_name": given, "family_name": family}
    if number == UNBROKEN:
        names = {"name": LONG_NAME, "given_name": LONG_NAME[:150], "family_name": LONG_NAME[150:]}
    person = world.make_person(
        **names,
        email=f"learner.{number + 1}+a&b@example.org",
    )
    status = {29: "suspended", 28: "left"}.get(number % 30, "active")
    member = world.make_member(person=person, last_access_days=away, status=status, groups=[f"G{number % 5}"])
    world.be_active_daily(member, until_days_ago=away)
    done = {"completion": "complete", "completion_source": "moodle", "completed_at": days_ago(5)}
    rows = [
        {**done, "membership_id": member.id, "activity_id": activity.id}
        for activity in activities[: 10 + number % 20]
    ]
    db.session.execute(insert(Progress), rows)
    return member


def _work_on(
    world: World, members: Sequence[Membership], activities: Sequence[Activity], mentor: Person
) -> None:
    for number, member in enumerate(members):
        for back in range(number % 5):
            world.log_contact(member, mentor, occurred_at=days_ago(3 + 6 * back), kind=KINDS[back])
        if number % 4 == 0:
            _set_tasks(member, mentor, number)
        if number % 5 == 0:
            _add(
                PrivateNote, member, author_id=mentor.id, text="Prefers the evening.", written_at=days_ago(4)
            )
        if number % 8 == 1:
            _say(member, number)
        if number % 9 == 3:
            _set_aside(world, member, mentor, number)
        if number % 16 == 5:
            _extend(member, activities[-8], mentor)


def _set_tasks(member: Membership, mentor: Person, number: int) -> None:
    """One that is open, due around today, and one that is done."""
    made = {"created_by_id": mentor.id, "created_at": days_ago(6), "updated_at": days_ago(2)}
    due = NOW.date() + timedelta(days=number % 20 - 3)
    task = {"kind": KINDS[number % 4], "due_on": due, "shared": number % 8 == 0, **made}
    done = {"state": "done", "outcome": "It helped."}
    for values in ({"title": "Agree on two hours a week"}, {"title": "Ring in the evening", **done}):
        row = _add(SupportTask, member, **{**task, **values})
        db.session.add(TaskChange(task_id=row.id, version=1, changed_by_id=mentor.id, changed_at=days_ago(6)))


def _say(member: Membership, number: int) -> None:
    """Each kind of answer in turn."""
    kind = answers.KINDS[number // 8 % len(answers.KINDS)]
    until = NOW + timedelta(days=6) if kind in ("ill_until", "working_offline") else None
    given: dict[str, Any] = {
        "kind": kind,
        "given_at": days_ago(1),
        "text": "I cannot open the third exercise.",
    }
    _add(LearnerAnswer, member, until=until.date() if until else None, until_at=until, **given)


def _set_aside(world: World, member: Membership, mentor: Person, number: int) -> None:
    """Dismissed and snoozed by turns, as the console itself would."""
    viewer = viewer_for(mentor, world.course, is_mentor=True)
    if number % 2:
        decisions.dismiss_flags(viewer, member, reason="other", text="On a field trip.", now=days_ago(0.5))
    else:
        decisions.snooze(viewer, member, until=NOW.date() + timedelta(days=4), now=days_ago(0.5))


def _extend(member: Membership, activity: Activity, mentor: Person) -> None:
    row = {
        "membership_id": member.id,
        "activity_id": activity.id,
        "due_at": NOW + timedelta(days=MORE_TIME_DAYS),
    }
    db.session.add(Extension(given_by_id=mentor.id, given_at=days_ago(2), **row))


def _rest(world: World, trainer: int, asker: Person) -> None:
    """A break ahead, and somebody who asks to be let in."""
    first = NOW.date() + timedelta(days=30)
    span = {"starts_on": first, "ends_on": first + timedelta(days=9)}
    row = {"context_id": world.course.id, "name": "Winter", "added_by_id": trainer, "added_at": days_ago(9)}
    db.session.add_all(
        [
            CourseBreak(**row, **span),
            AccessRequest(context_id=world.course.id, person_id=asker.id, asked_at=days_ago(1)),
        ]
    )


def _add(model: type[Any], member: Membership, **columns: Any) -> Any:
    key = f"{model.__tablename__}-{member.id}-{columns.get('title', '')}"
    row = model(membership_id=member.id, request_key=key, **columns)
    db.session.add(row)
    db.session.flush()
    return row
