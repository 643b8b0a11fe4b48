"""What the tool writes to its logs in a day with everything that can go wrong: nothing about anybody."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest
import requests
from sqlalchemy import insert, select

from course_sync.database import db
from course_sync.jobs import enqueue
from course_sync.models import Context, Person
from lti_tool import operations
from lti_tool.demo_lms import constants
from lti_tool.logs import ROOM_LOGGERS, JsonLines
from lti_tool.models import LaunchSession
from lti_tool.operations import sync_and_flag
from tests.harness.demo_site import DemoSite
from tests.harness.plain_browser import PlainBrowser

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJuYW1lIjoiQWRhIn0.c2ln"


class Lines(logging.Handler):
    """Every line as it would be written: ours as JSON, those of libraries with their tracebacks."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []
        self._ours, self._theirs = JsonLines(), logging.Formatter("%(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        ours = record.name.split(".")[0] in ROOM_LOGGERS
        if ours or record.levelno >= logging.WARNING:
            self.written.append((self._ours if ours else self._theirs).format(record))


@contextmanager
def listening() -> Iterator[list[str]]:
    """Hear everything, the finest level of our own rooms included."""
    lines, rooms = Lines(), [logging.getLogger(name) for name in ROOM_LOGGERS]
    levels = [room.level for room in rooms]
    logging.getLogger().addHandler(lines)
    for room in rooms:
        room.setLevel(logging.DEBUG)
    try:
        yield lines.written
    finally:
        logging.getLogger().removeHandler(lines)
        for room, level in zip(rooms, levels, strict=True):
            room.setLevel(level)


def private_texts(site: DemoSite, browser: PlainBrowser) -> set[str]:
    """Names, addresses, handles, secrets and tokens of everybody and everything known to the tool."""
    with site.tool.app_context():
        people = db.session.scalars(select(Person)).all()
        handles = db.session.scalars(select(LaunchSession.handle)).all()
    tokens = [token for token, _until in site.tool.extensions["ementor"].client._tokens.values()]
    texts = {text for p in people for text in (p.display_name, p.family_name, p.email) if text}
    assert len(texts) > 100
    assert handles
    assert tokens
    return (
        texts
        | {*handles, *tokens, constants.WS_TOKEN}
        | {cookie.value for cookie in browser.cookies.values()}
    )


def crash(site: DemoSite) -> NoReturn:
    """A bug that quotes a person, after a statement of the database that does the same."""
    person = db.session.scalars(select(Person)).first()
    assert person is not None
    values = {"platform_id": person.platform_id, "external_id": person.external_id, "email": person.email}
    try:
        db.session.execute(insert(Person).values(values))
    except Exception as problem:
        raise RuntimeError(f"cannot store {person.display_name} at {site.lms_url}?token={TOKEN}") from problem
    raise AssertionError("the row should have been refused")


def use_everything(site: DemoSite, browser: PlainBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Launches, pages, refusals, syncs that work and fail, and bugs in a page and in a job."""
    page = site.launch(constants.TRAINER_ID, browser)
    assert page.status == 200
    requests.post(f"{site.tool_url}/lti/launch", {"id_token": TOKEN, "state": "s" * 43}, timeout=10)
    requests.get(f"{site.tool_url}/lti/login?iss=x&login_hint={TOKEN}&target_link_uri=y", timeout=10)
    with site.tool.app_context():
        (context_id,) = db.session.scalars(select(Context.id))
        sync_and_flag(context_id, trigger="cli")
        for faults in ({"html": True}, {"down": True}):
            site.set_faults(**faults)
            site.advance(1)
            sync_and_flag(context_id, trigger="cli")
        site.set_faults()
        monkeypatch.setattr(operations, "sync_and_flag", lambda *_, **__: crash(site))
        now = site.tool.extensions["ementor"].clock.real_now()
        enqueue("sync_context", {"context_id": context_id}, "broken", now)
    site.run_jobs()
    for endpoint in ("console.home", "console.course"):
        site.tool.view_functions[endpoint] = lambda **_: crash(site)
    assert browser.get(page.url).status == 500


def test_no_line_of_a_bad_day_names_anybody(
    seeded_site: DemoSite, browser: PlainBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as written:
        use_everything(seeded_site, browser, monkeypatch)
    everything = "\n".join(written)
    for event in ('"launch refused"', '"crash"', '"job failed"', '"request"'):
        assert event in everything
    assert [text for text in private_texts(seeded_site, browser) if text in everything] == []
    assert "eyJ" not in everything
    assert "?token" not in everything
    assert re.search(r"/s/[A-Za-z0-9_-]{22}", everything) is None
    assert constants.WS_TOKEN not in everything
