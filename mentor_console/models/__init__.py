"""Tables of what people of the console decide and do, by theme. Facts of platforms: course_sync.models."""

from mentor_console.models.flags import CourseBreak, Extension, Flag, FlagDecision, FlagReading, RuleSetting
from mentor_console.models.people import AccessRequest, Assignment, CaseloadChange, MentorCap, RoleGrant
from mentor_console.models.support import Contact, LearnerAnswer, PrivateNote, SupportTask, TaskChange

__all__ = [
    "AccessRequest",
    "Assignment",
    "CaseloadChange",
    "Contact",
    "CourseBreak",
    "Extension",
    "Flag",
    "FlagDecision",
    "FlagReading",
    "LearnerAnswer",
    "MentorCap",
    "PrivateNote",
    "RoleGrant",
    "RuleSetting",
    "SupportTask",
    "TaskChange",
]
