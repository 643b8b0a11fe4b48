"""Pulling one context from its platform: the whole of it (sync_context) or its roster alone (sync_roster).

Needs an application context; commits in small steps, so that a run that is killed goes on where it stopped.
`now` dates the facts; `real_now` dates the run itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, time
from time import monotonic, sleep
from zoneinfo import ZoneInfo

from course_sync.calls import PARALLEL
from course_sync.course_hosts import host_of, list_hosts, main_host
from course_sync.database import db
from course_sync.errors import CourseSyncError, PlatformError, PlatformRefused
from course_sync.host_watch import NO_BOUNDS, Budget, HostLink, record_answer
from course_sync.models import SOURCE_LTI, SOURCE_MOODLE, Context
from course_sync.moodle_access import OwnToken, find_site_access
from course_sync.own_pulls import run_own_pulls
from course_sync.platform_client import PlatformClient
from course_sync.pull import Pull
from course_sync.records import registration_of
from course_sync.roster_pull import keep_rosters, record_roster_failure
from course_sync.roster_records import ContextRef
from course_sync.run_gate import RunGate
from course_sync.sources.base import ProgressSource, RosterSource
from course_sync.sources.lti import LtiSource
from course_sync.sources.moodle import MoodleSource
from course_sync.sources.moodle_report import MoodleReport
from course_sync.sync_runs import CANCELLED, RunKeeper, SyncProblem, Watcher, begin_run

INSISTENT = frozenset({"person", "launch", "cli"})
"""Triggers behind which somebody waits: they try also a host that is being left alone."""


class UnknownContext(CourseSyncError):
    """There is no context with this id."""


@dataclass(frozen=True)
class PlatformServices:
    """What sync needs of the composition root: the client, and the key to sealed tokens."""

    client: PlatformClient
    open_secret: Callable[[str], str]
    day_over: time = ContextRef.day_over
    """From this hour on, where the organisation is, a look at visits tells of the whole day."""
    budget: Budget = NO_BOUNDS
    """What all syncs together may ask of one host."""
    steady_seconds: Callable[[], float] = monotonic
    sleep: Callable[[float], None] = sleep
    list_own_tokens: Callable[[int], Sequence[OwnToken]] = lambda _context_id: ()
    """Tokens that people of a course gave of their own accounts and may still give; who may is no affair of
    this package."""


@dataclass(frozen=True)
class SyncReport:
    """How one pull went.

    state: done | partial (something could not be read) | failed (nothing could) | cancelled (by somebody).
    """

    context_id: int
    run_id: int
    state: str
    rows_changed: int
    requests: int
    learners_read: int
    """Learners whose own progress was read one by one."""
    kinds_read: int
    """Kinds of facts that were read whole."""
    errors: tuple[SyncProblem, ...]


def sync_context(
    context_id: int,
    *,
    now: datetime,
    real_now: Callable[[], datetime],
    trigger: str,
    services: PlatformServices,
    watcher: Watcher | None = None,
) -> SyncReport:
    """Pull everything that is granted for this context. Raises SyncBusy, UnknownContext.

    Failures of the platform do not raise: they are in the report, in SyncRun and in Freshness.
    """
    context = _get_context(context_id)
    origins = list_hosts(context)
    keeper = begin_run(
        context_id,
        trigger=trigger,
        as_of=now,
        real_now=real_now,
        steady_seconds=services.steady_seconds,
        sleep=services.sleep,
        origin=main_host(context),
        watcher=watcher,
    )
    gate = RunGate(PARALLEL, keeper.stop_error)
    pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="platform")
    try:
        link = HostLink(gate, origins, services.budget, keeper.run_id, keeper.pulse)
        link.begin(insist=trigger in INSISTENT)
        keeper.on_beat = link.renew
        reach = replace(services, client=services.client.for_run(gate))
        ref = _ref(context, services)
        pulls = [_make_pull(context, ref, reach, keeper, pool)]
        pulls[0].run()
        pulls += run_own_pulls(context, reach, ref, keeper, pool, pulls[0].believed)
        if not any(pull.has_roster for pull in pulls):
            nothing = PlatformRefused("neither a roster nor an API", code="no_source")
            keeper.note("roster", SOURCE_LTI, nothing)
        link.renew(force=True)
        report = _report(keeper, pulls, gate.requests)
        keeper.finish(report.state, report.requests, report.learners_read)
        return report
    except BaseException as problem:
        _give_up(keeper, problem, gate.requests)
        raise
    finally:
        gate.close()
        pool.shutdown(wait=False, cancel_futures=True)


def _report(keeper: RunKeeper, pulls: list[Pull], requests: int) -> SyncReport:
    successes = sum(pull.successes for pull in pulls)
    state = "done" if not keeper.problems else ("partial" if successes else "failed")
    return SyncReport(
        keeper.context_id,
        keeper.run_id,
        keeper.stopped if keeper.stopped == CANCELLED else state,
        keeper.rows_changed,
        requests,
        sum(pull.learners_read for pull in pulls),
        successes,
        tuple(keeper.problems),
    )


def sync_roster(
    context_id: int, *, now: datetime, services: PlatformServices, timeout_seconds: float = 10
) -> None:
    """Read the LTI roster of a context now. Raises PlatformError if it cannot be read whole and believed."""
    context = _get_context(context_id)
    try:
        source = _lti_source(context, services, timeout_seconds)
        if source is None:
            raise PlatformRefused("the platform offers no roster of this course", code="no_roster_service")
        roster = source.fetch_roster()
    except PlatformError as error:
        record_roster_failure(context_id, SOURCE_LTI, error, now)
        raise
    record_answer(host_of(context.memberships_url))  # a site that answers a launch is back
    kept = keep_rosters(_ref(context, services), {SOURCE_LTI: roster}, _connected(context), now)
    if SOURCE_LTI in kept.complaints:
        raise kept.complaints[SOURCE_LTI]


def _get_context(context_id: int) -> Context:
    context = db.session.get(Context, context_id)
    if context is None:
        raise UnknownContext(f"there is no context {context_id}")
    return context


def _ref(context: Context, services: PlatformServices) -> ContextRef:
    zone = ZoneInfo(context.organisation.time_zone)
    return ContextRef(
        context.id, context.platform_id, context.organisation_id, zone, day_over=services.day_over
    )


def _make_pull(
    context: Context,
    ref: ContextRef,
    services: PlatformServices,
    keeper: RunKeeper,
    pool: ThreadPoolExecutor,
) -> Pull:
    lti = _lti_source(context, services)
    progress = _progress_source(context, services, keeper)
    rosters: list[RosterSource] = [source for source in (lti, progress) if source is not None]
    report = _report_source(context, services) if progress else None
    return Pull(ref, rosters, _connected(context), progress, keeper, pool, keeper.as_of, report)


def _report_source(context: Context, services: PlatformServices) -> MoodleReport | None:
    """The report of the site that an admin named, if there is one."""
    report_id = context.platform.moodle_report_id
    access = find_site_access(context.platform, services.open_secret) if report_id is not None else None
    if access is None or report_id is None:
        return None
    zone = ZoneInfo(context.organisation.time_zone)
    return MoodleReport(services.client, access.base_url, access.token, report_id, zone)


def _connected(context: Context) -> frozenset[str]:
    has = {SOURCE_LTI: context.memberships_url, SOURCE_MOODLE: context.platform.moodle_url}
    return frozenset(source for source, address in has.items() if address)


def _lti_source(
    context: Context, services: PlatformServices, timeout_seconds: float | None = None
) -> LtiSource | None:
    if not context.memberships_url:
        return None
    registration = registration_of(context.platform)
    return LtiSource(services.client, registration, context.memberships_url, timeout_seconds)


def _progress_source(
    context: Context, services: PlatformServices, keeper: RunKeeper
) -> ProgressSource | None:
    try:
        access = find_site_access(context.platform, services.open_secret)
        if access is None:
            return None
        return MoodleSource(services.client, access.base_url, access.token, context.external_id)
    except PlatformError as error:
        keeper.note("roster", SOURCE_MOODLE, error)
        record_roster_failure(context.id, SOURCE_MOODLE, error, keeper.as_of)
        return None


def _give_up(keeper: RunKeeper, problem: BaseException, requests: int) -> None:
    """Close the run after a bug, Ctrl-C or a take-over, as far as that still can be done."""
    db.session.rollback()
    is_cancel = isinstance(problem, KeyboardInterrupt)
    if not is_cancel:
        keeper.note("run", "", problem if isinstance(problem, Exception) else RuntimeError())
    try:
        keeper.finish(CANCELLED if is_cancel else "failed", requests)
    except CourseSyncError:
        db.session.rollback()
