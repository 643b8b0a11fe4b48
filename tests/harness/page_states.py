"""Every state of every page: where it is, or what comes back from a form that is sent from there.

A state that follows a form is mostly the answer to one that is refused, so nothing of it stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field

NEXT_MONTH = "2026-12-21T10:00"
"""Before the deadline that was given by hand, after the platform's."""


@dataclass(frozen=True)
class State:
    """Where it is: a page of somebody, or what comes back from a form that is sent there."""

    name: str
    who: str
    path: str
    status: int = 200
    form: dict[str, str] = field(default_factory=dict)
    is_answer: bool = False


def answer(name: str, who: str, path: str, status: int = 422, /, **form: str) -> State:
    """What comes back from a form; `path` is the address that the form has on its page, query and all."""
    return State(name, who, path, status, form, is_answer=True)


MENTOR, TRAINER, LEARNER = "mentor of many", "trainer of many", "learner of many"
STATES = [
    State("today", MENTOR, "/today"),
    State("today with all cards", MENTOR, "/today?all=1"),
    State("today of one", "mentor of one", "/today"),
    State("today of nobody", "mentor of none", "/today"),
    State("today of whom nothing was read", "mentor of unread", "/today"),
    State("a learner of whom nothing was read", "mentor of unread", "/learners/{unread}"),
    State("after an action", MENTOR, "/today?done=dismissed&undo=decision:1&at={real_now}"),
    State("after an action too late", MENTOR, "/learners/{learner}?problem=nothing_open"),
    State("a learner", MENTOR, "/learners/{learner}"),
    State("a learner without trouble", MENTOR, "/learners/{calm}"),
    State("a learner who left", MENTOR, "/learners/{departed}"),
    State("a learner with a long name", MENTOR, "/learners/{unbroken}"),
    State("a filtered history", MENTOR, "/learners/{learner}?show=task"),
    State("a contact", MENTOR, "/learners/{learner}?kind=social&channel=email&playbook=welcome_call"),
    answer("a contact refused", MENTOR, "/learners/{learner}/contacts", kind="x"),
    answer("a dismissal refused", MENTOR, "/learners/{learner}/dismiss", reason="other"),
    answer("a pause refused", MENTOR, "/learners/{learner}/snooze", until="date"),
    answer(
        "a dismissal overtaken",
        MENTOR,
        "/learners/{learner}/dismiss",
        409,
        reason="already_handled",
        text="Told me so.",
    ),
    answer("a pause overtaken", MENTOR, "/learners/{learner}/snooze", 409, until="tomorrow"),
    answer("a note refused", MENTOR, "/learners/{learner}/notes", text=""),
    answer("a task refused", MENTOR, "/learners/{learner}/tasks", title="", due_on="x"),
    answer("more time refused", TRAINER, "/learners/{learner}/extensions", due_at=""),
    answer(
        "more time overtaken",
        TRAINER,
        "/learners/{extended}/extensions",
        409,
        activity="{activity}:",
        due_at=NEXT_MONTH,
        request_key="overtaken",
    ),
    answer(
        "more time shortened",
        TRAINER,
        "/learners/{extended}/extensions",
        activity="{activity}:{extension}",
        due_at=NEXT_MONTH,
        request_key="shortened",
    ),
    answer("a task taken back", MENTOR, "/tasks/{gone_task}", 409, version="1", title="Mine", kind="social"),
    answer("a task changed by two", MENTOR, "/tasks/{task}", 409, version="99", title="Mine", kind="social"),
    State("the course", TRAINER, "/course"),
    State("the second part", TRAINER, "/course?part=2"),
    State("nobody found", TRAINER, "/course?q=zzz"),
    State("a course of one", "trainer of one", "/course"),
    State("a course of nobody", "trainer of none", "/course"),
    answer("a limit refused", TRAINER, "/caps?q=zzz", learners="many"),
    answer("a break refused", TRAINER, "/breaks?q=zzz", name="", starts_on="", ends_on=""),
    answer(
        "a break overtaken",
        TRAINER,
        "/breaks?q=zzz",
        409,
        name="Snow",
        starts_on="2027-02-01",
        ends_on="2027-02-05",
        request_key="overtaken",
    ),
    State("rules", TRAINER, "/course/rules"),
    answer("rules overtaken", TRAINER, "/course/rules", 409, do="save", silent_act_days="11"),
    answer("rules tried", TRAINER, "/course/rules", 200, do="preview", silent_act_days="11"),
    answer("rules refused", TRAINER, "/course/rules", do="save", silent_act_days="x"),
    State("my support", LEARNER, "/me"),
    State("my support after asking", "learner who asks", "/me"),
    answer("an answer refused", LEARNER, "/me/answers", kind="need_help", text=""),
    State("the organisation", "admin", "/organisation"),
    State("rules of the organisation", "admin", "/organisation/rules"),
    State("refusals", "admin", "/organisation/refusals"),
    State("the audit log", "admin", "/organisation/audit"),
    State("roles of a platform", "admin", "/organisation/roles/{platform}"),
    State("platforms", "admin", "/organisation/platforms"),
    State("one platform", "admin", "/organisation/platforms/1"),
    State("a platform by hand", "admin", "/organisation/platforms/new"),
    answer("a platform refused", "admin", "/organisation/platforms/new", name=""),
    answer("an invite", "admin", "/organisation/platforms/invites", 200),
    State("course data", MENTOR, "/sync"),
    State("an own account refused", "mentor of one", "/own-token"),
    State("no access", "applicant", "/access"),
    State("access asked for", "asked", "/access"),
    State("no part", "nobody", "/"),
    State("no such page", MENTOR, "/nowhere", 404),
]
