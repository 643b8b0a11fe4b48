"""Made-up pages, as the services would return them: for tests of words and templates, not of facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from mentor_console.flags.findings import Reason
from mentor_console.freshness_lines import DataFreshness, MissingFact, SyncProgress
from mentor_console.screens import (
    AdminPage,
    Candidate,
    Card,
    ContactLine,
    CourseMember,
    CourseState,
    FlagLine,
    KnownFact,
    LearnerPage,
    MentorInfo,
    MentorLoad,
    OpenRequest,
    OwnPage,
    PlatformState,
    ProgressSummary,
    QuietLearner,
    StepLine,
    Today,
    TrainerPage,
    WeekActivity,
)
from mentor_console.timeline import TimelineEntry

NOW = datetime(2026, 11, 21, 8, 40, tzinfo=UTC)
"""A Saturday morning."""

SILENT = Reason(
    "silent_unlike_before",
    {"days": 12, "longest_gap_days": 3, "last_visit_at": (NOW - timedelta(days=12)).isoformat()},
)
COHORT = Reason("cohort_visited", {"days": 2})
MISSED = Reason(
    "missed_deadline",
    {
        "activity_id": 12,
        "name": "Assignment 2 <VAT & co>",
        "due_at": (NOW - timedelta(days=4)).isoformat(),
        "extended": False,
        "handed_in": 41,
        "expected": 48,
    },
)
NEVER = Reason("never_opened", {"days": 6, "started_on": "2026-11-15"})


def freshness(**changes: object) -> DataFreshness:
    return replace(DataFreshness(as_of=NOW - timedelta(hours=2)), **changes)  # type: ignore[arg-type]


def troubled_freshness() -> DataFreshness:
    missing = (
        MissingFact("grades", "notingroup", NOW - timedelta(days=1)),
        MissingFact("roster", "unreachable", None),
    )
    return freshness(missing=missing)


def running_freshness() -> DataFreshness:
    return freshness(running=SyncProgress(12, 40, NOW))


def weeks(*own: int) -> tuple[WeekActivity, ...]:
    first = date(2026, 10, 5)
    return tuple(
        WeekActivity(first + timedelta(weeks=i), days, 4.0 if i != 4 else 3.5) for i, days in enumerate(own)
    )


def contact(**changes: object) -> ContactLine:
    line = ContactLine(
        contact_id=1,
        occurred_at=NOW - timedelta(days=16),
        kind="methodological",
        channel="email",
        outcome="answered",
        summary="Shall we try three short slots a week instead of one long one?\nI put a plan on your shelf.",
        duration_minutes=10,
        mentor_name="Nadia Benali",
        is_own=True,
    )
    return replace(line, **changes)  # type: ignore[arg-type]


def card(membership_id: int = 1, **changes: object) -> Card:
    base = Card(
        membership_id=membership_id,
        name="Amélie Rousseau",
        short_name="Amélie",
        course_title="Accounting basics",
        level="act",
        kind="social",
        reasons=(SILENT, MISSED),
        more_reasons=1,
        weeks=weeks(4, 5, 4, 3, 1, 0, 0),
        last_contact=contact(),
        as_of=NOW - timedelta(hours=2),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def today(number_of_cards: int = 3, quiet: int = 34) -> Today:
    others = (
        card(
            2,
            name="Tomasz Nowak",
            short_name="Tomasz",
            kind="technical",
            reasons=(NEVER,),
            more_reasons=0,
            weeks=weeks(0),
            last_contact=None,
        ),
        card(
            3,
            name="Ibrahim Diallo",
            short_name="Ibrahim",
            level="week",
            kind="methodological",
            reasons=(MISSED,),
            more_reasons=0,
            weeks=weeks(5, 5, 6, 5, 6, 6, 6),
        ),
        card(4, name="ليلى حداد", short_name="ليلى", level="watch", reasons=(SILENT,), more_reasons=0),
    )
    cards = (card(), *others, *(card(5 + n, level="watch") for n in range(max(0, number_of_cards - 4))))
    cards = cards[:number_of_cards]
    names = ("Agnieszka Lewandowska", "Chiara Conti", "Jean-Baptiste Lefèvre", "Ngọc Trần")
    return Today(
        cards=cards,
        quiet=tuple(
            QuietLearner(
                100 + n,
                f"{names[n % 4]} {n + 1}",
                "Accounting basics",
                NOW - timedelta(days=n % 5),
                n % 7 != 3,
            )
            for n in range(quiet)
        ),
        counts={level: sum(c.level == level for c in cards) for level in ("act", "week", "watch", "praise")},
        freshness=freshness(),
        caseload_size=len(cards) + quiet,
    )


def flag(**changes: object) -> FlagLine:
    line = FlagLine(1, "silent", "act", "social", (SILENT, COHORT), (Reason("clears_with_visit"),), NOW, None)
    return replace(line, **changes)  # type: ignore[arg-type]


def missed_flag() -> FlagLine:
    clears = (Reason("clears_with_hand_in", {"activity_id": 12, "name": "Assignment 2 <VAT & co>"}),)
    return flag(flag_id=2, rule="missed_deadline", kind="methodological", reasons=(MISSED,), clears=clears)


def step(activity_id: int, name: str, state: str, due_in_days: int | None, **changes: object) -> StepLine:
    due_at = None if due_in_days is None else NOW + timedelta(days=due_in_days, hours=14)
    line = StepLine(activity_id, name, "assign", due_at, False, state, None, None, True, 0.62)
    return replace(line, **changes)  # type: ignore[arg-type]


def progress() -> ProgressSummary:
    steps = (
        step(11, "Assignment 1", "done", -20, at=NOW - timedelta(days=22), score_ratio=0.71),
        step(12, "Assignment 2 <VAT & co>", "late", -4, cohort_done_share=0.85),
        step(13, "Quiz on depreciation and provisions", "open", 3, extended=True),
        step(14, "Film: the ledger", "handed_in", None, at=NOW - timedelta(days=13), counts=False),
        step(15, "Assignment 3", "unknown", 24, cohort_done_share=None),
        step(16, "Mock exam", "failed", -1),
    )
    return ProgressSummary(8, 26, 12, 14.5, steps, NOW - timedelta(hours=2), "moodle", 48)


def timeline() -> tuple[TimelineEntry, ...]:
    return (
        TimelineEntry(NOW, flag_raised=flag()),
        TimelineEntry(NOW - timedelta(days=12), event="last_visit"),
        TimelineEntry(NOW - timedelta(days=13), event="completed", subject="VAT, part 2", count=3),
        TimelineEntry(
            NOW - timedelta(days=15),
            contact=contact(
                is_own=False, mentor_name="Sipho Dlamini", channel="phone", outcome="left_message", summary=""
            ),
        ),
        TimelineEntry(NOW - timedelta(days=16), contact=contact()),
        TimelineEntry(NOW - timedelta(days=30), flag_cleared=flag(cleared_at=NOW - timedelta(days=30))),
        TimelineEntry(NOW - timedelta(days=400), event="enrolled"),
    )


def learner_page(**changes: object) -> LearnerPage:
    page = LearnerPage(
        membership_id=1,
        name="Amélie Rousseau",
        short_name="Amélie",
        email="amelie@example.invalid",
        course_title="Accounting basics, autumn session",
        groups=("group B",),
        status="active",
        left_at=None,
        last_access_at=NOW - timedelta(days=12),
        access_known=True,
        access_as_of=NOW - timedelta(hours=2),
        mentors=("Nadia Benali",),
        flags=(flag(), missed_flag()),
        level="act",
        kind="social",
        weeks=weeks(4, 5, 4, 3, 1, 0, 0),
        progress=progress(),
        timeline=timeline(),
        freshness=freshness(),
        platform_profile_url="https://moodle.example/user/view.php?id=3&course=7",
    )
    return replace(page, **changes)  # type: ignore[arg-type]


def own_page(**changes: object) -> OwnPage:
    read_at = NOW - timedelta(hours=2)
    page = OwnPage(
        name="Amélie Rousseau",
        course_title="Accounting basics, autumn session",
        mentors=(MentorInfo("Nadia Benali", "nadia@example.invalid"),),
        facts=(
            KnownFact(
                "last_access", Reason("fact_last_access", {"at": read_at.isoformat()}), "moodle", read_at
            ),
            KnownFact(
                "active_days", Reason("fact_active_days", {"days": 9, "window_days": 28}), "moodle", read_at
            ),
            KnownFact(
                "steps_done", Reason("fact_steps_done", {"done": 8, "required": 26}), "moodle", read_at
            ),
            KnownFact("submissions", Reason("fact_unknown", {"what": "submissions"}), "", None),
            KnownFact(
                "posts", Reason("fact_posts", {"posts": 3, "at": read_at.isoformat()}), "moodle", read_at
            ),
            KnownFact("groups", Reason("fact_groups", {"names": "group B", "count": 1}), "lti", None),
        ),
        flags=(flag(level=""), missed_flag()),
        next_steps=progress().steps[1:3],
        progress=progress(),
        weeks=weeks(4, 5, 4, 3, 1, 0, 0),
        timeline=timeline(),
        freshness=freshness(),
    )
    return replace(page, **changes)  # type: ignore[arg-type]


def trainer_page(learners: int = 12, **changes: object) -> TrainerPage:
    nadia, sipho = MentorLoad(50, 7, "Nadia Benali", 40), MentorLoad(51, 8, "Sipho Dlamini", 25)
    levels = ("act", None, "week", None, None, "watch")
    page = TrainerPage(
        course_title="Accounting basics, autumn session",
        mentors=(nadia, sipho),
        candidates=(Candidate(60, "Teresa Trainer", "staff"), Candidate(61, "Chiara Conti", "learner")),
        learners=tuple(
            CourseMember(
                100 + n,
                f"Learner {n + 1}",
                ((nadia,), (), (nadia, sipho))[n % 3],
                levels[n % 6],
                NOW - timedelta(days=n),
                n % 5 != 4,
                ("group B",) if n % 2 else (),
            )
            for n in range(learners)
        ),
        without_mentor=4,
        requests=(OpenRequest(5, "Manon Manager", NOW - timedelta(days=1), "Accounting basics"),),
        freshness=troubled_freshness(),
    )
    return replace(page, **changes)  # type: ignore[arg-type]


def admin_page(**changes: object) -> AdminPage:
    page = AdminPage(
        organisation_name="Formation Sud",
        platforms=(
            PlatformState(
                1, "Moodle of Formation Sud", "https://moodle.example", "https://moodle.example", 2
            ),
            PlatformState(2, "Canvas", "https://canvas.instructure.com", None, 0),
        ),
        courses=(
            CourseState(1, "Accounting basics", "Moodle of Formation Sud", 48, 13, 2, troubled_freshness()),
            CourseState(2, "First aid at work", "Moodle of Formation Sud", 0, 0, 0, DataFreshness(None)),
        ),
        requests=(OpenRequest(5, "Manon Manager", NOW - timedelta(days=1), "Accounting basics"),),
    )
    return replace(page, **changes)  # type: ignore[arg-type]
