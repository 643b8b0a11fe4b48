"""What Moodle tells of changes and forums, on recordings of a real site and on what breaks."""

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
from course_sync.facts import DiscussionFact, PostFact
from course_sync.sources import moodle_answers as answers
from course_sync.sources import moodle_changes as changes
from course_sync.sources import moodle_structure as structure

RECORDED = Path(__file__).parents[3] / "recorded" / "moodle"
SINCE = datetime(2026, 11, 21, tzinfo=UTC)


def recorded(name: str) -> Any:
    document = json.loads((RECORDED / f"{name}.json").read_text())
    return document["body"] if isinstance(document, dict) and "body" in document else document


def test_updates_name_activities_and_count_rows() -> None:
    told = changes.parse_updates(SINCE, recorded("core_course_get_updates_since"))
    assert told.since == SINCE
    assert told.graded == {"74": 48, "76": 26, "78": 42, "83": 35}
    assert told.attempted == {"74": 48, "78": 42, "83": 35}
    assert told.discussed == {"72", "79"}


def test_a_quiet_course_has_no_updates() -> None:
    told = changes.parse_updates(SINCE, {"instances": [], "warnings": []})
    assert (told.graded, told.attempted, told.discussed) == ({}, {}, frozenset())


def test_who_was_graded() -> None:
    graded = changes.parse_graded(recorded("mod_assign_get_grades"))
    assert len(graded) == 26
    assert {"147", "206"} <= graded.keys()
    assert graded["147"] == datetime.fromtimestamp(1791939331, UTC)
    assert "150" not in graded


def test_discussions_have_the_id_that_posts_are_asked_with() -> None:
    changed_at = datetime.fromtimestamp(1790112490, UTC)
    assert changes.parse_discussions(recorded("mod_forum_get_forum_discussions")) == (
        DiscussionFact("5", changed_at, 45),
    )


def test_posts() -> None:
    posts = changes.parse_posts(recorded("mod_forum_get_discussion_posts"))
    assert PostFact("171", datetime.fromtimestamp(1790112490, UTC)) in posts
    assert len(posts) == len(recorded("mod_forum_get_discussion_posts")["posts"])


@pytest.mark.parametrize(
    "hidden", [{"isdeleted": True}, {"isprivatereply": True}, {"author": {"id": None}}, {"author": None}]
)
def test_posts_that_not_everybody_may_read_are_left_out(hidden: dict[str, Any]) -> None:
    post = {"author": {"id": 7}, "timecreated": 1790112490, "isdeleted": False, "isprivatereply": False}
    assert changes.parse_posts({"posts": [{**post, **hidden}]}) == ()


def test_what_activities_ask_for() -> None:
    activities = {
        row.external_id: row for row in structure.parse_contents(recorded("core_course_get_contents"))
    }
    told = {
        key: (activities[key].completion_kind, activities[key].completion_rules) for key in ("72", "74", "81")
    }
    assert told == {
        "72": ("automatic", ("completionposts",)),
        "74": ("automatic", ("completionusegrade",)),
        "81": ("manual", ()),
    }
    assert activities["84"].visible is False


@pytest.mark.parametrize(
    "parse",
    [
        lambda told: changes.parse_updates(SINCE, told),
        changes.parse_graded,
        changes.parse_discussions,
        changes.parse_posts,
    ],
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["instances", "assignments", "discussions", "posts", "id"]), inner
            )
        ),
        max_leaves=6,
    )
)
def test_any_json_is_read_or_refused(parse: Any, answer: Any) -> None:
    with suppress(PlatformAnswerInvalid):
        answers.reading("function", parse, answer)
