"""Reading Moodle's answers, on recordings of a real site and on what breaks."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_sync.errors import PlatformAnswerInvalid
from course_sync.sources import moodle_answers as answers
from course_sync.sources import moodle_structure as structure

RECORDED = Path(__file__).parents[3] / "recorded" / "moodle"


def recorded(name: str) -> Any:
    document = json.loads((RECORDED / f"{name}.json").read_text())
    return document["body"] if isinstance(document, dict) and "body" in document else document


@pytest.mark.parametrize(
    "name", ["core_enrol_get_enrolled_users", "core_enrol_get_enrolled_users__userfields"]
)
def test_roster(name: str) -> None:
    members = answers.parse_roster(recorded(name))
    teacher, mentor, learner = members["144"], members["145"], members["147"]
    assert (teacher.name, teacher.roles, teacher.groups) == ("Tess Teacher", ("editingteacher",), ())
    assert (mentor.roles, mentor.groups, mentor.group_ids) == (("teacher",), ("Group A",), (11,))
    assert learner.access_known
    assert learner.last_access_at is not None
    assert learner.last_access_at.tzinfo is UTC
    assert (learner.email, learner.roles) == ("student01@example.invalid", ("student",))


def test_never_opened_is_known_and_hidden_access_is_not() -> None:
    roster = answers.parse_roster([{"id": 1, "lastcourseaccess": 0}, {"id": 2}])
    assert (roster["1"].access_known, roster["1"].last_access_at) == (True, None)
    assert roster["2"].access_known is False


def test_suspended() -> None:
    assert answers.parse_ids(recorded("core_enrol_get_enrolled_users__onlysuspended")) == {"206"}


def test_roster_without_viewdetails_is_read_as_it_is() -> None:
    answer = recorded("missing_capabilities")["core_enrol_get_enrolled_users without moodle/user:viewdetails"]
    assert list(answers.parse_roster(answer)) == ["144"]


def test_completion_states() -> None:
    by_user = recorded("core_completion_get_activities_completion_status__by_user")
    facts = {fact.activity_id: fact for fact in answers.parse_completions(by_user["147"])}
    assert facts["71"].state == "complete"
    assert facts["71"].completed_at == datetime.fromtimestamp(1789889923, UTC)
    assert facts["74"].state == "failed"
    assert facts["71"].by_learner
    assert not facts["74"].by_learner, "a grade decided, when it was given"
    states = {fact.state for user in by_user.values() for fact in answers.parse_completions(user)}
    assert states == {"incomplete", "complete", "passed", "failed"}


def test_untracked_people_have_no_completion() -> None:
    by_user = recorded("core_completion_get_activities_completion_status__by_user")
    untracked = [user for user in by_user.values() if not user["statuses"][0]["istrackeduser"]]
    assert untracked
    assert answers.parse_completions(untracked[0]) == ()


def test_incomplete_has_no_moment_and_overrides_are_not_the_learners() -> None:
    row = {
        "cmid": 1,
        "timecompleted": 1789889923,
        "overrideby": 144,
        "istrackeduser": True,
        "hascompletion": True,
    }
    (undone,) = answers.parse_completions({"statuses": [{**row, "state": 0}]})
    (done,) = answers.parse_completions({"statuses": [{**row, "state": 1}]})
    assert (undone.state, undone.completed_at) == ("incomplete", None)
    assert done.by_learner is False


@pytest.mark.parametrize("rule", ["completionusegrade", "completionpassgrade"])
def test_what_a_grade_completes_is_not_the_learners_doing(rule: str) -> None:
    row = {"cmid": 1, "state": 1, "timecompleted": 1789889923, "overrideby": None}
    details = [{"rulename": name, "rulevalue": {"status": 1}} for name in ("completionview", rule)]
    (by_grade,) = answers.parse_completions({"statuses": [{**row, "details": details}]})
    (viewed,) = answers.parse_completions({"statuses": [{**row, "details": details[:1]}]})
    assert (by_grade.by_learner, viewed.by_learner) == (False, True)


def test_course_completion() -> None:
    by_user = recorded("core_completion_get_course_completion_status__by_user")
    completed, moment = answers.parse_course_completion(by_user["147"])
    assert completed
    assert moment == datetime.fromtimestamp(1795289579, UTC)
    open_ones = [answers.parse_course_completion(user)[0] for user in by_user.values()]
    assert False in open_ones


def test_submissions() -> None:
    (assignment,) = recorded("mod_assign_get_submissions")["assignments"]
    facts = {fact.person_id: fact for fact in answers.parse_submissions(assignment)}
    assert facts["171"].state == "submitted"
    assert facts["171"].submitted_at == datetime.fromtimestamp(1792067203, UTC)


def test_latest_attempt_counts() -> None:
    row = {"userid": 1, "groupid": 0, "timemodified": 1792067203}
    attempts = [
        {**row, "attemptnumber": 1, "status": "draft"},
        {**row, "attemptnumber": 0, "status": "submitted"},
    ]
    (fact,) = answers.parse_submissions({"submissions": attempts})
    assert (fact.state, fact.submitted_at) == ("draft", None)
    (reopened,) = answers.parse_submissions(
        {"submissions": [{**row, "attemptnumber": 0, "status": "reopened"}]}
    )
    assert (reopened.state, reopened.submitted_at) == ("submitted", None)


def test_group_submission_belongs_to_nobody() -> None:
    row = {"userid": 0, "groupid": 11, "attemptnumber": 0, "timemodified": 1, "status": "submitted"}
    (fact,) = answers.parse_submissions({"submissions": [row]})
    assert (fact.person_id, fact.group_id) == ("", 11)


def test_grades() -> None:
    grades = answers.parse_grades(recorded("gradereport_user_get_grade_items"))
    omar = {grade.activity_id: grade for grade in grades["200"]}
    assert (omar["74"].score_ratio, omar["76"].score_ratio) == (0.75, None)
    assert omar["74"].graded_at == omar["74"].handed_in_at == datetime.fromtimestamp(1790232845, UTC)
    assert set(omar) == {"74", "76", "78", "83"}


def test_hidden_grade_shows_that_work_was_handed_in_and_no_score() -> None:
    item = {"itemtype": "mod", "itemnumber": 0, "cmid": 74, "graderaw": 5, "grademin": 0, "grademax": 10}
    dates = {"gradedatesubmitted": 1790232845, "gradedategraded": 1790232845}
    answer = {"usergrades": [{"userid": 1, "gradeitems": [{**item, **dates, "gradeishidden": True}]}]}
    ((grade,),) = answers.parse_grades(answer).values()
    assert (grade.score_ratio, grade.graded_at) == (None, None)
    assert grade.handed_in_at == datetime.fromtimestamp(1790232845, UTC)


@pytest.mark.parametrize(
    ("raw", "low", "high", "ratio"),
    [
        (50, 0, 100, 0.5),
        (6, 1, 11, 0.5),
        (120, 0, 100, 1.0),
        (-1, 0, 100, 0.0),
        (None, 0, 100, None),
        (1, 0, 0, None),
        (1, 0, None, None),
    ],
)
def test_score_ratio(raw: Any, low: Any, high: Any, ratio: float | None) -> None:
    assert answers.score_ratio(raw, low, high) == ratio


def test_attempts() -> None:
    by_user = recorded("mod_quiz_get_user_attempts__by_user")
    done = answers.parse_attempts("147", by_user["147"])
    assert (done.state, done.submitted_at) == ("submitted", datetime.fromtimestamp(1791128554, UTC))
    assert answers.parse_attempts("156", by_user["156"]).state == "none"
    assert answers.parse_attempts("1", {"attempts": [{"state": "inprogress"}]}).state == "draft"
    assert answers.parse_attempts("1", {"attempts": [{"state": "abandoned"}]}).state == "none"


def test_extension() -> None:
    assert answers.parse_extension(recorded("mod_assign_get_submission_status__user151")) == 1792265578
    assert answers.parse_extension(recorded("mod_assign_get_submission_status__user152")) == 0
    assert answers.parse_extension({}) == 0


def test_course() -> None:
    course = answers.parse_course(recorded("core_course_get_courses_by_field"))
    assert course is not None
    assert (course.title, course.label) == ("Online facilitation basics", "EM101")
    assert course.starts_at == datetime.fromtimestamp(1789241578, UTC)
    assert course.completion_tracked is True
    assert answers.parse_course({"courses": []}) is None


def test_contents_in_course_order() -> None:
    activities = structure.parse_contents(recorded("core_course_get_contents"))
    assert [row.external_id for row in activities[:3]] == ["71", "72", "73"]
    first = activities[0]
    assert (first.module, first.name, first.instance_id) == ("page", "Week 1 reading", "36")
    assert first.tracked
    assert not first.accepts_submission
    assert [row.position for row in activities] == list(range(len(activities)))


def test_labels_and_hidden_activities() -> None:
    module = {"id": 1, "name": "x", "modname": "label", "noviewlink": True}
    sections = [{"name": "A", "visible": 0, "modules": [module, {**module, "id": 2, "completion": 1}]}]
    (kept,) = structure.parse_contents(sections)
    assert (kept.external_id, kept.visible) == ("2", False)


def test_dates() -> None:
    own = {
        "assign": structure.parse_assignments(recorded("mod_assign_get_assignments")),
        "quiz": structure.parse_quizzes(recorded("mod_quiz_get_quizzes_by_courses")),
    }
    calendar = structure.parse_calendar(recorded("core_calendar_get_calendar_events"))
    contents = structure.parse_contents(recorded("core_course_get_contents"))
    rows = {row.external_id: structure.with_dates(row, own, calendar) for row in contents}
    assert rows["76"].due_at == datetime.fromtimestamp(1791660778, UTC)
    assert rows["76"].opens_at == datetime.fromtimestamp(1789241578, UTC)
    assert rows["74"].due_at == datetime.fromtimestamp(1791660778, UTC)
    assert rows["71"].due_at == datetime.fromtimestamp(1789846378, UTC)
    assert rows["72"].due_at is None
    assert all(row.dates_known for row in rows.values())


def test_dates_that_were_not_read_are_not_known() -> None:
    (assign,) = (
        row
        for row in structure.parse_contents(recorded("core_course_get_contents"))
        if row.module == "assign"
    )
    assert not structure.with_dates(assign, {}, None).dates_known
    assert not structure.with_dates(assign, {}, {}).dates_known
    assert not structure.with_dates(assign, {"assign": {}}, {}).dates_known
    calendar = structure.parse_calendar(recorded("core_calendar_get_calendar_events"))
    fallback = structure.with_dates(assign, {}, calendar)
    assert fallback.due_at == datetime.fromtimestamp(1791660778, UTC)


def test_deadline_of_one_group_is_not_everybodys() -> None:
    event = {"modulename": "assign", "instance": 6, "eventtype": "due", "timestart": 1791660778}
    assert structure.parse_calendar({"events": [{**event, "groupid": 11}]}) == {}
    assert list(structure.parse_calendar({"events": [event]})) == [("assign", "6")]


def test_hand_in_date_wins_over_expected_completion() -> None:
    event = {"modulename": "lesson", "instance": 6}
    events = [
        {**event, "eventtype": "expectcompletionon", "timestart": 1790000000},
        {**event, "eventtype": "close", "timestart": 1791660778},
        {**event, "eventtype": "expectcompletionon", "timestart": 1790000001},
    ]
    (dates,) = structure.parse_calendar({"events": events}).values()
    assert dates.due_at == datetime.fromtimestamp(1791660778, UTC)


PARSERS = [
    answers.parse_roster,
    answers.parse_ids,
    answers.parse_course,
    answers.parse_completions,
    answers.parse_course_completion,
    answers.parse_submissions,
    answers.parse_extension,
    answers.parse_grades,
    structure.parse_contents,
    structure.parse_assignments,
    structure.parse_quizzes,
    structure.parse_calendar,
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "courses", "statuses", "usergrades", "submissions", "events", "modules", "state"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(PARSERS), JSON)
def test_any_json_is_read_or_refused(parse: Any, answer: Any) -> None:
    with suppress(PlatformAnswerInvalid):
        answers.reading("f", parse, answer)


@pytest.mark.parametrize("seconds", [0, None, "1789889923", True, -5, 10**15, 1.5e300])
def test_what_is_no_moment(seconds: Any) -> None:
    assert answers.at(seconds) is None
