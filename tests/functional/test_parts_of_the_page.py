"""Parts of a page that actions exchange: each is there in every answer, with what changes elsewhere too."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from flask import Flask

from mentor_console import desks
from tests.harness.desk import Desk, prepare_desk
from tests.harness.pages import Page

PARTS = {"told", "now", "making-contact", "tasks", "history", "way", "notes", "flag-history"}
COURSE = {"told", "requests", "mentors", "coverage", "breaks", "changes", "learners"}
OWN = {"told", "say"}


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def regions(page: Page) -> dict[str, Element]:
    """The parts by their ids."""
    return {one.get("id", ""): one for one in page.tree.iter() if one.get("hx-target")}


def posting(page: Page) -> list[Element]:
    """Every form inside the page's content that changes something."""
    main = next(one for one in page.tree.iter("main"))
    return [form for form in main.iter("form") if form.get("method") == "post"]


def assert_whole(page: Page) -> None:
    """Of the learner's page: every change shows in what was done, the flags, the tasks and the history."""
    assert_parts(page, PARTS, {"told", "now", "tasks", "history"})


def assert_parts(page: Page, parts: set[str], always: set[str]) -> None:
    """Each part names itself and others that are there, and every form that acts stands in one."""
    found, ids = regions(page), {one.get("id") for one in page.tree.iter()}
    assert set(found) == parts
    for name, part in found.items():
        assert part.get("hx-target") == f"#{name}"
        others = {one.removeprefix("#") for one in part.get("hx-select-oob", "").split(",")}
        assert always - {name} <= others <= ids - {name}
    inside = {form for part in found.values() for form in part.iter("form")}
    assert posting(page)
    for form in posting(page):
        if form.get("action", "").endswith("/sync"):  # which leads to a page of its own
            continue
        assert form in inside, form.get("action")
        assert form.get("hx-boost") == "true", form.get("action")


def assert_leads_back(page: Page, learner: str) -> None:
    """Each way back and each language button names the learner's page, whatever form it came from."""
    ways = [dict(form.fields)["back"] for form in page.forms if "back" in dict(form.fields)]
    assert any("/undo" in form.action for form in page.forms)
    assert ways
    assert {way.split("?")[0].endswith(f"/{learner}") for way in ways} == {True}, ways


def test_an_action_and_its_way_back_answer_with_every_part(desk: Desk) -> None:
    page = desk.open("mentor", desk.learner() + "?kind=social&channel=phone")
    assert_whole(page)
    form = page.form("/contacts")
    logged = desk.follow("mentor", form.action, dict(form.fields))
    assert_whole(logged)
    bar = logged.form("/undo")
    assert_whole(desk.follow("mentor", bar.action, dict(bar.fields)))


@pytest.mark.parametrize(
    ("action", "wrong", "part"),
    [
        ("/contacts", {"occurred_at": "soon"}, "making-contact"),
        ("/snooze", {"until": "date", "day": "some day"}, "now"),
        ("/tasks", {"title": " "}, "tasks"),
        ("/notes", {"text": " "}, "notes"),
    ],
)
def test_a_form_that_was_refused_comes_back_in_its_part(
    desk: Desk, action: str, wrong: dict[str, str], part: str
) -> None:
    opened = "?kind=social&channel=phone" if action == "/contacts" else ""
    page = desk.open("mentor", desk.learner() + opened)
    fields = wrong.keys() - {"until"}  # which is a button
    form = next(form for form in page.forms if action in form.action and fields <= dict(form.fields).keys())
    refused = desk.open("mentor", form.action, dict(form.fields) | wrong)
    assert refused.status == 422
    assert_whole(refused)
    assert_leads_back(refused, desk.learner())
    wrong_fields = [one for one in regions(refused)[part].iter() if one.get("aria-invalid") == "true"]
    assert wrong_fields


@pytest.mark.parametrize(("changes", "status"), [({"title": " "}, 422), ({"title": "Mine"}, 409)])
def test_a_task_that_was_refused_comes_back_to_its_learner(
    desk: Desk, changes: dict[str, str], status: int
) -> None:
    """The address of its form names the task alone."""
    form = desk.open("mentor", desk.learner()).form("/tasks")
    page = desk.follow("mentor", form.action, dict(form.fields) | {"title": "Talk", "kind": "social"})
    edit = next(one for one in page.forms if "/tasks/" in one.action and "has_shared" in dict(one.fields))
    shown = dict(edit.fields) | {"state": "open"}
    desk.follow("mentor", edit.action, shown | {"title": "Theirs"})
    refused = desk.open("mentor", edit.action, shown | changes)
    assert refused.status == status
    assert_whole(refused)
    assert_leads_back(refused, desk.learner())


def test_a_form_of_today_that_was_refused_leads_back_to_today(desk: Desk) -> None:
    """Also when all who wait were shown there, and though it came back on the learner's page."""
    form = desk.open("mentor", "today?all=1").form("/dismiss")
    refused = desk.open("mentor", form.action, dict(form.fields) | {"reason": "other", "text": ""})
    assert refused.status == 422
    assert_whole(refused)
    again = refused.form("/dismiss")
    done = desk.open("mentor", again.action, dict(again.fields) | {"reason": "other", "text": "On a trip."})
    assert "/today?all=1&done=dismissed" in done.headers["Location"]


def test_a_clash_of_today_leads_back_to_today(desk: Desk) -> None:
    form = desk.open("mentor", desk.learner()).form("/tasks")
    page = desk.follow("mentor", form.action, dict(form.fields) | {"title": "Talk", "kind": "social"})
    fields = dict(page.form("/tasks/").fields) | {"back": "today", "state": "done"}
    refused = desk.open("mentor", page.form("/tasks/").action, fields | {"version": "7"})
    assert refused.status == 409
    again = next(one for one in refused.forms if dict(one.fields).get("title") == "Talk")
    saved = desk.open("mentor", again.action, dict(again.fields) | {"state": "done"})
    assert "/today?done=task_done" in saved.headers["Location"]


def test_the_course_answers_with_every_part(desk: Desk) -> None:
    """Also where there is nothing to show in one: no request, no change."""
    page = desk.open("trainer", "course")
    assert_parts(page, COURSE, {*COURSE, "lead", "nav"})
    form = page.form("/requests/")
    declined = desk.follow("trainer", form.action, dict(form.fields) | {"role": ""})
    assert_parts(declined, COURSE, {*COURSE, "lead", "nav"})
    form = declined.form("/caps")
    refused = desk.open("trainer", form.action, dict(form.fields) | {"learners": "many"})
    assert refused.status == 422
    assert_parts(refused, COURSE, {*COURSE, "lead", "nav"})
    assert next(a.text for a in refused.tree.iter("a") if a.get("aria-current") == "page") == "Course"
    limited = desk.follow("trainer", form.action, dict(form.fields) | {"learners": "40"})
    bar = limited.form("/undo")
    assert_parts(desk.follow("trainer", bar.action, dict(bar.fields)), COURSE, {*COURSE, "lead", "nav"})


def test_the_course_goes_on_listing_whom_it_listed(desk: Desk) -> None:
    """After an action, after its way back, and where a form is refused."""
    page = desk.open("trainer", "course?show=without&q=c&done=shared")
    listed = [form for form in page.forms if "show=without&q=c" in form.action]
    assert {form.element for form in listed} >= {
        form
        for form in posting(page)
        if "/undo" not in form.get("action", "") and "/sync" not in form.get("action", "")
    }
    form = page.form("/caps")
    answer = desk.open("trainer", form.action, dict(form.fields) | {"learners": "40"})
    assert "/course?show=without&q=c&" in answer.headers["Location"]
    bar = desk.open("trainer", answer.headers["Location"]).form("/undo")
    assert bar["back"].endswith("/course?show=without&q=c")
    refused = desk.open("trainer", form.action, dict(form.fields) | {"learners": "many"})
    assert refused.form("/language")["back"].endswith("/course?show=without&q=c")
    assert any(dict(form.fields).get("q") == "c" for form in refused.forms)


def test_the_course_lists_the_same_while_one_looks_elsewhere_on_its_page(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a former learner, or at older changes."""
    monkeypatch.setattr(desks, "CHANGES_SHOWN", 1)
    for limit in ("40", "50"):
        form = desk.open("trainer", "course").form("/caps")
        desk.follow("trainer", form.action, dict(form.fields) | {"learners": limit})
    page = desk.open("trainer", "course?show=without&q=c")
    (form,) = (form for form in page.forms if "former" in dict(form.fields))
    assert dict(form.fields) == {"show": "without", "q": "c", "former": ""}
    older = desk.open("trainer", page.link("Older changes"))
    assert "/caps?show=without&q=c#" in older.form("/caps").action
    assert older.link("Newest changes").endswith("/course?show=without&q=c#changes")


def test_the_own_page_answers_with_every_part(desk: Desk) -> None:
    page = desk.open("learner", "me")
    assert_parts(page, OWN, {"told", "mentors", "next", "say", "known", "history"})
    form = page.form("/answers")
    refused = desk.open("learner", form.action, dict(form.fields) | {"kind": "need_help", "text": " "})
    assert refused.status == 422
    assert_parts(refused, OWN, {"told", "mentors", "next", "say", "known", "history"})
    assert refused.form("/language")["back"].endswith("/me")
    said = desk.follow("learner", form.action, dict(form.fields) | {"kind": "need_help", "text": "Help."})
    assert_parts(said, OWN, {"told", "mentors", "next", "say", "known", "history"})
