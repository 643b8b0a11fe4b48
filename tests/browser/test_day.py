"""A mentor's day in a real browser: the clicks each thing takes, its way back, no script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Frame, Locator, Page, expect

from lti_tool.demo_lms import constants
from tests.harness.chromium import Watch
from tests.harness.live_demo import LiveDemo

Open = Callable[..., tuple[Page, Frame]]
Axe = Callable[[Page | Frame], list[str]]

ENGLISH = re.compile("^English$")
UNDO = re.compile("^Undo$")


class Clicks:
    """Counts what a person does with the pointer."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, target: Locator) -> None:
        """One click."""
        self.count += 1
        target.click()


@pytest.fixture
def clicks() -> Clicks:
    return Clicks()


@pytest.fixture
def day(open_tool: Open) -> tuple[Page, Frame]:
    """Today of a mentor with forty learners, in English."""
    page, frame = open_tool(constants.MENTOR_1_ID)
    button = frame.get_by_role("button", name=ENGLISH)
    if button.get_attribute("aria-pressed") == "false":
        button.click()
        expect(frame.locator("html")).to_have_attribute("lang", "en")
    return page, frame


def first_alarm(frame: Frame) -> Locator:
    """The most urgent card."""
    return frame.locator("article.card.act").first


def name_of(card: Locator) -> str:
    """Whose card it is."""
    return card.locator("h2 bdi").inner_text()


def test_from_the_launch_to_today_without_a_click(day: tuple[Page, Frame]) -> None:
    _, frame = day
    expect(frame.locator("article.card").first).to_be_visible()
    assert frame.url.endswith("/today")
    assert frame.locator("article.card").count() <= 7


def test_from_a_card_to_the_learner_in_one_click(day: tuple[Page, Frame], clicks: Clicks) -> None:
    _, frame = day
    name = name_of(first_alarm(frame))
    clicks.on(first_alarm(frame).locator("h2 a"))
    expect(frame.locator("h1")).to_have_text(name)
    assert clicks.count == 1


def test_a_contact_made_and_logged_in_two_clicks(day: tuple[Page, Frame], clicks: Clicks) -> None:
    _, frame = day
    clicks.on(first_alarm(frame).locator(".btn.main"))
    clicks.on(frame.get_by_role("button", name="Log this contact"))
    expect(frame.get_by_role("status")).to_contain_text("The contact is logged.")
    assert clicks.count == 2
    frame.get_by_role("button", name=UNDO).click()
    expect(frame.locator("#history")).to_contain_text("A contact was logged and taken back.")


def test_not_a_problem_in_two_clicks_and_back_in_one(
    day: tuple[Page, Frame], clicks: Clicks, axe: Axe
) -> None:
    """Only a part of the page is exchanged, with the counts; what is half written on another card stays."""
    _, frame = day
    other = frame.locator("article.card").nth(1)
    other.locator("summary", has_text="Note").click()
    note = frame.locator(f"#{other.get_attribute('id')} form[action$='/notes'] textarea")
    note.fill("Prefers the")
    frame.evaluate("window.sameDocument = true")
    name, counts = name_of(first_alarm(frame)), frame.locator(".counts").inner_text()
    card = first_alarm(frame)
    clicks.on(card.locator("summary", has_text="Not a problem"))
    assert axe(frame) == []
    clicks.on(card.get_by_role("button", name="Already handled"))
    expect(frame.locator("#undo-bar")).to_contain_text("Set aside as no problem.")
    expect(frame.locator("#undo-bar")).to_be_focused()
    assert clicks.count == 2
    assert name_of(first_alarm(frame)) != name
    expect(note).to_have_value("Prefers the")
    expect(note).to_be_visible()
    assert frame.locator(".counts").inner_text() != counts
    assert axe(frame) == []
    frame.get_by_role("button", name=UNDO).click()
    expect(frame.locator("#undo-bar")).to_contain_text("Taken back.")
    assert name_of(first_alarm(frame)) == name
    assert frame.locator(".counts").inner_text() == counts
    assert frame.evaluate("window.sameDocument") is True


def test_later_in_two_clicks(day: tuple[Page, Frame], clicks: Clicks) -> None:
    _, frame = day
    card = first_alarm(frame)
    name = name_of(card)
    clicks.on(card.locator("summary", has_text="Later"))
    clicks.on(card.get_by_role("button", name="Tomorrow"))
    expect(frame.locator("#undo-bar")).to_contain_text("Set aside for later.")
    assert clicks.count == 2
    frame.locator("summary", has_text="set aside").click()
    expect(frame.locator("details.calm", has_text=name).first).to_be_visible()
    frame.get_by_role("button", name=UNDO).click()
    expect(first_alarm(frame).locator("h2 bdi")).to_have_text(name)


def test_a_meeting_logged_in_three_clicks(day: tuple[Page, Frame], clicks: Clicks) -> None:
    _, frame = day
    clicks.on(first_alarm(frame).locator("h2 a"))
    clicks.on(frame.get_by_role("link", name="Log a meeting"))
    clicks.on(frame.get_by_role("button", name="Log this contact"))
    expect(frame.get_by_role("status")).to_contain_text("The contact is logged.")
    expect(frame.locator("#history li", has_text="Face to face").first).to_contain_text("today")
    assert clicks.count == 3
    frame.get_by_role("button", name=UNDO).click()


def test_the_bar_goes_after_ten_seconds_and_the_history_still_offers_it(day: tuple[Page, Frame]) -> None:
    _, frame = day
    first_alarm(frame).locator(".btn.main").click()
    frame.get_by_role("button", name="Log this contact").click()
    expect(frame.locator("#undo-bar")).to_be_visible()
    expect(frame.locator("#undo-bar")).to_have_count(0, timeout=13_000)
    logged = frame.locator("#history li", has_text="No answer yet").first
    logged.get_by_role("button", name="Take back").click()
    expect(frame.locator("#history")).to_contain_text("A contact was logged and taken back.")


def test_a_playbook_becomes_a_task_and_is_done_on_today(day: tuple[Page, Frame], axe: Axe) -> None:
    """Only parts of the page are exchanged: what is half written in another stays."""
    _, frame = day
    first_alarm(frame).locator("h2 a").click()
    note = frame.locator("#notes textarea")
    note.fill("Prefers the")
    frame.evaluate("window.sameDocument = true")
    use = frame.get_by_role("button", name=re.compile("^Use")).first
    use.click()
    expect(frame.get_by_role("status")).to_contain_text("The task is set.")
    expect(frame.locator("#undo-bar")).to_be_focused()
    expect(note).to_have_value("Prefers the")
    assert "done=" not in frame.url, "the address names the page, not what was said once"
    expect(frame.locator("#tasks .task").first).to_be_visible()
    for summary in frame.locator("#tasks summary").all():
        if summary.is_visible():
            summary.click()
    assert axe(frame) == []
    frame.get_by_role("button", name=UNDO).click()
    expect(frame.locator("#tasks .task")).to_have_count(0)
    frame.locator("#tasks summary", has_text="Add a task").click()
    task = frame.locator("[id^=new-task-][id$=-title]")
    task.fill("Ask about the")
    frame.get_by_role("button", name="Keep the note").click()
    expect(frame.get_by_role("status")).to_contain_text("note")
    expect(note).to_have_value("")
    expect(task).to_have_value("Ask about the")
    use.click()
    expect(frame.locator("#tasks .task").first).to_be_visible()
    expect(task).to_have_value("Ask about the")
    frame.get_by_role("button", name="Set the task").click()
    expect(frame.locator("#tasks .task")).to_have_count(2)
    expect(task).to_have_value("")
    assert frame.evaluate("window.sameDocument") is True


def test_a_refused_form_comes_back_into_the_page(day: tuple[Page, Frame], axe: Axe, watch: Watch) -> None:
    watch.expect("status of 422")
    _, frame = day
    card = first_alarm(frame)
    card.locator("summary", has_text="Not a problem").click()
    card.get_by_role("button", name="Another reason").click()
    expect(frame.locator(".field-error").first).to_have_text("Write a few words here.")
    assert axe(frame) == []


def test_everything_works_without_script(
    open_page: Callable[..., Page], live_demo: LiveDemo, watch: Watch
) -> None:
    """The same two clicks and the way back, as whole pages; the platform's forms are sent by hand."""
    watch.expect("favicon.ico")  # the platform has none
    frame = open_page(live_demo.tool_page(constants.MENTOR_2_ID), java_script_enabled=False)
    frame.goto(live_demo.lms_url + (frame.locator("#open-window").get_attribute("href") or ""))
    for form in ("login", "launch"):
        frame.locator(f"#ltiLaunchForm[action*='{form}'] button").click()
    frame.wait_for_url("**/today")
    card = frame.locator("article.card.act").first
    name = card.locator("h2 bdi").inner_text()
    card.locator("summary").first.click()
    card.locator("button[value=already_handled]").click()
    expect(frame.locator("#undo-bar")).to_be_visible()
    expect(frame.locator("article.card h2 bdi", has_text=name)).to_have_count(0)
    frame.locator("#undo-bar button").click()
    expect(frame.locator("#undo-bar button")).to_have_count(0)
    expect(frame.locator("article.card.act").first.locator("h2 bdi")).to_have_text(name)
