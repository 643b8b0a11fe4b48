"""A stand-in Moodle in a process of its own, over HTTP, as slow as a real one, or faster where it is told so.

Latencies were measured on a Moodle 4.5 with 60 and with 2,000 learners; each follows the rows of its answer.
The course: 2,000 learners in groups of 50, 40 activities, of these 4 quizzes, 2 forums and 6 assignments.
"""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qsl

from tests.harness.fake_changes import Post
from tests.harness.fake_moodle import FakeMoodle, Module, User
from tests.harness.platform_server import REST, unflatten
from tests.harness.servers import LOOPBACK
from tests.harness.sync_world import START, unix

LEARNERS = 2000
GROUP_SIZE = 50
FIRST_LEARNER = 1000
DISCUSSIONS = 10
QUIZZES, FORUMS, ASSIGNMENTS, PAGES = 4, 2, 6, 28
VISITORS, GRADED_ONLY, ATTEMPTS, WRITERS = 80, 20, 30, 5
"""Of an ordinary day: 5 % of the learners changed, four fifths of them by coming."""

SINGLE_SECONDS = {
    "core_completion_get_activities_completion_status": 0.1,
    "core_completion_get_course_completion_status": 0.055,
    "core_course_get_contents": 0.2,
    "mod_quiz_get_user_attempts": 0.03,
    "mod_forum_get_forum_discussions": 0.1,
    "mod_forum_get_discussion_posts": 0.12,
    "core_calendar_get_calendar_events": 0.03,
    "mod_assign_get_assignments": 0.03,
}
OTHER_SECONDS = 0.05
MEMBERSHIPS_SECONDS = 1.3
ROW_SECONDS: dict[str, Callable[[Any], float]] = {
    "core_enrol_get_enrolled_users": lambda told: 0.02 + 0.00034 * len(told),
    "gradereport_user_get_grade_items": lambda told: 0.05 + 0.0155 * len(told["usergrades"]),
    "mod_assign_get_submissions": lambda told: (
        0.04 + 0.0003 * sum(len(row["submissions"]) for row in told["assignments"])
    ),
}
"""Seconds of an answer by its rows: 2,000 people 0.7 s, their grades half a minute, their hand-ins 3.5 s."""
ALL_FIELDS_FACTOR = 10
"""A roster that does not name its fields takes so much longer."""


def seconds_of(function: str, params: dict[str, Any], told: Any) -> float:
    """How long the real Moodle would take to answer this."""
    if function not in ROW_SECONDS:
        return SINGLE_SECONDS.get(function, OTHER_SECONDS)
    seconds = ROW_SECONDS[function](told)
    named = {row["name"] for row in params.get("options", ())}
    slow = function == "core_enrol_get_enrolled_users" and "userfields" not in named
    return seconds * ALL_FIELDS_FACTOR if slow else seconds


def learner_ids() -> range:
    """Moodle's numbers of the learners."""
    return range(FIRST_LEARNER, FIRST_LEARNER + LEARNERS)


def is_quiet(user_id: int) -> bool:
    """One in twenty came three weeks ago for the last time, and has handed in nothing since."""
    return user_id % 20 == 7


def list_modules() -> list[Module]:
    """Pages, assignments, quizzes and forums; what is handed in falls due every fortnight around START."""
    kinds = [("page", PAGES), ("assign", ASSIGNMENTS), ("quiz", QUIZZES), ("forum", FORUMS)]
    modules: list[Module] = []
    for kind, count in kinds:
        for number in range(count):
            due = unix(START + timedelta(days=14 * number - 43)) if kind in ("assign", "quiz") else 0
            modules.append(Module(len(modules) + 1, kind, 100 + len(modules), due=due))
    return modules


@dataclass(frozen=True)
class Day:
    """What an ordinary day brings, by learner: the page completed, the quiz tried, the assignment graded."""

    pages: dict[int, int]
    attempts: dict[int, tuple[int, int]]
    """(cmid, instance)"""
    grades: dict[int, int]
    writers: list[int]
    """Who wrote in a forum, in one discussion."""


def plan_day() -> Day:
    """The same each time: who comes does a page, some a quiz that is open; others are graded meanwhile."""
    busy = [user_id for user_id in learner_ids() if not is_quiet(user_id)]
    picked = busy[:: len(busy) // (VISITORS + GRADED_ONLY)][: VISITORS + GRADED_ONLY]
    visitors, graded = picked[:VISITORS], picked[VISITORS:]
    modules = list_modules()
    quiz = [module for module in modules if module.modname == "quiz"][-1]
    late = [module for module in modules if module.modname == "assign" and module.due < unix(START)][-1]
    return Day(
        pages=dict.fromkeys(visitors, PAGES),
        attempts=dict.fromkeys(visitors[:ATTEMPTS], (quiz.cmid, quiz.instance)),
        grades=dict.fromkeys(graded, late.cmid),
        writers=visitors[-WRITERS:],
    )


def make_course() -> FakeMoodle:
    """The course as it stands at START; nobody has been graded for the latest assignment that was due."""
    moodle = FakeMoodle(page_size=10 * LEARNERS, modules=list_modules())
    moodle.add(User(1, "editingteacher", "Tess", "Teacher"))
    for index, user_id in enumerate(learner_ids()):
        group = 1 + index // GROUP_SIZE
        days = 21 if is_quiet(user_id) else 1 + user_id % 5
        visit = unix(START - timedelta(days=days, minutes=user_id % 600))
        moodle.add(User(user_id, first=f"Ada{index}", groups=(group,), last_access=visit))
        _work(moodle, user_id, visit)
    forums = [module.instance for module in moodle.modules if module.modname == "forum"]
    for number in range(DISCUSSIONS):
        talk = [Post(user_id, unix(START - timedelta(days=30))) for user_id in learner_ids()[number::40]]
        moodle.discussions[forums[number % FORUMS], 500 + number] = talk
    return moodle


def _work(moodle: FakeMoodle, user_id: int, visit: int) -> None:
    due = [module for module in moodle.modules if module.due and module.due < unix(START)]
    latest = max(module.due for module in due if module.modname == "assign")
    for module in due:
        if is_quiet(user_id) and module.due > visit:
            continue
        done = min(module.due - 86_400, visit)
        moodle.completions[user_id, module.cmid] = (1, done, None)
        if module.modname == "assign":
            moodle.submissions[user_id, module.instance] = ("submitted", done)
        else:
            moodle.attempts[user_id, module.instance] = ("finished", done)
        if module.modname == "quiz" or module.due < latest:
            moodle.grades[user_id, module.cmid] = (60.0 + user_id % 40, done)
    for page in range(1, 10 + user_id % 10):
        moodle.completions[user_id, page] = (1, min(visit, unix(START - timedelta(days=40 - page))), None)


def live(moodle: FakeMoodle, day: Day, now: datetime) -> None:
    """Let the day happen, some hours before `now`."""
    moment = unix(now - timedelta(hours=3))
    for user_id, page in day.pages.items():
        moodle.users[user_id].last_access = moment
        moodle.completions[user_id, page] = (1, moment, None)
    for user_id, (cmid, instance) in day.attempts.items():
        moodle.attempts[user_id, instance] = ("finished", moment)
        moodle.grades[user_id, cmid] = (72.0, moment)
        moodle.completions[user_id, cmid] = (1, moment, None)
    for user_id, cmid in day.grades.items():
        moodle.grades[user_id, cmid] = (81.0, moment)
    talk = next(iter(moodle.discussions.values()))
    talk.extend(Post(user_id, moment) for user_id in day.writers)


@dataclass
class Site:
    """The Moodle, by how much its answers take less than a real one's, and what was asked of it."""

    moodle: FakeMoodle
    factor: float = 1.0
    asked: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    """What a real Moodle would have worked."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, fields: dict[str, str]) -> Any:
        """The answer, after the time it takes."""
        start = time.monotonic()
        name, told, seconds = self._answer(path, fields)
        with self.lock:
            self.asked[name] += 1
            self.seconds += seconds
        body = json.dumps(told).encode()
        time.sleep(max(0.0, seconds * self.factor - (time.monotonic() - start)))
        return body

    def _answer(self, path: str, fields: dict[str, str]) -> tuple[str, Any, float]:
        if path == REST:
            function, params = fields["wsfunction"], unflatten(fields)
            told = self.moodle.answer(function, params)
            self.moodle.calls.clear()
            return function, told, seconds_of(function, params, told)
        if path == "/token.php":
            return "token", {"access_token": "t", "expires_in": 3600}, OTHER_SECONDS
        return "memberships", {"members": self.moodle.nrps_members()}, MEMBERSHIPS_SECONDS


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(dict(parse_qsl(body)))

        def do_GET(self) -> None:
            self._send({})

        def _send(self, fields: dict[str, str]) -> None:
            body = site.answer(self.path.partition("?")[0], fields)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    return Handler


def _serve(control: Connection) -> None:
    site = Site(make_course())
    server = ThreadingHTTPServer((LOOPBACK, 0), _handler(site))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    control.send(server.server_address[1])
    while (order := control.recv()) is not None:
        if isinstance(order, datetime):
            live(site.moodle, plan_day(), order)
        elif isinstance(order, float):
            site.factor = order
        control.send((dict(site.asked), site.seconds))
        site.asked.clear()
        site.seconds = 0.0
    server.shutdown()


class RunningSite:
    """The site from outside its process."""

    def __init__(self, control: Connection) -> None:
        self._control = control
        self.url = f"http://{LOOPBACK}:{control.recv()}"

    def read(self) -> tuple[dict[str, int], float]:
        """(requests by function, seconds a real Moodle would have worked) since the last reading."""
        return self._order("read")

    def live(self, now: datetime) -> None:
        """Let an ordinary day happen."""
        self._order(now)

    def answer_within(self, factor: float) -> None:
        """From now on answers take so much of what they would on a real Moodle."""
        self._order(factor)

    def _order(self, order: Any) -> Any:
        self._control.send(order)
        return self._control.recv()


@contextmanager
def running_site() -> Iterator[RunningSite]:
    """A site in a process of its own until the block ends."""
    spawned = multiprocessing.get_context("spawn")
    ours, theirs = spawned.Pipe()
    process = spawned.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield RunningSite(ours)
        ours.send(None)
    finally:
        process.join(5)
        process.kill()
