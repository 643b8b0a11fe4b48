"""The trainer's one-click sharing, limits and breaks, and the numbers of the rules, over HTTP."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Context
from lti_tool.worker import run_queued
from mentor_console import rule_wording
from mentor_console.course_rules import THRESHOLD_NAMES
from mentor_console.models import Flag, RuleSetting
from tests.harness.desk import Desk, prepare_desk
from tests.harness.pages import Form, Page

Data = dict[str, str | list[str]]


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def sent(form: Form, **changes: str) -> Data:
    """What a browser would send, with some fields filled in."""
    return dict(form.fields) | changes  # type: ignore[return-value]


def rules_form(page: Page) -> Form:
    """The one with the numbers."""
    return next(form for form in page.forms if "silent_act_days" in dict(form.fields))


def test_shared_out_in_one_click_and_taken_back_whole(desk: Desk) -> None:
    before = desk.open("trainer", "course")
    assert "Share out 1 learner evenly" in before.words or "Share out 2 learners evenly" in before.words
    done = desk.follow("trainer", before.form("/balance").action, {"what": "unassigned"})
    assert "The learners are shared out evenly." in done.words
    assert "0 without e-mentor" in done.words
    assert re.search(r"Active learners with an e-mentor: (\d+) of \1 \(100%\)\.", done.words)
    assert "shared out Trainer of Main" in done.words
    bar = done.form("/undo")
    back = desk.follow("trainer", bar.action, sent(bar))
    assert "Taken back." in back.words
    assert "0 without e-mentor" not in back.words


def test_a_limit_is_kept_and_said(desk: Desk) -> None:
    caps = [form for form in desk.open("trainer", "course").forms if "/caps" in form.action]
    form = next(form for form in caps if "mentor" not in dict(form.fields))
    limited = desk.follow("trainer", form.action, sent(form, learners="1"))
    assert "The limit is set." in limited.words
    assert "at most 1 more than the limit" in limited.words
    done = desk.follow("trainer", "balance", {"what": "unassigned"})
    assert "Nothing could be shared out: no e-mentor can take another learner" in done.words
    wrong = desk.open("trainer", form.action, sent(form, learners="many"))
    assert wrong.status == 422
    assert "Write a whole number from 0 to 500" in wrong.words
    assert "many" in [dict(form.fields).get("learners") for form in wrong.forms]
    stale = desk.open("trainer", form.action, sent(form, learners="7"))
    assert stale.status == 409
    assert "by you or by somebody else. Nothing was overwritten. The limit is 1 now." in stale.words
    caps = [form for form in stale.forms if "/caps" in form.action and "mentor" not in dict(form.fields)]
    assert [dict(form.fields)["learners"] for form in caps] == ["7"]
    free = desk.follow("trainer", form.action, sent(caps[0], learners=""))
    assert "more than the limit" not in free.words
    assert "No limit for e-mentors Trainer of Main" in free.words
    bar = free.form("/undo")
    assert "at most 1 more than the limit" in desk.follow("trainer", bar.action, sent(bar)).words


def test_of_one_e_mentor_the_form_has_their_own_limit(desk: Desk) -> None:
    """Left empty, the limit of the course holds: the form says so, and does not show that one as theirs."""

    mentor = str(desk.person_id("mentor"))

    def own_form(page: Page) -> Form:
        return next(form for form in page.forms if dict(form.fields).get("mentor") == mentor)

    def label(page: Page) -> str:
        labels = own_form(page).element.iter("label")
        return "".join(next(labels).itertext())

    page = desk.open("trainer", "course")
    assert "empty: no limit" in label(page)
    course = next(f for f in page.forms if "/caps" in f.action and "mentor" not in dict(f.fields))
    limited = desk.follow("trainer", course.action, sent(course, learners="12"))
    assert "empty: the limit of the course" in label(limited)
    form = own_form(limited)
    assert form["learners"] == ""
    own = desk.follow("trainer", form.action, sent(form, learners="30"))
    form = own_form(own)
    assert form["learners"] == "30"
    emptied = desk.follow("trainer", form.action, sent(form, learners=""))
    assert "No limit of their own now: that of the course holds, if it has one." in emptied.words
    assert own_form(emptied)["learners"] == ""


def test_what_came_later_is_named_to_who_takes_back_the_earlier(desk: Desk) -> None:
    cap = desk.open("trainer", "course").form("/caps")
    once = desk.follow("trainer", cap.action, sent(cap, learners="11"))
    first = once.form("/undo")
    cap = once.form("/caps")
    desk.follow("trainer", cap.action, sent(cap, learners="12"))
    refused = desk.follow("trainer", first.action, sent(first))
    assert "this came later and rests on it: “At most 12 for" in refused.words
    assert "Take that back first." in refused.words


def test_a_former_learner_is_looked_for_by_name(desk: Desk) -> None:
    page = desk.open("trainer", "course")
    assert "They must be able to open this course in the LMS" in page.words
    assert "Nobody of this name learned" in desk.open("trainer", "course?former=zzzz").words


def test_breaks_come_and_go(desk: Desk) -> None:
    form = desk.open("trainer", "course").form("/breaks")
    first, last = (desk.world.now.date() + timedelta(days=days) for days in (20, 24))
    data = sent(form, name="Winter", starts_on=first.isoformat(), ends_on=last.isoformat())
    added = desk.follow("trainer", form.action, data)
    assert "Winter" in added.words
    remove = added.form("/remove")
    assert "The days count again." in desk.follow("trainer", remove.action, sent(remove)).words
    turned = sent(form, name="Winter", starts_on=last.isoformat(), ends_on=first.isoformat())
    wrong = desk.open("trainer", form.action, turned)
    assert wrong.status == 422
    assert "Choose a last day that is not before the first." in wrong.words
    assert wrong.form("/breaks")["name"] == "Winter"


@pytest.mark.parametrize(("who", "path"), [("trainer", "course/rules"), ("admin", "organisation/rules")])
def test_rules_are_tried_before_they_are_saved(desk: Desk, who: str, path: str) -> None:
    page = desk.open(who, path)
    form = rules_form(page)
    assert set(THRESHOLD_NAMES) <= set(dict(form.fields))
    tried = desk.open(who, path, sent(form, silent_act_days="20", do="preview"))
    assert "learners today" in tried.words
    assert "Nothing is saved yet." in tried.words
    assert rules_form(tried)["silent_act_days"] == "20"
    assert rules_form(desk.open(who, path))["silent_act_days"] == "14"
    saved = desk.follow(who, path, sent(rules_form(tried), do="save"))
    assert "The rules are saved." in saved.words
    assert rules_form(saved)["silent_act_days"] == "20"
    assert "Last changed by" in saved.words
    back = desk.follow(who, path, sent(rules_form(saved), silent_act_days="", do="save"))
    assert rules_form(back)["silent_act_days"] == "14"


def test_rules_of_the_organisation_judge_its_courses_without_waiting_for_a_sync(desk: Desk) -> None:
    standing = select(func.count(Flag.id)).where(Flag.cleared_at.is_(None))
    with desk.app.app_context():
        assert db.session.scalar(standing)
    form = rules_form(desk.open("admin", "organisation/rules"))
    desk.follow("admin", "organisation/rules", sent(form, silent_act_days="20", do="save"))
    with desk.app.app_context():
        here = Context.organisation_id == select(RuleSetting.organisation_id).scalar_subquery()
        courses = db.session.scalar(select(func.count(Context.id)).where(here)) or 0
    assert courses > 1
    assert run_queued(desk.app) == 1 + courses
    with desk.app.app_context():
        assert db.session.scalar(standing) == 0  # no rule finds what the harness raised by hand


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("silent_act_days", "soon", "Write a number."),
        ("silent_act_days", "-3", "Write a number from 0 to 9,999."),
        ("silent_act_days", "1", "This contradicts another number"),
        ("deadline_full_cohort_share", "nan", "Write a number from 0 to 9,999."),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_all_that_was_typed(
    desk: Desk, name: str, text: str, sentence: str
) -> None:
    form = rules_form(desk.open("trainer", "course/rules"))
    back = desk.open("trainer", "course/rules", sent(form, good_news_days="9", do="save") | {name: text})
    assert back.status == 422
    assert sentence in back.words
    assert rules_form(back)[name] == text
    assert rules_form(back)["good_news_days"] == "9"


def test_a_decimal_comma_is_a_decimal_point(desk: Desk) -> None:
    form = rules_form(desk.open("trainer", "course/rules"))
    saved = desk.follow("trainer", "course/rules", sent(form, silent_cohort_factor="2,5", do="save"))
    assert rules_form(saved)["silent_cohort_factor"] == "2.5"


def test_two_who_save_at_once_overwrite_nothing(desk: Desk) -> None:
    mine = rules_form(desk.open("trainer", "course/rules"))
    desk.follow("trainer", "course/rules", sent(mine, silent_act_days="18", do="save"))
    late = desk.open("trainer", "course/rules", sent(mine, silent_act_days="16", do="save"))
    assert late.status == 409
    assert "Nothing was overwritten." in late.words
    assert "not the same" in late.words
    assert rules_form(late)["silent_act_days"] == "16"
    assert rules_form(desk.open("trainer", "course/rules"))["silent_act_days"] == "18"
    again = desk.follow("trainer", "course/rules", sent(rules_form(late), do="save"))
    assert rules_form(again)["silent_act_days"] == "16"


def test_trying_the_numbers_does_not_hide_that_somebody_saved_meanwhile(desk: Desk) -> None:
    mine = rules_form(desk.open("trainer", "course/rules"))
    desk.follow("trainer", "course/rules", sent(mine, silent_act_days="18", do="save"))
    tried = desk.open("trainer", "course/rules", sent(mine, silent_act_days="16"))
    assert tried.status == 200
    late = desk.open("trainer", "course/rules", sent(rules_form(tried), do="save"))
    assert late.status == 409
    assert rules_form(desk.open("trainer", "course/rules"))["silent_act_days"] == "18"


def test_every_number_of_the_rules_has_words(app: Flask) -> None:
    """And stands in exactly one group."""
    with app.test_request_context():
        assert [name for name in THRESHOLD_NAMES if rule_wording.threshold_words(name) == name] == []
        listed = [name for _, names in rule_wording.groups(THRESHOLD_NAMES) for name in names]
    assert sorted(listed) == sorted(THRESHOLD_NAMES)
