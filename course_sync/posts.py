"""Keeping what learners wrote in forums: how often and when last, by discussion; never the words.

Commits nothing; the caller does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from course_sync.bulk import insert_new, update_changed
from course_sync.database import db
from course_sync.facts import DiscussionFact
from course_sync.forum_models import Discussion, PostCount

Counts = Mapping[int, tuple[int, datetime | None]]
"""(number of posts, moment of the last one) by membership id."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one learner wrote in all forums of a course."""

    posts: int
    last_posted_at: datetime | None


def find_written(membership_id: int) -> Written:
    """All posts of one learner, as far as they were read."""
    statement = select(func.sum(PostCount.posts), func.max(PostCount.last_posted_at)).where(
        PostCount.membership_id == membership_id
    )
    posts, last_posted_at = db.session.execute(statement).one()
    return Written(posts or 0, last_posted_at)


def list_discussions(activity_id: int) -> dict[str, Discussion]:
    """Discussions of a forum as they were read last, by the platform's id."""
    rows = db.session.scalars(select(Discussion).where(Discussion.activity_id == activity_id))
    return {row.external_id: row for row in rows}


def record_discussion(
    activity_id: int, told: DiscussionFact, counts: Counts, readable: Collection[int]
) -> int:
    """Keep who wrote how often in a discussion, as it stood when it was listed. Rows changed.

    Of the members `readable` those without a count have written nothing there; others stay as they are.
    """
    key = {"activity_id": activity_id, "external_id": told.external_id}
    insert_new(Discussion, [{**key, "replies": told.replies, "changed_at": told.changed_at}])
    discussion = db.session.scalars(select(Discussion).filter_by(**key)).one()
    discussion.replies, discussion.changed_at = told.replies, told.changed_at
    return _record_counts(discussion.id, counts, readable)


def _record_counts(discussion_id: int, counts: Counts, readable: Collection[int]) -> int:
    rows = db.session.scalars(select(PostCount).where(PostCount.discussion_id == discussion_id))
    known = {row.membership_id: row for row in rows}
    fresh, changed = [], []
    for membership_id, (posts, last_posted_at) in counts.items():
        before = known.get(membership_id)
        values = {"posts": posts, "last_posted_at": last_posted_at}
        if before is None:
            fresh.append({"discussion_id": discussion_id, "membership_id": membership_id, **values})
        elif (before.posts, before.last_posted_at) != (posts, last_posted_at):
            changed.append({"id": before.id, **values})
    gone = [row.id for key, row in known.items() if key in readable and key not in counts]
    if gone:
        db.session.execute(delete(PostCount).where(PostCount.id.in_(gone)))
    return insert_new(PostCount, fresh) + update_changed(PostCount, changed) + len(gone)


def remove_discussions(discussion_ids: Collection[int]) -> int:
    """Forget discussions that were deleted, with what was counted in them. How many."""
    if discussion_ids:
        db.session.execute(delete(PostCount).where(PostCount.discussion_id.in_(discussion_ids)))
        db.session.execute(delete(Discussion).where(Discussion.id.in_(discussion_ids)))
    return len(discussion_ids)
