"""The console in a real browser, in the platform's frame: accessible, narrow, dark, by keyboard, printed."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Frame, Page, Route, expect

from lti_tool.demo_lms import constants
from tests.harness.chromium import Watch

Open = Callable[..., tuple[Page, Frame]]
Axe = Callable[[Page | Frame], list[str]]

PEOPLE = {
    "mentor": constants.MENTOR_1_ID,
    "trainer": constants.TRAINER_ID,
    "learner": constants.FIRST_LEARNER_ID,
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


def test_today_in_every_light(open_tool: Open, axe: Axe) -> None:
    """Inside the platform's frame; every other page and state is looked at without it."""
    page, frame = open_tool(PEOPLE["mentor"])
    check_in_every_light(page, frame, axe)


def choose_the_only_one(route: Route) -> None:
    """The answer comes with an e-mentor chosen, as where a course has just one."""
    answer = route.fetch()
    listed = re.compile(r'(id="mentor-to".*?<option value="\d+")', re.DOTALL)
    body, found = listed.subn(r"\1 selected", answer.text(), count=1)
    assert found
    route.fulfill(response=answer, body=body)


def write_of_people_who_go(frame: Frame) -> None:
    """Choose an e-mentor, and write a limit for one, whom the page has no longer when it is exchanged."""
    frame.page.route("**/caps*", choose_the_only_one, times=1)
    gone = "select => { select.add(new Option('Gone', '999999')); select.value = '999999' }"
    frame.locator("#mentor-to").evaluate(gone)
    limit = frame.locator("#mentors [id^=cap-]").first
    limit.evaluate("field => { field.value = '3'; field.id = 'cap-999999' }")


def add_a_break_too_late(frame: Frame) -> None:
    """The form comes back, with what is wrong."""
    frame.locator("#break-from").fill("2027-02-01")
    frame.locator("#break-to").fill("2027-02-05")
    form = frame.locator("#breaks form:has(#break-name)")
    form.locator("[name=based_on]").evaluate("field => { field.value = 'overtaken' }")
    form.get_by_role("button").click()
    expect(form.locator(".notice.problem")).to_be_focused()


def test_a_limit_is_refused_set_and_taken_back(open_tool: Open, watch: Watch) -> None:
    """Beside its field, in the page as it is: what is ticked and half written elsewhere stays."""
    watch.expect("status of 422")
    watch.expect("status of 409")
    _, frame = open_tool(PEOPLE["trainer"])
    frame.evaluate("window.sameDocument = true")
    frame.locator(".members input").first.check()
    frame.locator(".share button").click()
    expect(frame.locator(".notice.problem")).to_be_focused()  # no e-mentor was chosen
    frame.locator("#breaks details.ask > summary").click()
    frame.locator("#break-name").fill("Feast")
    write_of_people_who_go(frame)
    limit, button = frame.locator("#cap"), frame.locator("#coverage form:has(#cap) button")
    limit.fill("many")
    button.click()
    expect(frame.locator("#cap-error")).to_be_visible()
    expect(limit).to_have_value("many")
    expect(limit).to_be_focused()
    expect(frame.locator("#mentor-to")).to_have_value("")  # and nobody else is chosen instead
    expect(frame.locator(".unsent label bdi")).to_be_visible()
    expect(frame.locator(".unsent label .visually-hidden")).to_have_count(0)
    add_a_break_too_late(frame)
    limit.fill("40")
    button.click()
    expect(frame.locator("#undo-bar")).to_be_focused()
    assert frame.url.endswith("/course"), "the address names the page, not what was said once"
    frame.locator("#break-name").focus()
    frame.locator("#undo-bar button").evaluate("button => button.form.requestSubmit(button)")
    expect(frame.locator("#undo-bar button")).to_have_count(0)
    expect(frame.locator("#undo-bar [role=status]")).to_contain_text(re.compile(r"\w"))
    expect(frame.locator(".members input").first).to_be_checked()
    expect(frame.locator("#break-name")).to_have_value("Feast")
    expect(frame.locator("#break-name")).to_be_focused()
    assert frame.evaluate("window.sameDocument") is True


def test_an_answer_is_given_and_withdrawn_beside_another(open_tool: Open, watch: Watch) -> None:
    """On the learner's own page; the other, half written, stays open."""
    watch.expect("status of 422")
    _, frame = open_tool(PEOPLE["learner"])
    frame.evaluate("window.sameDocument = true")
    other = frame.locator("#say-this_is_wrong-text")
    frame.locator("#say details", has=other).locator("summary").click()
    other.fill("I was there on")
    asked = frame.locator("#say-need_help-text")
    frame.locator("#say details", has=asked).locator("summary").click()
    asked.fill("  ")
    asked.press("Tab")
    frame.page.keyboard.press("Enter")
    expect(frame.locator("#say-need_help-text-error")).to_be_visible()
    asked.fill("The second assignment.")
    asked.press("Tab")
    frame.page.keyboard.press("Enter")
    expect(frame.locator("#undo-bar")).to_be_focused()
    said = frame.locator("#say .rows li", has_text="The second assignment.")
    said.get_by_role("button").click()
    expect(said).to_have_count(0)
    expect(other).to_have_value("I was there on")
    expect(other).to_be_visible()
    assert frame.evaluate("window.sameDocument") is True


def test_two_clicks_from_today_to_a_logged_contact(open_tool: Open) -> None:
    _, frame = open_tool(PEOPLE["mentor"])
    in_english(frame)
    action = frame.locator(".card .btn.main").first
    action.click()
    frame.get_by_role("button", name="Log this contact").click()
    expect(frame.get_by_role("status")).to_contain_text("The contact is logged.")
    expect(frame.locator(".line li").first).to_contain_text("today")


def test_evidence_leads_to_the_number(open_tool: Open) -> None:
    """Also where the step stands in the folded table."""
    _, frame = open_tool(PEOPLE["mentor"])
    frame.locator(".card h2 a").first.click()
    for link in frame.locator("a.evidence").all():
        target = (link.get_attribute("href") or "").lstrip("#")
        assert frame.locator(f"[id='{target}']").count() == 1, target
        link.click()
        expect(frame.locator(f"[id='{target}']")).to_be_in_viewport()


def test_an_update_is_watched_until_it_is_done(open_tool: Open) -> None:
    """The worker runs it; the page follows without being loaded anew."""
    _, frame = open_tool(PEOPLE["mentor"])
    in_english(frame)
    frame.get_by_role("button", name="Update now").click()
    frame.wait_for_url("**/sync?asked=*")
    frame.evaluate("window.sameDocument = true")
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
