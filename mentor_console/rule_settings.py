"""Changing the rules of a course or an organisation: what it would do today, and saving it.

Settings are appended as versions; of two people who save at once the second is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from course_sync.database import db
from course_sync.jobs import enqueue
from course_sync.models import Context
from mentor_console.access import AccessDenied, Viewer
from mentor_console.course_facts import CourseSnapshot, load_course
from mentor_console.course_rules import (
    THRESHOLD_NAMES,
    Numbers,
    combine,
    find_newest,
    numbers_in,
    numbers_of,
    thresholds_for,
)
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.flagging import assess_course, judge_anew, judging_moment
from mentor_console.flags.cohort import compute_cohort
from mentor_console.flags.standing import WATCHED
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, ThresholdError, Thresholds, with_overrides
from mentor_console.models import RuleSetting
from mentor_console.quieting import is_alarm
from mentor_console.support_lines import RulesPage, RulesPreview
from mentor_console.writes import SAME_CLICK, insert_once, is_as_sent

__all__ = ["RuleScope", "get_rules", "preview_rules", "queue_judging", "save_rules", "thresholds_for"]

RuleScope = Literal["course", "organisation"]


@dataclass(frozen=True)
class _Place:
    """Whose rules are meant; `context_id` None = the organisation's."""

    scope: RuleScope
    organisation_id: int
    context_id: int | None

    @property
    def setting(self) -> RuleSetting | None:
        """The version in force here."""
        return find_newest(self.organisation_id, self.context_id)

    @property
    def inherited(self) -> Numbers:
        """What the organisation says above a course; nothing above the organisation."""
        return {} if self.context_id is None else numbers_of(find_newest(self.organisation_id, None))


@dataclass(frozen=True)
class _Verdict:
    """What the rules say of one learner."""

    level: str | None
    rules: tuple[str, ...]

    @property
    def is_flagged(self) -> bool:
        return self.level is not None and is_alarm(self.level)


def get_rules(viewer: Viewer, scope: RuleScope = "course") -> RulesPage:
    """The numbers in force. Raises AccessDenied unless trainer of the course, or admin for "organisation"."""
    place = _find_place(viewer, scope)
    setting, inherited = place.setting, place.inherited
    own = numbers_of(setting)
    return RulesPage(
        scope=scope,
        values=numbers_in(combine(inherited, own)),
        inherited=numbers_in(combine(inherited, {})),
        own=own,
        based_on_id=setting.id if setting else None,
        changed_by=setting.created_by.display_name if setting else "",
        changed_at=setting.created_at if setting else None,
    )


def preview_rules(
    viewer: Viewer, overrides: Mapping[str, int | float], now: datetime, scope: RuleScope = "course"
) -> RulesPreview:
    """What these numbers would flag today, beside what is in force; writes nothing.

    Raises AccessDenied; InvalidInput by the names of the numbers.
    """
    place = _find_place(viewer, scope)
    wanted = _check(place, overrides)
    pairs: list[tuple[_Verdict, _Verdict]] = []
    for context_id in _list_courses(place):
        in_force = thresholds_for(context_id)
        course = wanted if place.context_id else numbers_of(find_newest(place.organisation_id, context_id))
        tried = combine(place.inherited if place.context_id else wanted, course)
        moment = judging_moment(context_id, now)
        pairs += _compare(load_course(context_id, moment, in_force), in_force, tried, moment)
    return _sum_up(pairs)


def save_rules(
    viewer: Viewer,
    overrides: Mapping[str, int | float],
    based_on_id: int | None,
    now: datetime,
    scope: RuleScope = "course",
) -> RuleSetting:
    """Put these numbers in force, over the version the form showed. {} = what is inherited, from now on.

    A course is judged anew at once, an organisation's courses once `queue_judging` is called. Raises
    AccessDenied; InvalidInput by the names of the numbers; Conflict("changed_by_other").
    """
    place = _find_place(viewer, scope)
    numbers = _check(place, overrides)
    version = _next_version(place, based_on_id)
    row = {
        "organisation_id": place.organisation_id,
        "context_id": place.context_id,
        "version": version,
        "thresholds": numbers,
        "created_by_id": viewer.person_id,
        "created_at": now,
    }
    if insert_once(RuleSetting, [row]) == 0:
        db.session.rollback()
        return _get_twin(viewer, place, version, numbers, now)
    db.session.commit()
    if place.context_id is not None:
        judge_anew(place.context_id, now)
    return _get_version(place, version)


def queue_judging(viewer: Viewer, real_now: datetime) -> None:
    """Have all courses of the viewer's organisation judged anew, soon and one by one, by the worker.

    Until then their flags say what they said by the numbers before. Queues go by the real time.
    """
    arguments = {"organisation_id": viewer.organisation_id}
    enqueue(
        "judge_organisation", arguments, f"judge-organisation:{viewer.organisation_id}", real_now, again=True
    )


def _find_place(viewer: Viewer, scope: RuleScope) -> _Place:
    if scope == "course" and viewer.is_trainer and viewer.context_id is not None:
        return _Place(scope, viewer.organisation_id, viewer.context_id)
    if scope == "organisation" and viewer.is_admin:
        return _Place(scope, viewer.organisation_id, None)
    raise AccessDenied("rules")


def _next_version(place: _Place, based_on_id: int | None) -> int:
    if based_on_id is None:
        return 1
    shown = db.session.get(RuleSetting, based_on_id)
    if shown is None or (shown.organisation_id, shown.context_id) != (
        place.organisation_id,
        place.context_id,
    ):
        raise AccessDenied("rules")
    return shown.version + 1


def _get_version(place: _Place, version: int) -> RuleSetting:
    statement = select(RuleSetting).where(
        RuleSetting.organisation_id == place.organisation_id,
        RuleSetting.context_id == place.context_id,
        RuleSetting.version == version,
    )
    return db.session.scalars(statement).one()


def _get_twin(viewer: Viewer, place: _Place, version: int, numbers: Numbers, now: datetime) -> RuleSetting:
    """This version, if the viewer saved just these numbers a moment ago: one click that was sent twice.

    Raises Conflict("changed_by_other") where it was somebody else, or something else.
    """
    setting = find_newest(place.organisation_id, place.context_id)
    sent = {"version": version, "thresholds": numbers, "created_by_id": viewer.person_id}
    if setting is None or not is_as_sent(setting, sent):
        raise Conflict("changed_by_other")
    if not now - SAME_CLICK < setting.created_at < now + SAME_CLICK:
        raise Conflict("changed_by_other")
    return setting


def _check(place: _Place, overrides: Mapping[str, int | float]) -> Numbers:
    """The numbers that differ from what is inherited. Raises InvalidInput."""
    problems = {name: code for name, value in overrides.items() if (code := _check_number(name, value))}
    if problems:
        raise InvalidInput.of(problems)
    inherited = place.inherited
    known = numbers_in(combine(inherited, {}))
    numbers = {name: value for name, value in overrides.items() if value != known[name]}
    _refuse_contradiction({**inherited, **numbers}, numbers)
    if place.context_id is None:
        _refuse_contradicted_courses(place, numbers)
    return numbers


def _check_number(name: str, value: object) -> str | None:
    if name not in THRESHOLD_NAMES:
        return "unknown"
    wanted = type(getattr(DEFAULT_THRESHOLDS, name))
    allowed = (int, float) if wanted is float else (int,)
    if isinstance(value, bool) or not isinstance(value, allowed):
        return "not_a_number"
    return None if 0 <= value < 10_000 else "out_of_range"


def _refuse_contradiction(whole: Numbers, named: Mapping[str, int | float]) -> None:
    try:
        with_overrides(DEFAULT_THRESHOLDS, whole)
    except ThresholdError as error:
        concerned = [name for name in THRESHOLD_NAMES if name in str(error).split()]
        blamed = [name for name in concerned if name in named] or concerned or ["thresholds"]
        raise InvalidInput.of(dict.fromkeys(blamed, "contradiction")) from error


def _refuse_contradicted_courses(place: _Place, numbers: Numbers) -> None:
    """A course's own numbers must go on making sense below new ones of its organisation."""
    for context_id in _list_courses(place):
        course = numbers_of(find_newest(place.organisation_id, context_id))
        if course:
            _refuse_contradiction({**numbers, **course}, numbers)


def _list_courses(place: _Place) -> Sequence[int]:
    if place.context_id is not None:
        return [place.context_id]
    statement = select(Context.id).where(Context.organisation_id == place.organisation_id)
    return db.session.scalars(statement.order_by(Context.id)).all()


def _compare(
    snapshot: CourseSnapshot, in_force: Thresholds, tried: Thresholds, now: datetime
) -> Iterable[tuple[_Verdict, _Verdict]]:
    cohort = compute_cohort(snapshot.course, snapshot.activities, snapshot.learners, tried, now)
    before = _judge(snapshot, in_force, now)
    after = _judge(replace(snapshot, cohort=cohort), tried, now)
    nothing = _Verdict(None, ())
    return [(before.get(key, nothing), after.get(key, nothing)) for key in before.keys() | after.keys()]


def _judge(snapshot: CourseSnapshot, thresholds: Thresholds, now: datetime) -> dict[int, _Verdict]:
    """Only learners the rules look at: nobody who left, finished, is away or rests with the course."""
    return {
        item.membership_id: _Verdict(item.level, tuple(finding.rule for finding in item.findings))
        for item in assess_course(snapshot, thresholds, now)
        if item.standing in WATCHED or item.findings
    }


def _sum_up(pairs: Sequence[tuple[_Verdict, _Verdict]]) -> RulesPreview:
    after = [verdict for _, verdict in pairs]
    return RulesPreview(
        learners=len(pairs),
        flagged=sum(verdict.is_flagged for verdict in after),
        by_level=dict(Counter(verdict.level for verdict in after if verdict.level)),
        by_rule=dict(Counter(rule for verdict in after for rule in verdict.rules)),
        newly=sum(new.is_flagged and not old.is_flagged for old, new in pairs),
        no_longer=sum(old.is_flagged and not new.is_flagged for old, new in pairs),
        changed_level=sum(old.is_flagged and new.is_flagged and old.level != new.level for old, new in pairs),
        flagged_now=sum(old.is_flagged for old, _ in pairs),
    )
