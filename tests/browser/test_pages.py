"""The console in a real browser, in the platform's frame: accessible, narrow, dark, by keyboard, printed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Frame, Page, expect

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.dataset import load_dataset
from lti_tool.demo_lms.people import learner_people
from tests.harness.chromium import Watch

Open = Callable[..., tuple[Page, Frame]]
Axe = Callable[[Page | Frame], list[str]]

PEOPLE = {
    "mentor": constants.MENTOR_1_ID,
    "trainer": constants.TRAINER_ID,
    "learner": constants.FIRST_LEARNER_ID,
    "admin": constants.ADMIN_ID,
    "manager": constants.MANAGER_ID,
    "nobody": constants.NOBODY_ID,
}
ENGLISH = re.compile("^English$")


def in_english(frame: Frame) -> Frame:
    """The demo's people read different languages; these tests read one."""
    button = frame.get_by_role("button", name=ENGLISH)
    if button.get_attribute("aria-pressed") == "false":
        button.click()
        expect(frame.locator("html")).to_have_attribute("lang", "en")
    return frame


def overflow_pixels(frame: Frame) -> int:
    """How far the page would have to be scrolled sideways."""
    width: int = frame.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


def wait_for_width(frame: Frame, wanted: Callable[[int], bool]) -> int:
    """The frame's width once it is as wanted; the content policy forbids waiting inside the page."""
    for _ in range(200):
        width: int = frame.evaluate("window.innerWidth")
        if wanted(width):
            return width
        frame.page.wait_for_timeout(50)
    raise AssertionError(f"the frame stays {width} px wide")


def check_in_every_light(page: Page, frame: Frame, axe: Axe) -> None:
    """Wide and light, as narrow as 320 px and dark, and in forced colours: accessible, and never sideways."""
    for width, height, options in (
        (1100, 800, {"color_scheme": "light"}),
        (600, 600, {"color_scheme": "dark"}),
        (800, 700, {"forced_colors": "active"}),
    ):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(**options)  # type: ignore[arg-type]
        assert axe(frame) == [], options
        assert overflow_pixels(frame) == 0
    page.emulate_media(color_scheme="light", forced_colors="none")
    page.set_viewport_size({"width": 400, "height": 700})
    spare = wait_for_width(frame, lambda width: width < 400) - 320
    page.set_viewport_size({"width": 400 - spare, "height": 700})
    wait_for_width(frame, lambda width: width == 320)
    assert overflow_pixels(frame) == 0
    assert axe(frame) == []
    frame.evaluate("document.documentElement.dir = 'rtl'")
    assert overflow_pixels(frame) == 0, "read from right to left"
    assert axe(frame) == []


@pytest.mark.parametrize("who", PEOPLE)
def test_first_page_of_each_person(open_tool: Open, axe: Axe, who: str) -> None:
    page, frame = open_tool(PEOPLE[who])
    check_in_every_light(page, frame, axe)


def test_today_before_anybody_is_in_ones_care(open_tool: Open, axe: Axe) -> None:
    """A learner is named e-mentor and looks after nobody yet."""
    _page, course = open_tool(constants.TRAINER_ID)
    in_english(course)
    form = course.locator("form[action$='/mentors']")
    novice = form.locator("option[value]:not([value=''])").last
    name = novice.inner_text()
    form.locator("select").select_option(label=name)
    form.locator("button[type=submit]").click()
    expect(course.get_by_text("Named as e-mentor.")).to_be_visible()
    page, frame = open_tool(user_id_of(name))
    in_english(frame)
    frame.goto(frame.url.rsplit("/", 1)[0] + "/today")
    expect(frame.get_by_role("heading", name="No learner is in your care yet")).to_be_visible()
    check_in_every_light(page, frame, axe)


def user_id_of(name: str) -> int:
    """The demo's number of one of its learners."""
    people = learner_people(load_dataset())
    return next(person.user_id for person in people if person.full_name == name)


def test_learner_page_with_its_form(open_tool: Open, axe: Axe) -> None:
    page, frame = open_tool(PEOPLE["mentor"])
    frame.locator(".card .btn.main").first.click()
    expect(frame.locator("#contact form")).to_be_visible()
    check_in_every_light(page, frame, axe)


def unfold(frame: Frame) -> None:
    """Open what can be opened; of a group only one stays open."""
    frame.evaluate("document.querySelectorAll('details').forEach(part => { part.removeAttribute('name') })")
    frame.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")


@pytest.mark.parametrize("who", ["mentor", "trainer", "learner"])
def test_each_page_with_everything_unfolded(open_tool: Open, axe: Axe, who: str) -> None:
    """Every form of the first page of each, and of a learner's page."""
    page, frame = open_tool(PEOPLE[who])
    unfold(frame)
    check_in_every_light(page, frame, axe)


def test_a_learners_page_with_everything_unfolded(open_tool: Open, axe: Axe) -> None:
    page, frame = open_tool(PEOPLE["mentor"])
    frame.locator(".card h2 a").first.click()
    frame.wait_for_url("**/learners/*")
    unfold(frame)
    check_in_every_light(page, frame, axe)


@pytest.mark.parametrize("who", ["trainer", "admin"])
def test_rules_as_they_are_tried_and_refused(open_tool: Open, axe: Axe, watch: Watch, who: str) -> None:
    watch.expect("status of 422")
    page, frame = open_tool(PEOPLE[who])
    frame.locator("a[href$='/rules']").first.click()
    frame.locator("#rule-silent_act_days").fill("11")
    frame.locator("button[value=preview]").click()
    expect(frame.locator("#preview")).to_be_visible()
    check_in_every_light(page, frame, axe)
    frame.locator("#rule-silent_act_days").fill("1")
    frame.locator("button[value=save]").click()
    expect(frame.locator(".field-error").first).to_be_visible()
    check_in_every_light(page, frame, axe)


def test_a_refused_limit_stands_beside_its_field(open_tool: Open, axe: Axe, watch: Watch) -> None:
    watch.expect("status of 422")
    _, frame = open_tool(PEOPLE["trainer"])
    frame.locator("#cap").fill("many")
    frame.locator("#coverage form", has=frame.locator("#cap")).locator("button").click()
    expect(frame.locator("#cap-error")).to_be_visible()
    expect(frame.locator("#cap")).to_have_value("many")
    assert axe(frame) == []


def test_everything_folded_is_accessible_too(open_tool: Open, axe: Axe) -> None:
    _, frame = open_tool(PEOPLE["learner"])
    for summary in frame.locator("summary").all():
        summary.click()
        assert axe(frame) == []


def test_two_clicks_from_today_to_a_logged_contact(open_tool: Open) -> None:
    _, frame = open_tool(PEOPLE["mentor"])
    in_english(frame)
    action = frame.locator(".card .btn.main").first
    action.click()
    frame.get_by_role("button", name="Log this contact").click()
    expect(frame.get_by_role("status")).to_contain_text("The contact is logged.")
    expect(frame.locator(".line li").first).to_contain_text("today")


def test_a_contact_by_keyboard_alone(open_tool: Open) -> None:
    """Skip link, card, form: each reached and used without a pointer, with the focus always to be seen."""
    page, frame = open_tool(PEOPLE["mentor"])
    in_english(frame)
    frame.locator(".skip").focus()
    expect(frame.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(frame.locator("main")).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Tab")
        if frame.evaluate("document.activeElement.matches('.card .btn.main')"):
            break
    outline = frame.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    frame.wait_for_selector("#field-summary")
    frame.locator("#field-summary").focus()
    page.keyboard.type("Typed without a mouse.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("status")).to_contain_text("The contact is logged.")
    expect(frame.locator(".bubble").first).to_have_text("Typed without a mouse.")


def test_evidence_leads_to_the_number(open_tool: Open) -> None:
    """Also where the step stands in the folded table."""
    _, frame = open_tool(PEOPLE["mentor"])
    frame.locator(".card h2 a").first.click()
    for link in frame.locator("a.evidence").all():
        target = (link.get_attribute("href") or "").lstrip("#")
        assert frame.locator(f"[id='{target}']").count() == 1, target
        link.click()
        expect(frame.locator(f"[id='{target}']")).to_be_in_viewport()


def test_an_update_is_watched_until_it_is_done(open_tool: Open, axe: Axe) -> None:
    """The worker runs it; the page follows without being loaded anew."""
    _, frame = open_tool(PEOPLE["mentor"])
    in_english(frame)
    frame.get_by_role("button", name="Update now").click()
    frame.wait_for_url("**/sync?asked=*")
    frame.evaluate("window.sameDocument = true")
    assert axe(frame) == []
    expect(frame.locator("#sync-state")).to_contain_text("All facts could be read.", timeout=40_000)
    assert frame.evaluate("window.sameDocument") is True


def test_the_language_is_chosen_in_the_frame(open_tool: Open) -> None:
    _, frame = open_tool(PEOPLE["trainer"])
    frame.get_by_role("button", name=re.compile("^Français$")).click()
    expect(frame.locator("html")).to_have_attribute("lang", "fr")
    expect(frame.get_by_role("heading", level=2).first).to_have_text("E-mentors de ce cours")
    in_english(frame)


def test_a_printed_page_is_reading_matter(open_tool: Open) -> None:
    page, frame = open_tool(PEOPLE["mentor"])
    page.emulate_media(media="print")
    expect(frame.locator(".card h2").first).to_be_visible()
    expect(frame.locator(".card .btn.main").first).to_be_hidden()
    expect(frame.locator(".top nav")).to_be_hidden()


def test_the_typeface_is_our_own(open_tool: Open) -> None:
    """Loaded from the tool itself, under its content policy."""
    _, frame = open_tool(PEOPLE["mentor"])
    loaded = frame.evaluate(
        "document.fonts.ready.then(() => document.fonts.check('16px \"Atkinson Hyperlegible Next\"'))"
    )
    assert loaded
