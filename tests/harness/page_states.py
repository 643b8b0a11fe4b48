"""Every state of every page: where it is, or what comes back from a form that is sent from there.

A state that follows a form is mostly the answer to one that is refused, so nothing of it stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field

NEXT_MONTH = "2026-12-21T10:00"
"""Before the deadline that was given by hand, after the platform's."""


@dataclass(frozen=True)
class State:
    """Where it is: a page of somebody, or what comes back from a form sent from there."""

    name: str
    who: str
    path: str
    form: dict[str, str] = field(default_factory=dict)
    action: str = ""
    status: int = 200


def state(name: str, who: str, path: str, action: str = "", status: int = 422, /, **form: str) -> State:
    """One line of the table."""
    return State(name, who, path, form, action, status if action else 200)


MENTOR, TRAINER, LEARNER = "mentor of many", "trainer of many", "learner of many"
STATES = [
    state("today", MENTOR, "/today"),
    state("today with all cards", MENTOR, "/today?all=1"),
    state("today of one", "mentor of one", "/today"),
    state("today of nobody", "mentor of none", "/today"),
    state("today of whom nothing was read", "mentor of unread", "/today"),
    state("a learner of whom nothing was read", "mentor of unread", "/learners/{unread}"),
    state("after an action", MENTOR, "/today?done=dismissed&undo=decision:1&at={real_now}"),
    state("after an action too late", MENTOR, "/learners/{learner}?problem=nothing_open"),
    state("a learner", MENTOR, "/learners/{learner}"),
    state("a learner without trouble", MENTOR, "/learners/{calm}"),
    state("a learner who left", MENTOR, "/learners/{departed}"),
    state("a learner with a long name", MENTOR, "/learners/{unbroken}"),
    state("a filtered history", MENTOR, "/learners/{learner}?show=task"),
    state("a contact", MENTOR, "/learners/{learner}?kind=social&channel=email&playbook=welcome_call"),
    state("a contact refused", MENTOR, "/learners/{learner}", "/learners/{learner}/contacts", 422, kind="x"),
    state(
        "a dismissal refused",
        MENTOR,
        "/learners/{learner}",
        "/learners/{learner}/dismiss",
        422,
        reason="other",
    ),
    state("a pause refused", MENTOR, "/learners/{learner}", "/learners/{learner}/snooze", 422, until="date"),
    state(
        "a dismissal overtaken",
        MENTOR,
        "/learners/{learner}",
        "/learners/{learner}/dismiss",
        409,
        reason="already_handled",
        text="Told me so.",
    ),
    state(
        "a pause overtaken",
        MENTOR,
        "/learners/{learner}",
        "/learners/{learner}/snooze",
        409,
        until="tomorrow",
    ),
    state("a note refused", MENTOR, "/learners/{learner}", "/learners/{learner}/notes", 422, text=""),
    state(
        "a task refused",
        MENTOR,
        "/learners/{learner}",
        "/learners/{learner}/tasks",
        422,
        title="",
        due_on="x",
    ),
    state(
        "more time refused", TRAINER, "/learners/{learner}", "/learners/{learner}/extensions", 422, due_at=""
    ),
    state(
        "more time overtaken",
        TRAINER,
        "/learners/{extended}",
        "/learners/{extended}/extensions",
        409,
        activity="{activity}:",
        due_at=NEXT_MONTH,
        request_key="overtaken",
    ),
    state(
        "more time shortened",
        TRAINER,
        "/learners/{extended}",
        "/learners/{extended}/extensions",
        422,
        activity="{activity}:{extension}",
        due_at=NEXT_MONTH,
        request_key="shortened",
    ),
    state(
        "a task taken back",
        MENTOR,
        "/learners/{learner}",
        "/tasks/{gone_task}",
        409,
        version="1",
        title="Mine",
        kind="social",
    ),
    state(
        "a task changed by two",
        MENTOR,
        "/learners/{learner}",
        "/tasks/{task}",
        409,
        version="99",
        title="Mine",
        kind="social",
    ),
    state("the course", TRAINER, "/course"),
    state("the second part", TRAINER, "/course?part=2"),
    state("nobody found", TRAINER, "/course?q=zzz"),
    state("a course of one", "trainer of one", "/course"),
    state("a course of nobody", "trainer of none", "/course"),
    state("a limit refused", TRAINER, "/course?q=zzz", "/caps", 422, q="zzz", learners="many"),
    state(
        "a break refused",
        TRAINER,
        "/course?q=zzz",
        "/breaks",
        422,
        q="zzz",
        name="",
        starts_on="",
        ends_on="",
    ),
    state(
        "a break overtaken",
        TRAINER,
        "/course?q=zzz",
        "/breaks",
        409,
        q="zzz",
        name="Snow",
        starts_on="2027-02-01",
        ends_on="2027-02-05",
        request_key="overtaken",
    ),
    state("rules", TRAINER, "/course/rules"),
    state(
        "rules overtaken",
        TRAINER,
        "/course/rules",
        "/course/rules",
        409,
        do="save",
        silent_act_days="11",
    ),
    state("rules tried", TRAINER, "/course/rules", "/course/rules", 200, do="preview", silent_act_days="11"),
    state("rules refused", TRAINER, "/course/rules", "/course/rules", 422, do="save", silent_act_days="x"),
    state("my support", LEARNER, "/me"),
    state("my support after asking", "learner who asks", "/me"),
    state("an answer refused", LEARNER, "/me", "/me/answers", 422, kind="need_help", text=""),
    state("the organisation", "admin", "/organisation"),
    state("rules of the organisation", "admin", "/organisation/rules"),
    state("refusals", "admin", "/organisation/refusals"),
    state("the audit log", "admin", "/organisation/audit"),
    state("roles of a platform", "admin", "/organisation/roles/{platform}"),
    state("platforms", "admin", "/organisation/platforms"),
    state("one platform", "admin", "/organisation/platforms/1"),
    state("a platform by hand", "admin", "/organisation/platforms/new"),
    state(
        "a platform refused",
        "admin",
        "/organisation/platforms/new",
        "/organisation/platforms/new",
        422,
        name="",
    ),
    state("an invite", "admin", "/organisation/platforms", "/organisation/platforms/invites", 200),
    state("course data", MENTOR, "/sync"),
    state("an own account refused", "mentor of one", "/own-token"),
    state("no access", "applicant", "/access"),
    state("access asked for", "asked", "/access"),
    state("no part", "nobody", "/"),
    State("no such page", MENTOR, "/nowhere", status=404),
]
