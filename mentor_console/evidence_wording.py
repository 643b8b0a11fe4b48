"""Words for the figures behind the reasons: what was counted, the learner's own, and the class's.

One label per code of evidence.py; a test keeps the two the same.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from mentor_console import moments
from mentor_console.evidence_lines import EvidenceLine


def label(line: EvidenceLine) -> str:
    """What was counted. An unknown code is named as it is."""
    of = line.of or 0
    by_code = {
        "last_visit": _("Last visit"),
        "last_hand_in": _("Last work handed in"),
        "silent_days": _("Days without a visit, breaks left out"),
        "silent_days_at_least": _("Days without a visit, at least"),
        "longest_gap_days": _("Longest time between two active days, in days"),
        "days_since_start": _("Days since the course began, breaks left out"),
        "days_since_enrolment": _("Days since the enrolment, breaks left out"),
        "break_days": _("Days of course break since the last visit"),
        "resumed": _("End of the agreed absence"),
        "active_days": ngettext(
            "Active days in the last %(num)d day", "Active days in the last %(num)d days", of
        ),
        "recent_days": ngettext(
            "Active days in the newest %(num)d day", "Active days in the newest %(num)d days", of
        ),
        "earlier_days": ngettext(
            "Active days in the %(num)d day before", "Active days in the %(num)d days before", of
        ),
        "done": _("Required activities done"),
        "due_done": _("Required activities done, of those due by now"),
        "hand_ins": _("Handed in: “%(name)s”", name=line.name),
        "grade": _("Grade: “%(name)s”", name=line.name),
        "grade_gap": ngettext(
            "Distance to the middle of the class, over %(num)d grade",
            "Average distance to the middle of the class, over %(num)d grades",
            of,
        ),
        "grades_before": ngettext(
            "The grade before the newest", "Average of the %(num)d grades before the newest", of
        ),
        "came_back": _("Days away before the last return"),
        "caught_up": _("Handed in late: “%(name)s”", name=line.name),
        "finished": _("Course finished"),
    }
    return by_code.get(line.code, line.code)


def own_words(line: EvidenceLine, now: datetime) -> str:
    """The learner's own figure; a dash for work that is missing, "" where the line has none."""
    day = moments.day_words(line.on, today=moments.course_day(now), weekday=False) if line.on else ""
    if line.own is None:
        return day or ("–" if line.code == "hand_ins" else "")
    if line.code == "due_done":
        return _("%(part)s of %(whole)s", part=line.own, whole=line.of)
    if line.code in ("grade", "grades_before"):
        return _("%(share)s%%", share=line.own)
    if line.code == "grade_gap":
        points = f"{line.own:+.0f}".replace("-", "−")
        return ngettext("%(points)s point", "%(points)s points", abs(round(line.own)), points=points)
    return _("%(figure)s (%(date)s)", figure=line.own, date=day) if day else str(line.own)


def cohort_words(line: EvidenceLine) -> str:
    """What half of the class has, in the words of the reasons; "–" where it is not known or not compared."""
    if line.cohort is None:
        return "–"
    if line.code == "hand_ins":
        return _("%(part)s of %(whole)s", part=line.cohort, whole=line.of)
    if line.code == "silent_days":
        return _("%(figure)s or fewer", figure=line.cohort)
    figure = _("%(share)s%%", share=line.cohort) if line.code == "grade" else line.cohort
    return _("%(figure)s or more", figure=figure)
