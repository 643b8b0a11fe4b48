"""One pull of one context, step by step: rosters, structure, hand-ins, grades, forums, completion, open
questions.

Every step keeps what it got before the next one starts, notes what failed, and undoes nothing that is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from course_sync.errors import HOPELESS, PlatformAnswerInvalid, PlatformError, PlatformUnreachable
from course_sync.facts import Roster, Structure
from course_sync.models import SOURCE_MOODLE
from course_sync.progress_records import list_activities, record_activities, record_course
from course_sync.pull_learners import pull_progress, settle_doubts
from course_sync.pull_posts import pull_posts
from course_sync.pull_report import pull_report
from course_sync.pull_tools import PullTools
from course_sync.pull_work import pull_grades, pull_submissions
from course_sync.roster_pull import keep_rosters, record_roster_failure
from course_sync.roster_records import ContextRef
from course_sync.sources.base import ProgressSource, RosterSource
from course_sync.sources.moodle_report import MoodleReport
from course_sync.sync_runs import RunKeeper

PROGRESS_KINDS = ("structure", "submissions", "grades", "posts", "completion", "extensions")


class Pull:
    """Pulls one context once; `successes` counts kinds of facts that were read whole.

    `connected` names the sources the context has, also one that cannot be used in this run; `beside` are
    lists that an earlier pull of the same run believed.
    """

    def __init__(
        self,
        context: ContextRef,
        rosters: list[RosterSource],
        connected: frozenset[str],
        progress: ProgressSource | None,
        keeper: RunKeeper,
        pool: ThreadPoolExecutor,
        now: datetime,
        report: MoodleReport | None = None,
        beside: Mapping[str, Roster] | None = None,
    ) -> None:
        self._report = report
        self._beside = beside
        self._context = context
        self._rosters = rosters
        self._connected = connected
        self._progress = progress
        self._keeper = keeper
        self._now = now
        self._tools = PullTools(context, keeper, pool, now, is_whole=progress is None or progress.is_whole)
        self._rosters_read: tuple[Roster, ...] = ()
        self.learners_read = 0
        self.roster_errors: Mapping[str, PlatformError] = {}
        """Why a source gave no list of members, by its name."""
        self.believed: Mapping[str, Roster] = {}
        """Lists of members that were read whole and believed, by source."""

    @property
    def has_roster(self) -> bool:
        """Whether anybody could be asked who is in the course."""
        return bool(self._rosters)

    @property
    def outcomes(self) -> Mapping[str, PlatformError | None]:
        """How each kind of fact came out that was asked for; None = read whole."""
        return self._tools.outcomes

    @property
    def successes(self) -> int:
        """Kinds of facts that were read whole."""
        return self._tools.successes

    @property
    def named(self) -> frozenset[str]:
        """External ids of those on the platform's own list of participants, where it was read."""
        return frozenset(self._tools.roster.members) if self._tools.roster else frozenset()

    def run(self) -> None:
        """All steps. Problems go to the keeper; only a run that was taken over (SyncBusy) or a bug raises."""
        self._keeper.expect(len(self._rosters) + (4 if self._progress else 0))
        self._keeper.begin_step("roster")
        self.roster_errors = self._pull_rosters()
        error = self.roster_errors.get(SOURCE_MOODLE)
        if self._progress is None or (error and not self._tools.is_whole):
            return
        if error and (isinstance(error, PlatformUnreachable) or error.code in HOPELESS):
            for kind in PROGRESS_KINDS:
                self._tools.close(kind, [error])
            return
        self._pull_progress(self._progress)

    def _pull_progress(self, source: ProgressSource) -> None:
        tools, begin = self._tools, self._keeper.begin_step
        begin("structure")
        self._pull_structure(source)
        if self._report:
            pull_report(tools, self._report, self._rosters_read)
        begin("submissions")
        pull_submissions(tools, source)
        begin("grades")
        pull_grades(tools, source)
        if tools.is_whole:
            begin("posts")
            pull_posts(tools, source)
        begin("completion")
        self.learners_read = pull_progress(tools, source)
        begin("extensions")
        settle_doubts(tools, source)

    def _pull_rosters(self) -> Mapping[str, PlatformError]:
        """Fetch and keep the rosters; the error of each source that gave none."""
        errors: dict[str, PlatformError] = {}
        fetched: dict[str, Roster] = {}
        for name, outcome in self._tools.call((source.name, source.fetch_roster) for source in self._rosters):
            if isinstance(outcome, PlatformError):
                errors[name] = outcome
            else:
                fetched[name] = outcome
            self._keeper.advance()
        stopped = self._keeper.stop_error() if self._tools.stopped else None
        for source in self._rosters:
            if stopped and source.name not in fetched:
                errors.setdefault(source.name, stopped)
        for name, error in errors.items():
            self._keeper.note("roster", name, error)
            record_roster_failure(self._context.context_id, name, error, self._now)
        kept = keep_rosters(
            self._context,
            fetched,
            self._connected,
            self._now,
            self._keeper.beat,
            partial=frozenset() if self._tools.is_whole else frozenset({SOURCE_MOODLE}),
            beside=self._beside,
        )
        self.believed = {name: fetched[name] for name in fetched.keys() - kept.complaints.keys()}
        self._tools.changed(kept.rows_changed)
        self._rosters_read = tuple(fetched.values())
        self._tools.roster = fetched.get(SOURCE_MOODLE)
        self._tools.roster_believed = SOURCE_MOODLE in fetched.keys() - kept.complaints.keys()
        for name, roster in fetched.items():
            complaint = kept.complaints.get(name)
            self._tools.successes += complaint is None
            for problem in (*roster.problems, *([complaint] if complaint else [])):
                self._keeper.note("roster", name, problem)
        return errors

    def _pull_structure(self, source: ProgressSource) -> None:
        for _key, outcome in self._tools.call([("structure", source.fetch_structure)]):
            if isinstance(outcome, PlatformError):
                self._tools.close("structure", [outcome])
            else:
                self._keep_structure(outcome)
        if self._tools.stopped:
            self._tools.close("structure", [])
        self._keeper.advance()

    def _keep_structure(self, told: Structure) -> None:
        context_id, tools = self._context.context_id, self._tools
        if not told.activities and list_activities(context_id):
            tools.close(
                "structure", [PlatformAnswerInvalid("the course came back empty", code="empty_structure")]
            )
            return
        if told.course:
            tools.changed(record_course(context_id, told.course))
        tools.changed(
            record_activities(context_id, told.activities, SOURCE_MOODLE, self._now, is_whole=tools.is_whole)
        )
        tools.close("structure", told.problems)
