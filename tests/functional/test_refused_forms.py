"""How a page says at once that a form was refused; and the draft of a letter, ready to be sent."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import update

from course_sync.database import db
from mentor_console.models import Flag
from mentor_console.playbooks import PLAYBOOKS
from tests.harness.desk import Desk, prepare_desk
from tests.harness.pages import Page

SCRIPT = "/problem.js"


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def scripts(page: Page) -> list[str]:
    """Addresses without their fingerprints."""
    return [urlsplit(one.get("src", "")).path for one in page.tree.iter("script")]


def focus_targets(page: Page) -> list[str]:
    """What problem.js brings the reader to: tags of the words about it, else of the fields."""
    words = [
        one for one in page.tree.iter() if "problem" in one.get("class", "").split() and one.get("tabindex")
    ]
    fields = [one for one in page.tree.iter() if one.get("aria-invalid") == "true"]
    return [one.tag for one in words or fields]


@pytest.mark.parametrize(
    ("action", "wrong", "target"),
    [
        ("/contacts", {"occurred_at": "soon"}, "div"),
        ("/dismiss", {"reason": "other", "text": ""}, "textarea"),
        ("/snooze", {"until": "date", "day": "some day"}, "input"),
        ("/notes", {"text": " "}, "textarea"),
    ],
)
def test_a_refused_form_says_so_first(desk: Desk, action: str, wrong: dict[str, str], target: str) -> None:
    """In the title, which is read before anything else, and where the focus goes."""
    opened = "?kind=social&channel=phone" if action == "/contacts" else ""
    page = desk.open("mentor", desk.learner() + opened)
    assert not page.title.startswith("Problem:")
    form = page.form(action)
    refused = desk.open("mentor", form.action, dict(form.fields) | wrong)
    assert refused.status == 422
    assert refused.title.startswith("Problem:")
    assert sum(script.endswith(SCRIPT) for script in scripts(refused)) == 1
    assert focus_targets(refused)[0] == target


def test_a_refused_form_comes_back_where_nothing_is_flagged_any_more(desk: Desk) -> None:
    form = desk.open("mentor", desk.learner()).form("/dismiss")
    with desk.app.app_context():
        db.session.execute(update(Flag).values(cleared_at=desk.world.now))
        db.session.commit()
    typed = dict(form.fields) | {"reason": "unheard of", "text": "On a field trip."}
    refused = desk.open("mentor", form.action, typed)
    assert refused.status == 422
    assert dict(refused.form("/dismiss").fields)["text"].strip() == "On a field trip."


def test_the_address_of_the_learner_carries_the_draft(desk: Desk) -> None:
    """Name and all, exactly as it stands on the page."""
    plain = desk.open("mentor", f"{desk.learner()}?kind=social&channel=email")
    with_draft = desk.open(
        "mentor", f"{desk.learner()}?kind=social&channel=email&playbook={next(iter(PLAYBOOKS))}"
    )
    assert "body" not in parse_qs(letter(plain).query)
    (body,) = parse_qs(letter(with_draft).query)["body"]
    drafts = [one.text for one in with_draft.tree.iter("p") if "draft" in one.get("class", "")]
    assert body in drafts
    assert letter(with_draft).path == letter(plain).path


def letter(page: Page) -> SplitResult:
    """The link that opens a letter."""
    return next(
        urlsplit(a.get("href", "")) for a in page.tree.iter("a") if a.get("href", "").startswith("mailto:")
    )
