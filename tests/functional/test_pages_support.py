"""What mentors and learners do on the pages, each with its way back: over HTTP, without any script."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update

from course_sync.database import db
from mentor_console.models import Assignment, SupportTask
from mentor_console.playbooks import PLAYBOOKS
from tests.harness.desk import Desk, prepare_desk
from tests.harness.pages import Form, Page

Data = dict[str, str | list[str]]


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def sent(form: Form, **changes: str) -> Data:
    """What a browser would send, with some fields filled in."""
    return dict(form.fields) | changes  # type: ignore[return-value]


def press(desk: Desk, who: str, page: Page, action: str, **changes: str) -> Page:
    """Fill a form of the page in, send it, and read where it leads."""
    form = page.form(action)
    return desk.follow(who, form.action, sent(form, **changes))


def undo(desk: Desk, who: str, page: Page) -> Page:
    """Press the button of the bar."""
    return press(desk, who, page, "/undo")


def test_not_a_problem_and_back_again(desk: Desk) -> None:
    today = desk.open("mentor", "today")
    done = press(desk, "mentor", today, "/dismiss", reason="known_absence", text="Wedding")
    assert "Set aside as no problem." in done.words
    assert "Nobody needs you right now." in done.words
    assert "1 learner is set aside." in done.words
    assert "Not a problem: Is away, as agreed." in done.words
    assert "Wedding" in desk.open("trainer", desk.learner()).words
    back = undo(desk, "mentor", done)
    assert "Taken back." in back.words
    assert "One learner needs you today." in back.words


def test_the_history_stays_as_it_was_filtered_whatever_is_done(desk: Desk) -> None:
    """After an action, with its way back, and where a form is refused."""
    shown = "show=contact&before=2030"
    page = desk.open("mentor", f"{desk.learner()}?{shown}")
    elsewhere = ("/undo", "/sync", "/language")
    sent_from = [form for form in page.forms if not any(part in form.action for part in elsewhere)]
    assert len(sent_from) > 5
    assert all(f"?{shown}" in form.action for form in sent_from if form.method == "post")
    (link,) = {one.get("href", "") for one in page.tree.iter("a") if "channel=phone" in one.get("href", "")}
    for beside, action, given in (
        (page, "/notes", {"text": "Prefers mornings."}),
        (page, "/tasks", {"kind": "social", "title": "Ring again"}),
        (desk.open("mentor", link), "/contacts", {"summary": "Well."}),
        (page, "/dismiss", {"reason": "known_absence"}),
    ):
        form = beside.form(action)
        done = desk.open("mentor", form.action, sent(form, **given))
        assert f"?{shown}&done=" in done.headers["Location"], action
    bar = desk.open("mentor", done.headers["Location"]).form("/undo")
    assert bar["back"].endswith(f"?{shown}")
    refused = desk.open("mentor", page.form("/notes").action, {"text": ""})
    assert refused.status == 422
    assert f"?{shown}" in refused.form("/notes").action
    assert refused.form("/language")["back"].endswith(f"{desk.learner()}?{shown}")


def test_an_own_history_stays_where_it_was(desk: Desk) -> None:
    form = desk.open("learner", "me?before=2030").form("/me/answers")
    done = desk.open("learner", form.action, sent(form, text="I am lost."))
    assert "/me?before=2030&done=said_" in done.headers["Location"]


def test_another_reason_wants_words_and_loses_none(desk: Desk) -> None:
    form = desk.open("mentor", "today").form("/dismiss")
    back = desk.open("mentor", form.action, sent(form, reason="other"))
    assert back.status == 422
    assert "Write a few words here." in back.words
    again = press(desk, "mentor", back, "/dismiss", reason="other", text="Wrote me a letter.")
    assert "Set aside as no problem." in again.words


@pytest.mark.parametrize("until", ["tomorrow", "week", "new"])
def test_later_in_one_word(desk: Desk, until: str) -> None:
    done = press(desk, "mentor", desk.open("mentor", "today"), "/snooze", until=until)
    assert "Set aside for later." in done.words
    assert "1 learner is set aside." in done.words
    assert "One learner needs you today." in undo(desk, "mentor", done).words


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("", "Say until which day."),
        ("soon", "Write a day like"),
        ("2020-01-01", "Choose a later day."),
        ("2999-01-01", "Choose a day within the next 90 days."),
    ],
)
def test_a_day_that_cannot_be_meant_comes_back(desk: Desk, day: str, sentence: str) -> None:
    form = desk.open("mentor", "today").form("/snooze")
    back = desk.open("mentor", form.action, sent(form, until="date", day=day))
    assert back.status == 422
    assert sentence in back.words
    assert back.form("/snooze")["day"] == day


def test_a_note_is_read_by_its_author_only(desk: Desk) -> None:
    done = press(desk, "mentor", desk.open("mentor", "today"), "/notes", text="Likes the evening.")
    assert "Only you can read it." in done.words
    assert "Likes the evening." in done.words
    assert "Likes the evening." in desk.open("mentor", desk.learner()).words
    for who, path in (("trainer", desk.learner()), ("learner", "me")):
        assert "Likes the evening." not in desk.open(who, path).text
    assert "Likes the evening." not in undo(desk, "mentor", done).words


def test_a_task_is_set_changed_done_and_taken_back(desk: Desk) -> None:
    today = desk.world.now.astimezone(ZoneInfo("Europe/Paris")).date().isoformat()  # the reader's zone
    page = desk.open("mentor", desk.learner())
    form = next(f for f in page.forms if "/tasks#" in f.action and "title" in dict(f.fields))
    data = sent(form, title="Ring <tonight>", kind="technical", due_on=today, shared="yes")
    set_ = desk.follow("mentor", form.action, data)
    assert "The task is set." in set_.words
    assert "Ring <tonight>" in desk.open("learner", "me").words
    due = desk.open("mentor", "today")
    assert "1 task due today" in due.words
    done = press(desk, "mentor", due, "/tasks/", state="done")
    assert "The task is done." in done.words
    assert "task due today" not in done.words
    assert "1 task due today" in undo(desk, "mentor", done).words


def test_two_who_change_one_task_both_learn_of_it(desk: Desk) -> None:
    first = desk.open("mentor", desk.learner())
    press(desk, "mentor", first, "/tasks", playbook="welcome_call")
    mine, theirs = (desk.open(who, desk.learner()) for who in ("mentor", "trainer"))
    edit = next(f for f in mine.forms if "/tasks/" in f.action and "title" in dict(f.fields))
    other = next(f for f in theirs.forms if "/tasks/" in f.action and "title" in dict(f.fields))
    desk.follow("trainer", other.action, sent(other, title="Call at noon"))
    late = desk.open("mentor", edit.action, sent(edit, title="Call at night"))
    assert late.status == 409
    assert "Nothing was overwritten." in late.words
    assert "It now reads: “Call at noon”" in late.words
    again = next(
        f for f in late.forms if "/tasks/" in f.action and dict(f.fields).get("title") == "Call at night"
    )
    assert "The task is changed." in desk.follow("mentor", again.action, sent(again)).words
    assert "Call at night" in desk.open("trainer", desk.learner()).words


def test_every_playbook_becomes_a_task_in_words(desk: Desk) -> None:
    """Also those no flag of this world suggests; in both languages none shows its code."""
    page = desk.open("mentor", desk.learner())
    form = page.form("/tasks")
    for code in PLAYBOOKS:
        desk.follow("mentor", form.action, sent(form, playbook=code, request_key=f"key {code}"))
    with desk.app.app_context():
        tasks = db.session.scalars(select(SupportTask)).all()
        assert {task.playbook for task in tasks} == set(PLAYBOOKS)
        for task in tasks:
            assert task.title != task.playbook
            days = PLAYBOOKS[task.playbook or ""].due_in_days
            assert task.due_on is not None
            assert abs((task.due_on - desk.world.now.date()).days - days) <= 1
    back = desk.open("mentor", desk.learner())
    assert back.words.count("A draft to start from") == len(PLAYBOOKS)
    assert "Hello Ann" in back.words


def test_an_extension_by_hand_holds_and_is_taken_back(desk: Desk) -> None:
    page = desk.open("mentor", desk.learner())
    later = (desk.world.now + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")
    done = press(desk, "mentor", page, "/extensions", due_at=later)
    assert "The later date holds now" in done.words
    assert "given by Mentor of Main" in done.words
    assert "extended" in done.words
    assert (
        "given by Mentor"
        not in undo(desk, "mentor", done).words.partition("Together so far")[2].partition("On the way")[2]
    )
    again = desk.open("mentor", page.form("/extensions").action, sent(page.form("/extensions"), due_at=later))
    assert again.status == 409
    done = press(desk, "mentor", again, "/extensions")
    gone = press(desk, "mentor", done, "/withdraw")
    assert "The earlier date holds again." in gone.words
    form = next(f for f in undo(desk, "mentor", gone).forms if "due_at" in dict(f.fields))
    back = desk.open("mentor", form.action, sent(form, due_at="2020-01-01T10:00"))
    assert "Choose a moment later than the date that holds now." in back.words


def test_the_history_is_filtered_and_takes_back(desk: Desk) -> None:
    everything = desk.open("mentor", desk.learner())
    assert "Talked with ann of main." in everything.words
    assert "Talked with ann of main." not in desk.open("mentor", desk.learner() + "?show=flag").words
    assert "Nothing of this kind yet." in desk.open("mentor", desk.learner() + "?show=decision").words
    assert "Talked with ann" in desk.open("mentor", desk.learner() + "?show=nonsense").words
    form = next(f for f in everything.forms if f.action.endswith("/undo"))
    back = desk.follow("mentor", form.action, sent(form))
    assert "A contact was logged and taken back." in back.words
    assert "Talked with ann of main." not in back.words


@pytest.mark.parametrize("value", ["", "contact", "contact:0", "contact:x", "person:1", "note:99999999999"])
def test_an_undo_that_means_nothing_changes_nothing(desk: Desk, value: str) -> None:
    answer = desk.follow("mentor", "undo", {"undo": value, "back": ""})
    assert answer.status in (200, 303)
    page = desk.open("mentor", f"today?done=contact&undo={value}")
    assert not [form for form in page.forms if form.action.endswith("/undo")]


def test_why_on_that_day(desk: Desk) -> None:
    words = desk.open("mentor", desk.learner()).words
    assert "Why on that day?" in words
    assert words.count("No visit for 12 days; until now never more than 3.") >= 2


@pytest.mark.parametrize(
    ("kind", "typed", "read"),
    [
        ("need_help", {"text": "What is VAT?"}, "asks for help"),
        ("ill_until", {"until": "later"}, "is ill until"),
        ("working_offline", {}, "works offline for a while"),
        (
            "this_is_wrong",
            {"about": "fact:last_access", "text": "I was there."},
            "says that something is wrong",
        ),
    ],
)
def test_what_a_learner_says_reaches_the_mentor_at_once(
    desk: Desk, kind: str, typed: dict[str, str], read: str
) -> None:
    if typed.get("until"):
        typed = {"until": (desk.world.now.date() + timedelta(days=5)).isoformat()}
    form = next(f for f in desk.open("learner", "me").forms if dict(f.fields).get("kind") == kind)
    said = desk.follow("learner", form.action, sent(form, **typed))
    assert "Tell your e-mentor" in said.words
    today = desk.open("mentor", "today").words
    assert f"Ann {read}" in today
    assert typed.get("text", "") in today
    awaits = kind in ("need_help", "this_is_wrong")
    assert ("1 awaiting your reply" in today) == awaits
    back = press(desk, "learner", said, "/withdraw")
    assert "Taken back." in back.words
    assert f"Ann {read}" not in desk.open("mentor", "today").words


@pytest.mark.parametrize(
    ("kind", "typed", "sentence"),
    [
        ("ill_until", {"until": ""}, "Say until which day."),
        ("ill_until", {"until": "x"}, "Write a day like"),
        ("need_help", {"text": " "}, "Write a few words here."),
        ("this_is_wrong", {"text": "All of it"}, "Choose what is wrong."),
        ("this_is_wrong", {"text": "All of it", "about": "flag:999"}, "Choose what is wrong."),
    ],
)
def test_an_answer_that_is_incomplete_comes_back(
    desk: Desk, kind: str, typed: dict[str, str], sentence: str
) -> None:
    form = next(f for f in desk.open("learner", "me").forms if dict(f.fields).get("kind") == kind)
    back = desk.open("learner", form.action, sent(form, **typed))
    assert back.status == 422
    assert sentence in back.words
    assert typed.get("text", "").strip() in back.words


def test_a_flag_the_learner_calls_wrong_is_marked(desk: Desk) -> None:
    page = desk.open("learner", "me")
    form = next(f for f in page.forms if dict(f.fields).get("kind") == "this_is_wrong")
    flag = next(
        o.get("value", "") for o in form.element.iter("option") if o.get("value", "").startswith("flag")
    )
    desk.follow("learner", form.action, sent(form, about=flag, text="I read offline."))
    for path in ("today", desk.learner()):
        assert "called wrong by the learner" in desk.open("mentor", path).words


def test_a_contact_answers_the_call(desk: Desk) -> None:
    form = next(f for f in desk.open("learner", "me").forms if dict(f.fields).get("kind") == "need_help")
    desk.follow("learner", form.action, sent(form, text="Please explain."))
    first = desk.open("mentor", "today").link("^Answer Ann$")
    page = desk.open("mentor", first.split("#")[0])
    assert "A draft to start from" in page.words
    press(desk, "mentor", page, "/contacts")
    assert "awaiting your reply" not in desk.open("mentor", "today").words


def test_who_has_no_e_mentor_is_told_of_none(app: Flask, desk: Desk) -> None:
    with_mentor = desk.open("learner", "me").words
    with app.app_context():
        db.session.execute(update(Assignment).values(ended_at=desk.world.now))
        db.session.commit()
    without = desk.open("learner", "me").words
    named = (
        "Tell my e-mentor",
        "Your e-mentor was told of",
        "Your e-mentor sees the same",
        "Why your e-mentor",
    )
    assert [said in with_mentor for said in named] == [True] * len(named)
    assert [said in without for said in named] == [False] * len(named)
    said_to = press(desk, "learner", desk.open("learner", "me"), "/me/answers", text="VAT?", kind="need_help")
    assert "The trainer of the course can now read that you need help." in said_to.words
    back = press(desk, "learner", said_to, "/withdraw")
    assert "The trainer of the course no longer sees it" in back.words
    for said in ("You have no e-mentor yet.", "Tell the trainer of the course", "Noticed in the course:"):
        assert said in without
