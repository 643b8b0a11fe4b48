"""The roles of a platform over HTTP: tried, saved, refused, taken back; and offered people one click away."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.harness.desk import Desk, prepare_desk
from tests.harness.pages import Form, Page
from tests.harness.world import MAIN

Data = dict[str, str | list[str]]


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def path_of(desk: Desk) -> str:
    return f"organisation/roles/{desk.world.courses[MAIN].platform.id}"


def roles_form(page: Page) -> Form:
    """The one with the roles."""
    return next(form for form in page.forms if "new_role" in dict(form.fields))


def choose(form: Form, **meanings: str) -> Data:
    """The form with other meanings for some roles, as a browser would send it."""
    fields: Data = dict(form.fields)  # type: ignore[arg-type]
    numbers = {
        value: name.removeprefix("role-") for name, value in fields.items() if name.startswith("role-")
    }
    return fields | {f"means-{numbers[role]}": means for role, means in meanings.items()}


def test_tried_saved_and_taken_back(desk: Desk) -> None:
    assert path_of(desk) in desk.open("admin", "organisation").text
    page = desk.open("admin", path_of(desk))
    assert "Learners have this role." in page.words
    tried = desk.open("admin", path_of(desk), choose(roles_form(page), teacher="mentor") | {"do": "preview"})
    assert "Would become e-mentors" in tried.words
    assert "Unnamed Teacher of Main" in tried.words
    assert "Nothing is saved yet." in tried.words
    saved = desk.follow("admin", path_of(desk), choose(roles_form(tried), teacher="mentor") | {"do": "save"})
    assert "The roles are saved." in saved.words
    assert "by the role “teacher” of the platform" in desk.open("trainer", "course").words
    assert desk.open("unnamed teacher", "today").status == 200
    undo = saved.form("/undo")
    assert "Taken back." in desk.follow("admin", undo.action, dict(undo.fields)).words  # type: ignore[arg-type]
    assert desk.open("unnamed teacher", "today").status == 403


def test_offered_people_are_named_by_one_click(desk: Desk) -> None:
    form = roles_form(desk.open("admin", path_of(desk)))
    desk.follow("admin", path_of(desk), choose(form, teacher="offered") | {"do": "save"})
    page = desk.open("trainer", "course")
    assert "Offered by the rules of the platform" in page.words
    offered = next(form for form in page.forms if form.action.endswith("/mentors"))
    done = desk.follow("trainer", offered.action, dict(offered.fields))  # type: ignore[arg-type]
    assert "Named as e-mentor." in done.words


def test_a_role_of_learners_and_a_late_colleague_are_refused(desk: Desk) -> None:
    form = roles_form(desk.open("admin", path_of(desk)))
    wrong = choose(form) | {"new_role": "StudentEnrollment", "new_means": "mentor", "do": "save"}
    refused = desk.open("admin", path_of(desk), wrong)
    assert refused.status == 422
    assert "A learner becomes e-mentor only when a trainer names them." in refused.words
    desk.follow("admin", path_of(desk), choose(form, teacher="offered") | {"do": "save"})
    late = desk.open("admin", path_of(desk), choose(form, teacher="mentor") | {"do": "save"})
    assert late.status == 409
    assert "Nothing was overwritten." in late.words
    assert "in force: may be offered as e-mentors" in late.words
