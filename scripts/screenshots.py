"""Pictures of the pages for README and docs: starts a demo of its own, launches as each person, photographs.

Needs the extra `test` and a Chromium; `make screenshots` runs it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lti_tool.demo_lms import constants  # noqa: E402 - only after the path is known
from tests.harness.chromium import FLAGS, find_chromium  # noqa: E402
from tests.harness.live_demo import LiveDemo, running_demo  # noqa: E402

IMAGES = ROOT / "docs" / "images"
DESKTOP = {"width": 1100, "height": 820}
PHONE = {"width": 320, "height": 640}


def launch(browser: Browser, demo: LiveDemo, user_id: int, **options: object) -> Page:
    """The tool in a window of its own, as this person."""
    page = browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options}).new_page()  # type: ignore[arg-type]
    page.goto(demo.tool_page(user_id))
    link = page.locator("#open-window").get_attribute("href") or ""
    page.goto(demo.lms_url + link)
    page.wait_for_url(f"{demo.tool_url}/s/**")
    return page


def photograph(page: Page, name: str, *, full: bool = False) -> None:
    """One picture into docs/images."""
    page.screenshot(path=IMAGES / f"{name}.png", full_page=full)
    print(f"docs/images/{name}.png")


def photograph_all(browser: Browser, demo: LiveDemo) -> None:
    """Every page that the documents show."""
    photograph_learner(browser, demo)
    photograph_mentor(browser, demo)
    photograph_desks(browser, demo)
    page = browser.new_context(viewport=DESKTOP, locale="en-GB").new_page()
    page.goto(demo.tool_page(constants.MENTOR_2_ID))
    page.wait_for_load_state("networkidle")
    photograph(page, "in-the-lms")


def photograph_learner(browser: Browser, demo: LiveDemo) -> None:
    """The own page of somebody who has an e-mentor, and what they can say there."""
    for user_id in range(constants.FIRST_LEARNER_ID, constants.FIRST_LEARNER_ID + 30):
        page = launch(browser, demo, user_id)
        if page.locator(".mentors li").count():
            break
    page.locator("#say summary").first.click()
    page.locator("#say-need_help-text").fill("I do not understand the second assignment.")
    photograph(page, "own-page")
    page.locator("#say form .btn.main").first.click()
    page.locator("#say").scroll_into_view_if_needed()
    photograph(page, "own-page-answer")


def photograph_mentor(browser: Browser, demo: LiveDemo) -> None:
    """Today with its ways to act, one learner with everything, and both narrow, dark and in French."""
    page = launch(browser, demo, constants.MENTOR_2_ID)
    photograph(page, "today")
    page.locator("article.card summary").first.click()
    photograph(page, "today-not-a-problem")
    page.locator("article.card button[value=already_handled]").first.click()
    page.locator("#undo-bar").wait_for()
    photograph(page, "today-undo")
    page.locator("#undo-bar button").click()
    page.locator("article.card.act h2 a").first.click()
    page.locator("#tasks button[name=playbook]").first.click()
    photograph(page, "learner", full=True)
    page.locator(".flag .btn.main").click()
    page.locator("#contact").scroll_into_view_if_needed()
    photograph(page, "contact")
    page.goto(page.url.partition("/learners")[0] + "/sync")
    photograph(page, "course-data")
    phone = {"color_scheme": "dark", "viewport": PHONE}
    photograph(launch(browser, demo, constants.MENTOR_1_ID, **phone), "today-fr-dark-phone")


def photograph_desks(browser: Browser, demo: LiveDemo) -> None:
    """The trainer's and the admin's pages, and those of people who have no part yet."""
    page = launch(browser, demo, constants.TRAINER_ID)
    photograph(page, "course")
    page.goto(page.url + "/rules")
    page.locator("#rule-silent_act_days").fill("10")
    page.locator("button[value=preview]").click()
    photograph(page, "rules")
    page = launch(browser, demo, constants.ADMIN_ID)
    photograph(page, "organisation")
    page.goto(page.url + "/rules")
    photograph(page, "organisation-rules")
    photograph(launch(browser, demo, constants.MANAGER_ID), "ask-access")
    photograph(launch(browser, demo, constants.NOBODY_ID), "no-part")


def main() -> None:
    """Make them all."""
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder)) as demo,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=find_chromium(driver), args=FLAGS)
        photograph_all(browser, demo)
        browser.close()


if __name__ == "__main__":
    main()
