"""Every action of the console without script: from the form of a page to the page after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import SyncRun
from lti_tool.services import current_services
from tests.harness.desk import Desk, prepare_desk
from tests.harness.pages import Page
from tests.harness.world import MAIN


@dataclass
class Hand:
    """Somebody who only reads pages and sends their forms; remembers which actions they took."""

    desk: Desk
    taken: set[str] = field(default_factory=set)

    def press(self, who: str, path: str, action: str, **changes: str) -> Page:
        """Open a page, fill its form in, send it, and read the page it leads to."""
        return self.press_here(who, self.desk.open(who, path), action, **changes)

    def press_here(self, who: str, page: Page, action: str, **changes: str) -> Page:
        """The same on a page that is open already."""
        ending = [form for form in page.forms if form.action.partition("#")[0].endswith(action)]
        form = ending[0] if ending else page.form(action)
        assert form.method == "post"
        sent: dict[str, str | list[str]] = dict(form.fields) | changes  # type: ignore[assignment]
        self.taken.add(self.endpoint(form.action))
        answer = self.desk.open(who, form.action, sent)
        if answer.status == 303:
            answer = self.desk.open(who, answer.headers["Location"])
        assert answer.status == 200, (action, answer.status, answer.words)
        return answer

    def undo(self, who: str, page: Page) -> Page:
        """The button of the bar."""
        back = self.press_here(who, page, "/undo")
        assert "Taken back." in back.words
        return back

    def endpoint(self, action: str) -> str:
        """Name of the action behind an address."""
        adapter = self.desk.app.url_map.bind("localhost")
        endpoint, _ = adapter.match(action.partition("#")[0].partition("?")[0], method="POST")
        return str(endpoint)


@pytest.fixture
def hand(app: Flask) -> Hand:
    return Hand(prepare_desk(app))


def test_every_action_of_everybody(hand: Hand) -> None:
    """None is left out: the list of actions is the application's own."""
    work_as_mentor(hand)
    work_as_learner(hand)
    share_as_trainer(hand)
    rule_as_trainer_and_admin(hand)
    actions = {
        rule.endpoint
        for rule in hand.desk.app.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and "POST" in (rule.methods or ())
    }
    assert actions - hand.taken == set()


def work_as_mentor(hand: Hand) -> None:
    """Set aside, note, log, agree on tasks, give more time; each taken back or ended again."""
    desk, learner = hand.desk, hand.desk.learner()
    hand.undo("mentor", hand.press("mentor", "today", "/dismiss", reason="already_handled"))
    hand.undo("mentor", hand.press("mentor", "today", "/snooze", until="tomorrow"))
    hand.undo("mentor", hand.press("mentor", "today", "/notes", text="Likes the evening."))
    contact = hand.press("mentor", f"{learner}?kind=social&channel=phone", "/contacts", summary="Rang.")
    assert "The contact is logged." in contact.words
    hand.undo("mentor", contact)
    assert "The task is set." in hand.press("mentor", learner, "/tasks#", title="Ring again").words
    assert "The task is done." in hand.press("mentor", learner, "/tasks/", state="done").words
    later = (desk.world.now + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")
    hand.press("mentor", learner, "/extensions", due_at=later)
    assert "The earlier date holds again." in hand.press("mentor", learner, "/withdraw").words
    hand.press("mentor", "today", "/sync")
    begin_update(desk)
    assert "It is being stopped." in hand.press("mentor", "sync", "/sync/stop").words
    assert 'lang="fr"' in hand.press("mentor", "today", "/language", locale="fr").text
    hand.press("mentor", "today", "/language", locale="en")


def begin_update(desk: Desk) -> None:
    """As a worker does."""
    with desk.app.app_context():
        now = current_services().clock.real_now()
        moments = {"started_at": now, "beat_at": now, "as_of": now}
        course = desk.world.courses[MAIN].context.id
        db.session.add(SyncRun(context_id=course, trigger="person", state="running", errors=[], **moments))
        db.session.commit()
        db.session.remove()


def work_as_learner(hand: Hand) -> None:
    """Say something, and take it back."""
    said = hand.press("learner", "me", "/me/answers", text="The third exercise.", kind="need_help")
    assert "Your e-mentor reads at once that you need help." in said.words
    hand.press("learner", "me", "/withdraw")


def share_as_trainer(hand: Hand) -> None:
    """Name, limit, give, take back, even out, end; and let somebody in."""
    desk = hand.desk
    person = str(desk.world.courses["main"].members["unnamed teacher"].id)
    assert "Named as e-mentor." in hand.press("trainer", "course", "/mentors", membership=person).words
    hand.press("trainer", "course", "/caps", learners="40")
    cyn, mentor = str(desk.world.learner_id("main", "cyn")), str(desk.person_id("mentor"))
    given = hand.press("trainer", "course", "/assign", mentor=mentor, learner=cyn)
    assert "The learners are shared out." in given.words
    press_take_back(hand, given, f"{mentor}:{cyn}")
    hand.press("trainer", "course", "/balance", what="unassigned")
    first = (desk.world.now + timedelta(days=30)).date().isoformat()
    hand.press("trainer", "course", "/breaks", name="Feast", starts_on=first, ends_on=first)
    assert "The days count again." in hand.press("trainer", "course", "/remove").words
    assert "The request is declined." in hand.press("trainer", "course", "/requests/", role="").words
    hand.press("manager", "access", "/access")
    assert "Access is given." in hand.press("trainer", "course", "/requests/", role="mentor").words
    assert "No longer e-mentor here." in hand.press("trainer", "course", "/mentors/end").words


def press_take_back(hand: Hand, page: Page, pair: str) -> None:
    """The button beside an e-mentor's name sends its form elsewhere."""
    buttons = [button for form in page.forms for button in form.element.iter("button")]
    button = next(one for one in buttons if one.get("value") == pair)
    address = button.get("formaction", "")
    assert hand.desk.open("trainer", address, {button.get("name", ""): pair}).status == 303
    hand.taken.add(hand.endpoint(address))


def rule_as_trainer_and_admin(hand: Hand) -> None:
    """See what the rules would do, and save them."""
    for who, path in (("trainer", "course/rules"), ("admin", "organisation/rules")):
        tried = hand.press(who, path, "/rules", do="preview", silent_act_days="20")
        assert "Nothing is saved yet." in tried.words
        assert "The rules are saved." in hand.press_here(who, tried, "/rules", do="save").words
    roles = hand.desk.open("admin", "organisation").links["Roles LMS 1"].partition("/organisation/")[2]
    tried = hand.press("admin", f"organisation/{roles}", f"/{roles}", do="preview", new_role="tutor")
    assert "Nothing is saved yet." in tried.words
    saved = hand.press_here("admin", tried, f"/{roles}", do="save")
    assert "The roles are saved." in saved.words
    assert "Taken back." in hand.press_here("admin", saved, f"/{roles}/undo").words
