"""The cast of the demo: staff with fixed ids, and the learners of the data file. Not what they did."""

from dataclasses import dataclass

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.dataset import Dataset

EDITING_TEACHER = "editingteacher"
TEACHER = "teacher"
LEARNER = "student"  # Moodle's own short name of the role
ADMIN = "admin"
MANAGER = "manager"
NOBODY = "nobody"
SERVICE = "service"

ROLE_IDS = {EDITING_TEACHER: 3, TEACHER: 4, LEARNER: 5}
"""Moodle's ids of the roles one can be enrolled with; the other kinds are not enrolled."""

UNKNOWN_TIMEZONE = "99"
"""What Moodle sends for somebody who uses the site's time zone."""


@dataclass(frozen=True)
class Person:
    """`kind` = enrolment role or one of the kinds above; `language` = Moodle's language code."""

    user_id: int
    username: str
    first_name: str
    last_name: str
    kind: str
    language: str
    email: str
    idnumber: str
    group_id: int | None = None
    timezone: str = UNKNOWN_TIMEZONE

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def group_ids(self) -> list[int]:
        return [] if self.group_id is None else [self.group_id]


def _staff(
    user_id: int, username: str, names: tuple[str, str], kind: str, language: str, group_id: int | None = None
) -> Person:
    idnumber = "" if user_id == constants.ADMIN_ID else f"SIS-T{user_id}"
    timezone = "Europe/Paris" if language == "fr" else UNKNOWN_TIMEZONE
    return Person(
        user_id, username, *names, kind, language, f"{username}@example.invalid", idnumber, group_id, timezone
    )


STAFF = (
    _staff(constants.TRAINER_ID, "trainer", ("Claire", "Fontanel"), EDITING_TEACHER, "en"),
    _staff(constants.MENTOR_1_ID, "mentor1", ("Amadou", "Sarr-Petit"), TEACHER, "fr", constants.GROUP_A_ID),
    _staff(constants.MENTOR_2_ID, "mentor2", ("Grace", "O’Hara"), TEACHER, "en", constants.GROUP_B_ID),
    _staff(constants.ADMIN_ID, "admin", ("Admin", "User"), ADMIN, "en"),
    _staff(constants.MANAGER_ID, "manager", ("Marta", "Lindqvist"), MANAGER, "fr"),
    _staff(constants.NOBODY_ID, "passerby", ("Victor", "Passerby"), NOBODY, "en"),
    _staff(constants.WS_READER_ID, "wsreader", ("WS", "Reader"), SERVICE, "en"),
)


def learner_people(dataset: Dataset) -> tuple[Person, ...]:
    """Learners in the order of the data file; groups A and B in turn."""
    return tuple(
        Person(
            user_id=constants.FIRST_LEARNER_ID + index,
            username=record.username,
            first_name=record.first_name,
            last_name=record.last_name,
            kind=LEARNER,
            language=record.language,
            email=f"{record.username}@example.invalid",
            idnumber=f"SIS-L{index + 1:03d}",
            group_id=constants.GROUP_A_ID if index % 2 == 0 else constants.GROUP_B_ID,
        )
        for index, record in enumerate(dataset.learners)
    )
