"""Every number the rules compare with, in one frozen table, each with where it comes from.

Measured on OULAD (CC BY 4.0) at days 28, 42 and 56 among learners still registered: silence on the daily
clicks of AAA 2013J, BBB 2013B and BBB 2013J (10,537 rows, 39 % did not complete in the end); activity, steps
and grades on all presentations of 2013B, 2013J and 2014B (42,893 rows, 43 %), unless a field says otherwise.
An organisation or course changes single numbers through `with_overrides`; no number stands anywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from itertools import pairwise


class ThresholdError(ValueError):
    """A threshold is unknown, of the wrong type or contradicts another; the message names it."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Defaults; days are calendar days in the course's zone, shares are 0-1."""

    silent_watch_days: int = 7
    """Floor. Below 7 days without a visit 31 % do not complete; from here 46 % of those beyond their own
    rhythm."""
    silent_week_days: int = 10
    """10-13 days, beyond the own rhythm and the cohort's: 53 % do not complete."""
    silent_act_days: int = 14
    """14-20 days: 68 % do not complete (of learners of BBB 2013J silent for 14 days at day 42: 68 %,
    others 32 %)."""
    silent_ceiling_days: int = 21
    """From 21 days on the own rhythm no longer excuses: 82 % do not complete. Of
    719 such learners one had been away that long before."""
    silent_cohort_factor: float = 3.0
    """Silence counts only beyond this many times the cohort's median silence. In the winter holidays (day
    84; median of BBB 2013J: 12 days) factor 3 flags 17 % of learners, of whom 75 % do not complete; factor 2
    flags 26 %, of whom 65 %."""
    rhythm_min_active_days: int = 5
    """Fewer active days are no rhythm. Of learners with 1-4 active days who are then silent for 7-13 days,
    56 % do not complete: too little use must not count as an excuse."""
    cohort_min_learners: int = 10
    """Below this a median moves by whole days when one learner does; comparisons are then left out. A
    judgement."""
    never_opened_week_days: int = 3
    """16 % of learners had not opened the course at day 5, and a third of these did in the next week
    unprompted."""
    never_opened_act_days: int = 6
    """At day 6 without any visit 72 % do not complete in the end, at day 14 81 %. Access is best checked
    early."""
    deadline_grace_hours: int = 24
    """Work of the last evening reaches the platform's answers a day late; 1-2 % hand in within that day."""
    deadline_act_days: int = 7
    """Tutor-marked work of 2013B, 2013J and 2014B (29,649 cases): a day overdue 52-63 % never hand it in, a
    week overdue 76-81 %, and 84-91 % of these learners do not complete."""
    deadline_window_days: int = 28
    """Older misses raise nothing new: of those who hand in late, nearly nine in ten have done so within
    14 days, and a mentor has had four weeks. They still count in the order of Today."""
    deadline_min_cohort_share: float = 0.25
    """Where fewer of the cohort have handed in, the platform's date is wrong rather than the learners: two
    days after the date of the first computer-marked work of BBB 2013B 1 % had handed in, and missing it
    meant nothing."""
    deadline_full_cohort_share: float = 0.5
    """Between the two shares a miss is only watched. Where 65-93 % have handed in, 73-99 % of the others
    do not complete (BBB; AAA, at 68 %: 43 %). A majority is the plain meaning of "expected"."""
    late_enrolment_days: int = 7
    """Enrolled more than this after the start is late. A judgement: OULAD knows only 46 such learners."""
    late_enrolment_grace_days: int = 7
    """Deadlines this soon after a late enrolment do not count: nobody does the first weeks in a day. A
    judgement."""
    activity_window_days: int = 28
    """Active days in this window, against the cohort's median, order learners best among windows of 14 and
    28 days (AUC for not completing .67-.74, against .66-.73)."""
    activity_min_median_days: int = 4
    """Where half of the cohort comes on fewer days than one a week, days online say little about work. A
    judgement."""
    activity_watch_share: float = 0.5
    """Of learners active on 36-50 % of the days of the cohort's median 59 % do not complete; on 50-100 %
    45 %, above it 26 %."""
    activity_week_share: float = 0.35
    """At most 35 % of the cohort's median: 79 % do not complete; 56 % where nothing else is found."""
    slowing_window_days: int = 14
    """Two fortnights are compared: a shorter window compares weekends, a longer one comes late. A
    judgement."""
    slowing_min_earlier_days: int = 4
    """Fewer days in the fortnight before are no pace to fall from: one day more or less would halve it."""
    slowing_factor: float = 0.5
    """Half the days of the fortnight before, or fewer (and see the next): 49 % do not complete, of all who
    were as active before 31 %. A weak sign: only ever watched."""
    slowing_cohort_factor: float = 0.5
    """The own fall must be twice the cohort's: in a quiet fortnight of the course everybody slows."""
    behind_min_steps: int = 2
    """One step is a missed deadline, which has a rule of its own. Of learners two or more behind 96 % do not
    complete, of those not behind 36 %."""
    behind_week_share: float = 0.34
    """A third of the cohort's median: less than that happens to a diligent learner in a course of many small
    steps. Below it 66 % do not complete, from there to a half 70 %."""
    behind_act_share: float = 0.6
    """60 % of the median or more behind: 94 % do not complete."""
    grade_watch_gap: float = 0.15
    """Scores on average 15-25 points below the cohort's medians: 61 % do not complete; up to 15 points
    below 40 %, above 24 %."""
    grade_week_gap: float = 0.25
    """25-35 points below: 75 %."""
    grade_act_gap: float = 0.35
    """35 points or more below: 89 %, and still 84 % where nothing else is found."""
    grade_fall: float = 0.2
    """20 points below the mean of the own work before, and below the cohort's: 43 % do not complete, of all
    with two grades 31 %. A weak sign (165 rows): only ever watched."""
    good_news_days: int = 7
    """A week, so that a mentor who looks in once a week sees it. A judgement. Of learners back after an
    absence 36 % do not complete, of those silent 69 %."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_number(field.name, getattr(self, field.name), type(field.default))
        _check_ascending(
            self, "silent_watch_days", "silent_week_days", "silent_act_days", "silent_ceiling_days"
        )
        _check_ascending(self, "never_opened_week_days", "never_opened_act_days")
        _check_ascending(self, "deadline_min_cohort_share", "deadline_full_cohort_share")
        _check_ascending(self, "activity_week_share", "activity_watch_share")
        _check_ascending(self, "behind_week_share", "behind_act_share")
        _check_ascending(self, "grade_watch_gap", "grade_week_gap", "grade_act_gap")
        for name in (
            "deadline_full_cohort_share",
            "activity_watch_share",
            "behind_act_share",
            "grade_act_gap",
        ):
            if getattr(self, name) > 1:
                raise ThresholdError(f"{name} must lie between 0 and 1")
        for name in ("activity_window_days", "slowing_window_days"):
            if getattr(self, name) < 1:
                raise ThresholdError(f"{name} must be at least 1")


def with_overrides(thresholds: Thresholds, overrides: Mapping[str, int | float]) -> Thresholds:
    """The table with single numbers replaced. Raises ThresholdError naming an unknown or impossible one."""
    unknown = sorted(set(overrides) - {field.name for field in fields(Thresholds)})
    if unknown:
        raise ThresholdError(f"unknown threshold: {', '.join(unknown)}")
    return replace(thresholds, **overrides)  # type: ignore[arg-type]


def _check_number(name: str, value: object, wanted: type) -> None:
    allowed = (int, float) if wanted is float else (int,)
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise ThresholdError(f"{name} must be a number of type {wanted.__name__}, not {value!r}")
    if not 0 <= value < 10_000:  # also refuses NaN
        raise ThresholdError(f"{name} must not be negative, infinite or absurdly large: {value!r}")


def _check_ascending(thresholds: Thresholds, *names: str) -> None:
    for lower, upper in pairwise(names):
        if getattr(thresholds, lower) > getattr(thresholds, upper):
            raise ThresholdError(f"{lower} must not be greater than {upper}")


DEFAULT_THRESHOLDS = Thresholds()
