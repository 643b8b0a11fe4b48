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
    photograph(launch(browser, demo, constants.MENTOR_2_ID), "today")
    page = launch(browser, demo, constants.MENTOR_2_ID)
    page.locator("article a[href*='/learners/']").first.click()
    photograph(page, "learner", full=True)
    photograph(
        launch(browser, demo, constants.MENTOR_1_ID, color_scheme="dark", viewport=PHONE),
        "today-fr-dark-phone",
    )
    photograph(launch(browser, demo, constants.TRAINER_ID), "course")
    photograph(launch(browser, demo, constants.FIRST_LEARNER_ID), "own-page")
    photograph(launch(browser, demo, constants.ADMIN_ID), "organisation")
    page = browser.new_context(viewport=DESKTOP, locale="en-GB").new_page()
    page.goto(demo.tool_page(constants.MENTOR_2_ID))
    page.wait_for_load_state("networkidle")
    photograph(page, "in-the-lms")


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
