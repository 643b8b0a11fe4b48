"""The site's own pages: who one can be, two tabs as two people, two languages, safe headers."""

from __future__ import annotations

import html5lib
import pytest
from flask.testing import FlaskClient

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.people import SERVICE, STAFF
from lti_tool.demo_lms.site import DemoSite
from lti_tool.demo_lms.texts import TEXTS, find_text

COURSE = f"/course/view.php?id={constants.COURSE_ID}"


def tool_page(site: DemoSite, user_id: int) -> str:
    return f"/mod/lti/view.php?id={site.course.tool.cmid}&user={user_id}"


def test_both_languages_say_everything() -> None:
    assert set(TEXTS["en"]) == set(TEXTS["fr"])
    same = {key for key in TEXTS["en"] if TEXTS["en"][key] == TEXTS["fr"][key]}
    assert same <= {"frame_title"}
    with pytest.raises(KeyError):
        find_text("en", "no-such-text")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_is_valid_html_in_its_language(lms: FlaskClient, site: DemoSite, language: str) -> None:
    parser = html5lib.HTMLParser(strict=True)
    pages = ["/?x=1", f"{COURSE}&user=145", f"{COURSE}&user=150", tool_page(site, 201), "/nowhere?x=1"]
    pages.append(f"{constants.LAUNCH_PATH}?id={site.course.tool.cmid}&user=201")
    for page in pages:
        answer = lms.get(f"{page}&lang={language}")
        parser.parse(answer.text)
        assert f'<html lang="{language}">' in answer.text, page


def test_the_front_page_offers_every_kind_of_person(lms: FlaskClient) -> None:
    page = lms.get("/").text
    for person in STAFF:
        assert (f"user={person.user_id}&" in page or f'user={person.user_id}"' in page) == (
            person.kind != SERVICE
        )
    assert page.count(TEXTS["en"]["student"]) >= 5
    assert "Day 57 of 240" in page
    assert "Saturday 21 November 2026" in page
    assert TEXTS["en"]["forwards"] in page


def test_the_source_of_the_data_is_named_on_every_page(lms: FlaskClient, site: DemoSite) -> None:
    for page in ("/", f"{COURSE}&user=144", tool_page(site, 144)):
        text = lms.get(page).text
        assert "OULAD" in text
        assert "CC BY 4.0" in text
        assert "Kuzilek" in text
        assert TEXTS["en"]["names"] in text


def test_two_tabs_are_two_people(lms: FlaskClient, site: DemoSite) -> None:
    first, second = site.people[145], site.people[201]
    lms.get(f"{COURSE}&user=145&lang=en")
    lms.get(f"{COURSE}&user=201")
    assert first.full_name in lms.get(f"{COURSE}&user=145").text
    assert second.full_name not in lms.get(f"{COURSE}&user=145").text
    lms.get(f"{COURSE}&user=201")
    assert second.full_name in lms.get(COURSE).text  # the cookie remembers the last one


def test_frame_and_window_name_the_person(lms: FlaskClient, site: DemoSite) -> None:
    page = lms.get(tool_page(site, 201)).text.replace("&amp;", "&")
    start = f"{constants.LAUNCH_PATH}?id={site.course.tool.cmid}&user=201&target="
    assert f'src="{start}iframe&storage=1"' in page
    assert f'href="{start}window"' in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{COURSE}&user=99999", 404),
        (f"{COURSE}&user=abc", 404),
        (f"{COURSE}&user={constants.WS_READER_ID}", 404),
        ("/course/view.php?id=7&user=145", 404),
        ("/mod/lti/view.php?id=1&user=145", 404),
        (f"{constants.LAUNCH_PATH}?id=1&user=145", 404),
        (COURSE, 403),
    ],
)
def test_bad_addresses_get_a_page_for_a_person(lms: FlaskClient, path: str, status: int) -> None:
    answer = lms.get(path)
    assert answer.status_code == status
    assert TEXTS["en"]["error"] in answer.text
    assert "Set-Cookie" not in answer.headers


def test_learners_see_their_own_marks_and_nobody_else_does(lms: FlaskClient, site: DemoSite) -> None:
    learner = next(row for row in site.enrolled_learners() if len(row.completed) > 8)
    assert "✓" in lms.get(f"{COURSE}&user={learner.person.user_id}").text
    assert "✓" not in lms.get(f"{COURSE}&user=145").text


def test_who_is_not_enrolled_is_told(lms: FlaskClient, site: DemoSite) -> None:
    gone = next(row for row in site.histories.values() if not row.enrolled_on(57))
    for user_id in (constants.NOBODY_ID, constants.MANAGER_ID, gone.person.user_id):
        assert TEXTS["en"]["not_enrolled"] in lms.get(f"{COURSE}&user={user_id}&lang=en").text
    assert TEXTS["en"]["not_enrolled"] not in lms.get(f"{COURSE}&user=145&lang=en").text


def test_headers_let_the_tool_be_framed_and_nothing_else(lms: FlaskClient) -> None:
    answer = lms.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-src 'self' http://localhost:8000" in policy
    assert "form-action 'self' http://localhost:8000" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert all("HttpOnly" in cookie for cookie in lms.get("/?user=145").headers.getlist("Set-Cookie"))


def test_the_calendar_stops_at_the_end(lms: FlaskClient, site: DemoSite) -> None:
    site.clock.advance(200)
    page = lms.get("/").text
    assert TEXTS["en"]["finished"] in page
    assert 'name="days"' not in page


@pytest.mark.parametrize("name", ["demo_lms.css", "autosubmit.js", "icon.svg"])
def test_what_the_pages_load_is_there(lms: FlaskClient, name: str) -> None:
    with lms.get(f"/static/{name}") as answer:
        assert answer.status_code == 200
