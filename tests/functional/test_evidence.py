"""Every number of every reason stands on the learner's page: walked over the demo course."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Membership, Organisation
from mentor_console.course_facts import know_learner
from mentor_console.course_zones import zone_of_organisation
from mentor_console.evidence import get_evidence
from mentor_console.evidence_lines import Evidence, EvidenceLine
from mentor_console.flags.sentence_values import read_moment
from mentor_console.local_days import local_day
from mentor_console.models import Flag
from tests.harness.demo_site import DemoSite

VISIT = (("days", "silent_days", "own"), ("last_visit_at", "last_visit", "on"))
CITED: dict[str, tuple[tuple[str, str, str], ...]] = {
    "silent_unlike_before": (*VISIT, ("longest_gap_days", "longest_gap_days", "own")),
    "silent_long": VISIT,
    "silent_after_hand_in": (("days", "silent_days", "own"), ("handed_in_at", "last_hand_in", "on")),
    "silent_since_start": VISIT,
    "silent_since_enrolment": VISIT,
    "cohort_visited": (("days", "silent_days", "cohort"),),
    "break_days_left_out": (("days", "break_days", "own"),),
    "pause_left_out": (("until", "resumed", "on"),),
    "never_opened": (("days", "days_since_start", "own"), ("started_on", "days_since_start", "on")),
    "never_opened_since_enrolment": (
        ("days", "days_since_enrolment", "own"),
        ("started_on", "days_since_enrolment", "on"),
    ),
    "less_active_than_cohort": (
        ("days", "active_days", "own"),
        ("window_days", "active_days", "of"),
        ("cohort_days", "active_days", "cohort"),
    ),
    "slowed_down": (
        ("days", "recent_days", "own"),
        ("window_days", "recent_days", "of"),
        ("earlier_days", "earlier_days", "own"),
    ),
    "fewer_steps": (
        ("done", "done", "own"),
        ("cohort_done", "done", "cohort"),
        ("due", "due_done", "of"),
        ("due_done", "due_done", "own"),
    ),
    "missed_deadline": (("handed_in", "hand_ins", "cohort"), ("expected", "hand_ins", "of")),
    "grade_below_cohort": (("score_percent", "grade", "own"), ("cohort_percent", "grade", "cohort")),
    "grades_below_cohort": (("graded", "grade_gap", "of"), ("points", "grade_gap", "own")),
    "grade_fell": (
        ("score_percent", "grade", "own"),
        ("usual_percent", "grades_before", "own"),
        ("graded", "grades_before", "of"),
    ),
    "back_again": (("gap_days", "came_back", "own"), ("visited_on", "came_back", "on")),
    "caught_up": (("handed_in_at", "caught_up", "on"),),
    "finished": (("finished_on", "finished", "on"),),
}
"""Where each value of a reason is told: (value, line of the evidence, its column)."""
COMMON = {"silent_long", "cohort_visited", "fewer_steps", "missed_deadline"}


def test_every_number_of_every_reason_of_the_demo_can_be_checked(seeded_site: DemoSite) -> None:
    seen: Counter[str] = Counter()
    with seeded_site.tool.app_context():
        flags = db.session.scalars(select(Flag).where(Flag.cleared_at.is_(None))).all()
        for flag in flags:
            evidence = get_evidence(know_learner(db.session.get_one(Membership, flag.membership_id), {}))
            assert evidence is not None
            assert evidence.measured_at == flag.evaluated_at
            for reason in flag.reasons:
                seen[reason["code"]] += 1
                assert list(missing_of(reason, evidence)) == []
    assert seen.keys() >= COMMON
    assert seen.keys() <= CITED.keys()


def missing_of(reason: dict[str, Any], evidence: Evidence) -> Iterable[str]:
    """Values of a reason that no line shows."""
    values = reason["values"]
    for name, code, column in CITED[reason["code"]]:
        lines = [line for line in evidence.lines if line.code == code and _is_about(line, values)]
        wanted = -values[name] if name == "points" else _plain(values[name])
        if wanted is not None and wanted not in [getattr(line, column) for line in lines]:
            yield f"{reason['code']}.{name} = {wanted}"


def _is_about(line: EvidenceLine, values: dict[str, Any]) -> bool:
    return line.name in ("", values.get("name"))


def _plain(value: Any) -> Any:
    """A stored moment stands on the page as a day in the organisation's zone."""
    if not isinstance(value, str):
        return value
    moment = read_moment(value)
    if not isinstance(moment, datetime):
        return moment
    zone = zone_of_organisation(db.session.scalars(select(Organisation.id)).one())
    return local_day(moment, zone)
