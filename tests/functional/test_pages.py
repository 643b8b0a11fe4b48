"""The console's pages over HTTP in the whole application: what each person reads, does, and gets back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select

from course_sync.database import db
from course_sync.models import JobRun, Person
from mentor_console.models import AccessRequest, Assignment, Contact, RoleGrant
from tests.harness.desk import Desk, prepare_desk
from tests.harness.pages import Page
from tests.harness.world import MAIN, OTHER_ORGANISATION


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def contact_form(page: Page, **changes: str) -> dict[str, str | list[str]]:
    """The contact form as a browser would send it, with some fields filled in."""
    form = page.form("/contacts")
    return dict(form.fields) | changes  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("who", "first"),
    [
        ("mentor", "/today"),
        ("trainer", "/course"),
        ("learner", "/me"),
        ("learning mentor", "/today"),
        ("admin", "/organisation"),
        ("manager", "/access"),
        ("administrator", "/access"),
    ],
)
def test_home_leads_each_to_their_own_page(desk: Desk, who: str, first: str) -> None:
    answer = desk.open(who, "")
    assert answer.status == 303
    assert answer.headers["Location"].endswith(first)
    assert desk.open(who, answer.headers["Location"]).status == 200


def test_who_has_no_part_reads_whom_to_ask(desk: Desk) -> None:
    page = desk.open("unnamed teacher", "")
    assert page.status == 200
    assert "ask a trainer of this course to name you" in page.words
    assert page.title.startswith("Nothing for you here yet")


def test_today_shows_who_needs_the_mentor_and_what_to_do(desk: Desk) -> None:
    page = desk.open("mentor", "today")
    assert "One learner needs you today." in page.words
    assert "No visit for 12 days; until now never more than 3." in page.words
    assert "Last contact: 2 days ago, by phone, spoke together" in page.words
    assert "1 learner is fine." in page.words
    action = page.link("^Check access with Ann$")
    assert "kind=technical" in action
    assert action.endswith("#contact")


def test_from_today_to_a_logged_contact_in_two_clicks(desk: Desk) -> None:
    """Card to learner with the form open and filled in as far as can be known; the second click logs it."""
    first = desk.open("mentor", "today").link("^Check access with Ann$")
    page = desk.open("mentor", first.split("#")[0])
    form = contact_form(page)
    assert (form["kind"], form["channel"]) == ("technical", "message")
    done = desk.follow("mentor", desk.learner() + "/contacts", form)
    assert "The contact is logged." in done.words
    with desk.app.app_context():
        newest = db.session.scalars(select(Contact).order_by(Contact.id.desc())).first()
        assert newest is not None
        assert (newest.kind, newest.outcome, newest.summary) == ("technical", "no_answer", "")


def test_a_contact_sent_twice_is_one(desk: Desk) -> None:
    page = desk.open("mentor", desk.learner() + "?kind=social")
    form = contact_form(page, summary="Only once, please.")
    for _ in range(2):
        desk.follow("mentor", desk.learner() + "/contacts", form)
    words = desk.open("mentor", desk.learner()).words
    assert words.count("Only once, please.") == 1
    late = desk.open("mentor", desk.learner() + "/contacts", {**form, "summary": "And one thing more."})
    assert late.status == 409
    assert "This form was sent before" in late.words
    typed = late.form("/contacts")
    assert typed["summary"].strip() == "And one thing more."
    desk.follow("mentor", desk.learner() + "/contacts", dict(typed.fields))
    words = desk.open("mentor", desk.learner()).words
    assert (words.count("Only once, please."), words.count("And one thing more.")) == (1, 1)


def test_a_faulty_contact_comes_back_with_everything_typed(desk: Desk) -> None:
    page = desk.open("mentor", desk.learner() + "?channel=phone")
    form = contact_form(page, occurred_at="last Tuesday", duration_minutes="ten", summary="<b>Long</b> talk")
    back = desk.open("mentor", desk.learner() + "/contacts", form)
    assert back.status == 422
    assert "Not logged yet." in back.words
    for sentence in ("Choose the kind", "Write day and time like", "Write whole minutes"):
        assert back.words.count(sentence) == 2, sentence
    typed = back.form("/contacts")
    assert typed["occurred_at"] == "last Tuesday"
    assert typed["duration_minutes"] == "ten"
    assert typed["summary"].strip() == "<b>Long</b> talk"
    assert typed["request_key"] == form["request_key"]
    assert "&lt;b&gt;Long" in back.text
    with desk.app.app_context():
        assert not [c for c in db.session.scalars(select(Contact)) if "Long" in c.summary]


def test_a_summary_is_never_markup(desk: Desk) -> None:
    page = desk.open("mentor", desk.learner() + "?kind=social")
    attack = "<script>alert(1)</script> & friends"
    done = desk.follow("mentor", desk.learner() + "/contacts", contact_form(page, summary=attack))
    assert attack in done.words
    assert "<script>alert" not in done.text


def test_the_learner_reads_the_same_facts_and_no_level(desk: Desk) -> None:
    page = desk.open("learner", "me")
    assert "Your last visit was on" in page.words
    assert "What is known about me, and why" in page.words
    assert "This goes away with your next visit." in page.words
    assert "Talked with ann of main." in page.words
    for word in ("Act today", "give up", "No visit for 12 days"):
        assert word not in page.words


def test_the_mentor_reads_what_the_learner_reads(desk: Desk) -> None:
    page = desk.open("mentor", desk.learner())
    assert "Ann sees the same facts: “Your last visit was on" in page.words
    assert "It clears with a visit." in page.words


def test_naming_sharing_taking_back_and_ending(desk: Desk) -> None:
    """A trainer's whole round, each step with its sentence."""
    teacher = desk.world.courses[MAIN].members["unnamed teacher"].id
    named = desk.follow("trainer", "mentors", {"membership": str(teacher)})
    assert "Named as e-mentor." in named.words
    mentor = desk.person_id("unnamed teacher")
    learners = [str(desk.world.learner_id(MAIN, who)) for who in ("bob", "dan")]
    shared = desk.follow("trainer", "assign", {"mentor": str(mentor), "learner": learners})
    assert "The learners are shared out." in shared.words
    assert "Unnamed Teacher of Main 2 learners" in shared.words
    assert _open_assignments(desk, mentor) == 2
    back = desk.follow("trainer", "unassign", {"pair": f"{mentor}:{learners[0]}"})
    assert "taken back" in back.words
    assert _open_assignments(desk, mentor) == 1
    ended = desk.follow("trainer", "mentors/end", {"person": str(mentor)})
    assert "No longer e-mentor here." in ended.words
    assert _open_assignments(desk, mentor) == 0


def _open_assignments(desk: Desk, mentor_id: int) -> int:
    with desk.app.app_context():
        statement = select(Assignment).where(Assignment.mentor_id == mentor_id, Assignment.ended_at.is_(None))
        return len(db.session.scalars(statement).all())


@pytest.mark.parametrize(
    ("path", "data", "sentence"),
    [
        ("mentors", {}, "choose somebody first"),
        ("mentors", {"membership": "x"}, "choose somebody first"),
        ("mentors/end", {"person": "-1"}, "choose somebody first"),
        ("mentors/end", {"person": "99999"}, "not e-mentor of the course"),
        ("caps", {"mentor": "99999", "learners": "3"}, "not e-mentor of the course"),
        ("caps", {"mentor": "99999", "learners": "600"}, "not e-mentor of the course"),
        ("caps", {"mentor": "99999", "learners": "many"}, "not e-mentor of the course"),
        ("caps", {"mentor": "x", "learners": "3"}, "arrived incomplete"),
        ("assign", {"mentor": "", "learner": "1"}, "choose somebody first"),
        ("assign", {"mentor": "1"}, "tick at least one learner"),
        ("assign", {"mentor": "99999999999999999999", "learner": "1"}, "choose somebody first"),
        ("unassign", {"pair": "1:"}, "arrived incomplete"),
        ("unassign", {"pair": "१:2"}, "arrived incomplete"),
    ],
)
def test_an_incomplete_form_says_what_is_missing(
    desk: Desk, path: str, data: dict[str, str | list[str]], sentence: str
) -> None:
    assert sentence in desk.follow("trainer", path, data).words


def test_nobody_who_is_not_named_gets_learners(desk: Desk) -> None:
    """The ticks come back; whoever else is e-mentor is not chosen instead."""
    learner = str(desk.world.learner_id(MAIN, "dan"))
    for mentor, said in (
        (str(desk.person_id("unnamed teacher")), "not e-mentor of the course"),
        ("99999", "not e-mentor of the course"),
        ("", "choose somebody first"),
    ):
        back = desk.follow("trainer", "assign", {"mentor": mentor, "learner": learner})
        assert said in back.words
        boxes = [box for box in back.tree.iter("input") if box.get("name") == "learner"]
        assert [box.get("value") for box in boxes if "checked" in box.attrib] == [learner]
        chosen = next(one for one in back.tree.iter("select") if one.get("id") == "mentor-to")
        assert not [option for option in chosen if "selected" in option.attrib]
    taken = desk.follow("trainer", "unassign", {"pair": f"99999:{learner}"})
    assert "not e-mentor of the course" in taken.words


def test_nobody_is_ended_who_never_was_named(desk: Desk) -> None:
    """Whoever exists somewhere else is not told apart from nobody at all."""
    learner = desk.world.learner_id(MAIN, "dan")
    stranger = str(desk.world.courses[OTHER_ORGANISATION].people["mentor"].id)
    for person in (str(desk.person_id("trainer")), str(desk.person_id("unnamed teacher")), stranger, "99999"):
        assert "not e-mentor of the course" in desk.follow("trainer", "mentors/end", {"person": person}).words
    for pair in (f"{stranger}:{learner}", f"99999:{learner}"):
        assert "not e-mentor of the course" in desk.follow("trainer", "unassign", {"pair": pair}).words
    assert (
        "No longer e-mentor here."
        in desk.follow("trainer", "mentors/end", {"person": str(desk.person_id("former mentor"))}).words
    ), "which is true, and what a second click on the button meets"


def test_the_trainer_finds_who_has_no_mentor(desk: Desk) -> None:
    names = {who: desk.world.name_of(MAIN, who) for who in ("ann", "bob", "cyn", "dan")}
    everybody = desk.open("trainer", "course").words
    assert all(name in everybody for name in names.values())
    learners = desk.open("trainer", "course?q=ann+main").tree.find(".//table")
    assert learners is not None
    listed = " ".join(learners.itertext())
    assert names["ann"] in listed
    assert names["bob"] not in listed
    assert "No learner matches." in desk.open("trainer", "course?q=nobody").words
    assert "No learner matches." not in desk.open("trainer", "course?show=99999").words


def test_asking_for_access_and_letting_in(desk: Desk) -> None:
    """The manager has asked before; the administrator asks now; the trainer decides both."""
    assert "Your request is waiting" in desk.open("manager", "access").words
    asked = desk.follow("administrator", "access", {})
    assert "Your request is recorded." in asked.words
    course = desk.open("trainer", "course")
    assert "2 people ask for access" in course.words
    first = course.form("/requests/").action.partition("/s/")[2].partition("/")[2]
    assert "Access is given." in desk.follow("trainer", first, {"role": "mentor"}).words
    again = desk.follow("trainer", first, {"role": "trainer"})
    assert "Somebody else has already decided this request." in again.words
    assert "arrived incomplete" in desk.follow("trainer", first, {}).words
    with desk.app.app_context():
        granted = db.session.scalars(
            select(RoleGrant).where(RoleGrant.person_id == desk.person_id("manager"))
        )
        assert [grant.role for grant in granted] == ["mentor"]


def test_a_role_that_could_not_be_checked_is_said_to_be_so(desk: Desk) -> None:
    """No list of members was ever read in this world; who is admin of the platform needs none."""
    with desk.app.app_context():
        db.session.execute(delete(AccessRequest))
        db.session.commit()
    assert "Your role could not be checked yet." in desk.open("manager", "access").words
    assert "Your role could not be checked yet." not in desk.open("administrator", "access").words


def test_the_language_is_a_choice_that_stays(desk: Desk) -> None:
    page = desk.open("mentor", "today")
    back = page.form("/language")["back"]
    french = desk.follow("mentor", "language", {"locale": "fr", "back": back})
    assert "Une personne a besoin de vous aujourd’hui." in french.words
    assert french.tree.get("lang") == "fr"
    assert "Aucune visite depuis 12 jours" in desk.open("mentor", desk.learner()).words
    with desk.app.app_context():
        assert db.session.get_one(Person, desk.person_id("mentor")).chosen_locale == "fr"


@pytest.mark.parametrize(
    "back", ["//evil.example/", "https://evil.example/", "/s/other/today", "", "/s/\\evil", "/lti/login"]
)
def test_the_language_form_leads_nowhere_else(desk: Desk, back: str) -> None:
    answer = desk.open("mentor", "language", {"locale": "fr", "back": back})
    assert answer.status == 303
    assert answer.headers["Location"].endswith(f"/s/{desk.sessions['mentor'].handle}/")


def test_an_unknown_language_changes_nothing(desk: Desk) -> None:
    assert desk.open("mentor", "language", {"locale": "tlh", "back": ""}).status == 303
    assert desk.open("mentor", "today").tree.get("lang") == "en"


def test_update_now_queues_one_job_and_shows_its_progress(desk: Desk) -> None:
    for _ in range(2):
        page = desk.follow("mentor", "sync", {})
    assert "The update is about to start" in page.words
    assert '<noscript><meta http-equiv="refresh"' in page.text
    with desk.app.app_context():
        jobs = db.session.scalars(select(JobRun)).all()
        assert [(job.name, job.arguments["trigger"]) for job in jobs] == [("sync_context", "person")]


def test_an_update_that_never_starts_is_said_to_be_so(desk: Desk) -> None:
    asked = int((desk.world.real_now - timedelta(minutes=1)).timestamp())
    page = desk.open("mentor", f"sync?asked={asked}")
    assert "does not seem to be running" in page.words
    assert 'http-equiv="refresh"' not in page.text


@pytest.mark.parametrize("asked", ["", "abc", "-1", "99999999999999999999", "0"])
def test_a_strange_time_of_asking_is_ignored(desk: Desk, asked: str) -> None:
    page = desk.open("mentor", f"sync?asked={asked}")
    assert page.status == 200
    assert "does not seem to be running" not in page.words


def test_an_address_cannot_put_words_into_our_pages(desk: Desk) -> None:
    page = desk.open("mentor", "today?done=You+won&problem=Call+0900")
    assert "You won" not in page.text
    assert "Call 0900" not in page.text
    assert "The contact is logged." in desk.open("mentor", "today?done=contact").words


def test_a_learners_number_beyond_any_database_is_no_page(desk: Desk) -> None:
    assert desk.open("mentor", "learners/99999999999999999999").status == 404


def test_static_files_are_cached_by_their_content(desk: Desk) -> None:
    page = desk.open("mentor", "today")
    sheet = next(link.get("href") for link in page.tree.iter("link") if link.get("rel") == "stylesheet")
    assert sheet is not None
    assert "?v=" in sheet
    with desk.client.get(sheet) as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "text/css"
        assert "immutable" in answer.headers["Cache-Control"]
