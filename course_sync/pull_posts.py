"""The step of a pull that reads forums: only where somebody came, and there only discussions that changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from course_sync.active_days import local_day
from course_sync.database import db
from course_sync.errors import PlatformError
from course_sync.facts import DiscussionFact, PostFact
from course_sync.learner_cells import CellBook, Days
from course_sync.posts import list_discussions, record_discussion, remove_discussions
from course_sync.progress_records import ActivityRow, record_forum_read
from course_sync.pull_tools import PullTools
from course_sync.reading_plan import needs_posts
from course_sync.sources.base import ProgressSource


def pull_posts(tools: PullTools, source: ProgressSource) -> None:
    """Read who wrote how often in which forum."""
    book = tools.book(source)
    newest_visit = max((row.last_access_at for row in book.learners if row.last_access_at), default=None)
    updates = tools.fetch_updates(source, "posts")
    due = [
        forum
        for forum in book.activities
        if forum.module == "forum" and forum.visible and needs_posts(forum, newest_visit, updates, tools.now)
    ]
    problems: list[PlatformError] = []
    listed: list[tuple[ActivityRow, tuple[DiscussionFact, ...]]] = []
    for forum, outcome in tools.call(
        (forum, partial(source.fetch_discussions, forum.instance_id)) for forum in due
    ):
        if isinstance(outcome, PlatformError):
            problems.append(outcome)
        else:
            listed.append((forum, outcome))
    for forum, told in listed:
        problems += _pull_forum(tools, source, book, forum, told, newest_visit)
    tools.close("posts", problems)
    tools.keeper.advance()


def _pull_forum(
    tools: PullTools,
    source: ProgressSource,
    book: CellBook,
    forum: ActivityRow,
    told: tuple[DiscussionFact, ...],
    newest_visit: datetime | None,
) -> list[PlatformError]:
    """Read the discussions that changed; those that failed are read by the next run."""
    known = list_discussions(forum.activity_id)
    marks = {key: (row.changed_at, row.replies) for key, row in known.items()}
    changed = [fact for fact in told if marks.get(fact.external_id) != (fact.changed_at, fact.replies)]
    problems: list[PlatformError] = []
    asked = ((fact, partial(source.fetch_posts, fact.external_id)) for fact in changed)
    for fact, outcome in tools.call(asked):
        if isinstance(outcome, PlatformError):
            problems.append(outcome)
        else:
            _keep_posts(tools, book, forum, fact, outcome)
    if tools.roster_believed:  # who may not see all groups does not see all discussions
        listed = {fact.external_id for fact in told}
        tools.changed(remove_discussions([row.id for key, row in known.items() if key not in listed]))
    if not problems and not tools.stopped:
        record_forum_read(forum.activity_id, newest_visit, tools.now)
    db.session.commit()
    return problems


def _keep_posts(
    tools: PullTools,
    book: CellBook,
    forum: ActivityRow,
    fact: DiscussionFact,
    posts: Iterable[PostFact],
) -> None:
    counts: dict[int, tuple[int, datetime | None]] = {}
    days: Days = {}
    for post in posts:
        learner = book.find_learner(post.person_id)
        if learner is None:
            continue
        number, last = counts.get(learner.membership_id, (0, None))
        latest = max((moment for moment in (last, post.posted_at) if moment), default=None)
        counts[learner.membership_id] = (number + 1, latest)
        if post.posted_at:
            days[learner.membership_id, local_day(post.posted_at, tools.context.zone)] = "post"
    readable = {row.membership_id for row in book.learners}
    tools.changed(record_discussion(forum.activity_id, fact, counts, readable))
    tools.record_days(book, days)
    db.session.commit()
    tools.keeper.beat()
