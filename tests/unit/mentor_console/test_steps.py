"""The state of one step, on rows that never met a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from course_sync.models import Activity, Progress
from mentor_console.steps import find_required_ids, list_next_steps, list_steps, step_state, summarise

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
STATES = {"done", "failed", "handed_in", "late", "open", "unknown"}

moments = st.none() | st.integers(-2000, 2000).map(lambda hours: NOW + timedelta(hours=hours))
activities = st.builds(
    Activity,
    id=st.just(1),
    name=st.just("Essay"),
    module=st.sampled_from(["assign", "quiz", "page"]),
    due_at=moments,
    tracked=st.booleans(),
    accepts_submission=st.booleans(),
    completion_rules=st.just([]),
    visible=st.just(True),
)
rows = st.none() | st.builds(
    Progress,
    activity_id=st.just(1),
    completion=st.sampled_from([None, "incomplete", "complete", "passed", "failed"]),
    submission=st.sampled_from([None, "none", "draft", "submitted"]),
    submitted_at=st.none(),
    completed_at=st.none(),
    score_ratio=st.sampled_from([None, 0.0, 0.4, 1.0]),
    due_at_override=moments,
    completion_source=st.just("moodle"),
)


@given(activities, rows, st.booleans())
def test_late_only_when_it_counts_is_due_and_is_known_to_be_open(
    activity: Activity, row: Progress | None, counts: bool
) -> None:
    state = step_state(activity, row, counts=counts, now=NOW)
    assert state in STATES
    if state == "late":
        due_at = row.due_at_override or activity.due_at if row else activity.due_at
        assert counts
        assert row is not None
        assert due_at is not None
        assert due_at < NOW
        assert row.submission != "submitted"
        assert row.completion in (None, "incomplete")


@given(activities, rows)
def test_more_time_never_makes_a_step_late(activity: Activity, row: Progress | None) -> None:
    before = step_state(activity, row, counts=True, now=NOW)
    if row is not None:
        row.due_at_override = NOW + timedelta(days=1)
        after = step_state(activity, row, counts=True, now=NOW)
        assert after != "late"
        assert before in ("late", "unknown") or after == before


@given(activities)
def test_nothing_known_is_unknown_whatever_the_date(activity: Activity) -> None:
    assert step_state(activity, None, counts=True, now=NOW) == "unknown"
    blank = Progress(activity_id=1, score_ratio=None)
    assert step_state(activity, blank, counts=True, now=NOW) == "unknown"


@given(st.lists(st.tuples(activities, rows), max_size=8))
def test_the_summary_counts_only_what_counts(pairs: list[tuple[Activity, Progress | None]]) -> None:
    listed, known = [], {}
    for number, (activity, row) in enumerate(pairs):
        activity.id = number
        listed.append(activity)
        if row is not None:
            known[number] = row
    steps = list_steps(listed, known, {}, NOW)
    summary = summarise(steps, known, 0.0, 0, as_of=None, now=NOW)
    assert 0 <= summary.done <= summary.required == len(find_required_ids(listed)) <= len(listed)
    assert summary.due_by_now <= summary.required
    ahead = list_next_steps(steps, NOW)
    assert len(ahead) <= 5
    assert all(step.counts and step.state in ("late", "open", "unknown") for step in ahead)
    dated = [step.due_at for step in ahead if step.due_at]
    assert dated == sorted(dated)
    assert [step.due_at is None for step in ahead] == sorted(step.due_at is None for step in ahead)
