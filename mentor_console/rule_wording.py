"""The numbers of the rules in words, in groups as the rules page lists them.

A number that no sentence is made for yet is shown under its own name, never hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask_babel import gettext as _

_PREFIXES = (
    ("never_opened", "late_enrolment"),
    ("silent", "rhythm"),
    ("deadline",),
    ("behind",),
    ("grade",),
    ("activity", "slowing"),
    ("good_news",),
)
"""Names of one group begin alike; the rest stands at the end."""


def groups(names: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Titles with the names of their numbers, in the order of the page."""
    left = list(names)
    found = []
    for title, prefixes in zip(_titles(), _PREFIXES, strict=True):
        members = [name for name in left if name.startswith(prefixes)]
        left = [name for name in left if name not in members]
        found.append((title, members))
    return [(title, members) for title, members in [*found, (_("In general"), left)] if members]


def texts(values: Mapping[str, int | float]) -> dict[str, str]:
    """Numbers as they stand in the fields."""
    return {name: f"{value:g}" for name, value in values.items()}


def threshold_words(name: str) -> str:
    """What a number means."""
    known = _visits() | _work() | _activity()
    return known.get(name, name)


def _titles() -> tuple[str, ...]:
    return (
        _("Never started"),
        _("Silence"),
        _("Missed deadlines"),
        _("Falling behind"),
        _("Grades"),
        _("Slowing down"),
        _("Good news"),
    )


def _visits() -> dict[str, str]:
    return {
        "never_opened_week_days": _("Days without a first visit: this week"),
        "never_opened_act_days": _("Days without a first visit: act today"),
        "late_enrolment_days": _("Days after the start from which an enrolment is late"),
        "late_enrolment_grace_days": _("Days after a late enrolment in which deadlines do not count"),
        "silent_watch_days": _("Days without a visit: keep an eye"),
        "silent_week_days": _("Days without a visit: this week"),
        "silent_act_days": _("Days without a visit: act today"),
        "silent_ceiling_days": _("Days from which the own rhythm is no excuse any more"),
        "silent_cohort_factor": _("Times the silence in the middle of the class before it counts"),
        "rhythm_min_active_days": _("Active days that make a rhythm of one’s own"),
        "cohort_min_learners": _("Learners needed for a comparison with the class"),
        "good_news_days": _("Days for which good news is shown"),
    }


def _work() -> dict[str, str]:
    return {
        "deadline_grace_hours": _("Hours after a deadline before it counts as missed"),
        "deadline_act_days": _("Days overdue: act today"),
        "deadline_window_days": _("Days after which a missed deadline raises nothing new"),
        "deadline_min_cohort_share": _(
            "Share of the class that must have handed in before a miss is watched"
        ),
        "deadline_full_cohort_share": _(
            "Share of the class that must have handed in before a miss counts in full"
        ),
        "behind_min_steps": _("Steps behind the middle of the class, at least"),
        "behind_week_share": _("Share of the class’s steps that are missing: this week"),
        "behind_act_share": _("Share of the class’s steps that are missing: act today"),
        "grade_watch_gap": _("Share of the points below the class: keep an eye"),
        "grade_week_gap": _("Share of the points below the class: this week"),
        "grade_act_gap": _("Share of the points below the class: act today"),
        "grade_fall": _("Share of the points below the own usual grade"),
    }


def _activity() -> dict[str, str]:
    return {
        "activity_window_days": _("Days looked at for active days"),
        "activity_min_median_days": _("Active days the middle of the class must have for a comparison"),
        "activity_watch_share": _("Share of the class’s active days: keep an eye"),
        "activity_week_share": _("Share of the class’s active days: this week"),
        "slowing_window_days": _("Days looked at for slowing down"),
        "slowing_min_earlier_days": _("Active days before that make a comparison possible"),
        "slowing_factor": _("Share of the earlier active days that is left"),
        "slowing_cohort_factor": _("The same beside what is left in the class"),
    }
