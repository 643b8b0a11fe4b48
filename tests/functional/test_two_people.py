"""Two people on the same pages at once, over HTTP and without any script: both see what the other did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from tests.harness.desk import Desk, prepare_desk
from tests.harness.pages import Form, Page


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def sent(form: Form, **changes: str) -> dict[str, str | list[str]]:
    """What a browser would send, with some fields filled in."""
    return dict(form.fields) | changes  # type: ignore[return-value]


def pick(page: Page, *names: str) -> Form:
    """The first form with all these fields."""
    return next(form for form in page.forms if set(names) <= set(dict(form.fields)))


def set_task(desk: Desk) -> None:
    """A task that ann sees, too."""
    form = pick(desk.open("mentor", desk.learner()), "title", "kind")
    desk.follow("mentor", form.action, sent(form, title="Ring her", kind="social", shared="yes"))


def test_what_was_written_about_a_task_that_a_colleague_ended_is_kept(desk: Desk) -> None:
    set_task(desk)
    mine, theirs = (
        pick(desk.open(who, desk.learner()), "outcome", "version") for who in ("mentor", "trainer")
    )
    desk.follow("trainer", theirs.action, sent(theirs, state="done", outcome="She is well."))
    late = desk.open("mentor", mine.action, sent(mine, outcome="Nobody answered.", title="Ring her"))
    assert late.status == 409
    for words in ("ended this task as done", "Trainer of Main", "She is well.", "Nobody answered."):
        assert words in late.words
    form = next(f for f in late.forms if dict(f.fields).get("outcome", "").strip() == "Nobody answered.")
    assert "The task is open again." in desk.follow("mentor", form.action, sent(form, state="open")).words
    assert "Nobody answered." in desk.open("trainer", desk.learner()).text


def test_a_quick_done_that_comes_too_late_hides_the_task_from_nobody(desk: Desk) -> None:
    set_task(desk)
    quick = next(
        f
        for f in desk.open("mentor", desk.learner()).forms
        if set(dict(f.fields)) == {"version", "csrf_token"}
    )
    theirs = pick(desk.open("trainer", desk.learner()), "outcome", "version")
    desk.follow("trainer", theirs.action, sent(theirs, title="Ring her at noon"))
    late = desk.open("mentor", quick.action, sent(quick, state="done"))
    form = next(f for f in late.forms if "Let mine go" in "".join(f.element.itertext()))
    assert form["shared"] == "yes"
    assert form["title"] == "Ring her at noon"


def test_a_task_that_was_taken_back_is_set_again_with_what_was_written(desk: Desk) -> None:
    set_task(desk)
    theirs = pick(desk.open("trainer", desk.learner()), "outcome", "version")
    task_id = theirs.action.partition("#")[0].rpartition("/")[2]
    back = next(
        f
        for f in desk.open("mentor", desk.learner()).forms
        if dict(f.fields).get("undo", "").startswith("task:")
    )
    desk.follow("mentor", back.action, sent(back))
    late = desk.open("trainer", theirs.action, sent(theirs, outcome="Reached her."))
    assert "took this task back" in late.words
    form = pick(late, "restore")
    assert form.action.partition("#")[0].endswith(f"/tasks/{task_id}")
    again = desk.follow("trainer", form.action, sent(form, state="open"))
    assert "Reached her." in again.text


def test_nothing_is_set_aside_that_was_not_seen(desk: Desk) -> None:
    today = desk.open("mentor", "today").form("/dismiss")
    ill = next(f for f in desk.open("learner", "me").forms if dict(f.fields).get("kind") == "ill_until")
    until = (desk.world.now + timedelta(days=5)).date().isoformat()
    desk.follow("learner", ill.action, sent(ill, until=until))
    late = desk.open("mentor", today.action, sent(today, reason="other", text="She wrote to me."))
    assert late.status == 409
    assert "Nothing was set aside: something new has come up" in late.words
    assert "Ann is ill until" in late.words
    form = late.form("/dismiss")
    assert form["text"].strip() == "She wrote to me."
    done = desk.follow("mentor", form.action, sent(form, reason="other"))
    assert "Set aside as no problem." in done.words


def test_a_card_that_waits_for_a_reply_says_that_it_stays(desk: Desk) -> None:
    ask = next(f for f in desk.open("learner", "me").forms if dict(f.fields).get("kind") == "need_help")
    desk.follow("learner", ask.action, sent(ask, text="What is VAT?"))
    form = desk.open("mentor", "today").form("/dismiss")
    done = desk.follow("mentor", form.action, sent(form, reason="wrong_data"))
    assert "The card stays: it waits for your reply." in done.words
    assert "One learner needs you today." in done.words
    assert not [f for f in done.forms if f.action.endswith(("/dismiss", "/snooze"))]


def test_two_trainers_and_the_breaks_of_a_course(desk: Desk) -> None:
    day = desk.world.now.date().isoformat()
    form = pick(desk.open("trainer", "course"), "starts_on")
    first = desk.follow("trainer", form.action, sent(form, name="Feast", starts_on=day, ends_on=day))
    other = sent(form, name="Fair", starts_on=day, ends_on=day, request_key="another form")
    conflict = desk.open("trainer", form.action, other)
    assert conflict.status == 409
    assert "The breaks that hold now stand above" in conflict.words
    assert pick(conflict, "starts_on")["name"] == "Fair"
    undone = desk.follow("trainer", first.form("/undo").action, sent(first.form("/undo")))
    assert "1 removed break" in undone.words
    back = next(f for f in undone.forms if dict(f.fields).get("undo", "").startswith("break_end:"))
    assert "Taken back." in desk.follow("trainer", back.action, sent(back)).words


def test_an_old_address_offers_no_undo_and_a_page_is_left_as_it_was(desk: Desk) -> None:
    form = desk.open("mentor", "today?all=1").form("/snooze")
    answer = desk.open("mentor", form.action, sent(form, until="tomorrow"))
    address = answer.headers["Location"]
    bar = desk.open("mentor", address).form("/undo")
    assert bar["back"].endswith("/today?all=1")
    at = address.partition("at=")[2].partition("&")[0]
    stale = desk.open("mentor", address.replace(f"at={at}", f"at={int(at) - 3600}"))
    assert 'id="undo-bar"' in stale.text
    assert '<form method="post"' not in stale.text.partition('id="undo-bar"')[2].partition("<h1")[0]
    back = desk.open("mentor", bar.action, sent(bar))
    assert back.headers["Location"].endswith("/today?all=1&done=undone")
