"""What the demo sets up in the tool once its LMS answers: registration, roles, first sync, two caseloads.

Each step may be repeated. Nothing of a learner is invented here; everything comes through the sync.
"""

from __future__ import annotations

import random
from datetime import datetime

from sqlalchemy import exists, select

from course_sync.database import db
from course_sync.job_rows import give_back
from course_sync.jobs import enqueue
from course_sync.models import Context, Membership, Person, Platform, SyncRun
from course_sync.records import LaunchedContext, record_launch
from course_sync.sync_runs import Watcher
from lti_tool import moodle_services, registration
from lti_tool.demo import DemoAddresses
from lti_tool.demo_lms import constants
from lti_tool.operations import abandon_syncs, sync_and_flag
from lti_tool.services import current_services
from mentor_console.access import LaunchFacts, viewer_of
from mentor_console.caseload import assign, name_mentor
from mentor_console.grants import grant_role
from mentor_console.models import Assignment

CASELOADS = {constants.MENTOR_1_ID: 40, constants.MENTOR_2_ID: 25}
"""How many learners each of the two e-mentors looks after; the rest have none yet."""
SHARE_SEED = 57


def seed_demo(addresses: DemoAddresses, watcher: Watcher | None = None) -> None:
    """Register the demo LMS, pull its course, name the e-mentors and share learners out.

    A course that was pulled before is shown as it was at once; its sync is left to the worker.
    """
    clock = current_services().clock
    now, real_now = clock.now(), clock.real_now()
    _forget_what_was_running(real_now)
    platform = _register(addresses, now)
    context = _ensure_course(platform, addresses, now)
    if _was_synced(context.id):
        arguments = {"context_id": context.id, "trigger": "schedule"}
        enqueue("sync_context", arguments, f"sync:{context.id}", real_now)
    else:
        sync_and_flag(context.id, trigger="cli", watcher=watcher)
    _give_roles(platform, context, now)


def _forget_what_was_running(real_now: datetime) -> None:
    """Nobody else works on a demo's database, so what is written down as running was cut off."""
    give_back(None, real_now)
    abandon_syncs(None, real_now)


def _was_synced(context_id: int) -> bool:
    statement = select(SyncRun.id).where(
        SyncRun.context_id == context_id, SyncRun.state.in_(("done", "partial"))
    )
    return db.session.scalars(statement.limit(1)).first() is not None


def _register(addresses: DemoAddresses, now: datetime) -> Platform:
    _follow_moved_address(addresses)
    services = current_services()
    site = addresses.lms_url
    details = registration.PlatformDetails(
        name="Demo LMS",
        issuer=site,
        client_id=constants.CLIENT_ID,
        auth_login_url=site + constants.AUTH_PATH,
        auth_token_url=site + constants.TOKEN_PATH,
        jwks_url=site + constants.CERTS_PATH,
        deployment_ids=(constants.DEPLOYMENT_ID,),
    )
    platform = registration.add_platform(details, services.settings, now)
    if platform.moodle_url != site:  # else the audit log and the connection test would tell of a new token
        moodle_services.connect_moodle(
            platform.id, site, constants.WS_TOKEN, sealer=services.sealer, allow_loopback=True, now=now
        )
    return platform


def _follow_moved_address(addresses: DemoAddresses) -> None:
    """A demo started on another port is still the same demo: its platform moves along."""
    statement = select(Platform).where(Platform.client_id == constants.CLIENT_ID)
    known = db.session.scalars(statement).one_or_none()
    if known is None or known.issuer == addresses.lms_url:
        return
    known.issuer = addresses.lms_url
    for context in db.session.scalars(select(Context).where(Context.platform_id == known.id)):
        context.memberships_url = addresses.lms_url + constants.MEMBERSHIPS_PATH
    db.session.commit()


def _ensure_course(platform: Platform, addresses: DemoAddresses, now: datetime) -> Context:
    """The course as the trainer's first launch makes it, so that the first sync need not wait for one."""
    record = record_launch(
        platform_id=platform.id,
        organisation_id=platform.organisation_id,
        subject=str(constants.TRAINER_ID),
        names={},
        email="",
        locale="",
        time_zone="",
        context=LaunchedContext(
            external_id=str(constants.COURSE_ID),
            title=constants.COURSE_FULLNAME,
            label=constants.COURSE_SHORTNAME,
            memberships_url=addresses.lms_url + constants.MEMBERSHIPS_PATH,
            starts_at=None,
            ends_at=None,
        ),
        roles=["Instructor"],
        now=now,
    )
    db.session.commit()
    if record.context is None:
        raise RuntimeError("the demo's course was not recorded")
    return record.context


def _give_roles(platform: Platform, context: Context, now: datetime) -> None:
    grant_role(_get_person(platform, constants.ADMIN_ID, now), "admin", None, None, now)
    if db.session.scalar(select(exists().where(Assignment.id.is_not(None)))):
        return
    trainer = _get_person(platform, constants.TRAINER_ID, now)
    viewer = viewer_of(
        LaunchFacts(trainer.id, platform.organisation_id, platform.id, context.id, frozenset({"Instructor"}))
    )
    learners = _list_active_learners(context)
    random.Random(SHARE_SEED).shuffle(learners)
    for mentor_id, share in CASELOADS.items():
        mentor = _get_membership(context, mentor_id)
        name_mentor(viewer, mentor, now)
        assign(viewer, mentor.person_id, learners[:share], now)
        del learners[:share]


def _list_active_learners(context: Context) -> list[Membership]:
    statement = (
        select(Membership)
        .where(Membership.context_id == context.id)
        .where(Membership.standing == "learner", Membership.status == "active")
        .order_by(Membership.id)
    )
    return list(db.session.scalars(statement))


def _get_person(platform: Platform, user_id: int, now: datetime) -> Person:
    record = record_launch(
        platform_id=platform.id,
        organisation_id=platform.organisation_id,
        subject=str(user_id),
        names={},
        email="",
        locale="",
        time_zone="",
        context=None,
        roles=[],
        now=now,
    )
    return record.person


def _get_membership(context: Context, user_id: int) -> Membership:
    statement = (
        select(Membership)
        .join(Membership.person)
        .where(Membership.context_id == context.id, Person.external_id == str(user_id))
    )
    return db.session.scalars(statement).one()
