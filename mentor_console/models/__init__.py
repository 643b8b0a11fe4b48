"""Tables of what people of the console decide and do, by theme. Facts of platforms: course_sync.models."""

from mentor_console.models.audit import AuditEntry
from mentor_console.models.flags import (
    CohortReading,
    CourseBreak,
    Extension,
    Flag,
    FlagDecision,
    FlagReading,
    RuleSetting,
)
from mentor_console.models.people import (
    AccessRequest,
    Assignment,
    CaseloadChange,
    MentorCap,
    RoleGrant,
    RoleMapping,
    RoleRule,
)
from mentor_console.models.support import Contact, LearnerAnswer, PrivateNote, SupportTask, TaskChange

__all__ = [
    "AccessRequest",
    "Assignment",
    "AuditEntry",
    "CaseloadChange",
    "CohortReading",
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
    "RoleMapping",
    "RoleRule",
    "RuleSetting",
    "SupportTask",
    "TaskChange",
]
