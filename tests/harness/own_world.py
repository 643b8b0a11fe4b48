"""A Moodle with separate groups, read with the tokens of two e-mentors' own accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.errors import PlatformRefused
from course_sync.models import Context, Membership
from course_sync.sync import PlatformServices
from mentor_console.grants import grant_role
from mentor_console.own_accounts import list_usable
from tests.harness.fake_moodle import FakeClient, FakeMoodle, Module, User
from tests.harness.sync_world import START, SyncWorld, unix

ESSAY, QUIZ = 6, 16
FIRST, SECOND = "first-token", "second-token"
VISIT = unix(START - timedelta(days=1))


class GroupClient(FakeClient):
    """Moodle with separate groups: each token sees the members of its owner's group, and refuses the rest."""

    def __init__(self, moodle: FakeMoodle, groups: dict[str, int]) -> None:
        super().__init__(moodle)
        self.groups = groups
        self.ungrouped: set[int] = set()
        """Users who are in no group and named all the same."""

    def call_moodle(
        self, base_url: str, token: str, function: str, params: dict[str, Any], **options: Any
    ) -> Any:
        if token not in self.groups:
            raise PlatformRefused("Invalid token - token not found", code="invalidtoken")
        group = self.groups[token]
        everybody = function == "gradereport_user_get_grade_items" and not params["userid"]
        if everybody and params.get("groupid") != group:
            raise PlatformRefused("error/notingroup", code="notingroup")
        answer = super().call_moodle(base_url, token, function, params, **options)
        if function == "core_enrol_get_enrolled_users":
            seen = [row for row in answer if any(one["id"] == group for one in row.get("groups", []))]
            return seen + [row for row in answer if row["id"] in self.ungrouped]
        asked = params.get("userid")
        if asked and group not in self.moodle.users[asked].groups:
            raise PlatformRefused("Access denied", code="accessdenied")
        return answer


class OwnWorld(SyncWorld):
    """Two e-mentors with a group each, and a learner in no group."""

    locked = False
    """Whether the key to sealed tokens is missing."""

    @property
    def services(self) -> PlatformServices:
        services = replace(super().services, list_own_tokens=list_usable)
        return replace(services, open_secret={}.__getitem__) if self.locked else services

    def seen(self) -> set[str]:
        """Ids of learners whose progress was read."""
        db.session.expire_all()
        rows = db.session.query(Membership).filter_by(context_id=self.context_id, standing="learner")
        return {row.person.external_id for row in rows if row.progress_as_of}

    def give(self, user_id: int, token: str) -> None:
        owner = self.member(user_id).person
        grant_role(owner, "mentor", db.session.get_one(Context, self.context_id), None, self.now)
        db.session.add(PersonToken(person_id=owner.id, token_sealed=token[::-1], connected_at=self.now))
        db.session.commit()


def read_without_tokens() -> OwnWorld:
    """A course of which LTI gave the list: 150-153 are of the group of 145, 154-157 of 146, 160 of none."""
    moodle = FakeMoodle()
    moodle.add(
        User(144, "editingteacher"), User(145, "teacher", groups=(11,)), User(146, "teacher", groups=(12,))
    )
    moodle.add(*(User(150 + n, last_access=VISIT, groups=(11 if n < 4 else 12,)) for n in range(8)))
    moodle.add(User(160, last_access=VISIT))
    moodle.modules = [
        Module(71, "page", 36, due=VISIT),
        Module(76, "assign", ESSAY, due=VISIT),
        Module(74, "quiz", QUIZ, due=VISIT),
    ]
    moodle.submissions[(150, ESSAY)] = ("submitted", VISIT)
    moodle.grades[(151, 74)] = (80, VISIT)
    client = GroupClient(moodle, {FIRST: 11, SECOND: 12})
    world = OwnWorld(moodle=moodle, client=client)
    platform = db.session.get_one(Context, world.context_id).platform
    platform.product, platform.moodle_url, platform.moodle_token_sealed = "moodle", None, None
    db.session.commit()
    world.sync()
    return world
