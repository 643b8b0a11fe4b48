"""Whether anything was read of one learner since the rules last spoke.

If not, they say nothing new: what others do, and the time that passes, is no news of this learner.
"""

from datetime import datetime, timedelta
from typing import Literal

from mentor_console.flags.facts import CourseFacts, LearnerFacts

Reading = Literal["visits", "work", "grades"]

STALE = timedelta(days=2)
"""What is known only up to a moment so much earlier is not compared with a cohort of today."""
PROGRESS_AGE = timedelta(days=7)
"""Progress of learners whose visits nobody tells is read every few days; no reading gets older than this."""


def is_unread(read_at: datetime | None, course: CourseFacts, now: datetime) -> bool:
    """Whether a reading (None = of `now`) is one the rules have already gone by, or too old for them."""
    if read_at is None or read_at >= now:
        return False
    return now - read_at > STALE or (course.judged_at is not None and read_at <= course.judged_at)


def list_unread(course: CourseFacts, learner: LearnerFacts, now: datetime) -> frozenset[Reading]:
    """What of this learner was not read anew. Grades count as read as long as visits are: they come with or
    without the learner."""
    found: set[Reading] = set()
    if learner.access_known and is_unread(learner.visits_until, course, now):
        found.add("visits")
        if learner.grades_read_at is None or is_unread(learner.grades_read_at, course, now):
            found.add("grades")
    if is_unread(learner.work_until, course, now):
        found.add("work")
    return frozenset(found)


def is_progress_known(learner: LearnerFacts, now: datetime) -> bool:
    """Whether the steps of this learner still tell something of the cohort: an old reading is the least that
    was done. Without those who came since, the diligent, the middle would be too low; who is seen by nobody
    is left out."""
    until, visits_until = learner.work_until, learner.visits_until
    if until is None or now - until <= PROGRESS_AGE:
        return True
    return learner.access_known and (visits_until is None or now - visits_until <= STALE)
