"""Reading what Moodle tells of changes and of forums: pure functions, one per web-service function.

Who changed something is told by few of them; whatever does not have the documented shape raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from course_sync.facts import DiscussionFact, PostFact, Updates
from course_sync.sources.moodle_answers import at


def parse_updates(since: datetime, answer: Any) -> Updates:
    """core_course_get_updates_since: activities in which something is newer, with the ids of its rows."""
    changed: dict[str, dict[str, int]] = {}
    for instance in answer["instances"]:
        if instance["contextlevel"] == "module":
            named = {str(update["name"]): len(update.get("itemids") or ()) for update in instance["updates"]}
            changed[str(instance["id"])] = named
    return Updates(
        since=since,
        graded=_counts(changed, "usergrades"),
        attempted=_counts(changed, "userattempts"),
        discussed=frozenset(key for key, named in changed.items() if "discussions" in named),
    )


def _counts(changed: Mapping[str, Mapping[str, int]], name: str) -> dict[str, int]:
    return {key: named[name] for key, named in changed.items() if named.get(name)}


def parse_graded(answer: Any) -> dict[str, datetime | None]:
    """mod_assign_get_grades: whose grades the answer lists, and when the last of them was given."""
    latest: dict[str, int] = {}
    for assignment in answer["assignments"]:
        for row in assignment["grades"]:
            person_id = str(row["userid"])
            latest[person_id] = max(int(row.get("timemodified") or 0), latest.get(person_id, 0))
    return {person_id: at(moment) for person_id, moment in latest.items()}


def parse_discussions(answer: Any) -> tuple[DiscussionFact, ...]:
    """mod_forum_get_forum_discussions: `discussion` is its id, `id` the one of its first post."""
    return tuple(
        DiscussionFact(str(row["discussion"]), at(row["timemodified"]), int(row.get("numreplies") or 0))
        for row in answer["discussions"]
    )


def parse_posts(answer: Any) -> tuple[PostFact, ...]:
    """mod_forum_get_discussion_posts: of a deleted post, or of somebody deleted, no author is told."""
    return tuple(
        PostFact(str(post["author"]["id"]), at(post["timecreated"]))
        for post in answer["posts"]
        if not post.get("isdeleted")
        and not post.get("isprivatereply")
        and (post.get("author") or {}).get("id")
    )
