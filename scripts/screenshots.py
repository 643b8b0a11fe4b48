"""Pictures of the pages for README and docs: starts a demo of its own, launches as each person, photographs.

Needs the extra `test` and a Chromium; `make screenshots` runs it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lti_tool.demo_lms import constants  # noqa: E402 - only after the path is known
from lti_tool.demo_lms.registrations import MOODLE, START_PATHS  # noqa: E402
from tests.harness.chromium import FLAGS, find_chromium  # noqa: E402
from tests.harness.live_demo import LiveDemo, running_demo  # noqa: E402

IMAGES = ROOT / "docs" / "images"
DESKTOP = {"width": 1100, "height": 820}
PHONE = {"width": 320, "height": 640}
LETTER = {"width": 760, "height": 560}
"""For pages that only say something."""


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
    photograph_organisation(browser, demo)
    photograph_connecting(browser, demo)
    photograph_placing(browser, demo)
    photograph_outside(browser, demo)
    page = browser.new_context(viewport=DESKTOP, locale="en-GB").new_page()
    page.goto(demo.tool_page(constants.MENTOR_2_ID))
    page.wait_for_load_state("networkidle")
    photograph(page, "in-the-lms")
    photograph_own_account(browser, demo)


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
    page.locator("#undo-bar").wait_for()
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
    page.locator("#undo-bar").wait_for()
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


def photograph_organisation(browser: Browser, demo: LiveDemo) -> None:
    """The admin's pages behind "Organisation": platforms, one of them, one by hand, roles, refusals."""
    stranger = browser.new_context(viewport=LETTER, locale="en-GB").new_page()
    stranger.goto(f"{demo.tool_url}/lti/login")
    photograph(stranger, "refused")
    page = launch(browser, demo, constants.ADMIN_ID)
    home = page.url
    page.goto(f"{home}/platforms")
    page.locator("section li a").first.click()
    photograph(page, "platform")
    page.goto(f"{home}/platforms/new")
    photograph(page, "platform-new")
    page.goto(home)
    page.locator("a[href*='/organisation/roles/']").first.click()
    photograph(page, "roles")
    page.goto(f"{home}/refusals")
    page.set_viewport_size(LETTER)
    photograph(page, "refusals")


def photograph_connecting(browser: Browser, demo: LiveDemo) -> None:
    """An invite, and what the platform's admin sees after pasting it there."""
    page = launch(browser, demo, constants.ADMIN_ID)
    page.goto(f"{page.url}/platforms")
    page.locator("form[action$='/invites'] button").click()
    photograph(page, "platforms")
    link = page.locator("p.draft code").inner_text()
    guest = browser.new_context(viewport=LETTER, locale="en-GB").new_page()
    guest.goto(f"{demo.lms_url}{START_PATHS[MOODLE]}?{urlencode({'url': link})}")
    photograph(guest, "register")
    guest.locator("main form button").click()
    guest.locator("main form").wait_for(state="detached")
    photograph(guest, "registered")
    page.set_viewport_size(LETTER)
    page.goto(page.url.partition("/platforms")[0] + "/audit")
    photograph(page, "audit")


def photograph_own_account(browser: Browser, demo: LiveDemo) -> None:
    """Where somebody connects an own account: of a Moodle that is not connected as a whole."""
    admin = launch(browser, demo, constants.ADMIN_ID)
    admin.goto(f"{admin.url}/platforms")
    admin.locator("section li a").first.click()
    admin.locator("form[action$='/moodle/remove'] button").click()
    admin.locator("details:has(#field-product) > summary").click()
    admin.locator("#field-product").select_option("moodle")
    admin.locator("form:has(#field-product) button").click()
    admin.wait_for_url("**done=platform_changed")
    page = launch(browser, demo, constants.MENTOR_2_ID, viewport={**LETTER, "height": 760})
    page.goto("/".join(page.url.split("/")[:5]) + "/own-token")
    photograph(page, "own-account")


def photograph_placing(browser: Browser, demo: LiveDemo) -> None:
    """What a trainer may add to the course."""
    page = browser.new_context(viewport=LETTER, locale="en-GB").new_page()
    page.goto(f"{demo.lms_url}/course/view.php?id={constants.COURSE_ID}&user={constants.TRAINER_ID}")
    page.click("#add-activity")
    page.frame_locator("#contentframe").locator("main button[type=submit]").wait_for()
    photograph(page, "placing")


def photograph_outside(browser: Browser, demo: LiveDemo) -> None:
    """Pages for people who stand outside a course."""
    page = launch(browser, demo, constants.NOBODY_ID, viewport=LETTER)
    session = "/".join(page.url.split("/")[:5])
    page.goto(f"{session}/outside")
    photograph(page, "outside-course")
    page.goto(demo.tool_url)
    photograph(page, "front")


def photograph_new_tab(driver: Playwright, demo: LiveDemo, folder: Path) -> None:
    """A browser that keeps nothing inside the platform's page: the button, and the tab it opens."""
    cookies = {"exceptions": {"cookies": {f"{demo.tool_url},{demo.lms_url}": {"setting": 2}}}}
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps({"profile": {"content_settings": cookies}}))
    browser = find_chromium(driver)
    size = {"viewport": LETTER, "locale": "en-GB"}
    context = driver.chromium.launch_persistent_context(folder, executable_path=browser, args=FLAGS, **size)
    page = context.new_page()
    page.request.post(f"{demo.lms_url}/demo/faults", data={"no_platform_storage": True})
    page.goto(demo.tool_page(constants.MENTOR_2_ID))
    button = page.frame_locator("#contentframe").locator("form[target=_blank] button")
    button.wait_for()
    photograph(page, "new-tab")
    with context.expect_page() as opened:
        button.click()
    opened.value.locator("form[action='/lti/enter']").wait_for()
    photograph(opened.value, "is-this-you")
    context.close()


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
        photograph_new_tab(driver, demo, Path(folder) / "profile")


if __name__ == "__main__":
    main()
